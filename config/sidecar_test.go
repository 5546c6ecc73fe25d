package config_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules"
	"github.com/daprstack/daprstack/config/rules/rulestest"
)

// TestOptions: each option of the stack file ends up in its annotation, and the
// stack says it again as it was written (S-12).
func TestOptions(t *testing.T) {
	for _, o := range rulestest.Options() {
		t.Run(o.Key, func(t *testing.T) {
			edits := o.Edits(o.Value)
			stack, err := config.Load(rulestest.Apply(t, read(t, "dev"), edits))
			require.NoError(t, err)
			row, ok := rules.Option(o.Key)
			require.True(t, ok)
			require.Equal(t, o.Text, stack.Apps[0].Sidecar.Options.Annotations()["dapr.io/"+row.Annotation])

			again, err := json.Marshal(stack.Apps)
			require.NoError(t, err)
			values := read(t, "dev")
			values["daprstack:apps"] = string(again)
			reloaded, err := config.Load(values)
			require.NoError(t, err)
			require.Equal(t, stack.Apps, reloaded.Apps)
		})
	}
}

// TestOptionThatIsNull: null stands for nothing, and nothing is judged.
func TestOptionThatIsNull(t *testing.T) {
	for _, o := range rulestest.Options() {
		_, err := config.Load(rulestest.Apply(t, read(t, "dev"), o.Edits(json.RawMessage("null"))))
		require.NoError(t, err, o.Key)
	}
}

// TestGroup: to give the object is to turn it on; null is not to give it.
func TestGroup(t *testing.T) {
	for text, want := range map[string]string{
		`{"appHealthCheck": {}}`:                                   "true",
		`{"appHealthCheck": {"threshold": 1}}`:                     "true",
		`{"appHealthCheck": {"enabled": true}}`:                    "true",
		`{"appHealthCheck": {"enabled": false, "threshold": 1}}`:   "false",
		`{"appHealthCheck": null}`:                                 "",
		`{}`:                                                       "",
		`{"livenessProbe": {}, "readinessProbe": {"delay": "1s"}}`: "",
	} {
		var sidecar object
		require.NoError(t, json.Unmarshal([]byte(text), &sidecar))
		sidecar["appId"] = "frontend-app"
		stack, err := config.Load(apply(t, read(t, "dev"), one("apps[0].sidecar", sidecar)))
		require.NoError(t, err)
		annotations := stack.Apps[0].Sidecar.Options.Annotations()
		require.Equal(t, want, annotations["dapr.io/enable-app-health-check"], text)
		if want != "true" {
			require.NotContains(t, annotations, "dapr.io/app-health-threshold", "Dapr would ignore it")
		}
	}
}

// TestOptionsOfAProgram: those of a stack that a program wrote are filled in and
// judged too.
func TestOptionsOfAProgram(t *testing.T) {
	stack := &config.Stack{Context: "c", Namespace: "n", Apps: []config.App{{Name: "web", Image: "web:1", Port: 80, Sidecar: &config.Sidecar{
		AppID: "web-app", Options: rules.SidecarOptions{"appHealthCheck.path": "/ready"},
	}}}}
	require.NoError(t, config.Validate(stack))
	require.Equal(t, rules.SidecarOptions{
		"appProtocol": "http", "logLevel": "info", "enableMetrics": true, "metricsPort": 9090,
		"appHealthCheck.enabled": true, "appHealthCheck.path": "/ready",
	}, stack.Apps[0].Sidecar.Options)

	stack.Apps[0].Sidecar.Options = rules.SidecarOptions{"metricPort": 1, "metricsPort": "9090", "logAsJSON": "yes"}
	require.EqualError(t, config.Validate(stack), `the stack file has 3 problems:
  apps[0].sidecar.logAsJSON: [S-12]: must be a value of type bool, not string
  apps[0].sidecar.metricPort: unknown key; did you mean "metricsPort"?
  apps[0].sidecar.metricsPort: [S-08]: must be a value of type int, not string`)
}

