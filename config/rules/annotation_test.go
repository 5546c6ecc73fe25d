package rules_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config/rules"
)

// TestAnnotations: S-10. A number or a truth value that Dapr would not read as it
// was meant is refused; what it does not read itself is let through.
func TestAnnotations(t *testing.T) {
	const number, truth = "[S-10]: must be a whole number: Dapr ignores anything else", "[S-10]: must be true or false: Dapr takes anything else for false"
	for _, c := range []struct{ name, value, want string }{
		{"app-port", "8000", ""},
		{"app-port", "-1", ""}, // S-04 reports it
		{"app-port", "http", number},
		{"app-port", "8000.0", number},
		{"app-port", "", number},
		{"metrics-port", " 9090", number},
		{"app-health-threshold", "three", number},
		{"enabled", "true", ""},
		{"enabled", "Yes", ""},
		{"enabled", "off", ""},
		{"enabled", "", ""},
		{"enabled", "ture", truth},
		{"enable-metrics", "2", truth},
		{"app-id", "anything", ""},
	} {
		got := ""
		for _, r := range rules.Annotation(c.name, c.value) {
			got += r.String()
		}
		require.Equal(t, c.want, got, "%s=%q", c.name, c.value)
	}
	require.Empty(t, rules.AnnotationText(true))
	require.Equal(t, []rules.Reason{{Rule: "S-10", Allowed: "must be text: put it in quotes"}}, rules.AnnotationText(false))
	for value, want := range map[string]bool{"true": true, "T": true, "ON": true, "1": true, "y": true, "false": false, "": false, "truthy": false} {
		require.Equal(t, want, rules.Truthy(value), value)
	}
	require.True(t, rules.Truthy(" on "), "as Dapr reads it")
}

// TestKeyPrefix: N-02.
func TestKeyPrefix(t *testing.T) {
	for prefix, ok := range map[string]bool{
		"appid": true, "name": true, "namespace": true, "none": true, "shared": true, "todo.backend-app": true,
		"": false, "chat:session": false, "a||b": false, "my_app": false, "Shared": false,
	} {
		got := rules.KeyPrefix(prefix)
		require.Equal(t, ok, got == nil, prefix)
		for _, r := range got {
			require.Equal(t, "N-02", r.Rule)
		}
	}
}
