package stacks_test

import (
	"encoding/json"
	"errors"
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules/rulestest"
	"github.com/daprstack/daprstack/internal/graphtest"
	"github.com/daprstack/daprstack/internal/stackfile"
	"github.com/daprstack/daprstack/stacks"
)

// The values that stand for a secret: what is no text has to be a number.
var sentinels = []string{"sentinel-of-the-stack-file", "987654321"}

// TestSecretsOfEveryKey: a secret at any key of the stack file is either refused,
// because it would be in clear, or is in clear nowhere.
func TestSecretsOfEveryKey(t *testing.T) {
	kept := map[string]bool{}
	everything, err := stackfile.Read(filepath.Join("..", "config", "testdata", "everything.yaml"))
	require.NoError(t, err)
	delete(everything, "daprstack:objects") // files
	external := maps.Clone(everything)
	external["daprstack:redis"] = `{"external": {"host": "redis.example.com:6379", "username": "u", "password": "p", "sentinel": {"masterName": "m", "password": "p"}}}`
	for _, values := range []map[string]string{everything, external} {
		for _, path := range rulestest.Paths(rulestest.Tree(values)) {
			if !refusesSecret(t, values, path) {
				kept[path] = true
				keepsSecret(t, values, path)
			}
		}
	}
	for _, path := range []string{
		"redis.password", "redis.external.password", "redis.external.sentinel.password", "dapr.chart.values.dapr_operator.replicaCount", "apps[0].args[0]", "apps[0].env.MODE",
		"apps[0].sidecar.env.SSL_CERT_DIR", "stateStores[0].metadata.keyPrefix", "pubSubs[0].metadata.poolSize",
		"overlay.apps.mail.args[0]", "overlay.apps.mail.env.MODE", "overlay.pubSubs.queue.metadata.poolSize",
	} {
		require.True(t, kept[path], path)
	}
}

// refusesSecret reports whether a secret is refused at a path, as the driver does
// before it has the key of the stack file.
func refusesSecret(t *testing.T, values map[string]string, path string) bool {
	t.Helper()
	_, err := config.Load(rulestest.Apply(t, values, []rulestest.Edit{{Path: path, Value: config.Encrypted}}), keyOf(path))
	var found config.Errors
	if !errors.As(err, &found) {
		require.NoError(t, err, path)
		return false
	}
	for _, v := range found {
		if v.Path == path && strings.HasPrefix(v.Allowed, "must not be a secret") {
			return true
		}
	}
	t.Errorf("%s: %v", path, err)
	return true
}

// keepsSecret checks that a secret at a path is in clear nowhere in the graph.
func keepsSecret(t *testing.T, values map[string]string, path string) {
	t.Helper()
	switch rulestest.At(rulestest.Tree(values), path).(type) {
	case map[string]any, []any:
		return // its parts are looked at themselves
	}
	for _, sentinel := range sentinels {
		given := rulestest.Apply(t, values, []rulestest.Edit{{Path: path, Value: sentinel}})
		if _, err := stacks.Load(given, keyOf(path)); err != nil {
			require.NotContains(t, err.Error(), sentinel, path)
			continue
		}
		g, err := graphtest.Run(t, stacks.Program(given, keyOf(path)))
		require.NoError(t, err, path)
		require.Empty(t, g.Clear(sentinel), path)
		return
	}
	t.Errorf("%s takes none of %v", path, sentinels)
}

func keyOf(path string) string {
	return "daprstack:" + path[:strings.IndexAny(path+".", ".[")]
}