// TestProtocol: an app speaks the protocol of its sidecar where daprd calls it,
// and HTTP anywhere else. Without HTTP it has no path to be asked for.
func TestProtocol(t *testing.T) {
	load := func(sidecar object) config.App {
		sidecar["appId"] = "backend-app"
		stack, err := config.Load(apply(t, read(t, "dev"), []edit{
			{"apps[1].ports", []any{object{"name": "second", "port": 8100}}}, {"apps[1].sidecar", sidecar},
		}))
		require.NoError(t, err)
		return stack.Apps[1]
	}
	for protocol, path := range map[string]string{"http": "/healthz", "https": "/healthz", "grpc": "", "grpcs": "", "h2c": ""} {
		a := load(object{"appProtocol": protocol})
		require.Equal(t, protocol, a.Protocol(8000))
		require.Equal(t, "http", a.Protocol(8100))
		require.Equal(t, path, a.HealthPath)
		require.Equal(t, protocol == "grpc" || protocol == "grpcs", a.GRPC(8000))
		require.False(t, a.GRPC(8100))

		a = load(object{"appProtocol": protocol, "appPort": 8100})
		require.Equal(t, "http", a.Protocol(8000))
		require.Equal(t, protocol, a.Protocol(8100))
		require.Equal(t, "/healthz", a.HealthPath)
	}
	require.Equal(t, "http", config.App{Port: 1}.Protocol(1))
}

// TestEnvironmentOfProtocols: an app is invoked over HTTP through the sidecars
// whatever it speaks with its own; without them as it speaks itself.
func TestEnvironmentOfProtocols(t *testing.T) {
	url := func(protocol string, dapr bool) string {
		stack, err := config.Load(apply(t, read(t, "dev"), []edit{{"apps[1].sidecar.appProtocol", protocol}, {"dapr.enabled", dapr}}))
		require.NoError(t, err)
		return stack.Environments()[0][1].Value
	}
	for _, protocol := range []string{"http", "https", "grpc", "grpcs", "h2c"} {
		require.Equal(t, "http://localhost:3500/v1.0/invoke/backend-app/method", url(protocol, true))
	}
	require.Equal(t, "http://backend.todo.svc:8000", url("http", false))
	require.Equal(t, "https://backend.todo.svc:8000", url("https", false))
}

// TestSidecarSecretsAreWarnedOf: T-07.
func TestSidecarSecretsAreWarnedOf(t *testing.T) {
	stack, err := config.Load(apply(t, read(t, "dev"), one("apps[0].sidecar", object{
		"appId": "frontend-app", "apiTokenSecret": "api", "image": "daprd:1",
		"envFromSecret": object{"B": object{"name": "b", "key": "k"}, "A": object{"name": "a", "key": "k"}}, "secretVolumes": object{"ca": "ca"},
	})))
	require.NoError(t, err)
	var got []string
	for _, w := range config.Warnings(stack) {
		got = append(got, w.Path+" "+w.Value)
	}
	require.Equal(t, []string{
		`apps[0].sidecar.apiTokenSecret "api"`, `apps[0].sidecar.envFromSecret "a"`, `apps[0].sidecar.envFromSecret "b"`,
		`apps[0].sidecar.secretVolumes.ca "ca"`,
	}, got)
}

// TestHiddenVariables: what may be a secret is not shown, whatever is wrong.
func TestHiddenVariables(t *testing.T) {
	for _, bad := range []any{"p4ss", object{"A": []any{"p4ss"}}, object{"A": "p4ss, B=p4ss"}, object{"A": "p4ss "}} {
		_, err := config.Load(apply(t, read(t, "dev"), one("apps[0].sidecar.env", bad)))
		require.Error(t, err)
		require.NotContains(t, err.Error(), "p4ss")
	}
}

// TestSidecarIsYAML: the options stand among the other keys.
func TestSidecarIsYAML(t *testing.T) {
	text, err := yaml.Marshal(config.Sidecar{AppID: "a-app", Options: rules.SidecarOptions{"appHealthCheck.path": "/a", "appHealthCheck.enabled": true, "logLevel": "warn"}})
	require.NoError(t, err)
	require.Equal(t, "appHealthCheck:\n  enabled: true\n  path: /a\nappId: a-app\nlogLevel: warn\n", string(text))
}
