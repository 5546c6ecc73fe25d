package controlplane

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/cluster"
)

// installed is a cluster with a control plane as Dapr's chart makes it; the tests
// change a part of it.
type installed struct {
	deployments []appsv1.Deployment
	webhook     *admissionv1.MutatingWebhookConfiguration
	system      *unstructured.Unstructured
	crds        map[string]*unstructured.Unstructured
	namespace   *corev1.Namespace // of the applications
	pods        []corev1.Pod
}

const registry = "ghcr.io/dapr/"

func chart() *installed {
	i := &installed{crds: map[string]*unstructured.Unstructured{}}
	for _, name := range services {
		short := strings.TrimPrefix(name, "dapr-")
		d := appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: "dapr-system", Labels: map[string]string{"app": name, "app.kubernetes.io/version": "1.18.2"},
			Annotations: map[string]string{releaseAnnotation: "dapr"},
		}, Status: appsv1.DeploymentStatus{AvailableReplicas: 1}}
		d.Spec.Template.Spec.Containers = []corev1.Container{{Name: name, Image: registry + short + ":1.18.2"}}
		if name == injector {
			d.Spec.Template.Spec.Containers[0].Env = []corev1.EnvVar{
				{Name: "SIDECAR_IMAGE", Value: registry + "daprd:1.18.2"}, {Name: "DAPR_CONTROL_PLANE_TRUST_DOMAIN", Value: "cluster.local"},
			}
		}
		i.deployments = append(i.deployments, d)
	}
	i.webhook = &admissionv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: injector},
		Webhooks: []admissionv1.MutatingWebhook{{Name: hookName, ClientConfig: admissionv1.WebhookClientConfig{
			Service: &admissionv1.ServiceReference{Namespace: "dapr-system", Name: injector},
		}}},
	}
	i.system = object("dapr.io/v1alpha1", "Configuration", "dapr-system", systemName, map[string]any{
		"spec": map[string]any{"mtls": map[string]any{"enabled": true, "controlPlaneTrustDomain": "cluster.local"}},
	})
	for _, o := range objects {
		i.crds[o.crd()] = o.definition()
	}
	return i
}

func object(apiVersion, kind, namespace, name string, fields map[string]any) *unstructured.Unstructured {
	metadata := map[string]any{"name": name}
	if namespace != "" {
		metadata["namespace"] = namespace
	}
	fields["apiVersion"], fields["kind"], fields["metadata"] = apiVersion, kind, metadata
	return &unstructured.Unstructured{Object: fields}
}

// definition returns a CRD that has the fields of the object and no others.
func (o daprObject) definition() *unstructured.Unstructured {
	root := map[string]any{}
	for _, f := range o.fields {
		node := root
		for _, step := range steps(f) {
			in := node
			switch step {
			case "[]":
				step = "items"
			case "*":
				step = "additionalProperties"
			default:
				if node["properties"] == nil {
					node["properties"] = map[string]any{}
				}
				in = node["properties"].(map[string]any)
			}
			if in[step] == nil {
				in[step] = map[string]any{}
			}
			node = in[step].(map[string]any)
		}
	}
	return object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", o.crd(), map[string]any{"spec": map[string]any{
		"versions": []any{map[string]any{"name": o.resource.Version, "served": true, "schema": map[string]any{"openAPIV3Schema": root}}},
	}})
}

func (i *installed) deployment(name string) *appsv1.Deployment {
	for n := range i.deployments {
		if i.deployments[n].Name == name {
			return &i.deployments[n]
		}
	}
	return nil
}

