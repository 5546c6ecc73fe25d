package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/local"
)

// targetOf returns the target of a checkout with a stack file.
func targetOf(t *testing.T, file string, o stackOptions) *target {
	t.Helper()
	newCheckout(t)
	write(t, "Pulumi.dev.yaml", file)
	o.stack = "dev"
	found, err := findTarget(o)
	require.NoError(t, err)
	return found
}

func TestTarget(t *testing.T) {
	dir, kubeconfig := newCheckout(t)
	require.NoError(t, os.Mkdir("stacks", 0o755))
	t.Chdir("stacks")
	found, err := findTarget(stackOptions{stack: "dev"})
	require.NoError(t, err)
	require.Equal(t, dir, found.folder, "from a folder below")
	require.Equal(t, "mine", found.context)
	require.Equal(t, kubeconfig, found.kubeconfig)
	require.Equal(t, "daprstack-dev", found.manager())
	state, err := found.dir()
	require.NoError(t, err)
	require.Equal(t, filepath.Join(os.Getenv("XDG_STATE_HOME"), "daprstack"), state)

	found, err = findTarget(stackOptions{stack: "dev", context: local.Context})
	require.NoError(t, err)
	require.True(t, found.isLocal())
	require.Equal(t, local.Kubeconfig(), found.kubeconfig, "not that of the environment")
	state, err = found.dir()
	require.NoError(t, err)
	require.Equal(t, filepath.Join(filepath.Dir(local.Kubeconfig()), "pulumi"), state)
	values, _, err := found.rawConfig()
	require.NoError(t, err)
	require.Equal(t, local.Context, values["daprstack:context"], "the program gets it too")
}

func TestSettingsOfTheCommandLine(t *testing.T) {
	found := targetOf(t, stackFile, stackOptions{context: "prod", config: []string{
		"dapr.enabled=false", "daprstack:apps[0].replicas=2", "namespace=a=b", "context=lost",
	}})
	require.Equal(t, "prod", found.context, "--context has the last word")
	values, secrets, err := found.rawConfig()
	require.NoError(t, err)
	require.Empty(t, secrets)
	require.Equal(t, "a=b", values["daprstack:namespace"])
	require.JSONEq(t, `{"enabled":false}`, values["daprstack:dapr"])
	require.Contains(t, values["daprstack:apps"], `"replicas":2`)
}

func TestEncryptedValuesAreNamed(t *testing.T) {
	found := targetOf(t, `config:
  daprstack:context: mine
  daprstack:redis:
    password: { secure: v1:abc }
`, stackOptions{})
	_, secrets, err := found.rawConfig()
	require.NoError(t, err)
	require.Equal(t, []string{"daprstack:redis"}, secrets)
}

func TestSetChart(t *testing.T) {
	for name, tc := range map[string]struct{ dapr, want string }{
		"no dapr":               {"", `{"chart":{"path":"/chart"}}`},
		"no chart":              {"dapr: { ha: true }", `{"ha":true,"chart":{"path":"/chart"}}`},
		"chart without a place": {`dapr: { chart: { version: "1" } }`, `{"chart":{"version":"1","path":"/chart"}}`},
		"text that is JSON":     {`dapr: '{"ha":true}'`, `{"ha":true,"chart":{"path":"/chart"}}`},
		"chart of a repository": {`dapr: { chart: { repository: r } }`, `{"chart":{"repository":"r"}}`},
		"chart of a folder":     {`dapr: { chart: { path: p } }`, `{"chart":{"path":"p"}}`},
		"nothing is installed":  {`dapr: { install: false }`, `{"install":false}`},
		"everything installed":  {`dapr: { install: true }`, `{"install":true,"chart":{"path":"/chart"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			found := targetOf(t, "config:\n  daprstack:context: mine\n"+prefixed(tc.dapr), stackOptions{})
			require.NoError(t, found.setChart("/chart"))
			values, _, err := found.rawConfig()
			require.NoError(t, err)
			require.JSONEq(t, tc.want, values["daprstack:dapr"])
		})
	}
}

// TestSetRedis: the local node has a Redis of its own.
func TestSetRedis(t *testing.T) {
	for redis, want := range map[string]string{
		"":                                 `{"image":"localhost/redis:7.0.15-debian"}`,
		"redis: { storage: 2Gi }":          `{"image":"localhost/redis:7.0.15-debian","storage":"2Gi"}`,
		"redis: { image: mine:1 }":         `{"image":"mine:1"}`,
		"redis: { external: { host: h } }": `{"external":{"host":"h"}}`,
	} {
		found := targetOf(t, "config:\n  daprstack:context: mine\n"+prefixed(redis), stackOptions{})
		require.NoError(t, found.setRedis())
		values, _, err := found.rawConfig()
		require.NoError(t, err)
		require.JSONEq(t, want, values["daprstack:redis"])
	}
}

func TestSetChartLeavesWhatIsNoObject(t *testing.T) {
	found := targetOf(t, "config:\n  daprstack:context: mine\n  daprstack:dapr: yes, please\n", stackOptions{})
	require.NoError(t, found.setChart("/chart"))
	values, _, err := found.rawConfig()
	require.NoError(t, err)
	require.Equal(t, "yes, please", values["daprstack:dapr"], "validation says so, with its path")
}

func prefixed(line string) string {
	if line == "" {
		return ""
	}
	return "  daprstack:" + line + "\n"
}

func TestSetChartKeepsSecrets(t *testing.T) {
	for _, tc := range []struct {
		dapr config.Value
		want string
	}{
		{config.NewSecureObjectValue(`{"x":{"secure":"v1:abc"}}`), `{"chart":{"path":"/chart"},"x":{"secure":"v1:abc"}}`},
		{config.NewSecureValue("v1:abc"), `{"secure":"v1:abc"}`},
	} {
		found := &target{project: &workspace.Project{Name: "daprstack"}, settings: &workspace.ProjectStack{Config: config.Map{}}}
		found.settings.Config[found.key("dapr")] = tc.dapr
		require.NoError(t, found.setChart("/chart"))
		got, err := json.Marshal(found.settings.Config[found.key("dapr")])
		require.NoError(t, err)
		require.JSONEq(t, tc.want, string(got))
	}
}

func TestKubeconfigPath(t *testing.T) {
	t.Setenv("KUBECONFIG", "env")
	require.Equal(t, "flag", kubeconfigPath("flag", true))
	require.Equal(t, local.Kubeconfig(), kubeconfigPath("", true))
	require.Equal(t, "env", kubeconfigPath("", false))
	t.Setenv("KUBECONFIG", "")
	require.Equal(t, filepath.Join(".kube", "config"), filepath.Join(filepath.Base(filepath.Dir(kubeconfigPath("", false))), "config"))
}

// TestSecretThatWouldBeInClear: the driver, which sees where a secret stands,
// refuses it where the cluster would show it.
func TestSecretThatWouldBeInClear(t *testing.T) {
	newCheckout(t)
	write(t, "Pulumi.dev.yaml", `
config:
  daprstack:context: mine
  daprstack:namespace: shop
  daprstack:apps:
    - name: web
      image: { secure: "v1:nonce:cipher" }
      port: 80
      env: { TOKEN: { secure: "v1:nonce:other" } }
`)
	found, err := findTarget(stackOptions{stack: "dev"})
	require.NoError(t, err)
	_, err = found.load()
	require.ErrorContains(t, err, "the stack file has 1 problem:\n  apps[0].image: must not be a secret: the cluster shows it to everybody")
}