// TestSecretsOfApps: variables reach their container by a Secret, the sidecar's
// too; arguments, for which Kubernetes has no such way, are a secret of the engine.
func TestSecretsOfApps(t *testing.T) {
	const secret = "sentinel"
	values := rulestest.Apply(t, read(t, "dev"), []rulestest.Edit{{Path: "apps[1]", Value: map[string]any{
		"name": "backend", "image": "backend:1", "port": 8000, "env": map[string]any{"API_KEY": secret}, "args": []string{"--token=" + secret},
		"secretEnv": map[string]any{"OTHER": map[string]any{"name": "other", "key": "k"}},
		"sidecar": map[string]any{
			"appId": "backend-app", "env": map[string]any{"B": secret, "A": secret},
			"envFromSecret": map[string]any{"C": map[string]any{"name": "other", "key": "c"}},
		},
	}}})
	g, err := graphtest.Run(t, stacks.Program(values, "daprstack:apps"))
	require.NoError(t, err)
	require.Empty(t, g.Clear(secret))

	given := g.Get(t, "Secret", "backend-env-secret")
	require.Equal(t, map[string]any{"API_KEY": secret, "daprd.A": secret, "daprd.B": secret}, given.Input("stringData"))
	require.Nil(t, given.Input("metadata", "name"), "a changed value makes a new Secret")
	backend := g.Get(t, "Deployment", "backend-deployment")
	container := []any{"spec", "template", "spec", "containers", 0}
	require.Equal(t, []any{"--token=" + secret}, backend.Input(append(container, "args")...))
	require.Contains(t, backend.Input(append(container, "env")...), map[string]any{"name": "API_KEY", "valueFrom": map[string]any{
		"secretKeyRef": map[string]any{"name": "backend-env-secret-1a2b3c4d", "key": "API_KEY"},
	}})
	annotations := backend.Input("spec", "template", "metadata", "annotations").(map[string]any)
	require.NotContains(t, annotations, "dapr.io/env")
	require.Equal(t, "C=other:c,A=backend-env-secret-1a2b3c4d:daprd.A,B=backend-env-secret-1a2b3c4d:daprd.B", annotations["dapr.io/env-from-secret"])
	require.True(t, g.Before(given, backend))
	require.Len(t, g.All("daprstack:secrets:Given"), 1, "apps without variables")
}

// TestSecretsOfComponents: an item of metadata is read from a Secret, which is
// there first (T-06, X-05).
func TestSecretsOfComponents(t *testing.T) {
	values := rulestest.Apply(t, read(t, "dev"), []rulestest.Edit{{Path: "stateStores[0].metadata", Value: map[string]any{"keyPrefix": "sentinel"}}})
	g, err := graphtest.Run(t, stacks.Program(values, "daprstack:stateStores"))
	require.NoError(t, err)
	require.Empty(t, g.Clear("sentinel"))
	store, given := g.Get(t, "Component", "statestore-component"), g.Get(t, "Secret", "statestore-metadata-secret")
	require.Contains(t, store.Input("spec", "metadata"), map[string]any{"name": "keyPrefix", "secretKeyRef": map[string]any{
		"name": "statestore-metadata-secret-1a2b3c4d", "key": "keyPrefix",
	}})
	require.True(t, g.Before(given, store))
}

// TestSecretsOfTheChart: what the chart renders from a secret value is a secret, the
// rest can be read in a preview.
func TestSecretsOfTheChart(t *testing.T) {
	values := read(t, "dev")
	values["daprstack:dapr"] = `{"chart": {"values": {"dapr_scheduler": {"etcdClientPassword": "sentinel"}}}}`
	g, err := graphtest.Run(t, stacks.Program(values, "daprstack:dapr"))
	require.NoError(t, err)
	require.Empty(t, g.Clear("sentinel"))
	scheduler := g.Get(t, "StatefulSet", "dapr-chart:dapr-system/dapr-scheduler-server")
	raw, err := json.Marshal(scheduler.Input("spec"))
	require.NoError(t, err)
	require.Contains(t, string(raw), "sentinel")
	require.NotEmpty(t, g.Clear("dapr-scheduler-server"), "its name")
	require.NotEmpty(t, g.Clear("SIDECAR_IMAGE"), "another service")
	require.NotEmpty(t, g.Clear("configurations.dapr.io"), "a CRD")

	g, err = graphtest.Run(t, stacks.Program(values))
	require.NoError(t, err)
	require.NotEmpty(t, g.Clear("sentinel"), "it is no secret here")
}

// TestNullInTheChart: a null takes a default of the chart away, as Helm has it
// (OpenShift chooses the groups of volumes itself).
func TestNullInTheChart(t *testing.T) {
	values := read(t, "dev")
	values["daprstack:dapr"] = `{"chart": {"values": {"dapr_scheduler": {"securityContext": {"fsGroup": null}}, "dapr_placement": null}}}`
	g, err := graphtest.Run(t, stacks.Program(values))
	require.NoError(t, err)
	given := g.Charts[0]["values"].(map[string]any)
	require.Equal(t, map[string]any{"fsGroup": nil}, given["dapr_scheduler"].(map[string]any)["securityContext"])
	require.Contains(t, given, "dapr_placement")
	require.Nil(t, given["dapr_placement"])
}
