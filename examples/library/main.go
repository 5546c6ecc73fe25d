// Command library is a Pulumi program of one's own that uses the components as a
// library, without a stack file: a namespace in a cluster that has Dapr, Redis, a
// state store, and one app that may use it.
package main

import (
	"errors"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/components/app"
	"github.com/daprstack/daprstack/components/dapr"
	"github.com/daprstack/daprstack/components/kube"
	"github.com/daprstack/daprstack/components/redis"
	"github.com/daprstack/daprstack/components/secrets"
)

func main() { pulumi.Run(program) }

const appID = "cart-app"

func program(ctx *pulumi.Context) error {
	setting := func(name string) string {
		value, _ := ctx.GetConfig(ctx.Project() + ":" + name)
		return value
	}
	if setting("context") == "" || setting("image") == "" {
		return errors.New("context and image are required: pulumi config set context …")
	}
	made, err := kube.NewCluster(ctx, "cluster", setting("context"))
	if err != nil {
		return err
	}
	cluster := pulumi.Provider(made)
	namespace, err := kube.NewNamespace(ctx, "namespace", "carts", cluster)
	if err != nil {
		return err
	}
	store, err := stateStore(ctx, namespace.Name, setting("redisImage"), cluster)
	if err != nil {
		return err
	}
	configuration, err := dapr.NewConfiguration(ctx, "cart-configuration", &dapr.ConfigurationArgs{
		Name: "cart", Namespace: namespace.Name, Access: &dapr.Access{}, // nobody invokes it
	}, cluster)
	if err != nil {
		return err
	}
	// The pods are replaced when something changes that their sidecar reads.
	first, settled := dapr.Reads(appID, []dapr.Source{store, configuration})
	_, err = app.New(ctx, "cart", &app.Args{
		Name: "cart", Namespace: namespace.Name, Image: setting("image"), ImagePullPolicy: "IfNotPresent",
		Ports: []kube.Port{{Name: "http", Number: 8000}}, Replicas: 1, HealthPath: "/healthz", User: 65532,
		Env: []app.Variable{
			{Name: "PORT", Value: "8000"}, {Name: "STATESTORE_URL", Value: "http://localhost:3500/v1.0/state/carts"},
		},
		Sidecar: &app.Sidecar{AppID: appID, AppPort: 8000, Config: "cart", Settings: settled},
		After:   first,
	}, cluster)
	return err
}

// stateStore makes a state store with a Redis of its own.
func stateStore(ctx *pulumi.Context, namespace pulumi.StringInput, image string, cluster pulumi.ResourceOption) (*dapr.StateStore, error) {
	password, err := secrets.NewPassword(ctx, "redis-password", &secrets.PasswordArgs{
		Namespace: namespace, Files: map[string]string{redis.AuthFile: redis.AuthTemplate},
	}, cluster)
	if err != nil {
		return nil, err
	}
	server, err := redis.New(ctx, "redis", &redis.Args{
		Namespace: namespace, Auth: password.Ref,
		Image: image, Storage: "1Gi", MaxMemory: 192 << 20, Fsync: "always",
	}, cluster)
	if err != nil {
		return nil, err
	}
	return dapr.NewStateStore(ctx, "carts", &dapr.StateStoreArgs{
		Name: "carts", Namespace: namespace, Scopes: []string{appID},
		Backend: &dapr.RedisConnection{
			Host: server.Host, Password: &password.Ref, After: append(server.Ready(), password.Ready()...),
		},
	}, cluster)
}
