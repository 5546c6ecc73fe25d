package secrets_test

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/components/secrets"
	"github.com/daprstack/daprstack/internal/graphtest"
)

// A random password, and beside it a file in which it stands.
func ExampleNewPassword() {
	graphtest.Print(func(ctx *pulumi.Context) error {
		password, err := secrets.NewPassword(ctx, "redis-password", &secrets.PasswordArgs{
			Namespace: pulumi.String("shop"),
			Files:     map[string]string{"auth.conf": "requirepass {password}\n"},
		})
		if err != nil {
			return err
		}
		ctx.Export("secret", password.Ref.Name)
		return nil
	})
	// Output: Secret redis-password-secret-1a2b3c4d
}

// A Secret with values that are known, such as those of the configuration.
func ExampleNewGiven() {
	graphtest.Print(func(ctx *pulumi.Context) error {
		_, err := secrets.NewGiven(ctx, "mail", &secrets.GivenArgs{
			Namespace: pulumi.String("shop"), Values: map[string]string{"token": "t0ken"},
		})
		return err
	})
	// Output: Secret mail-secret-1a2b3c4d
}