// client returns a client of the cluster.
func (i *installed) client() *cluster.Client {
	var typed, dynamic []runtime.Object
	for n := range i.deployments {
		typed = append(typed, &i.deployments[n])
	}
	for n := range i.pods {
		typed = append(typed, &i.pods[n])
	}
	if i.webhook != nil {
		typed = append(typed, i.webhook)
	}
	if i.namespace != nil {
		typed = append(typed, i.namespace)
	}
	if i.system != nil {
		dynamic = append(dynamic, i.system)
	}
	for _, crd := range i.crds {
		dynamic = append(dynamic, crd)
	}
	kinds := map[schema.GroupVersionResource]string{cluster.Configurations: "ConfigurationList", crdResource: "CustomResourceDefinitionList"}
	return &cluster.Client{
		Kube:    fake.NewClientset(typed...),
		Objects: dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), kinds, dynamic...),
	}
}

// shop returns a stack that uses a control plane that is there.
func shop(t *testing.T) *config.Stack {
	t.Helper()
	s := &config.Stack{
		Context: "c", Namespace: "shop", Dapr: config.Dapr{Install: new(false)},
		Apps: []config.App{
			{Name: "orders", Image: "orders:1", Port: 80, Sidecar: &config.Sidecar{AppID: "orders-app"}},
			{Name: "page", Image: "page:1", Port: 80},
		},
		PubSubs: []config.PubSub{{Name: "bus", Scopes: []string{"orders-app"}}},
		Events: []config.Event{{
			Type: "order.placed", Source: "/orders", Publishers: []string{"orders-app"},
			Subscribers: []config.Subscriber{{App: "orders-app", Path: "/on"}},
		}},
	}
	require.NoError(t, config.Validate(s))
	return s
}

