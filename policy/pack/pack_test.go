package pack

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config/rules"
	"github.com/daprstack/daprstack/config/rules/rulestest"
	"github.com/daprstack/daprstack/internal/graphtest"
	"github.com/daprstack/daprstack/internal/stackfile"
	"github.com/daprstack/daprstack/policy/check"
	"github.com/daprstack/daprstack/policy/settings"
	"github.com/daprstack/daprstack/stacks"
)

// TestPolicies: every rule marked P has a policy, and there are no others.
func TestPolicies(t *testing.T) {
	var want, got []string
	for _, r := range rules.Table {
		if slices.Contains(r.Levels, rules.Policy) {
			want = append(want, r.ID)
		}
	}
	for _, p := range settings.Policies {
		got = append(got, p.Rule)
		require.True(t, strings.HasPrefix(p.Name, strings.ToLower(p.Rule)+"-"), p.Name)
		require.NotEmpty(t, p.Fix)
	}
	require.ElementsMatch(t, want, got)

	pack, err := newPack()
	require.NoError(t, err)
	var names []string
	for _, p := range pack.Policies() {
		require.Equal(t, policyx.EnforcementLevelMandatory, p.EnforcementLevel(), p.Name())
		r, ok := rules.Lookup(strings.ToUpper(p.Name()[:4]))
		require.True(t, ok, p.Name())
		require.Equal(t, r.Statement, p.Description())
		if _, ok := p.(policyx.ResourceValidationPolicy); ok {
			names = append(names, p.Name())
		}
	}
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(names))), len(want))
}

// TestGoodStack: what the stack itself creates has no violations.
func TestGoodStack(t *testing.T) {
	for name, edits := range map[string][]rulestest.Edit{
		"with Dapr":    nil,
		"without Dapr": {{Path: "dapr.enabled", Value: false}},
		"on the Redis of others": {
			{Path: "redis", Value: map[string]any{"external": map[string]any{
				"host": "s0:26379,s1:26379", "password": "p", "database": 1, "enableTLS": true, "insecureSkipTLSVerify": true,
				"sentinel": map[string]any{"masterName": "m", "username": "u", "password": "p"},
			}}},
			{Path: "pubSubs[1]", Value: map[string]any{"name": "bus", "scopes": []any{"backend-app"}}},
			{Path: "pubSubs[1].consumerID", Value: "second"},
			{Path: "pubSubs[2]", Value: map[string]any{"name": "queue", "scopes": []any{"backend-app"}}},
		},
		"on the cluster of others": {{Path: "redis", Value: map[string]any{"external": map[string]any{"host": "n0:6379,n1:6379", "cluster": true, "auth": false}}}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Empty(t, judge(t, devStack(t, edits...), nil))
		})
	}
}

// TestCases: each case of the shared table, applied to the objects of the dev
// stack, is reported under its rule.
func TestCases(t *testing.T) {
	dev := devStack(t)
	seen := map[string]bool{}
	for _, c := range slices.Concat(rulestest.Cases(), rulestest.ObjectCases()) {
		if c.Objects == nil {
			continue
		}
		t.Run(c.Rule+" "+c.Name, func(t *testing.T) {
			objects := copied(dev)
			for _, edit := range c.Objects {
				o := find(t, objects, edit.Kind, edit.Name)
				for _, e := range edit.Edits {
					rulestest.Set(o.fields, e)
				}
			}
			found := judge(t, objects, nil)
			if !check.Checked(c.Rule) {
				require.Empty(t, found)
				return
			}
			seen[c.Rule] = true
			require.Contains(t, rulesOf(found), c.Rule, "%v", found)
			// A metadata item that replaces another one may break T-10 as well.
			require.Subset(t, []string{c.Rule, "T-10"}, rulesOf(found), "%v", found)
		})
	}
	for _, p := range settings.Policies {
		if !seen[p.Rule] {
			t.Errorf("no case of the table breaks %s", p.Rule)
		}
	}
}

// object is one resource as the pack receives it.
type object struct {
	typ, urn string
	name     string // of the Pulumi resource
	fields   map[string]any
}

// devStack returns what the dev stack registers, with the names that the
// provider generates.
func devStack(t testing.TB, edits ...rulestest.Edit) []object {
	t.Helper()
	values, err := stackfile.Load("../../Pulumi.yaml", "../../Pulumi.dev.yaml")
	require.NoError(t, err)
	g, err := graphtest.Run(t, stacks.Program(rulestest.Apply(t, values, edits)))
	require.NoError(t, err)
	var objects []object
	for _, r := range g.Resources {
		fields := r.Inputs.Mappable()
		if metadata, ok := fields["metadata"].(map[string]any); ok && metadata["name"] == nil {
			metadata["name"] = r.Name + "-1a2b3c4d"
		}
		objects = append(objects, object{typ: r.Type, urn: r.URN, name: r.Name, fields: fields})
	}
	return objects
}

func copied(objects []object) []object {
	var all []object
	for _, o := range objects {
		o.fields, _ = deepCopy(o.fields).(map[string]any)
		all = append(all, o)
	}
	return all
}

