package secrets_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/components/secrets"
	"github.com/daprstack/daprstack/internal/graphtest"
)

func TestRandom(t *testing.T) {
	g, err := graphtest.Run(t, func(ctx *pulumi.Context) error {
		p, err := secrets.NewPassword(ctx, "p", &secrets.PasswordArgs{
			Namespace: pulumi.String("ns"), Files: map[string]string{"conf": "pass={password};"},
		})
		if err != nil {
			return err
		}
		require.Len(t, p.Ready(), 1)
		return nil
	})
	require.NoError(t, err)
	require.Empty(t, g.Clear(graphtest.Sentinel))
	require.Equal(t, []string{"Secret p-secret → RandomPassword p-random"}, g.Edges())
	secret := g.Get(t, "Secret", "p-secret")
	require.Nil(t, secret.Input("metadata", "name"), "a changed password makes a new Secret")
	require.Equal(t, map[string]any{"password": graphtest.Sentinel, "conf": "pass=" + graphtest.Sentinel + ";"}, secret.Input("stringData"))
	require.Contains(t, secret.SecretOutputs, "stringData")
}

// TestGiven: a given password is a secret even where the caller forgot to say so.
func TestGiven(t *testing.T) {
	g, err := graphtest.Run(t, func(ctx *pulumi.Context) error {
		_, err := secrets.NewPassword(ctx, "p", &secrets.PasswordArgs{
			Namespace: pulumi.String("ns"), Given: pulumi.String(graphtest.Sentinel),
		})
		return err
	})
	require.NoError(t, err)
	require.Empty(t, g.Clear(graphtest.Sentinel))
	require.Empty(t, g.All("RandomPassword"))
	require.Equal(t, graphtest.Sentinel, g.Get(t, "Secret", "p-secret").Input("stringData", "password"))
}

func TestNoNamespace(t *testing.T) {
	g, err := graphtest.Run(t, func(ctx *pulumi.Context) error {
		_, err := secrets.NewPassword(ctx, "p", &secrets.PasswordArgs{})
		return err
	})
	require.ErrorContains(t, err, `password "p": a namespace is required`)
	require.Empty(t, g.Resources)
}