// TestCheck: what a stack cannot work with, each by itself, and everything at once.
func TestCheck(t *testing.T) {
	selector := func(key, value string) *metav1.LabelSelector {
		return &metav1.LabelSelector{MatchLabels: map[string]string{key: value}}
	}
	mtls := func(i *installed, on bool) {
		require.NoError(t, unstructured.SetNestedField(i.system.Object, on, "spec", "mtls", "enabled"))
	}
	container := func(d *appsv1.Deployment) *corev1.Container { return &d.Spec.Template.Spec.Containers[0] }
	for _, c := range []struct {
		name   string
		change func(*installed, *config.Stack)
		want   []string
	}{
		{"Helm's", func(*installed, *config.Stack) {}, nil},
		{"no control plane", func(i *installed, _ *config.Stack) { *i = installed{} },
			[]string{"the cluster has no Dapr control plane: bring up the stack that installs it, install Dapr, or leave out dapr.install"}},
		{"another namespace", func(i *installed, s *config.Stack) {
			for n := range i.deployments {
				i.deployments[n].Namespace = "dapr"
			}
			i.webhook.Webhooks[0].ClientConfig.Service.Namespace = "dapr"
			i.system.SetNamespace("dapr")
			mtls(i, false)
			s.Dapr.MTLS = new(false) // so it was read where it is
		}, nil},
		{"another namespace than the stack file says", func(_ *installed, s *config.Stack) { s.Dapr.Namespace = "dapr" },
			[]string{"it is in namespace dapr-system, the stack file says dapr.namespace: dapr"}},
		{"the applications' namespace", func(_ *installed, s *config.Stack) { s.Namespace = "dapr-system" },
			[]string{"its namespace is dapr-system: the stack's applications need another one"}},
		{"a second control plane", func(i *installed, _ *config.Stack) {
			again := i.deployments[0]
			again.Namespace = "dapr-two"
			i.deployments = append(i.deployments, again)
		}, []string{"there are services of Dapr in other namespaces too, dapr-two: Dapr works with one control plane in a cluster"}},
		{"services that are down or gone", func(i *installed, _ *config.Stack) {
			i.deployment(operator).Status.AvailableReplicas = 0
			i.deployment(sentry).Labels = nil
		}, []string{"the Deployment dapr-operator in namespace dapr-system has no pod that is available",
			"the Deployment dapr-sentry is missing in namespace dapr-system"}},
		{"a newer patch", func(i *installed, _ *config.Stack) {
			container(i.deployment(operator)).Image = "mcr.microsoft.com/daprio/operator:1.18.4-msft.1"
			container(i.deployment(injector)).Env[0].Value = "registry:5000/daprd:v1.18.4@sha256:abc"
		}, nil},
		{"an older patch", func(i *installed, _ *config.Stack) {
			container(i.deployment(operator)).Image = registry + "operator:1.18.0"
			container(i.deployment(injector)).Env[0].Value = registry + "daprd:1.18.0"
		}, []string{"it is of Dapr 1.18.0, older than dapr.version 1.18.2 of the stack file: upgrade it, or set dapr.version: 1.18.0"}},
		{"another minor version", func(i *installed, _ *config.Stack) {
			container(i.deployment(operator)).Image = registry + "operator:1.17.5"
			container(i.deployment(injector)).Env[0].Value = registry + "daprd:1.17.5"
		}, []string{"it is of Dapr 1.17.5, and the stack file was checked against 1.18.2: set dapr.version: 1.17.5"}},
		{"sidecars of another version", func(i *installed, _ *config.Stack) {
			container(i.deployment(injector)).Env[0].Value = registry + "daprd:1.19.0"
		},
			[]string{"its injector adds sidecars that are of Dapr 1.19.0, and the stack file was checked against 1.18.2: set dapr.version: 1.19.0"}},
		{"a version in the label only", func(i *installed, _ *config.Stack) {
			container(i.deployment(operator)).Image = "mirror/operator@sha256:abc"
		}, nil},
		{"a version that nothing tells", func(i *installed, _ *config.Stack) {
			container(i.deployment(operator)).Image = "mirror/operator:edge"
			i.deployment(operator).Labels = map[string]string{"app": operator}
		}, []string{"it is of an unknown version: neither an image's tag nor a label tells"}},
		{"mTLS off", func(i *installed, _ *config.Stack) { mtls(i, false) },
			[]string{"its mTLS is off, the stack file says dapr.mtls: true"}},
		{"mTLS on", func(_ *installed, s *config.Stack) { s.Dapr.MTLS = new(false) },
			[]string{"its mTLS is on, the stack file says dapr.mtls: false"}},
		{"Dapr's own defaults", func(i *installed, _ *config.Stack) { i.system = nil }, nil},
		{"two trust domains", func(i *installed, _ *config.Stack) { container(i.deployment(injector)).Env[1].Value = "other" },
			[]string{"its trust domain is cluster.local, but its injector tells sidecars other: they would trust nobody"}},
		{"an operator for one namespace", func(i *installed, _ *config.Stack) {
			container(i.deployment(operator)).Args = []string{"--watch-interval", "0", "--watch-namespace", "other"}
		}, []string{"its operator watches namespace other only, not shop (dapr_operator.watchNamespace of the chart)"}},
		{"an operator for ours", func(i *installed, _ *config.Stack) {
			container(i.deployment(operator)).Args = []string{"--watch-namespace=shop"}
		}, nil},
		{"no webhook", func(i *installed, _ *config.Stack) { i.webhook = nil },
			[]string{"the webhook sidecar-injector.dapr.io is missing: no pod would get a sidecar"}},
		{"an injector for other namespaces", func(i *installed, _ *config.Stack) {
			i.webhook.Webhooks[0].NamespaceSelector = selector("dapr", "on")
		}, []string{"its injector does not serve namespace shop: it selects namespaces with dapr=on"}},
		{"an injector for our namespace", func(i *installed, _ *config.Stack) {
			i.webhook.Webhooks[0].NamespaceSelector = selector("dapr", "on")
			i.namespace = &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop", Labels: map[string]string{"dapr": "on"}}}
		}, nil},
		{"an injector for a namespace that up will make", func(i *installed, _ *config.Stack) {
			i.webhook.Webhooks[0].NamespaceSelector = selector("kubernetes.io/metadata.name", "shop")
		}, nil},
		{"an injector for our pods", func(i *installed, _ *config.Stack) {
			i.webhook.Webhooks[0].ObjectSelector = selector("daprstack.io/sidecar", "true")
		}, nil},
		{"an injector for other pods", func(i *installed, _ *config.Stack) {
			i.webhook.Webhooks[0].ObjectSelector = selector("dapr.io/inject", "yes")
		}, []string{"its injector does not serve the pods of orders: it selects pods with dapr.io/inject=yes"}},
		{"no CRD", func(i *installed, _ *config.Stack) { delete(i.crds, "resiliencies.dapr.io") },
			[]string{"the CRD resiliencies.dapr.io is missing"}},
		{"a CRD that is not used", func(i *installed, s *config.Stack) {
			delete(i.crds, "resiliencies.dapr.io")
			s.PubSubs, s.Events = nil, nil
		}, nil},
		{"a CRD of an old Dapr", func(i *installed, _ *config.Stack) {
			o := daprObject{resource: cluster.Subscriptions, fields: []string{"scopes[]", "spec.pubsubname", "spec.topic"}}
			i.crds[o.crd()] = o.definition()
			components := objects[0]
			components.resource.Version = "v1"
			i.crds[components.crd()] = components.definition()
		}, []string{"the CRD components.dapr.io does not serve v1alpha1",
			"the CRD subscriptions.dapr.io lacks spec.routes.default, spec.deadLetterTopic: it is of an older Dapr, and Helm does not upgrade CRDs; apply those of Dapr 1.18.2"}},
		{"all at once", func(i *installed, _ *config.Stack) {
			mtls(i, false)
			i.webhook = nil
			i.crds = nil
			container(i.deployment(operator)).Image = registry + "operator:1.16.0"
			container(i.deployment(injector)).Env[0].Value = registry + "daprd:1.16.0"
		}, []string{
			"it is of Dapr 1.16.0, and the stack file was checked against 1.18.2: set dapr.version: 1.16.0",
			"its mTLS is off, the stack file says dapr.mtls: true",
			"the webhook sidecar-injector.dapr.io is missing: no pod would get a sidecar",
			"the CRD components.dapr.io is missing", "the CRD configurations.dapr.io is missing",
			"the CRD resiliencies.dapr.io is missing", "the CRD subscriptions.dapr.io is missing",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			i, s := chart(), shop(t)
			c.change(i, s)
			_, err := Check(t.Context(), i.client(), s)
			if c.want == nil {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, strings.Join(c.want, "\n"))
		})
	}
}

