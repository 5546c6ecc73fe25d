package ownership_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/daprstack/daprstack/internal/cluster"
	"github.com/daprstack/daprstack/internal/ownership"
)

var self = ownership.Self{Stack: "daprstack-dev", Deployment: "mine"}

// at returns a cluster with some objects.
func at(t *testing.T, objects ...runtime.Object) *cluster.Client {
	t.Helper()
	known := fake.NewClientset(objects...)
	all := []string{"list", "get", "delete"}
	known.Resources = []*metav1.APIResourceList{
		{GroupVersion: "v1", APIResources: []metav1.APIResource{
			{Name: "namespaces", Kind: "Namespace", Verbs: all},
			{Name: "secrets", Kind: "Secret", Namespaced: true, Verbs: all},
			{Name: "configmaps", Kind: "ConfigMap", Namespaced: true, Verbs: all},
			{Name: "pods", Kind: "Pod", Namespaced: true, Verbs: all},
			{Name: "events", Kind: "Event", Namespaced: true, Verbs: all},
			{Name: "persistentvolumeclaims", Kind: "PersistentVolumeClaim", Namespaced: true, Verbs: all},
			{Name: "bindings", Kind: "Binding", Namespaced: true, Verbs: []string{"create"}},
		}},
		{GroupVersion: "apps/v1", APIResources: []metav1.APIResource{{Name: "deployments", Kind: "Deployment", Namespaced: true, Verbs: all}}},
	}
	dynamic := dynamicfake.NewSimpleDynamicClientWithCustomListKinds(scheme.Scheme, map[schema.GroupVersionResource]string{
		{Version: "v1", Resource: "events"}: "EventList",
	}, objects...)
	return &cluster.Client{Kube: known, Objects: dynamic}
}

// meta returns the metadata of an object; labels are given as key, value.
func meta(namespace, name string, labels ...string) metav1.ObjectMeta {
	m := metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{}}
	for i := 0; i < len(labels); i += 2 {
		m.Labels["daprstack.io/"+labels[i]] = labels[i+1]
	}
	return m
}

func namespace(m metav1.ObjectMeta) *corev1.Namespace {
	return &corev1.Namespace{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"}, ObjectMeta: m}
}

func secret(m metav1.ObjectMeta) *corev1.Secret {
	return &corev1.Secret{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}, ObjectMeta: m}
}

func claim(m metav1.ObjectMeta) *corev1.PersistentVolumeClaim {
	return &corev1.PersistentVolumeClaim{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "PersistentVolumeClaim"}, ObjectMeta: m}
}

