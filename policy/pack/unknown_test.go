package pack

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config/rules/rulestest"
	"github.com/daprstack/daprstack/policy/check"
)

// unknown is what a preview has in place of an unknown value.
var unknown = resource.MakeComputed(resource.NewProperty(""))

// TestUnknown: an unknown value anywhere in a valid stack is not a violation
// and does not end the pack.
func TestUnknown(t *testing.T) {
	objects := ours(devStack(t))
	for _, o := range objects {
		everywhere(o.fields, unknown, func() {
			require.Empty(t, faults(objects), o.urn)
		})
	}
}

// TestManyUnknown: the same with unknown values at random places of the whole
// stack at once.
func TestManyUnknown(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	dev := ours(devStack(t))
	for range 200 {
		objects := copied(dev)
		for _, o := range objects {
			scatter(o.fields, unknown, func() bool { return random.IntN(12) == 0 })
		}
		require.Empty(t, faults(objects))
	}
}

// faults returns the findings of the checks without the policies around them,
// which would be slow a thousand times over.
func faults(objects []object) []check.Finding {
	var all []check.Object
	var found []check.Finding
	for _, o := range objects {
		properties := resource.FromResourcePropertyMap(resource.NewPropertyMapFromMap(o.fields))
		all = append(all, check.Object{Kind: check.KindOf(o.typ), Fields: plain(properties)})
		found = append(found, check.Alone(all[len(all)-1])...)
	}
	for _, more := range check.Together(all, check.Stack) {
		found = append(found, more...)
	}
	return found
}

// TestUnknownAtUpdate: what passes while it is unknown is refused once it is
// known.
func TestUnknownAtUpdate(t *testing.T) {
	objects := devStack(t)
	frontend := find(t, objects, "Deployment", "frontend")
	id := func(v any) []string {
		rulestest.Set(frontend.fields, rulestest.Edit{Path: `spec.template.metadata.annotations["dapr.io/app-id"]`, Value: v})
		return rulesOf(judge(t, objects, nil))
	}
	require.Empty(t, id(unknown))
	require.Empty(t, id(resource.MakeSecret(unknown)))
	require.Empty(t, id(resource.NewProperty(resource.Output{Element: resource.NewProperty("")})), "an output value that is not known")
	require.Equal(t, []string{"S-01"}, id("witty_fox"))
	require.Equal(t, []string{"S-01"}, id(resource.MakeSecret(resource.NewProperty("witty_fox"))))
	require.Equal(t, []string{"S-01"}, id(resource.NewProperty(resource.Output{Element: resource.NewProperty("witty_fox"), Known: true})))
}

// TestSecrets: a secret is checked like any other value, and never shown.
func TestSecrets(t *testing.T) {
	const hush = "Hush||Hush"
	for _, o := range ours(devStack(t)) {
		everywhere(o.fields, resource.MakeSecret(resource.NewProperty(hush)), func() {
			for _, m := range judge(t, []object{o}, nil) {
				require.NotContains(t, m, "Hush", o.urn)
			}
		})
	}
	objects := devStack(t)
	store := find(t, objects, "Component", "statestore")
	rulestest.Set(store.fields, rulestest.Edit{Path: "spec.metadata[3]", Value: map[string]any{
		"name": "readTimeout", "value": resource.MakeSecret(resource.NewProperty("3")),
	}})
	require.Equal(t, []string{
		`[T-10] Component todo/statestore: spec.metadata[readTimeout]; must be a duration with its unit, such as "3s"; correct the item as said, or take it out`,
	}, judge(t, objects, nil))
}

// TestConfiguration: the engine handles levels; the pack handles exemptions.
func TestConfiguration(t *testing.T) {
	objects := devStack(t)
	frontend := find(t, objects, "Deployment", "frontend")
	rulestest.Set(frontend.fields, rulestest.Edit{Path: `spec.template.metadata.annotations["dapr.io/app-id"]`, Value: "web"})
	rulestest.Set(frontend.fields, rulestest.Edit{Path: `spec.template.metadata.annotations["dapr.io/config"]`, Value: "tracing"})
	require.Equal(t, []string{"S-02", "S-09"}, rulesOf(judge(t, objects, nil)))
	rulestest.Set(frontend.fields, rulestest.Edit{Path: `spec.template.metadata.annotations["dapr.io/new-in-1.20"]`, Value: "yes"})
	require.Equal(t, []string{"S-02", "S-09", "S-12"}, rulesOf(judge(t, objects, nil)))
	require.Equal(t, []string{"S-02", "S-09"}, rulesOf(judge(t, objects, map[string]map[string]any{"s-12-sidecar-option": {"allow": []any{"new-in-1\\.20"}}})))
	rulestest.Set(frontend.fields, rulestest.Edit{Path: `spec.template.metadata.annotations["dapr.io/new-in-1.20"]`})

	list := func(texts ...any) []any { return texts }
	for _, c := range []struct {
		name   string
		config map[string]map[string]any
		want   []string
	}{
		{"allowed", map[string]map[string]any{"s-02-app-id-convention": {"allow": list("api-.*", "web")}}, []string{"S-09"}},
		{"allowed only whole", map[string]map[string]any{"s-02-app-id-convention": {"allow": list("we", "eb|x")}}, []string{"S-02", "S-09"}},
		{"allowed in the stack's policy", map[string]map[string]any{"s-09-configuration": {"allow": list("tracing")}}, []string{"S-02"}},
		{"exempt", map[string]map[string]any{"s-02-app-id-convention": {"exemptNamespaces": list("other", "todo")}}, []string{"S-09"}},
		{"exempt elsewhere", map[string]map[string]any{"s-02-app-id-convention": {"exemptNamespaces": list("other")}}, []string{"S-02", "S-09"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, rulesOf(judge(t, objects, c.config)))
		})
	}
	pack, err := newPack()
	require.NoError(t, err)
	p, ok := pack.Policies()[0].(policyx.ResourceValidationPolicy)
	require.True(t, ok)
	err = p.Validate(t.Context(), policyx.ResourceValidationArgs{Config: map[string]any{"alow": list("x")}})
	require.EqualError(t, err, `the configuration of policy s-01-app-id is not valid: alow: is not a key of a policy; did you mean "allow"?`)
}

// everywhere replaces each part of a tree by a value, one after the other, and
// calls ask.
func everywhere(tree any, value any, ask func()) {
	visit := func(at any, put func(any)) {
		put(value)
		ask()
		put(at)
		everywhere(at, value, ask)
	}
	switch tree := tree.(type) {
	case map[string]any:
		for key, item := range tree {
			visit(item, func(v any) { tree[key] = v })
		}
	case []any:
		for i, item := range tree {
			visit(item, func(v any) { tree[i] = v })
		}
	}
}

// scatter replaces the parts of a tree that pick selects by a value.
func scatter(tree any, value any, pick func() bool) {
	switch tree := tree.(type) {
	case map[string]any:
		for key := range tree {
			if pick() {
				tree[key] = value
			}
			scatter(tree[key], value, pick)
		}
	case []any:
		for i := range tree {
			if pick() {
				tree[i] = value
			}
			scatter(tree[i], value, pick)
		}
	}
}

// ours returns the objects that the pack checks.
func ours(objects []object) []object {
	return slices.DeleteFunc(objects, func(o object) bool { return check.KindOf(o.typ) == "" })
}