// TestCheckOfOurOwn: a stack that installs its control plane has exactly its
// version, and images of its own need not tell one.
func TestCheckOfOurOwn(t *testing.T) {
	i, s := chart(), &config.Stack{Context: "c", Apps: []config.App{}}
	require.NoError(t, config.Validate(s))
	_, err := Check(t.Context(), i.client(), s)
	require.NoError(t, err)
	i.deployment(operator).Spec.Template.Spec.Containers[0].Image = registry + "operator:1.18.3"
	_, err = Check(t.Context(), i.client(), s)
	require.EqualError(t, err, "it is of Dapr 1.18.3, the stack file says 1.18.2: run up")
	i.deployment(operator).Spec.Template.Spec.Containers[0].Image = "mirror/operator:mine"
	i.deployment(operator).Labels = map[string]string{"app": operator}
	_, err = Check(t.Context(), i.client(), s)
	require.NoError(t, err)
}

func TestFind(t *testing.T) {
	i := chart()
	p, err := Find(t.Context(), i.client())
	require.NoError(t, err)
	require.Equal(t, "Dapr 1.18.2 in namespace dapr-system, installed by the Helm release dapr, mTLS on, trust domain cluster.local", p.String())

	i.deployment(operator).Annotations = map[string]string{managerAnnotation: "daprstack-platform"}
	require.NoError(t, unstructured.SetNestedField(i.system.Object, "acme.example", "spec", "mtls", "controlPlaneTrustDomain"))
	require.NoError(t, unstructured.SetNestedField(i.system.Object, false, "spec", "mtls", "enabled"))
	p, err = Find(t.Context(), i.client())
	require.NoError(t, err)
	require.Equal(t, "daprstack-platform", p.Manager)
	require.Equal(t, "Dapr 1.18.2 in namespace dapr-system, installed by the stack daprstack-platform, mTLS off, trust domain acme.example", p.String())

	i.deployment(operator).Annotations = nil
	p, err = Find(t.Context(), i.client())
	require.NoError(t, err)
	require.Contains(t, p.String(), "installed neither by Helm nor by a stack")
}