// TestTaken: an object that exists may be made only by the deployment that it
// belongs to, or by the stack that kept it.
func TestTaken(t *testing.T) {
	deleted := meta("", "todo", "stack", "daprstack-dev", "deployment", "mine")
	deleted.DeletionTimestamp, deleted.Finalizers = new(metav1.Now()), []string{"kubernetes"}
	helm := meta("", "todo")
	helm.Annotations = map[string]string{"meta.helm.sh/release-name": "platform"}
	made := meta("", "todo")
	made.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "kubectl-create"}, {Manager: "kubectl-edit"}, {Manager: "kubelet", Subresource: "status"}}
	for name, c := range map[string]struct {
		live  metav1.ObjectMeta
		adopt []string
		owner string // "" if it is not taken
	}{
		"this deployment's":       {live: meta("", "todo", "stack", "daprstack-dev", "deployment", "mine")},
		"kept by the stack":       {live: meta("", "todo", "stack", "daprstack-dev")},
		"nobody's":                {live: meta("", "todo"), owner: "unknown, since"},
		"made by hand":            {live: made, owner: "made with kubectl-create, kubectl-edit, since"},
		"made by hand, adopted":   {live: made, adopt: []string{"Namespace/todo"}},
		"another one is adopted":  {live: made, adopt: []string{"Namespace/other"}, owner: "made with kubectl-create"},
		"Helm's":                  {live: helm, owner: "Helm release platform, since"},
		"of another deployment":   {live: meta("", "todo", "stack", "daprstack-dev", "deployment", "theirs"), owner: "stack daprstack-dev, deployment theirs, since"},
		"of another stack":        {live: meta("", "todo", "stack", "daprstack-prod", "deployment", "theirs"), owner: "stack daprstack-prod, deployment theirs"},
		"kept by another stack":   {live: meta("", "todo", "stack", "daprstack-prod"), owner: "stack daprstack-prod keeps it"},
		"adopted by an old stack": {live: meta("", "todo", "stack", "daprstack-dev", "adopted", "true"), owner: "stack daprstack-dev had adopted it"},
		"theirs is not adopted": {
			live:  meta("", "todo", "stack", "daprstack-prod", "deployment", "theirs"),
			adopt: []string{"Namespace/todo"}, owner: "stack daprstack-prod, deployment theirs",
		},
		"being deleted": {live: deleted, owner: "it is being deleted"},
	} {
		t.Run(name, func(t *testing.T) {
			self := self
			self.Adopt = c.adopt
			taken, err := ownership.Taken(t.Context(), at(t, namespace(c.live)), self, []cluster.Object{
				{APIVersion: "v1", Kind: "Namespace", Name: "todo"},
				{APIVersion: "v1", Kind: "Namespace", Name: "not-there"},
				{APIVersion: "dapr.io/v1alpha1", Kind: "Component", Namespace: "todo", Name: "kind-not-there"},
			})
			require.NoError(t, err)
			if c.owner == "" {
				require.Empty(t, taken)
				return
			}
			require.Len(t, taken, 1)
			require.Equal(t, "Namespace/todo", taken[0].Key())
			require.Equal(t, name == "being deleted", taken[0].Deleting)
			require.Contains(t, taken[0].String(), "Namespace todo: "+c.owner)
		})
	}
}

// TestLost: the state may list objects that another deployment has made its own.
func TestLost(t *testing.T) {
	c := at(t, secret(meta("todo", "mine", "deployment", "mine")), secret(meta("todo", "old")), secret(meta("todo", "theirs", "deployment", "theirs")))
	var objects []cluster.Object
	for _, name := range []string{"mine", "old", "theirs", "gone"} {
		objects = append(objects, cluster.Object{APIVersion: "v1", Kind: "Secret", Namespace: "todo", Name: name})
	}
	lost, err := ownership.Lost(t.Context(), c, self, objects)
	require.NoError(t, err)
	require.Len(t, lost, 1)
	require.Equal(t, objects[2], lost[0].Object)
}

