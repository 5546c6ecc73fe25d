package dapr_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/components/dapr"
	"github.com/daprstack/daprstack/internal/graphtest"
)

var (
	ns     = pulumi.String("ns")
	redis  = &dapr.RedisConnection{Host: "r:6379"}
	scopes = []string{"a-app"}
)

// TestArguments: what is missing is an error that names the object, before
// anything is registered.
func TestArguments(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(*pulumi.Context) error
		want string
	}{
		{"state store without arguments", func(ctx *pulumi.Context) error {
			_, err := dapr.NewStateStore(ctx, "x", nil)
			return err
		}, `state store "x": arguments are required`},
		{"state store without name", func(ctx *pulumi.Context) error {
			_, err := dapr.NewStateStore(ctx, "x", &dapr.StateStoreArgs{Namespace: ns, Scopes: scopes, Backend: redis})
			return err
		}, `state store "x": a name and a namespace are required`},
		{"state store without scopes", func(ctx *pulumi.Context) error {
			_, err := dapr.NewStateStore(ctx, "x", &dapr.StateStoreArgs{Name: "x", Namespace: ns, Backend: redis})
			return err
		}, `state store "x": scopes are required`},
		{"state store without Redis", func(ctx *pulumi.Context) error {
			_, err := dapr.NewStateStore(ctx, "x", &dapr.StateStoreArgs{Name: "x", Namespace: ns, Scopes: scopes})
			return err
		}, `state store "x": a backend is required`},
		{"pub/sub that never delivers again", func(ctx *pulumi.Context) error {
			_, err := dapr.NewPubSub(ctx, "x", &dapr.PubSubArgs{Name: "x", Namespace: ns, Scopes: scopes, Backend: redis, StreamTTL: time.Hour})
			return err
		}, `pub/sub "x": redeliverInterval and processingTimeout must be positive`},
		{"pub/sub that grows for ever", func(ctx *pulumi.Context) error {
			_, err := dapr.NewPubSub(ctx, "x", &dapr.PubSubArgs{
				Name: "x", Namespace: ns, Scopes: scopes, Backend: redis, RedeliverInterval: 1e9, ProcessingTimeout: 1e9,
			})
			return err
		}, `pub/sub "x": either streamTTL or maxLenApprox is required`},
		{"subscription without a path", func(ctx *pulumi.Context) error {
			_, err := dapr.NewSubscription(ctx, "x", &dapr.SubscriptionArgs{Namespace: ns, PubSub: "p", Topic: "t", App: "a"})
			return err
		}, `subscription "x": namespace, pub/sub, topic, app and path are required`},
		{"resiliency without deliveries", func(ctx *pulumi.Context) error {
			_, err := dapr.NewResiliency(ctx, "x", &dapr.ResiliencyArgs{Name: "x", Namespace: ns})
			return err
		}, `resiliency "x": name, namespace and at least one delivery or policy are required`},
		{"configuration without a name", func(ctx *pulumi.Context) error {
			_, err := dapr.NewConfiguration(ctx, "x", &dapr.ConfigurationArgs{Namespace: ns})
			return err
		}, `configuration "x": a name and a namespace are required`},
		{"control plane without a chart", func(ctx *pulumi.Context) error {
			_, err := dapr.NewControlPlane(ctx, "x", &dapr.ControlPlaneArgs{Namespace: "d", Version: "1.18.2", LogLevel: "info"})
			return err
		}, `control plane "x": a chart is required, by its repository or its path`},
		{"control plane without a version", func(ctx *pulumi.Context) error {
			_, err := dapr.NewControlPlane(ctx, "x", &dapr.ControlPlaneArgs{Namespace: "d", ChartPath: "c", LogLevel: "info"})
			return err
		}, `control plane "x": namespace, version and log level are required`},
		{"control plane without certificates", func(ctx *pulumi.Context) error {
			_, err := dapr.NewControlPlane(ctx, "x", &dapr.ControlPlaneArgs{Namespace: "d", Version: "1.18.2", ChartPath: "c", LogLevel: "info"})
			return err
		}, `control plane "x": a certificate authority is required`},
		{"certificates that are always due", func(ctx *pulumi.Context) error {
			_, err := dapr.NewAuthority(ctx, "x", &dapr.AuthorityArgs{RootLifetime: 2 * time.Hour, IssuerLifetime: time.Hour, RenewBefore: time.Hour})
			return err
		}, `certificate authority "x": renewBefore must be at least an hour`},
		{"guard of nothing", func(ctx *pulumi.Context) error {
			_, err := dapr.NewSidecarGuard(ctx, "x", &dapr.SidecarGuardArgs{})
			return err
		}, `sidecar guard "x": a namespace is required`},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, err := graphtest.Run(t, c.make)
			require.ErrorContains(t, err, c.want)
			require.Empty(t, g.Resources)
		})
	}
}

