package main

import (
	"bytes"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/daprstack/daprstack/components/kube"
	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/cluster"
)

// planeCluster returns a cluster with an operator, made by a stack, and sidecars of
// the namespaces shop and todo.
func planeCluster(manager string) *cluster.Client {
	operator := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{
		Name: "dapr-operator", Namespace: "dapr-system", Labels: map[string]string{"app": "dapr-operator"},
		Annotations: map[string]string{kube.ManagerAnnotation: manager},
	}}
	operator.Spec.Template.Spec.Containers = []corev1.Container{{Name: "dapr-operator", Image: "operator:1.18.2"}}
	objects := []runtime.Object{operator}
	for _, namespace := range []string{"shop", "todo"} {
		objects = append(objects, &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: namespace, Labels: map[string]string{"dapr.io/sidecar-injected": "true", "dapr.io/app-id": "web-app"}},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "daprd", Image: "daprd:1.18.1"}}},
		})
	}
	return &cluster.Client{
		Kube: fake.NewClientset(objects...),
		Objects: dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), map[schema.GroupVersionResource]string{
			cluster.Configurations: "ConfigurationList",
			{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}: "CustomResourceDefinitionList",
		}),
	}
}

func planeTarget(name string) *target {
	return &target{stack: name, context: "mine", project: &workspace.Project{Name: "daprstack"}}
}

func planeStack(t *testing.T, install bool, apps ...config.App) *config.Stack {
	t.Helper()
	if apps == nil {
		apps = []config.App{}
	}
	s := &config.Stack{Context: "mine", Namespace: "todo", Dapr: config.Dapr{Install: &install}, Apps: apps}
	require.NoError(t, config.Validate(s))
	return s
}

var web = config.App{Name: "web", Image: "web:1", Port: 80, Sidecar: &config.Sidecar{AppID: "web-app"}}

func TestControlPlaneThatCannotBeUsedIsRefused(t *testing.T) {
	var said bytes.Buffer
	err := planeTarget("dev").checkControlPlane(t.Context(), planeCluster("daprstack-dev"), planeStack(t, false, web), &said)
	require.EqualError(t, err, `the stack cannot work with the control plane of context mine; nothing was changed:
  the Deployment dapr-operator in namespace dapr-system has no pod that is available
  the Deployment dapr-sentry is missing in namespace dapr-system
  the Deployment dapr-sidecar-injector is missing in namespace dapr-system
  its injector adds sidecars that are of an unknown version: neither an image's tag nor a label tells
  the webhook sidecar-injector.dapr.io is missing: no pod would get a sidecar
  the CRD configurations.dapr.io is missing
  stack dev itself installed it: with install: false up would remove it, with the CRDs and so with every Dapr object of the cluster`)
	require.Empty(t, said.String())
	require.NoError(t, planeTarget("dev").checkControlPlane(t.Context(), nil, planeStack(t, true, web), &said), "one of its own is not looked for")
	off := planeStack(t, false, web)
	off.Dapr.Enabled = new(false)
	require.NoError(t, planeTarget("dev").checkControlPlane(t.Context(), nil, off, &said), "no Dapr")
}

func TestOlderSidecarsAreReported(t *testing.T) {
	said := func(s *config.Stack) string {
		var out bytes.Buffer
		require.NoError(t, reportOlderSidecars(t.Context(), planeCluster(""), s, &out))
		return out.String()
	}
	const shop = "Sidecars older than the control plane, Dapr 1.18.2: namespace shop: 1.18.1 of web-app\n"
	require.Equal(t, shop+"Sidecars older than the control plane, Dapr 1.18.2: namespace todo: 1.18.1 of web-app\n", said(planeStack(t, true)))
	require.Equal(t, shop, said(planeStack(t, true, web)), "its own are replaced")
	require.Empty(t, said(planeStack(t, false, web)))
}

func TestDestroyOfAControlPlaneThatIsUsedIsRefused(t *testing.T) {
	check := func(stack string, s *config.Stack) error {
		return planeTarget(stack).checkNobodyUses(t.Context(), planeCluster("daprstack-platform"), s)
	}
	require.EqualError(t, check("platform", planeStack(t, true)), `sidecars of others use the control plane of stack platform; nothing was removed. Destroy their stacks first; --with-what-others-put-there takes it from them, and with the CRDs their Dapr objects:
  namespace shop: 1.18.1 of web-app
  namespace todo: 1.18.1 of web-app`)
	err := check("platform", planeStack(t, true, web))
	require.ErrorContains(t, err, "namespace shop")
	require.NotContains(t, err.Error(), "namespace todo", "its own")
	require.NoError(t, check("other", planeStack(t, true)), "it is another stack's")
	require.NoError(t, check("platform", planeStack(t, false, web)))
}