// TestInside: only what somebody put into the namespace is listed, not what the
// stack made and what follows from that.
func TestInside(t *testing.T) {
	owned := meta("todo", "pod-of-a-set")
	owned.OwnerReferences = []metav1.OwnerReference{{Kind: "ReplicaSet", Name: "x"}}
	c := at(t,
		secret(meta("todo", "ours", "stack", "daprstack-dev", "deployment", "mine")),
		secret(meta("todo", "kept", "stack", "daprstack-dev")),
		secret(meta("todo", "in-the-state")),
		secret(meta("todo", "theirs", "stack", "daprstack-prod", "deployment", "theirs")),
		secret(meta("todo", "adopted", "stack", "daprstack-dev", "adopted", "true")),
		secret(meta("other", "elsewhere")),
		&corev1.ConfigMap{ObjectMeta: meta("todo", "kube-root-ca.crt"), TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"}},
		&corev1.ConfigMap{ObjectMeta: meta("todo", "by-hand"), TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"}},
		&corev1.Pod{ObjectMeta: owned},
		claim(meta("todo", "data-etcd-0")),
		claim(meta("todo", "data-etcd-of-others")),
	)
	inside, err := ownership.Inside(t.Context(), c, self, "todo", []cluster.Object{
		{APIVersion: "v1", Kind: "Secret", Namespace: "todo", Name: "in-the-state"},
		{APIVersion: "apps/v1", Kind: "StatefulSet", Namespace: "todo", Name: "etcd"},
	})
	require.NoError(t, err)
	var found []string
	for _, claim := range inside {
		found = append(found, claim.Object.String())
	}
	require.Equal(t, []string{
		"ConfigMap todo/by-hand", "PersistentVolumeClaim todo/data-etcd-of-others", "Secret todo/adopted", "Secret todo/theirs",
	}, found)
}

// TestDeployments: a deployment is found by its workloads and by its namespace.
func TestDeployments(t *testing.T) {
	deployment := func(m metav1.ObjectMeta) *appsv1.Deployment { return &appsv1.Deployment{ObjectMeta: m} }
	c := at(t,
		deployment(meta("todo", "a", "stack", "daprstack-dev", "deployment", "one")),
		deployment(meta("todo", "b", "stack", "daprstack-dev", "deployment", "one")),
		deployment(meta("todo", "c", "stack", "daprstack-prod", "deployment", "other")),
		deployment(meta("elsewhere", "d", "stack", "daprstack-dev", "deployment", "three")),
		namespace(meta("", "dapr-system", "stack", "daprstack-dev", "deployment", "two")),
		namespace(meta("", "todo", "stack", "daprstack-dev")),
	)
	ids, err := ownership.Deployments(t.Context(), c, "daprstack-dev", "todo", "dapr-system", "not-there")
	require.NoError(t, err)
	require.Equal(t, []string{"one", "two"}, ids)
}

// TestRelease: what was adopted is left without a trace of the stack.
func TestRelease(t *testing.T) {
	m := meta("", "todo", "stack", "daprstack-dev", "adopted", "true")
	m.Labels["team"] = "theirs"
	m.Annotations = map[string]string{"pulumi.com/patchForce": "true", "pulumi.com/patchFieldManager": "daprstack-dev", "note": "theirs"}
	c := at(t, namespace(m))
	todo := cluster.Object{APIVersion: "v1", Kind: "Namespace", Name: "todo"}
	require.NoError(t, ownership.Release(t.Context(), c, todo))
	live, err := c.Objects.Resource(schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}).Get(context.Background(), "todo", metav1.GetOptions{})
	require.NoError(t, err)
	require.Equal(t, map[string]string{"team": "theirs"}, live.GetLabels())
	require.Equal(t, map[string]string{"note": "theirs"}, live.GetAnnotations())
	require.NoError(t, ownership.Release(t.Context(), c, cluster.Object{APIVersion: "v1", Kind: "Namespace", Name: "gone"}))
}

// TestRemains: an object is still there if it is the one that the state knows, and
// not another of its name.
func TestRemains(t *testing.T) {
	todo := meta("", "todo")
	todo.UID = "made anew"
	password := meta("todo", "redis-password")
	password.UID = "the same"
	cluster := at(t, namespace(todo), secret(password))
	remains := func(known ...ownership.Known) bool {
		found, err := ownership.Remains(t.Context(), cluster, known)
		require.NoError(t, err)
		return found
	}
	var (
		anew  = ownership.Known{Object: object("v1", "Namespace", "", "todo"), UID: "old"}
		gone  = ownership.Known{Object: object("v1", "Secret", "todo", "other"), UID: "old"}
		crd   = ownership.Known{Object: object("dapr.io/v1alpha1", "Component", "todo", "store"), UID: "old"}
		there = ownership.Known{Object: object("v1", "Secret", "todo", "redis-password"), UID: "the same"}
	)
	require.False(t, remains())
	require.False(t, remains(anew, gone, crd))
	require.True(t, remains(anew, gone, crd, there))
}

func object(apiVersion, kind, namespace, name string) cluster.Object {
	return cluster.Object{APIVersion: apiVersion, Kind: kind, Namespace: namespace, Name: name}
}
