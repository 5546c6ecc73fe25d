package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/internal/graphtest"
)

// TestProgram: what the program makes, on the cluster that is named, without a
// password in clear.
func TestProgram(t *testing.T) {
	t.Setenv("PULUMI_CONFIG", `{"daprstack:context":"here","daprstack:image":"cart:1","daprstack:redisImage":"redis:7.2.16"}`) // daprstack is the project of the mocks
	g, err := graphtest.Run(t, program)
	require.NoError(t, err)
	require.Empty(t, g.Clear(graphtest.Sentinel))
	require.Equal(t, "here", g.Get(t, "pulumi:providers:kubernetes", "cluster").Input("context"))
	deployment := g.Get(t, "Deployment", "cart-deployment")
	require.Equal(t, appID, deployment.Input("spec", "template", "metadata", "annotations", "dapr.io/app-id"))
	for _, first := range []string{"carts-component", "redis-server", "cart-configuration-configuration"} {
		for _, r := range g.Resources {
			if r.Name == first {
				require.True(t, g.Before(r, deployment), first)
			}
		}
	}
}

func TestNoContext(t *testing.T) {
	t.Setenv("PULUMI_CONFIG", `{}`)
	g, err := graphtest.Run(t, program)
	require.ErrorContains(t, err, "context")
	require.Empty(t, g.Resources)
}