// controlPlane makes a control plane with its certificate authority.
func controlPlane(ctx *pulumi.Context) error {
	ca, err := dapr.NewAuthority(ctx, "ca", &dapr.AuthorityArgs{RootLifetime: 20 * time.Hour, IssuerLifetime: 10 * time.Hour, RenewBefore: time.Hour})
	if err != nil {
		return err
	}
	_, err = dapr.NewControlPlane(ctx, "dapr", &dapr.ControlPlaneArgs{
		Namespace: "dapr-system", Version: "1.18.2", LogLevel: "info", MTLS: true, ChartPath: "./chart", SchedulerStorage: "1Gi",
		Authority: ca, RetainCRDs: true,
	})
	return err
}

// TestControlPlaneAlone: usable by itself, all of it its children, in order: the
// CRDs, the system Configuration and what the services run with, the services.
func TestControlPlaneAlone(t *testing.T) {
	g, err := graphtest.Run(t, controlPlane)
	require.NoError(t, err)
	parent := g.Get(t, "ControlPlane", "dapr")
	crds, services := g.All("CustomResourceDefinition"), append(g.All("kubernetes:apps/v1:Deployment"), g.All("StatefulSet")...)
	system := g.Get(t, "kubernetes:dapr.io/v1alpha1:Configuration", "dapr-system")
	require.Len(t, crds, 2)
	require.Len(t, services, 4)
	for _, r := range g.Resources {
		if strings.HasPrefix(r.Type, "kubernetes:") {
			require.Equal(t, parent.URN, r.Parent, r.String())
			namespace := strings.HasSuffix(r.Type, ":Namespace") // see kube.NewNamespace
			require.Equal(t, !namespace, r.Input("metadata", "annotations", "pulumi.com/patchFieldManager") == "daprstack-test", r.String())
			require.Equal(t, strings.Contains(r.Type, "CustomResourceDefinition"), r.Retain, r.String())
		}
	}
	for _, crd := range crds {
		require.True(t, g.Before(crd, system))
	}
	for _, service := range services {
		for _, first := range append(g.All("kubernetes:core/v1:Secret"), append(g.All("ClusterRole"), g.All("MutatingWebhookConfiguration")...)...) {
			require.True(t, g.Before(first, service), "%s before %s", first, service)
		}
		require.True(t, g.Before(system, service), service.String())
	}
	require.Equal(t, "daprsystem", system.Input("metadata", "name"))
	require.Equal(t, map[string]any{
		"enabled": true, "workloadCertTTL": "24h", "allowedClockSkew": "15m", "controlPlaneTrustDomain": "cluster.local",
		"sentryAddress": "dapr-sentry.dapr-system.svc.cluster.local:443",
	}, system.Input("spec", "mtls"))
}

// TestAwaitedServices: only the operator and the injector are awaited, and Ready
// returns them.
func TestAwaitedServices(t *testing.T) {
	g, err := graphtest.Run(t, controlPlane)
	require.NoError(t, err)
	var awaited []string
	for _, r := range append(g.All("kubernetes:apps/v1:Deployment"), g.All("StatefulSet")...) {
		if r.Input("metadata", "annotations", "pulumi.com/skipAwait") == nil {
			awaited = append(awaited, r.Input("metadata", "name").(string))
		}
	}
	require.Equal(t, []string{"dapr-operator", "dapr-sidecar-injector"}, awaited)
}

