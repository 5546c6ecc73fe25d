package redis

import (
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/components/secrets"
	"github.com/daprstack/daprstack/internal/graphtest"
)

func good() *Args {
	return &Args{
		Namespace: pulumi.String("ns"), Auth: secrets.Ref{Name: pulumi.String("auth"), Key: "password"},
		Image: "redis:7", Storage: "1Gi", MaxMemory: 1 << 20, Fsync: "always",
	}
}

func TestArguments(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Args) *Args
		want   string
	}{
		"nothing":      {func(*Args) *Args { return nil }, `redis "r": arguments are required`},
		"no namespace": {func(a *Args) *Args { a.Namespace = nil; return a }, `redis "r": a namespace is required`},
		"no password":  {func(a *Args) *Args { a.Auth = secrets.Ref{}; return a }, `redis "r": the Secret of the password is required`},
		"no image":     {func(a *Args) *Args { a.Image = ""; return a }, `redis "r": image, storage and fsync are required`},
		"no memory":    {func(a *Args) *Args { a.MaxMemory = 0; return a }, `redis "r": maxMemory must be positive`},
	} {
		t.Run(name, func(t *testing.T) {
			g, err := graphtest.Run(t, func(ctx *pulumi.Context) error {
				_, err := New(ctx, "r", c.change(good()))
				return err
			})
			require.ErrorContains(t, err, c.want)
			require.Empty(t, g.Resources)
		})
	}
}

func TestServerArguments(t *testing.T) {
	require.Equal(t, []string{
		"redis-server", "--include", "/etc/redis/auth/auth.conf", "--dir", "/data",
		"--appendonly", "yes", "--appendfsync", "always", "--save", "",
		"--maxmemory", "1048576", "--maxmemory-policy", "noeviction",
	}, arguments(good()))
}

// TestAlone: usable by itself, hardened, with the password nowhere in plain text
// and never two servers on one volume.
func TestAlone(t *testing.T) {
	args := good()
	args.StorageClass, args.RetainData = "fast", true
	g, err := graphtest.Run(t, func(ctx *pulumi.Context) error {
		password, err := secrets.NewPassword(ctx, "p", &secrets.PasswordArgs{
			Namespace: pulumi.String("ns"), Files: map[string]string{AuthFile: AuthTemplate},
		})
		if err != nil {
			return err
		}
		args.Auth = password.Ref
		r, err := New(ctx, "r", args)
		if err != nil {
			return err
		}
		require.Equal(t, "redis-master:6379", r.Host)
		return nil
	})
	require.NoError(t, err)
	require.Empty(t, g.Clear(graphtest.Sentinel))
	require.Equal(t, []string{
		"Deployment r-server → PersistentVolumeClaim r-data",
		"Deployment r-server → Secret p-secret",
		"Secret p-secret → RandomPassword p-random",
	}, g.Edges())
	require.Equal(t, `requirepass "`+graphtest.Sentinel+"\"\n", g.Get(t, "Secret", "p-secret").Input("stringData", AuthFile))

	volume := g.Get(t, "PersistentVolumeClaim", "r-data")
	require.True(t, volume.Retain)
	require.Equal(t, "fast", volume.Input("spec", "storageClassName"))
	server := g.Get(t, "Deployment", "r-server")
	require.Equal(t, "Recreate", server.Input("spec", "strategy", "type"))
	pod := []any{"spec", "template", "spec"}
	require.Equal(t, map[string]any{
		"runAsNonRoot": true, "runAsUser": 999.0, "runAsGroup": 999.0, "fsGroup": 999.0,
		"seccompProfile": map[string]any{"type": "RuntimeDefault"},
	}, server.Input(append(pod, "securityContext")...))
	container := slices.Concat(pod, []any{"containers", 0})
	require.Equal(t, map[string]any{
		"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": map[string]any{"drop": []any{"ALL"}},
	}, server.Input(append(container, "securityContext")...))
	require.Equal(t, []any{map[string]any{"name": "REDISCLI_AUTH", "valueFrom": map[string]any{
		"secretKeyRef": map[string]any{"name": "p-secret-1a2b3c4d", "key": "password"},
	}}}, server.Input(append(container, "env")...))
	require.Equal(t, server.Input("spec", "template", "metadata", "labels"), g.Get(t, "Service", "r-service").Input("spec", "selector"))
}
