package stacks_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config/rules/rulestest"
	"github.com/daprstack/daprstack/internal/graphtest"
)

const (
	stackMark      = "daprstack-test"
	deploymentMark = "0123456789abcdef" // of the recorder
)

func marks(r *graphtest.Resource) (stack, deployment, adopted any) {
	label := func(name string) any { return r.Input("metadata", "labels", "daprstack.io/"+name) }
	return label("stack"), label("deployment"), label("adopted")
}

// TestMarks: every object tells whose it is; the pods do not, so that no mark
// rolls them.
func TestMarks(t *testing.T) {
	for _, values := range []map[string]string{read(t, "dev"), withoutDapr(t)} {
		for _, r := range run(t, values).Resources {
			if !strings.HasPrefix(r.Type, "kubernetes:") {
				continue
			}
			stack, deployment, adopted := marks(r)
			require.Equal(t, []any{stackMark, deploymentMark, nil}, []any{stack, deployment, adopted}, r.String())
			// Another deployment conflicts at the namespaces.
			namespace := strings.HasSuffix(r.Type, ":Namespace")
			require.Equal(t, !namespace, r.Input("metadata", "annotations", "pulumi.com/patchFieldManager") == stackMark, r.String())
			// What was changed by hand is put back, but not what others have to write.
			kind := r.Type[strings.LastIndex(r.Type, ":")+1:]
			contested := slices.Contains([]string{"Namespace", "CustomResourceDefinition", "MutatingWebhookConfiguration"}, kind)
			require.Equal(t, !contested, r.Input("metadata", "annotations", "pulumi.com/patchForce") == "true", r.String())
			pod, _ := r.Input("spec", "template", "metadata", "labels").(map[string]any)
			require.NotContains(t, pod, "daprstack.io/deployment", r.String())
		}
	}
}

// TestKeptObjectsBelongToTheStack: what destroy leaves behind does not bear the
// mark of the deployment, which ends with it.
func TestKeptObjectsBelongToTheStack(t *testing.T) {
	values := read(t, "dev")
	values["daprstack:keep"] = `{"namespaces": true, "crds": true, "data": true}`
	g := run(t, values)
	for _, r := range []*graphtest.Resource{
		g.Get(t, "Namespace", "namespace"), g.Get(t, "Namespace", "dapr-namespace"),
		g.Get(t, "CustomResourceDefinition", "dapr-chart:subscriptions.dapr.io"), g.Get(t, "PersistentVolumeClaim", "redis-data"),
	} {
		stack, deployment, _ := marks(r)
		require.True(t, r.Retain, r.String())
		require.Equal(t, stackMark, stack, r.String())
		require.Nil(t, deployment, r.String())
	}
	require.Equal(t, "redis-data", g.Get(t, "PersistentVolumeClaim", "redis-data").Input("metadata", "name"), "the next up finds it by its name")
}

// TestAdopted: an object of others that the stack file lists is taken over, and
// stays when the stack goes.
func TestAdopted(t *testing.T) {
	values := read(t, "dev")
	values["daprstack:adopt"] = `["Namespace/todo", "CustomResourceDefinition/subscriptions.dapr.io"]`
	g := run(t, values)
	for _, r := range g.Resources {
		if !strings.HasPrefix(r.Type, "kubernetes:") {
			continue
		}
		_, deployment, adopted := marks(r)
		listed := r.Name == "namespace" || r.Name == "dapr-chart:subscriptions.dapr.io"
		require.Equal(t, listed, r.Retain, r.String())
		require.Equal(t, listed, adopted == "true", r.String())
		if listed {
			require.Equal(t, "true", r.Input("metadata", "annotations", "pulumi.com/patchForce"), r.String())
		}
		require.Equal(t, listed, deployment == nil, r.String())
	}
}

// TestProduction: what holds data is protected, and nothing else.
func TestProduction(t *testing.T) {
	values := read(t, "dev")
	values["daprstack:production"] = "true"
	var protected []string
	for _, r := range run(t, values).Resources {
		if r.Protect {
			protected = append(protected, r.String())
		}
	}
	require.ElementsMatch(t, []string{"Namespace namespace", "Namespace dapr-namespace", "PersistentVolumeClaim redis-data"}, protected)
	for _, r := range run(t, read(t, "dev")).Resources {
		require.False(t, r.Protect, r.String())
	}
}

// TestExistingClaim: the server uses the claim that the stack file names, and the
// stack makes none.
func TestExistingClaim(t *testing.T) {
	g := run(t, rulestest.Apply(t, read(t, "dev"), []rulestest.Edit{{Path: "redis", Value: map[string]any{"existingClaim": "mine"}}}))
	require.Empty(t, g.All("PersistentVolumeClaim"))
	require.Equal(t, "mine", g.Get(t, "Deployment", "redis-server").Input("spec", "template", "spec", "volumes", 0, "persistentVolumeClaim", "claimName"))
}
