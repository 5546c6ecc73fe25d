package dapr_test

import (
	"errors"
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
	redis  = dapr.RedisConnection{Host: "r:6379"}
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
			_, err := dapr.NewStateStore(ctx, "x", &dapr.StateStoreArgs{Namespace: ns, Scopes: scopes, Redis: redis})
			return err
		}, `state store "x": a name and a namespace are required`},
		{"state store without scopes", func(ctx *pulumi.Context) error {
			_, err := dapr.NewStateStore(ctx, "x", &dapr.StateStoreArgs{Name: "x", Namespace: ns, Redis: redis})
			return err
		}, `state store "x": scopes are required`},
		{"state store without Redis", func(ctx *pulumi.Context) error {
			_, err := dapr.NewStateStore(ctx, "x", &dapr.StateStoreArgs{Name: "x", Namespace: ns, Scopes: scopes})
			return err
		}, `state store "x": the address of Redis is required`},
		{"pub/sub that never delivers again", func(ctx *pulumi.Context) error {
			_, err := dapr.NewPubSub(ctx, "x", &dapr.PubSubArgs{Name: "x", Namespace: ns, Scopes: scopes, Redis: redis, StreamTTL: time.Hour})
			return err
		}, `pub/sub "x": redeliverInterval and processingTimeout must be positive`},
		{"pub/sub that grows for ever", func(ctx *pulumi.Context) error {
			_, err := dapr.NewPubSub(ctx, "x", &dapr.PubSubArgs{
				Name: "x", Namespace: ns, Scopes: scopes, Redis: redis, RedeliverInterval: 1e9, ProcessingTimeout: 1e9,
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
		}, `resiliency "x": name, namespace and at least one delivery are required`},
		{"configuration without a name", func(ctx *pulumi.Context) error {
			_, err := dapr.NewConfiguration(ctx, "x", &dapr.ConfigurationArgs{Namespace: ns})
			return err
		}, `configuration "x": a name and a namespace are required`},
		{"control plane without a chart", func(ctx *pulumi.Context) error {
			_, err := dapr.NewControlPlane(ctx, "x", &dapr.ControlPlaneArgs{Namespace: "d", Version: "1.18.1", LogLevel: "info"})
			return err
		}, `control plane "x": a chart is required, by its repository or its path`},
		{"control plane without a version", func(ctx *pulumi.Context) error {
			_, err := dapr.NewControlPlane(ctx, "x", &dapr.ControlPlaneArgs{Namespace: "d", ChartPath: "c", LogLevel: "info"})
			return err
		}, `control plane "x": namespace, version and log level are required`},
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

// TestControlPlaneAlone: usable by itself, its parts in order, all of them its
// children.
func TestControlPlaneAlone(t *testing.T) {
	g, err := graphtest.Run(t, func(ctx *pulumi.Context) error {
		plane, err := dapr.NewControlPlane(ctx, "dapr", &dapr.ControlPlaneArgs{
			Namespace: "dapr-system", Version: "1.18.1", LogLevel: "info", MTLS: true, ChartPath: "./chart", SchedulerStorage: "1Gi",
		})
		if err != nil {
			return err
		}
		require.Len(t, plane.Ready(), 1)
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, []string{
		"Chart dapr-chart → Namespace dapr-namespace",
		"Configuration dapr-system → Namespace dapr-namespace",
	}, g.Edges())
	parent := g.Get(t, "ControlPlane", "dapr")
	for _, r := range g.Resources {
		if r != parent {
			require.Equal(t, parent.URN, r.Parent, r.String())
		}
	}
	system := g.Get(t, "kubernetes:dapr.io/v1alpha1:Configuration", "dapr-system")
	require.Equal(t, "daprsystem", system.Input("metadata", "name"))
	require.Equal(t, map[string]any{
		"enabled": true, "workloadCertTTL": "24h", "allowedClockSkew": "15m", "controlPlaneTrustDomain": "cluster.local",
		"sentryAddress": "dapr-sentry.dapr-system.svc.cluster.local:443",
	}, system.Input("spec", "mtls"))
}

// TestBrokenControlPlane: what waits for the chart's CRD does not wait for ever,
// wherever the control plane breaks off.
func TestBrokenControlPlane(t *testing.T) {
	for _, c := range []struct {
		name  string
		first func([]pulumi.Resource) ([]pulumi.Resource, error)
		fails string // a resource
		want  string
	}{
		{"at what comes first", func([]pulumi.Resource) ([]pulumi.Resource, error) { return nil, errors.New("interrupted") }, "", "interrupted"},
		{"at the chart", nil, "dapr-chart", "dapr-chart failed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, err := graphtest.Run(t, func(ctx *pulumi.Context) error {
				_, err := dapr.NewControlPlane(ctx, "dapr", &dapr.ControlPlaneArgs{
					Namespace: "dapr-system", Version: "1.18.1", LogLevel: "info", ChartPath: "./chart", SchedulerStorage: "1Gi", First: c.first,
				})
				return err
			}, graphtest.Fail(c.fails))
			require.ErrorContains(t, err, c.want)
			require.Empty(t, g.All("kubernetes:dapr.io/v1alpha1:Configuration"))
		})
	}
}

// TestScopesAreOnTop: T-09. Under spec they would be pruned, and the object open
// to every app.
func TestScopesAreOnTop(t *testing.T) {
	g, err := graphtest.Run(t, func(ctx *pulumi.Context) error {
		if _, err := dapr.NewStateStore(ctx, "s", &dapr.StateStoreArgs{Name: "s", Namespace: ns, Scopes: scopes, Redis: redis}); err != nil {
			return err
		}
		if _, err := dapr.NewPubSub(ctx, "p", &dapr.PubSubArgs{
			Name: "p", Namespace: ns, Scopes: scopes, Redis: redis, RedeliverInterval: 1e9, ProcessingTimeout: 1e9, MaxLenApprox: 1,
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
