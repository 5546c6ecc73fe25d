package dapr_test

import (
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/components/dapr"
	"github.com/daprstack/daprstack/components/secrets"
	"github.com/daprstack/daprstack/internal/graphtest"
)

// The namespace of the examples, and a Redis that is there.
var (
	shop    = pulumi.String("shop")
	backend = &dapr.RedisConnection{
		Host: "redis.example.com:6379", EnableTLS: true,
		Password: &secrets.Ref{Name: pulumi.String("redis"), Key: "password"},
	}
)

// The control plane with its certificate authority. Of the chart's objects, only
// those of a short stand-in are shown here.
func ExampleNewControlPlane() {
	graphtest.Print(func(ctx *pulumi.Context) error {
		const day = 24 * time.Hour
		authority, err := dapr.NewAuthority(ctx, "dapr-ca", &dapr.AuthorityArgs{
			RootLifetime: 3650 * day, IssuerLifetime: 365 * day, RenewBefore: 30 * day,
		})
		if err != nil {
			return err
		}
		_, err = dapr.NewControlPlane(ctx, "dapr", &dapr.ControlPlaneArgs{
			Namespace: "dapr-system", Version: "1.18.2", ChartRepository: "https://dapr.github.io/helm-charts/",
			Authority: authority, HA: true, MTLS: true, LogLevel: "info", SchedulerStorage: "1Gi",
		})
		return err
	})
	// Output:
	// ClusterRole dapr-placement
	// ConfigMap dapr-trust-bundle
	// Configuration daprsystem
	// CustomResourceDefinition configurations.dapr.io
	// CustomResourceDefinition subscriptions.dapr.io
	// Deployment dapr-operator
	// Deployment dapr-sentry
	// Deployment dapr-sidecar-injector
	// MutatingWebhookConfiguration dapr-sidecar-injector
	// Namespace dapr-system
	// Secret dapr-trust-bundle
	// Service dapr-sentry
	// ServiceAccount dapr-operator
	// StatefulSet dapr-scheduler-server
}

// An authority by itself makes nothing in the cluster.
func ExampleNewAuthority() {
	graphtest.Print(func(ctx *pulumi.Context) error {
		authority, err := dapr.NewAuthority(ctx, "dapr-ca", &dapr.AuthorityArgs{
			RootLifetime: 87600 * time.Hour, IssuerLifetime: 8760 * time.Hour, RenewBefore: 720 * time.Hour,
		})
		if err != nil {
			return err
		}
		ctx.Export("root", authority.Root) // the issuer's key is a secret
		return nil
	})
	// Output:
}

// Every pod of the namespace that asks for a sidecar gets one, or is refused.
func ExampleNewSidecarGuard() {
	graphtest.Print(func(ctx *pulumi.Context) error {
		_, err := dapr.NewSidecarGuard(ctx, "sidecar", &dapr.SidecarGuardArgs{Namespace: "shop"})
		return err
	})
	// Output:
	// ValidatingAdmissionPolicy sidecar.shop.daprstack.io
	// ValidatingAdmissionPolicyBinding sidecar.shop.daprstack.io
}

func ExampleNewStateStore() {
	graphtest.Print(func(ctx *pulumi.Context) error {
		_, err := dapr.NewStateStore(ctx, "carts", &dapr.StateStoreArgs{
			Name: "carts", Namespace: shop, Backend: backend, Scopes: []string{"cart-app"},
			Metadata: map[string]string{"keyPrefix": "name"},
		})
		return err
	})
	// Output: Component carts
}

// A pub/sub that carries one event: cart-app publishes it, and mail-app receives it.
func ExampleNewPubSub() {
	graphtest.Print(func(ctx *pulumi.Context) error {
		_, err := dapr.NewPubSub(ctx, "events", &dapr.PubSubArgs{
			Name: "events", Namespace: shop, Backend: backend, Scopes: []string{"cart-app", "mail-app"},
			Topics:            []dapr.Topic{{Name: "order.placed", Publishers: []string{"cart-app"}, Subscribers: []string{"mail-app"}}},
			RedeliverInterval: 30 * time.Second, ProcessingTimeout: time.Minute, StreamTTL: 7 * 24 * time.Hour,
		})
		return err
	})
	// Output: Component events
}

func ExampleNewSubscription() {
	graphtest.Print(func(ctx *pulumi.Context) error {
		_, err := dapr.NewSubscription(ctx, "placed", &dapr.SubscriptionArgs{
			Namespace: shop, PubSub: "events", Topic: "order.placed", App: "mail-app", Path: "/events/order-placed",
		})
		return err
	})
	// Output: Subscription events.order.placed.mail-app
}

// Without it, an event whose handler failed is lost.
func ExampleNewResiliency() {
	graphtest.Print(func(ctx *pulumi.Context) error {
		_, err := dapr.NewResiliency(ctx, "delivery", &dapr.ResiliencyArgs{
			Name: "delivery", Namespace: shop, Inbound: map[string]dapr.Delivery{
				"events": {Apps: []string{"mail-app"}, MaxRetries: 3, Policy: "constant", Interval: 5 * time.Second, HandlerTimeout: 10 * time.Second},
			},
		})
		return err
	})
	// Output: Resiliency delivery
}

// The Configuration of mail-app, which only cart-app may invoke.
func ExampleNewConfiguration() {
	graphtest.Print(func(ctx *pulumi.Context) error {
		_, err := dapr.NewConfiguration(ctx, "mail", &dapr.ConfigurationArgs{
			Name: "mail", Namespace: shop, SamplingRate: "0.1", Otel: "collector:4317",
			Access: &dapr.Access{Callers: []dapr.Caller{{App: "cart-app"}}},
		})
		return err
	})
	// Output: Configuration mail
}
