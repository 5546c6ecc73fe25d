package rules_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config/rules"
	"github.com/daprstack/daprstack/config/rules/rulestest"
)

// TestCases checks the exact reason of each rule for plain values.
func TestCases(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range rulestest.Cases() {
		t.Run(c.Rule+" "+c.Name, func(t *testing.T) {
			require.False(t, seen[c.Name], "the name of a case stands for one")
			seen[c.Name] = true
			_, listed := rules.Lookup(c.Rule)
			require.True(t, listed)
			require.Equal(t, []rules.Reason{{Rule: c.Rule, Allowed: c.Allowed}}, c.Check())
		})
	}
}