func deepCopy(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for key, item := range v {
			m[key] = deepCopy(item)
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = deepCopy(item)
		}
		return list
	}
	return v
}

// find returns the object of a kind by its own name or by that of its Pulumi
// resource.
func find(t testing.TB, objects []object, kind, name string) object {
	t.Helper()
	for _, o := range objects {
		metadata, _ := o.fields["metadata"].(map[string]any)
		if strings.HasSuffix(o.typ, ":"+kind) && (o.name == name || metadata["name"] == name) {
			return o
		}
	}
	t.Fatalf("no %s %q", kind, name)
	return object{}
}

// judge runs the pack as the engine does: every policy on every resource, then
// the stack policies.
func judge(t testing.TB, objects []object, config map[string]map[string]any) []string {
	t.Helper()
	pack, err := newPack()
	require.NoError(t, err)
	var all []policyx.AnalyzerResource
	for _, o := range objects {
		all = append(all, policyx.AnalyzerResource{
			Type: o.typ, URN: o.urn,
			Properties: resource.FromResourcePropertyMap(resource.NewPropertyMapFromMap(o.fields)),
		})
	}
	m := &manager{}
	for _, r := range all {
		for _, p := range pack.Policies() {
			if p, ok := p.(policyx.ResourceValidationPolicy); ok {
				require.NoError(t, p.Validate(t.Context(), policyx.ResourceValidationArgs{
					Manager: m, Resource: r, Config: config[p.Name()],
				}))
			}
		}
	}
	slices.Reverse(all) // the order must not matter
	for _, p := range pack.Policies() {
		if p, ok := p.(policyx.StackValidationPolicy); ok {
			require.NoError(t, p.Validate(t.Context(), policyx.StackValidationArgs{Manager: m, Resources: all}))
		}
	}
	return m.said
}

// manager records the violations.
type manager struct{ said []string }

// ReportViolation implements policyx.PolicyManager.
func (m *manager) ReportViolation(message, urn string) {
	if urn == "" {
		message += " (no resource)"
	}
	m.said = append(m.said, message)
}

// rulesOf returns the numbers of the rules in messages, without repetitions.
func rulesOf(messages []string) []string {
	found := map[string]bool{}
	for _, m := range messages {
		number, _, _ := strings.Cut(strings.TrimPrefix(m, "["), "]")
		found[number] = true
	}
	return slices.Sorted(maps.Keys(found))
}

// TestMessage: what is wrong, what is allowed, how to fix it.
func TestMessage(t *testing.T) {
	objects := devStack(t)
	store := find(t, objects, "Component", "statestore")
	rulestest.Set(store.fields, rulestest.Edit{Path: "spec.version", Value: "v2"})
	rulestest.Set(store.fields, rulestest.Edit{Path: "scopes[1]", Value: "activty-app"})
	require.Equal(t, []string{
		`[T-03] Component todo/statestore: spec.version: "v2"; must be v1; set spec.version`,
		`[T-09] Component todo/statestore: scopes[1]: "activty-app"; must be the app-id of an app of the stack that has a sidecar; did you mean "activity-app"?; list the app-ids that may use the component under scopes, at the top level of the object`,
	}, judge(t, objects, nil))
}

// TestSidecarOptions: what an option does beside others is judged once all of it
// is known, volumes that are there are mounted, and variables are not shown.
func TestSidecarOptions(t *testing.T) {
	objects := devStack(t)
	frontend := find(t, objects, "Deployment", "frontend")
	set := func(path string, v any) { rulestest.Set(frontend.fields, rulestest.Edit{Path: path, Value: v}) }
	annotate := func(name string, v any) { set(`spec.template.metadata.annotations["dapr.io/`+name+`"]`, v) }

	annotate("app-health-check-path", "/ready")
	annotate("enable-app-health-check", unknown)
	annotate("volume-mounts", "certs:/etc/certs")
	set("spec.template.spec.volumes", unknown)
	require.Empty(t, judge(t, objects, nil))
	set("spec.template.spec.volumes", []any{map[string]any{"name": unknown}})
	require.Empty(t, judge(t, objects, nil))

	annotate("enable-app-health-check", "true")
	set("spec.template.spec.volumes", []any{map[string]any{"name": "certs"}})
	require.Empty(t, judge(t, objects, nil))

	set("spec.template.spec.volumes", []any{map[string]any{"name": "certz"}})
	annotate("enable-app-health-check", nil)
	annotate("env", "1A=p4ss,TOKEN=p4ss")
	const at, fix = `[S-12] Deployment todo/frontend: spec.template.metadata.annotations[dapr.io/`, "; correct the annotation as said, or take it out"
	said := judge(t, objects, nil)
	require.Equal(t, []string{
		at + `app-health-check-path]: "/ready"; must not be given without dapr.io/enable-app-health-check: Dapr ignores it` + fix,
		at + `env]: [secret]; 1A: must be named with letters, digits and underscores, not starting with a digit` + fix,
		at + `volume-mounts]: "certs:/etc/certs"; certs: must be a volume of the pod: Dapr skips any other; did you mean "certz"?` + fix,
	}, slices.Sorted(slices.Values(said)))
}