// TestAuthority: sentry, the services and the CRD's webhook have the same root
// from the start, and no key appears anywhere in plain text.
func TestAuthority(t *testing.T) {
	g, err := graphtest.Run(t, controlPlane)
	require.NoError(t, err)
	require.Empty(t, g.Clear(graphtest.Sentinel))
	secret := g.Get(t, "kubernetes:core/v1:Secret", "dapr-chart:dapr-system/dapr-trust-bundle")
	require.Equal(t, map[string]any{
		"ca.crt": "certificate ca-root", "issuer.crt": "certificate ca-issuer", "issuer.key": graphtest.Sentinel + " of ca-issuer-key",
	}, secret.Input("stringData"))
	bundle := g.Get(t, "kubernetes:core/v1:ConfigMap", "dapr-chart:dapr-system/dapr-trust-bundle")
	require.Equal(t, map[string]any{"ca.crt": "certificate ca-root"}, bundle.Input("data"))
	client := g.Get(t, "CustomResourceDefinition", "dapr-chart:subscriptions.dapr.io").Input("spec", "conversion", "webhook", "clientConfig").(map[string]any)
	require.Equal(t, base64.StdEncoding.EncodeToString([]byte("certificate ca-root")), client["caBundle"])
	require.Equal(t, map[string]any{"name": "dapr-webhook", "namespace": "dapr-system"}, client["service"])

	services := append(g.All("kubernetes:apps/v1:Deployment"), g.All("StatefulSet")...)
	require.NotEmpty(t, services)
	for _, r := range services {
		require.Len(t, r.Input("spec", "template", "metadata", "annotations", "daprstack.io/root"), 12, "%s gets new pods with a new root", r)
	}

	issuer := g.Get(t, "LocallySignedCert", "ca-issuer")
	require.Equal(t, "certificate ca-root", issuer.Input("caCertPem"))
	require.Equal(t, 10.0, issuer.Input("validityPeriodHours"))
	require.Equal(t, 20.0, g.Get(t, "SelfSignedCert", "ca-root").Input("validityPeriodHours"))
	require.Equal(t, 1.0, issuer.Input("earlyRenewalHours"))
	require.Contains(t, g.Get(t, "PrivateKey", "ca-root-key").SecretOutputs, "privateKeyPem")
}

// TestScopesAreOnTop: T-09. Under spec they would be pruned, and the object open
// to every app.
func TestScopesAreOnTop(t *testing.T) {
	g, err := graphtest.Run(t, func(ctx *pulumi.Context) error {
		if _, err := dapr.NewStateStore(ctx, "s", &dapr.StateStoreArgs{Name: "s", Namespace: ns, Scopes: scopes, Backend: redis}); err != nil {
			return err
		}
		if _, err := dapr.NewPubSub(ctx, "p", &dapr.PubSubArgs{
			Name: "p", Namespace: ns, Scopes: scopes, Backend: redis, RedeliverInterval: 1e9, ProcessingTimeout: 1e9, MaxLenApprox: 1,
		}); err != nil {
			return err
		}
		_, err := dapr.NewSubscription(ctx, "t", &dapr.SubscriptionArgs{Namespace: ns, PubSub: "p", Topic: "t.u", App: "a-app", Path: "/t"})
		return err
	})
	require.NoError(t, err)
	checked := 0
	for _, r := range g.Resources {
		if !strings.HasPrefix(r.Type, "kubernetes:dapr.io/") {
			continue
		}
		checked++
		require.Equal(t, []any{"a-app"}, r.Input("scopes"), r.String())
		require.Nil(t, r.Input("spec", "scopes"), r.String())
		require.NotEmpty(t, r.Input("metadata", "name"), "never auto-named (T-01)")
		require.Equal(t, "ns", r.Input("metadata", "namespace"))
	}
	require.Equal(t, 3, checked)
}
