package config_test

import (
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules"
	"github.com/daprstack/daprstack/config/rules/rulestest"
)

// badStackFile is the dev stack file with some mistakes, and exactly the errors
// that they give.
type badStackFile struct {
	name  string
	edits []edit
	want  []string
}

// edit is one change of the dev stack file: the value at a path. A nil value
// removes the key.
type edit rulestest.Edit

func one(path string, value any) []edit { return []edit{{path, value}} }

// object is a value of a stack file.
type object = map[string]any

// apply returns the configuration values with some edits.
func apply(t testing.TB, values map[string]string, edits []edit) map[string]string {
	t.Helper()
	all := make([]rulestest.Edit, len(edits))
	for i, e := range edits {
		all[i] = rulestest.Edit(e)
	}
	return rulestest.Apply(t, values, all)
}

// badStackFiles are all of them; those of one rule alone are in package
// rulestest.
func badStackFiles() []badStackFile {
	all := slices.Concat(badForm, badCluster, badComponents, badEvents, badApps, badPods, badWorkloads, badResiliency, badOverlay, badTogether)
	for _, c := range rulestest.Cases() {
		if c.Stack == nil {
			continue
		}
		edits := make([]edit, len(c.Stack))
		for i, e := range c.Stack {
			edits[i] = edit(e)
		}
		want := config.Violation{Path: c.Path, Value: c.Value, Rule: c.Rule, Allowed: c.Allowed}
		all = append(all, badStackFile{c.Rule + " " + c.Name, edits, []string{want.String()}})
	}
	return all
}

// TestBadStackFiles: each mistake, alone and together, gives exactly these
// errors.
func TestBadStackFiles(t *testing.T) {
	all := badStackFiles()
	require.Greater(t, len(all), 150)
	names := map[string]bool{}
	for _, c := range all {
		require.False(t, names[c.name], "two cases are named %s", c.name)
		names[c.name] = true
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, violations(t, apply(t, read(t, "dev"), c.edits)))
		})
	}
}

// elsewhere are the rules of level L that no stack file can break, and the test
// that shows them instead.
var elsewhere = map[string]string{
	"S-07": "TestDefaults: a default",
	"T-08": "TestDefaults: a default",
	"T-04": "TestOneNamespace of package stacks: a stack file has one namespace for all of it",
	"X-06": "TestOneNamespace of package stacks: likewise",
}

// TestEveryRuleIsBroken: a rule that is judged at load and never broken in the
// tables would go unnoticed when it is taken out.
func TestEveryRuleIsBroken(t *testing.T) {
	broken := map[string]bool{}
	for _, c := range badStackFiles() {
		for _, v := range violationsOf(t, apply(t, read(t, "dev"), c.edits)) {
			broken[v.Rule] = true
		}
	}
	for _, r := range rules.Table {
		if slices.Contains(r.Levels, rules.Load) {
			require.NotEqual(t, broken[r.ID], elsewhere[r.ID] != "", "%s: %s", r.ID, r.Statement)
		}
	}
}

// violations returns what is wrong with a configuration that must be bad.
func violations(t *testing.T, values map[string]string) []string {
	t.Helper()
	var all []string
	for _, v := range violationsOf(t, values) {
		all = append(all, v.String())
	}
	return all
}

func violationsOf(t *testing.T, values map[string]string) config.Errors {
	t.Helper()
	stack, err := config.Load(values)
	require.Nil(t, stack)
	var found config.Errors
	require.ErrorAs(t, err, &found)
	return found
}

// TestErrorsAreSorted: apps[2] comes before apps[10].
func TestErrorsAreSorted(t *testing.T) {
	var apps []any
	for range 11 {
		apps = append(apps, object{"name": "", "image": "i", "port": 1})
	}
	values := apply(t, map[string]string{"daprstack:context": "c", "daprstack:namespace": "n"}, one("apps", apps))
	for i, v := range violationsOf(t, values) {
		require.Equal(t, "apps["+strconv.Itoa(i)+"].name", v.Path)
	}
	_, err := config.Load(values)
	require.Contains(t, err.Error(), "the stack file has 11 problems:\n  apps[0].name: is required\n")
}
