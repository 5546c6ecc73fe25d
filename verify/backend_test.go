package verify

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules"
)

func TestEveryTypeCanBeLookedAt(t *testing.T) {
	for _, row := range rules.ComponentTypes {
		require.Contains(t, backends, row.Backend, row.Name)
	}
	v := &verifier{opened: map[string]backend{}, unopened: map[string]error{}, stack: &config.Stack{StateStores: []config.StateStore{{Name: "store", Type: "state.other"}}}}
	_, err := v.backend(t.Context(), "store")
	require.EqualError(t, err, "what state.other keeps cannot be looked at")
	require.False(t, failed(err), "skipped")
	_, err = v.backend(t.Context(), "nothing")
	require.EqualError(t, err, "the stack file has no component nothing")
}

// TestNotLookedAtFromHere: a Redis that only pods reach makes no check fail, and is
// tried once.
func TestNotLookedAtFromHere(t *testing.T) {
	tried, real := 0, backends["redis"]
	t.Cleanup(func() { backends["redis"] = real })
	backends["redis"] = func(context.Context, *verifier, string) (backend, error) { //nolint:unparam // no backend can be made
		tried++
		return nil, skipped("not looked at from here")
	}
	v := &verifier{opened: map[string]backend{}, unopened: map[string]error{}, stack: &config.Stack{StateStores: []config.StateStore{{Name: "store", Type: rules.StateRedis}}}}
	for range 3 {
		_, err := v.backend(t.Context(), "store")
		require.EqualError(t, err, "not looked at from here")
		require.False(t, failed(err))
	}
	require.Equal(t, 1, tried)
}
