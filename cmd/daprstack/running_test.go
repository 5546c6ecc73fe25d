package main

import (
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/cluster"
	"github.com/daprstack/daprstack/internal/engine"
)

// TestClusterThatWasMadeAnew: a state that knows objects of which the cluster has
// none is not brought up over it.
func TestClusterThatWasMadeAnew(t *testing.T) {
	todo := &corev1.Namespace{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"}, ObjectMeta: metav1.ObjectMeta{Name: "todo", UID: "now"}}
	known := fake.NewClientset(todo)
	known.Resources = []*metav1.APIResourceList{{GroupVersion: "v1", APIResources: []metav1.APIResource{{Name: "namespaces", Kind: "Namespace"}}}}
	client := &cluster.Client{Kube: known, Objects: dynamicfake.NewSimpleDynamicClient(scheme.Scheme, todo)}
	found := &target{context: "mine", stack: "dev"}
	check := func(uid string, adopted bool) error {
		return found.checkRemains(t.Context(), client, engine.State{Objects: []engine.Object{{
			Object: cluster.Object{APIVersion: "v1", Kind: "Namespace", Name: "todo"}, UID: uid, Adopted: adopted,
		}}})
	}
	require.NoError(t, check("now", false))
	require.NoError(t, check("before", true), "it is somebody else's")
	require.NoError(t, found.checkRemains(t.Context(), client, engine.State{}), "the first up")
	require.EqualError(t, check("before", false), "context mine has nothing of stack dev any more, whose state lists 1 object: the cluster was made anew, "+
		"or somebody removed everything; nothing was changed.\n"+
		"If that is so, make the state forget it, and bring the stack up again: daprstack refresh -s dev")
}

// TestVolumesOfTheControlPlane: what the claims of a StatefulSet cannot follow is
// refused, with what to do.
func TestVolumesOfTheControlPlane(t *testing.T) {
	set := func(name, claim, size string) *appsv1.StatefulSet {
		s := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Namespace: "dapr-system", Name: name}}
		if claim != "" {
			c := corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: claim}}
			c.Spec.Resources.Requests = corev1.ResourceList{"storage": resource.MustParse(size)}
			s.Spec.VolumeClaimTemplates = append(s.Spec.VolumeClaimTemplates, c)
		}
		return s
	}
	state := engine.State{}
	for _, name := range []string{"dapr-scheduler-server", "dapr-placement-server", "gone"} {
		state.Objects = append(state.Objects, engine.Object{Object: cluster.Object{Kind: "StatefulSet", Namespace: "dapr-system", Name: name}})
	}
	scheduler, placement := set("dapr-scheduler-server", "dapr-scheduler-data-dir", "1Gi"), set("dapr-placement-server", "", "")
	client := &cluster.Client{Kube: fake.NewClientset(scheduler, placement)}
	check := func(change func(*config.Dapr)) error {
		want := &config.Stack{}
		change(&want.Dapr)
		config.Default(want)
		return (&target{context: "mine", stack: "dev"}).checkVolumes(t.Context(), client, state, want)
	}
	require.NoError(t, check(func(*config.Dapr) {}))
	require.NoError(t, check(func(d *config.Dapr) { d.Scheduler.Storage = "1024Mi" }), "the same")
	require.NoError(t, check(func(d *config.Dapr) { d.Enabled, d.HA = new(false), true }), "it goes")
	require.NoError(t, check(func(d *config.Dapr) {
		d.HA, d.Chart.Values = true, map[string]any{"dapr_placement": map[string]any{"cluster": map[string]any{"forceInMemoryLog": true}}}
	}), "the chart decides")
	require.ErrorContains(t, check(func(d *config.Dapr) {
		d.HA, d.Chart.Values = true, map[string]any{"dapr_placement": map[string]any{"fsGroup": nil}}
	}), "dapr.ha is true", "values that say nothing of volumes")
	require.ErrorContains(t, check(func(d *config.Dapr) { d.Scheduler.Storage = "2Gi" }),
		"dapr.scheduler is 2Gi in the stack file and 1Gi on context mine, where StatefulSet dapr-system/dapr-scheduler-server runs")
	require.ErrorContains(t, check(func(d *config.Dapr) { d.Scheduler.StorageClass = "fast" }), "dapr.scheduler is 1Gi fast in the stack file and 1Gi on")
	require.ErrorContains(t, check(func(d *config.Dapr) { d.Scheduler.InMemory = true }), "dapr.scheduler is in memory in the stack file and 1Gi on")
	require.EqualError(t, check(func(d *config.Dapr) { d.HA = true }),
		"dapr.ha is true in the stack file and false on context mine, where StatefulSet dapr-system/dapr-placement-server runs: "+
			"Kubernetes does not let a StatefulSet change its volumes; nothing was changed.\n"+
			"Leave it as it is (a volume grows by its PersistentVolumeClaim), or have the StatefulSet made anew. Its pods stop meanwhile, and volumes that it has stay:\n"+
			"  kubectl --context mine -n dapr-system delete statefulset dapr-placement-server && daprstack refresh -s dev && daprstack up -s dev")
}
