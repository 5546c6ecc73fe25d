package stacks_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config/rules/rulestest"
	"github.com/daprstack/daprstack/internal/stackfile"
)

// TestPlatform: a stack without apps is the control plane alone, whatever the
// project has for the environments.
func TestPlatform(t *testing.T) {
	g := run(t, read(t, "platform"))
	golden(t, "platform.graph", g.Dump())
	require.Len(t, g.All("ControlPlane"), 1)
	for _, r := range g.Resources {
		require.NotContains(t, r.Name, "todo", "the namespace of an environment")
		require.NotEqual(t, "todo", r.Input("metadata", "namespace"))
	}
	require.Equal(t, map[string]any{
		"context": "daprstack-local", "apps": map[string]any{},
		"components": map[string]any{"stateStores": []string{}, "pubSubs": []string{}},
		"dapr":       map[string]any{"enabled": true, "install": true, "version": "1.18.2", "namespace": "dapr-system"},
	}, g.Exports)
}

// TestOnAPlatform holds the whole graph of the dev stack on a control plane that
// is there: the environment alone, with the guard that keeps pods without a
// sidecar away.
func TestOnAPlatform(t *testing.T) {
	own, g := run(t, read(t, "dev")), run(t, onPlatform(t, read(t, "dev")))
	golden(t, "dev-on-platform.graph", g.Dump())
	require.Empty(t, g.Charts, "no chart is rendered")
	for _, kind := range []string{"ControlPlane", "Authority", "CustomResourceDefinition"} {
		require.NotEmpty(t, own.All(kind))
		require.Empty(t, g.All(kind))
	}
	for _, r := range g.Resources {
		require.NotEqual(t, "dapr-system", r.Input("metadata", "namespace"), r.String())
		require.NotEqual(t, "dapr-system", r.Input("metadata", "name"), r.String())
	}
	binding := g.Get(t, "ValidatingAdmissionPolicyBinding", "sidecar-binding")
	for _, app := range []string{"frontend", "backend", "activity"} {
		before(t, g, binding, g.Get(t, "Deployment", app+"-deployment"))
	}
	require.Equal(t, map[string]any{"enabled": true, "install": false, "version": "1.18.2"}, g.Exports["dapr"])
}

// TestSettingsOnAPlatform: what the stack file says about a control plane that is
// there replaces the pods when it changes.
func TestSettingsOnAPlatform(t *testing.T) {
	of := func(edits ...rulestest.Edit) string {
		return settings(run(t, onPlatform(t, read(t, "dev"), edits...)))
	}
	before := of()
	require.Regexp(t, "^[0-9a-f]{12}$", before)
	require.NotEqual(t, before, of(rulestest.Edit{Path: "dapr.version", Value: "1.18.0"}))
	require.NotEqual(t, before, of(rulestest.Edit{Path: "dapr.mtls", Value: false}))
	require.NotEqual(t, before, of(rulestest.Edit{Path: "pubSubs[0].maxRetries", Value: 2}))
	require.Equal(t, before, of(rulestest.Edit{Path: "dapr.namespace", Value: "dapr-elsewhere"}))
	require.Equal(t, before, of(rulestest.Edit{Path: "apps[0].replicas", Value: 2}))
}

// TestNothingInCommon: cases 32 and 37, two environments of one cluster. No object
// of the one has the name of one of the other, so removing the one changes nothing
// of the other.
func TestNothingInCommon(t *testing.T) {
	objects := func(file string, edits ...rulestest.Edit) map[string]bool {
		values, err := stackfile.Read(filepath.Join("testdata", "cases", file))
		require.NoError(t, err)
		found := map[string]bool{}
		for _, r := range run(t, rulestest.Apply(t, values, edits)).Resources {
			name, named := r.Input("metadata", "name").(string)
			if strings.HasPrefix(r.Type, "kubernetes:") && named {
				namespace, _ := r.Input("metadata", "namespace").(string)
				found[r.Type+" "+namespace+"/"+name] = true
			}
		}
		return found
	}
	first := objects("32-existing.yaml")
	second := objects("37-second-stack.yaml", rulestest.Edit{Path: "dapr.install", Value: false})
	require.Contains(t, first, "kubernetes:core/v1:Namespace /shop")
	require.Contains(t, second, "kubernetes:core/v1:Namespace /shop-staging")
	for object := range first {
		require.NotContains(t, second, object)
	}
}

// TestPlatformOfOtherNames: the platform's own namespace and what it keeps are
// those of the stack file.
func TestPlatformOfOtherNames(t *testing.T) {
	g := run(t, rulestest.Apply(t, read(t, "platform"), []rulestest.Edit{
		{Path: "dapr.namespace", Value: "dapr"}, {Path: "namespace", Value: nil}, {Path: "keep.crds", Value: true},
	}))
	require.Equal(t, "dapr", g.Get(t, "Namespace", "dapr-namespace").Input("metadata", "name"))
	require.True(t, g.Get(t, "CustomResourceDefinition", "dapr-chart:subscriptions.dapr.io").Retain)
	require.Equal(t, "dapr", g.Exports["dapr"].(map[string]any)["namespace"])
}

// onPlatform returns the configuration of a stack that uses a control plane that
// is there, with further edits.
func onPlatform(t testing.TB, values map[string]string, edits ...rulestest.Edit) map[string]string {
	t.Helper()
	values["daprstack:dapr"] = `{"install": false}`
	return rulestest.Apply(t, values, edits)
}
