package app_test

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/components/app"
	"github.com/daprstack/daprstack/components/kube"
	"github.com/daprstack/daprstack/config/rules"
	"github.com/daprstack/daprstack/internal/graphtest"
)

// An application with a sidecar. After is what the sidecar reads when it starts.
func ExampleNew() {
	graphtest.Print(func(ctx *pulumi.Context) error {
		_, err := app.New(ctx, "cart", &app.Args{
			Name: "cart", Namespace: pulumi.String("shop"), Image: "registry.example.com/cart:1", ImagePullPolicy: "IfNotPresent",
			Ports: []kube.Port{{Name: "http", Number: 8000}}, Replicas: 2, HealthPath: "/healthz", User: 65532,
			Sidecar: &app.Sidecar{AppID: "cart-app", AppPort: 8000, Config: "appconfig", Options: rules.SidecarOptions{"logLevel": "warn"}},
		})
		return err
	})
	// Output:
	// Deployment cart
	// PodDisruptionBudget cart
	// Service cart
	// ServiceAccount cart
}
