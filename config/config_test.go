package config_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/contracts"
	"github.com/daprstack/daprstack/internal/stackfile"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestStackFiles(t *testing.T) {
	for _, name := range []string{"dev", "staging", "prod", "platform"} {
		t.Run(name, func(t *testing.T) {
			values := read(t, name)
			stack, err := config.Load(values)
			require.NoError(t, err)
			require.Empty(t, config.Warnings(stack))
		})
	}
}

// TestContextsDiffer: no stack may reach the cluster of another, except for the
// platform, which is there for others.
func TestContextsDiffer(t *testing.T) {
	seen := map[string]string{}
	for _, name := range []string{"dev", "staging", "prod"} {
		context := read(t, name)["daprstack:context"]
		require.NotEmpty(t, context)
		require.Empty(t, seen[context], "%s has the context of another stack", name)
		seen[context] = name
	}
}

// TestDefaults shows what each stack comes to: inherited values, overlay and every
// default.
func TestDefaults(t *testing.T) {
	for _, name := range []string{"dev", "staging", "prod", "platform"} {
		stack, err := config.Load(read(t, name))
		require.NoError(t, err)
		got, err := yaml.Marshal(stack)
		require.NoError(t, err)
		golden(t, name+".golden.yaml", got)
	}
}

func TestDefaultIsIdempotent(t *testing.T) {
	stack, err := config.Load(read(t, "dev"))
	require.NoError(t, err)
	before, err := json.Marshal(stack)
	require.NoError(t, err)
	config.Default(stack)
	after, err := json.Marshal(stack)
	require.NoError(t, err)
	require.JSONEq(t, string(before), string(after))
}

// TestCatalogue: the project gives the four events of the data model, which
// package contracts has as types (E-08).
func TestCatalogue(t *testing.T) {
	stack, err := config.Load(read(t, "dev"))
	require.NoError(t, err)
	given := map[contracts.EventType]bool{}
	for _, e := range stack.Events {
		given[contracts.EventType{Type: e.Type, Source: e.Source, Trigger: e.Trigger}] = true
	}
	require.Len(t, given, len(contracts.Catalogue()))
	for _, e := range contracts.Catalogue() {
		require.True(t, given[e.Event()], e.Event().Type)
	}
}

// TestNoEventsOfItsOwn: the catalogue is what the stack says; the library adds
// nothing to it (E-08).
func TestNoEventsOfItsOwn(t *testing.T) {
	values := read(t, "dev")
	require.Contains(t, values, "daprstack:events")
	delete(values, "daprstack:events")
	stack, err := config.Load(values)
	require.NoError(t, err)
	require.Empty(t, stack.Events)
}

func TestOtherNamespacesAreLeftAlone(t *testing.T) {
	values := read(t, "dev")
	values["kubernetes:context"] = "somewhere-else"
	values["pulumi:tags"] = `{"team": "x"}`
	_, err := config.Load(values)
	require.NoError(t, err)
}

// TestSecretsStayHidden: a password shows itself in no error, whatever is wrong
// with it, nor in any rendering of the stack.
func TestSecretsStayHidden(t *testing.T) {
	const secret = "p4ssw0rd and more"
	for name, redis := range map[string]any{
		"bad characters":    map[string]any{"password": secret},
		"wrong type":        map[string]any{"password": []any{secret}},
		"wrong object":      secret,
		"metadata":          map[string]any{"password": map[string]any{"value": secret}},
		"external":          map[string]any{"external": map[string]any{"host": "r:1", "password": secret}},
		"external and own":  map[string]any{"password": secret, "external": map[string]any{"host": "r:1"}},
		"another bad value": map[string]any{"password": secret, "storage": "much"},
	} {
		t.Run(name, func(t *testing.T) {
			raw, err := json.Marshal(redis)
			require.NoError(t, err)
			values := read(t, "dev")
			values["daprstack:redis"] = string(raw)
			_, err = config.Load(values, "daprstack:redis")
			require.Error(t, err)
			require.NotContains(t, err.Error(), "p4ssw0rd")
			listing, ok := config.JSON(err)
			require.True(t, ok)
			require.NotContains(t, string(listing), "p4ssw0rd")
		})
	}
	t.Run("plain metadata", func(t *testing.T) {
		values := read(t, "dev")
		values["daprstack:stateStores"] = `[{"name": "statestore", "scopes": ["backend-app"], "metadata": {"redisPassword": "p4ssw0rd"}}]`
		_, err := config.Load(values)
		require.ErrorContains(t, err, "[T-06]")
		require.NotContains(t, err.Error(), "p4ssw0rd")
	})
	t.Run("rendering", func(t *testing.T) {
		values := read(t, "dev")
		values["daprstack:redis"] = `{"password": "p4ssw0rd"}`
		stack, err := config.Load(values)
		require.NoError(t, err)
		require.Equal(t, "p4ssw0rd", stack.Redis.Password.Reveal())
		rendered, err := yaml.Marshal(stack)
		require.NoError(t, err)
		require.NotContains(t, string(rendered), "p4ssw0rd")
	})
}

// read returns the configuration of one of our stacks.
func read(t testing.TB, stack string) map[string]string {
	t.Helper()
	values, err := stackfile.Load(filepath.Join("..", "Pulumi.yaml"), filepath.Join("..", "Pulumi."+stack+".yaml"))
	require.NoError(t, err)
	return values
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run the test with -update to write it")
	require.Empty(t, cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")))
}
