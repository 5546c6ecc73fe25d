package redis_test

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/components/redis"
	"github.com/daprstack/daprstack/components/secrets"
	"github.com/daprstack/daprstack/internal/graphtest"
)

func ExampleNew() {
	graphtest.Print(func(ctx *pulumi.Context) error {
		password, err := secrets.NewPassword(ctx, "redis-password", &secrets.PasswordArgs{
			Namespace: pulumi.String("shop"), Files: map[string]string{redis.AuthFile: redis.AuthTemplate},
		})
		if err != nil {
			return err
		}
		_, err = redis.New(ctx, "redis", &redis.Args{
			Namespace: pulumi.String("shop"), Auth: password.Ref,
			Image: "docker.io/library/redis:7.2.16", Storage: "1Gi", MaxMemory: 192 << 20, Fsync: "always",
		})
		return err
	})
	// Output:
	// Deployment redis-master
	// PersistentVolumeClaim redis-data
	// Secret redis-password-secret-1a2b3c4d
	// Service redis-master
}
