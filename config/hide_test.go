package config_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config"
)

// hidden is a stack file with secrets in every place that takes one.
var hidden = map[string]string{
	"daprstack:context": "c", "daprstack:namespace": "n",
	"daprstack:dapr":        `{"chart": {"values": {"a": {"b": ["[encrypted]", "plain"]}}}}`,
	"daprstack:redis":       `{"password": "hunter2"}`,
	"daprstack:stateStores": `[{"name": "store", "scopes": ["web-app"], "metadata": {"ttlInSeconds": "[encrypted]"}}]`,
	"daprstack:apps": `[{"name": "web", "image": "i", "port": 80, "args": ["-t", "[encrypted]"],
		"env": {"TOKEN": "[encrypted]", "MODE": "fast"}, "sidecar": {"appId": "web-app", "env": {"KEY": "[encrypted]"}}}]`,
}

func TestHideSecrets(t *testing.T) {
	stack, err := config.Load(hidden, "daprstack:apps", "daprstack:dapr", "daprstack:stateStores")
	require.NoError(t, err)
	require.Empty(t, stack.EncryptedParts())
	var paths []string
	stack.HideSecrets(func(path string) string {
		paths = append(paths, path)
		return "<" + path + ">"
	})
	require.ElementsMatch(t, []string{
		"dapr.chart.values.a.b[0]", "redis.password", "stateStores[store].metadata.ttlInSeconds",
		"apps[web].args[1]", "apps[web].env.TOKEN", "apps[web].sidecar.env.KEY",
	}, paths)
	web := stack.Apps[0]
	require.Equal(t, map[string]string{"TOKEN": "<apps[web].env.TOKEN>", "MODE": "fast"}, web.Env)
	require.Equal(t, []string{"-t", "<apps[web].args[1]>"}, web.Args)
	require.Equal(t, "<apps[web].sidecar.env.KEY>", web.Sidecar.Options.Map("env")["KEY"])
	require.Equal(t, "<redis.password>", stack.Redis.Password.Reveal(), "a value in clear too")
	require.Equal(t, map[string]any{"a": map[string]any{"b": []any{"<dapr.chart.values.a.b[0]>", "plain"}}}, stack.Dapr.Chart.Values)
}

// TestEncryptedParts: what is encrypted as a whole is known not to be known.
func TestEncryptedParts(t *testing.T) {
	stack, err := config.Load(map[string]string{
		"daprstack:context": "c", "daprstack:namespace": "n", "daprstack:apps": config.Encrypted,
		"daprstack:redis": `{"external": "[encrypted]"}`,
	}, "daprstack:apps", "daprstack:redis")
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"apps", "redis.external"}, stack.EncryptedParts())
}

// TestTextsHaveThePathsOfSettings: every encrypted value that a stack has is found
// where its setting says that it is from.
func TestTextsHaveThePathsOfSettings(t *testing.T) {
	raw := map[string]string{
		"daprstack:context": "c", "daprstack:namespace": "n", "other:key": "[encrypted]",
		"daprstack:apps":    `[{"name": "web", "image": "i", "port": 80, "env": {"A.B": "[encrypted]"}, "sidecar": null}]`,
		"daprstack:overlay": `{"apps": {"web": {"env": {"TOKEN": "[encrypted]"}}}}`,
	}
	texts := config.Texts(raw)
	require.Equal(t, "c", texts["context"])
	settings, err := config.Settings(raw, "daprstack:apps", "daprstack:overlay")
	require.NoError(t, err)
	var found []string
	for _, s := range settings {
		if texts[s.From] == config.Encrypted {
			found = append(found, s.Path)
		}
	}
	require.ElementsMatch(t, []string{`apps[web].env["A.B"]`, "apps[web].env.TOKEN"}, found)
	for path := range texts {
		require.NotContains(t, path, "other", "a key of somebody else")
	}
}
