package rules_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config/rules"
)

// TestCovers: which requests an operation covers. The module toolchain/dapr/upstream
// asks Dapr the same.
func TestCovers(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("testdata", "access.json"))
	require.NoError(t, err)
	var cases []struct {
		Operations []string
		Path       string
		Found      bool
	}
	require.NoError(t, json.Unmarshal(raw, &cases))
	for _, c := range cases {
		var operations []rules.Operation
		found := false
		for _, path := range c.Operations {
			o := rules.Operation{Path: path}
			operations, found = append(operations, o), found || o.Covers("GET", c.Path)
		}
		require.Empty(t, rules.Operations(operations, false), c.Operations)
		require.Equal(t, c.Found, found, "%s in %s", c.Path, c.Operations)
	}
	require.True(t, rules.Operation{Path: "/a", Verbs: []string{"GET"}}.Covers("GET", "/a"))
	require.False(t, rules.Operation{Path: "/a", Verbs: []string{"GET"}}.Covers("POST", "/a"))
}

// TestOperations: operations that Dapr would not find, or not as they are written.
func TestOperations(t *testing.T) {
	for _, c := range []struct {
		name    string
		paths   []string
		at      int
		allowed string
	}{
		{"no path", []string{""}, 0, "must be a path that starts with /, such as /orders or /orders/*"},
		{"relative", []string{"orders"}, 0, "must be a path that starts with /, such as /orders or /orders/*"},
		{"query", []string{"/orders?all"}, 0, "must be a plain path, without empty or dot segments, a query or a trailing slash"},
		{"trailing slash", []string{"/orders/"}, 0, "must be a plain path, without empty or dot segments, a query or a trailing slash"},
		{"empty segment", []string{"/orders//42"}, 0, "must be a plain path, without empty or dot segments, a query or a trailing slash"},
		{"dots", []string{"/orders/../admin"}, 0, "must be a plain path, without empty or dot segments, a query or a trailing slash"},
		{"star in the middle", []string{"/*/items"}, 0, "must have * alone and ** in its last segment only: Dapr finds nothing with it elsewhere"},
		{"two stars in the middle", []string{"/a/**/items"}, 0, "must have * alone and ** in its last segment only: Dapr finds nothing with it elsewhere"},
		{"twice", []string{"/orders", "/Orders"}, 1, "must be unique: Dapr takes the first of the same path only"},
		{"below another", []string{"/orders", "/orders/42"}, 1, `must not be below "/orders": Dapr finds only one of them`},
		{"below a star", []string{"/a/b/c", "/a/*"}, 0, `must not be below "/a/*": Dapr finds only one of them`},
		{"below two stars", []string{"/a/**", "/a/b/c"}, 1, `must not be below "/a/**": Dapr finds only one of them`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var operations []rules.Operation
			for _, path := range c.paths {
				operations = append(operations, rules.Operation{Path: path})
			}
			require.Equal(t, map[int][]rules.Reason{c.at: {{Rule: "I-07", Allowed: c.allowed}}}, rules.Operations(operations, false))
		})
	}
	verbs := func(grpc bool, verbs ...string) map[int][]rules.Reason {
		return rules.Operations([]rules.Operation{{Path: "/a", Verbs: verbs}}, grpc)
	}
	require.Empty(t, verbs(false, "GET", "POST"))
	require.Empty(t, verbs(true))
	require.NotEmpty(t, verbs(false, "get"))
	require.NotEmpty(t, verbs(false, "GET", "GET"))
	require.NotEmpty(t, verbs(true, "GET"))
	ordered := []rules.Operation{{Path: "/**"}, {Path: "/a/*"}, {Path: "/a"}, {Path: "/b"}}
	rules.SortOperations(ordered)
	require.Equal(t, []rules.Operation{{Path: "/a"}, {Path: "/b"}, {Path: "/a/*"}, {Path: "/**"}}, ordered)
}
