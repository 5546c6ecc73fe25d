package verify

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/cluster"
)

// onPlatform returns a verifier of a stack in namespace shop on a cluster with an
// operator and an injector of Dapr 1.18.4 in namespace dapr, and further objects.
func onPlatform(install bool, objects ...runtime.Object) *verifier {
	s := &config.Stack{Namespace: "shop", Dapr: config.Dapr{Install: &install, Version: "1.18.2"}}
	config.Default(s)
	for _, service := range []struct{ name, image string }{{"dapr-operator", "operator:1.18.4"}, {"dapr-sidecar-injector", "injector:1.18.4"}} {
		d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: service.name, Namespace: "dapr", Labels: map[string]string{"app": service.name}}}
		d.Spec.Template.Spec.Containers = []corev1.Container{{
			Name: service.name, Image: service.image, Env: []corev1.EnvVar{{Name: "SIDECAR_IMAGE", Value: "daprd:1.18.4"}},
		}}
		objects = append(objects, d)
	}
	kinds := map[schema.GroupVersionResource]string{
		cluster.Configurations: "ConfigurationList",
		{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}: "CustomResourceDefinitionList",
	}
	return &verifier{stack: s, cluster: &cluster.Client{
		Kube: fake.NewClientset(objects...), Objects: dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), kinds),
	}}
}

func sidecarPod(namespace, version string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "pod", Namespace: namespace, Labels: map[string]string{"dapr.io/sidecar-injected": "true", "dapr.io/app-id": "web-app"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "daprd", Image: "daprd:" + version}}},
	}
}

// TestUpToDate: an app stack notes its own sidecars, the one that installs the
// control plane those of all.
func TestUpToDate(t *testing.T) {
	shop, other := sidecarPod("shop", "1.18.2"), sidecarPod("other", "1.18.3")
	const remedy = "; to replace the pods, set dapr.version: 1.18.4 in their stack and run up"
	for _, c := range []struct {
		name    string
		install bool
		pods    []runtime.Object
		want    string
	}{
		{"none", false, []runtime.Object{sidecarPod("shop", "1.18.4"), other}, ""},
		{"its own", false, []runtime.Object{shop, other}, "older than Dapr 1.18.4: namespace shop: 1.18.2 of web-app" + remedy},
		{"all", true, []runtime.Object{shop, other}, "older than Dapr 1.18.4: namespace other: 1.18.3 of web-app; namespace shop: 1.18.2 of web-app" + remedy},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := onPlatform(c.install, c.pods...).upToDate(t.Context())
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, c.want)
			require.False(t, failed(err), "Dapr supports older sidecars")
		})
	}
}

// TestFits: verify fails for the reasons for which up refuses.
func TestFits(t *testing.T) {
	err := onPlatform(false).fits(t.Context())
	require.True(t, failed(err))
	require.Contains(t, details(err), "the Deployment dapr-sentry is missing in namespace dapr")
}

func TestRightVersion(t *testing.T) {
	own, platform := onPlatform(true), onPlatform(false)
	for version, want := range map[string][2]bool{"1.18.2": {true, true}, "1.18.4": {false, true}, "1.18.1": {false, false}, "1.19.0": {false, false}} {
		require.Equal(t, want, [2]bool{own.rightVersion(version), platform.rightVersion(version)}, version)
	}
}

// TestAuthorityOfAPlatform: the certificates are looked at where the control plane
// is, and may belong to people who let nobody read them.
func TestAuthorityOfAPlatform(t *testing.T) {
	ends := time.Date(2036, 1, 31, 0, 0, 0, 0, time.UTC)
	root := newCertificate(t, nil, ends)
	issuer := newCertificate(t, root, ends.AddDate(-9, 0, 0))
	meta := metav1.ObjectMeta{Name: trustBundle, Namespace: "dapr"}
	v := onPlatform(false,
		&corev1.Secret{ObjectMeta: meta, Data: map[string][]byte{"ca.crt": root.pem, "issuer.crt": issuer.pem}},
		&corev1.ConfigMap{ObjectMeta: meta, Data: map[string]string{"ca.crt": string(root.pem)}},
	)
	err := v.authority(t.Context(), issuer.NotAfter.Add(-30*24*time.Hour))
	require.EqualError(t, err, "the issuer ends on 2027-01-31 and is due for renewal: have it renewed where the control plane is installed")

	v.cluster.Kube.(*fake.Clientset).PrependReactor("get", "secrets", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, trustBundle, nil)
	})
	require.IsType(t, skipped(""), v.authority(t.Context(), issuer.NotAfter))
}