// TestOlderThan: sidecars of several stacks and versions.
func TestOlderThan(t *testing.T) {
	pod := func(namespace, app, image string) corev1.Pod {
		return corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: app + "-1", Namespace: namespace, Labels: map[string]string{
				"dapr.io/sidecar-injected": "true", "dapr.io/app-id": app + "-app", "app.kubernetes.io/name": app,
			}},
			Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: app, Image: app + ":1.0.0"}, {Name: "daprd", Image: image}}},
		}
	}
	i := chart()
	native := pod("shop", "mail", "")
	native.Spec = corev1.PodSpec{InitContainers: []corev1.Container{{Name: "daprd", Image: "daprd:1.18.1"}}}
	leaving := pod("shop", "gone", "daprd:1.18.1")
	leaving.DeletionTimestamp, leaving.Finalizers = new(metav1.Now()), []string{"x/y"}
	i.pods = []corev1.Pod{
		pod("shop", "orders", "daprd:1.18.1"), native, leaving, pod("shop", "page", "daprd:1.18.2"),
		pod("other", "api", "ghcr.io/dapr/daprd:1.17.5-mariner"), pod("third", "api", "daprd:edge"),
	}
	plain := pod("shop", "plain", "daprd:1.0.0")
	delete(plain.Labels, "dapr.io/sidecar-injected")
	i.pods = append(i.pods, plain)
	for _, app := range []string{"orders", "mail"} {
		i.deployments = append(i.deployments, appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{
			Name: app, Namespace: "shop", Labels: map[string]string{"app.kubernetes.io/managed-by": "daprstack"},
			Annotations: map[string]string{managerAnnotation: "daprstack-dev"},
		}})
	}
	older, err := OlderThan(t.Context(), i.client(), "", "1.18.2")
	require.NoError(t, err)
	var lines []string
	for _, s := range older {
		lines = append(lines, s.String())
	}
	require.Equal(t, []string{
		"namespace other: 1.17.5 of api-app",
		"namespace shop, made by the stack daprstack-dev: 1.18.1 of mail-app, orders-app",
	}, lines)
	older, err = OlderThan(t.Context(), i.client(), "shop", "1.18.1")
	require.NoError(t, err)
	require.Empty(t, older)
}

func TestErrorsOfTheClusterAreReported(t *testing.T) {
	c := chart().client()
	broken := errors.New("no connection")
	c.Kube.(*fake.Clientset).PrependReactor("list", "deployments", failing(broken))
	_, err := Check(t.Context(), c, shop(t))
	require.ErrorIs(t, err, broken)
	_, err = FindSidecars(t.Context(), c, "")
	require.ErrorIs(t, err, broken)
}

func TestCovers(t *testing.T) {
	for _, c := range []struct {
		version, asked string
		want           bool
	}{
		{"1.18.2", "1.18.2", true}, {"1.18.10", "1.18.2", true}, {"1.18.1", "1.18.2", false}, {"1.19.0", "1.18.2", false},
		{"1.17.9", "1.18.2", false}, {"1.18.0-rc.1", "1.18.0", false}, {"edge", "1.18.2", false}, {"", "", false},
	} {
		require.Equal(t, c.want, Covers(c.version, c.asked), "%s, asked for %s", c.version, c.asked)
	}
}

func failing(err error) clienttesting.ReactionFunc {
	return func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, err }
}
