package components_test

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/components/app"
	"github.com/daprstack/daprstack/components/dapr"
	"github.com/daprstack/daprstack/components/kube"
	"github.com/daprstack/daprstack/components/redis"
	"github.com/daprstack/daprstack/components/secrets"
	"github.com/daprstack/daprstack/config/rules"
)

// A program of one's own that uses the components without a stack file: a state
// store in a cluster that has Dapr already, and one app that may use it.
func Example() {
	program := func(ctx *pulumi.Context) error {
		namespace := pulumi.String("shop")
		password, err := secrets.NewPassword(ctx, "redis-password", &secrets.PasswordArgs{
			Namespace: namespace,
			Files:     map[string]string{redis.AuthFile: redis.AuthTemplate},
		})
		if err != nil {
			return err
		}
		server, err := redis.New(ctx, "redis", &redis.Args{
			Namespace: namespace, Auth: password.Ref,
			Image: "docker.io/library/redis:7.2.16", Storage: "1Gi", MaxMemory: 192 << 20, Fsync: "always",
		})
		if err != nil {
			return err
		}
		store, err := dapr.NewStateStore(ctx, "carts", &dapr.StateStoreArgs{
			Name: "carts", Namespace: namespace, Scopes: []string{"cart-app"},
			Backend: &dapr.RedisConnection{
				Host: server.Host, Password: &password.Ref, After: append(server.Ready(), password.Ready()...),
			},
		})
		if err != nil {
			return err
		}
		configuration, err := dapr.NewConfiguration(ctx, "appconfig", &dapr.ConfigurationArgs{
			Name: "appconfig", Namespace: namespace,
		})
		if err != nil {
			return err
		}
		_, err = app.New(ctx, "cart", &app.Args{
			Name: "cart", Namespace: namespace, Image: "registry.example.com/cart:1", ImagePullPolicy: "IfNotPresent",
			Ports: []kube.Port{{Name: "http", Number: 8000}}, Replicas: 2, HealthPath: "/healthz", User: 65532,
			Sidecar: &app.Sidecar{AppID: "cart-app", AppPort: 8000, Config: "appconfig", Options: rules.SidecarOptions{"logLevel": "warn"}},
			After:   append(store.Ready(), configuration.Ready()...),
		})
		return err
	}
	err := pulumi.RunErr(program, pulumi.WithMocks("shop", "dev", echo{}))
	fmt.Println(err)
	// Output: <nil>
}
