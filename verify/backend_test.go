package verify

import (
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
