package controlplane

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config/rules/rulestest"
	"github.com/daprstack/daprstack/internal/graphtest"
	"github.com/daprstack/daprstack/internal/stackfile"
	"github.com/daprstack/daprstack/stacks"
)

// TestFields: the fields that are looked for in the CRDs are exactly those that the
// program sets, in our stacks and in one that has every key.
func TestFields(t *testing.T) {
	kinds := map[string]string{
		"Component": "components.dapr.io", "Configuration": "configurations.dapr.io",
		"Resiliency": "resiliencies.dapr.io", "Subscription": "subscriptions.dapr.io",
	}
	root := filepath.Join("..", "..")
	dev, err := stackfile.Load(filepath.Join(root, "Pulumi.yaml"), filepath.Join(root, "Pulumi.dev.yaml"))
	require.NoError(t, err)
	everything, err := stackfile.Read(filepath.Join(root, "config", "testdata", "everything.yaml"))
	require.NoError(t, err)
	delete(everything, "daprstack:objects") // files
	exponential := rulestest.Apply(t, dev, []rulestest.Edit{{Path: "pubSubs[0].retryPolicy", Value: "exponential"}})
	set := map[string]map[string]bool{}
	for _, values := range []map[string]string{dev, everything, exponential} {
		g, err := graphtest.Run(t, stacks.Program(values))
		require.NoError(t, err)
		for _, r := range g.Resources {
			if !strings.HasPrefix(r.Type, "kubernetes:dapr.io/") || r.Input("metadata", "name") == systemName {
				continue
			}
			object, crd := r.Input().(map[string]any), kinds[r.Input("kind").(string)]
			require.NotEmpty(t, crd, "%s is in no row of the table", r)
			if set[crd] == nil {
				set[crd] = map[string]bool{}
			}
			for _, key := range []string{"spec", "scopes"} {
				if value, ok := object[key]; ok {
					leaves(set[crd], key, value)
				}
			}
		}
	}
	require.Len(t, objects, len(set))
	for _, o := range objects {
		require.Equal(t, slices.Sorted(maps.Keys(set[o.crd()])), slices.Sorted(slices.Values(o.fields)), o.crd())
	}
}

// named are the maps whose keys are names of the user's.
var named = []string{"spec.policies.retries", "spec.policies.timeouts", "spec.policies.circuitBreakers",
	"spec.targets.apps", "spec.targets.components", "spec.targets.actors"}

// leaves adds the paths of all fields of a value.
func leaves(paths map[string]bool, at string, value any) {
	switch value := value.(type) {
	case map[string]any:
		for key, v := range value {
			if slices.Contains(named, at) {
				key = "*"
			}
			leaves(paths, at+"."+key, v)
		}
	case []any:
		for _, v := range value {
			leaves(paths, at+"[]", v)
		}
	default:
		paths[at] = true
	}
}
