package main

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/daprstack/daprstack/components/kube"
	"github.com/daprstack/daprstack/internal/cluster"
	"github.com/daprstack/daprstack/internal/engine"
)

// leftoversCluster returns a cluster with some objects that knows the kinds Secret
// and Namespace.
func leftoversCluster(objects ...runtime.Object) (*cluster.Client, *dynamicfake.FakeDynamicClient, *fake.Clientset) {
	known := fake.NewClientset()
	known.Resources = []*metav1.APIResourceList{{GroupVersion: "v1", APIResources: []metav1.APIResource{
		{Name: "namespaces/status", Kind: "Namespace"},
		{Name: "namespaces", Kind: "Namespace"},
		{Name: "secrets", Kind: "Secret", Namespaced: true},
	}}}
	dynamic := dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), map[schema.GroupVersionResource]string{
		{Version: "v1", Resource: "secrets"}: "SecretList", {Version: "v1", Resource: "namespaces"}: "NamespaceList",
	}, objects...)
	return &cluster.Client{Kube: known, Objects: dynamic}, dynamic, known
}

func object(kind, namespace, name, deployment string) *unstructured.Unstructured {
	o := &unstructured.Unstructured{}
	o.SetAPIVersion("v1")
	o.SetKind(kind)
	o.SetNamespace(namespace)
	o.SetName(name)
	o.SetLabels(map[string]string{kube.DeploymentLabel: deployment})
	return o
}

func TestOnlyLeftoversOfTheStackAreRemoved(t *testing.T) {
	const ours = "0123456789abcdef"
	c, dynamic, _ := leftoversCluster(
		object("Secret", "todo", "ours", ours),
		object("Secret", "todo", "others", "fedcba9876543210"),
		object("Secret", "todo", "nobodys", ""),
		object("Secret", "other", "ours", ours),
		object("Namespace", "", "todo", ours),
	)
	removed, err := removeLeftovers(t.Context(), c, engine.State{Deployment: ours, Leftovers: []cluster.Object{
		{APIVersion: "v1", Kind: "Secret", Namespace: "todo", Name: "ours"},
		{APIVersion: "v1", Kind: "Secret", Namespace: "todo", Name: "others"},
		{APIVersion: "v1", Kind: "Secret", Namespace: "todo", Name: "nobodys"},
		{APIVersion: "v1", Kind: "Secret", Namespace: "todo", Name: "never-made"},
		{APIVersion: "v1", Kind: "Namespace", Name: "todo"},
		{APIVersion: "v1", Kind: "Gone", Name: "unknown-kind"},
		{APIVersion: "dapr.io/v1alpha1", Kind: "Component", Namespace: "todo", Name: "unknown-group"},
	}})
	require.NoError(t, err)
	require.Equal(t, []string{"Secret todo/ours", "Namespace todo"}, removed)

	var left []string
	secrets, err := dynamic.Resource(schema.GroupVersionResource{Version: "v1", Resource: "secrets"}).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	for _, s := range secrets.Items {
		left = append(left, s.GetNamespace()+"/"+s.GetName())
	}
	require.ElementsMatch(t, []string{"todo/others", "todo/nobodys", "other/ours"}, left)
}

func TestLeftoversReportWhatFails(t *testing.T) {
	leftovers := []cluster.Object{
		{APIVersion: "v1", Kind: "Namespace", Name: "todo"},
		{APIVersion: "v1", Kind: "Secret", Namespace: "todo", Name: "ours"},
	}
	denied := func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, errors.New("denied") }
	const want = "removing the Secret todo/ours, which an interrupted run made: denied"
	objects := []runtime.Object{object("Namespace", "", "todo", "m"), object("Secret", "todo", "ours", "m")}
	for _, verb := range []string{"get", "delete"} {
		c, dynamic, _ := leftoversCluster(objects...)
		dynamic.PrependReactor(verb, "secrets", denied)
		removed, err := removeLeftovers(t.Context(), c, engine.State{Deployment: "m", Leftovers: leftovers})
		require.EqualError(t, err, want, verb)
		require.Equal(t, []string{"Namespace todo"}, removed, verb)
	}
	// A group that can't be asked is not one that has nothing.
	c, _, known := leftoversCluster(objects...)
	known.PrependReactor("get", "resource", denied)
	_, err := removeLeftovers(t.Context(), c, engine.State{Deployment: "m", Leftovers: leftovers[1:]})
	require.EqualError(t, err, "removing the Secret todo/ours, which an interrupted run made: looking up the kinds of v1: denied")
}
