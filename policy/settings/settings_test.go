package settings_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/policy/settings"
)

// TestCheck: a policy configuration is checked whole, every fault at once.
func TestCheck(t *testing.T) {
	for _, c := range []struct{ name, file, want string }{
		{"nothing", "", ""},
		{"empty", "{}", ""},
		{"levels", `{"all": "advisory", "s-01-app-id": "disabled", "t-02-component-type": {"enforcementLevel": "mandatory"}}`, ""},
		{"exemptions", `{"t-02-component-type": {"allow": ["bindings\\..*"], "exemptNamespaces": ["legacy"]}}`, ""},
		{"a level for all as an object", `{"all": {"enforcementLevel": "advisory"}}`, ""},
		{"no object", `["x"]`, "must be a JSON object, one key for each policy: json: cannot unmarshal array into Go value of type map[string]interface {}"},
		{"unknown policy", `{"s-01-appid": "advisory"}`, `s-01-appid: is not a policy; did you mean "s-01-app-id"?`},
		{"not near to any", `{"everything": "advisory"}`, `everything: is not a policy`},
		{"unknown level", `{"s-01-app-id": "warn"}`, `s-01-app-id.enforcementLevel: "warn": must be one of mandatory, advisory, disabled`},
		{"level of another type", `{"s-01-app-id": {"enforcementLevel": 1}}`, `s-01-app-id.enforcementLevel: "1": must be one of mandatory, advisory, disabled`},
		{"neither level nor object", `{"s-01-app-id": true}`, `s-01-app-id.enforcementLevel: must be a level or an object`},
		{"exemption for all", `{"all": {"allow": ["x"]}}`, `all.enforcementLevel: must be the only key: other keys belong to a single policy`},
		{"all faults", `{"s-01-app-id": {"alow": [], "allow": "x"}, "t-10-metadata": {"allow": ["a", "("], "exemptNamespaces": [1]}, "x": {}}`,
			"s-01-app-id.allow: must be a list of text\n" +
				"s-01-app-id.alow: is not a key of a policy; did you mean \"allow\"?\n" +
				"t-10-metadata.allow[1]: \"(\": must be a regular expression: error parsing regexp: missing closing ): `^(?:()$`\n" +
				"t-10-metadata.exemptNamespaces[0]: must be text\n" +
				"x: is not a policy"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := settings.Check([]byte(c.file))
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, c.want)
		})
	}
}

// TestDocumentation: the page lists every policy, and what it is judged on.
func TestDocumentation(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "reference", "policy.md"))
	require.NoError(t, err)
	rows := regexp.MustCompile("(?m)^\\| `([a-z]-[^`]+)` \\| ([a-z, ]+) \\|").FindAllStringSubmatch(string(page), -1)
	require.Len(t, rows, len(settings.Policies))
	for i, p := range settings.Policies {
		require.Equal(t, p.Name, rows[i][1])
		if p.Together {
			require.Contains(t, rows[i][2], "stack", p.Name)
		} else {
			require.Equal(t, "resource", rows[i][2], p.Name)
		}
	}
}
