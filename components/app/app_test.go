package app

import (
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/components/kube"
	"github.com/daprstack/daprstack/components/secrets"
	"github.com/daprstack/daprstack/config/rules"
	"github.com/daprstack/daprstack/internal/graphtest"
)

func good() *Args {
	return &Args{
		Name: "web", Namespace: pulumi.String("ns"), Image: "web:1", ImagePullPolicy: "IfNotPresent",
		Ports: []kube.Port{{Name: "http", Number: 8000}, {Name: "admin", Number: 8001}}, Replicas: 2, HealthPath: "/healthz", User: 65532,
	}
}

func TestAnnotations(t *testing.T) {
	require.Nil(t, annotations(nil))
	got := annotations(&Sidecar{
		AppID: "web-app", AppPort: 8000, Config: "appconfig", Options: rules.SidecarOptions{
			"logLevel": "debug", "enableMetrics": false, "metricsPort": 9090, "appHealthCheck.enabled": true, "appHealthCheck.timeout": 2 * time.Second,
		}, Settings: pulumi.String("abc"),
		Resources: kube.Resources{Requests: map[string]string{"cpu": "1"}, Limits: map[string]string{"memory": "2Gi"}},
	})
	require.Equal(t, pulumi.ToStringMap(map[string]string{
		"dapr.io/enabled":                          "true",
		"dapr.io/app-id":                           "web-app",
		"dapr.io/app-port":                         "8000",
		"dapr.io/config":                           "appconfig",
		"dapr.io/log-level":                        "debug",
		"dapr.io/enable-metrics":                   "false",
		"dapr.io/enable-app-health-check":          "true",
		"dapr.io/app-health-probe-timeout":         "2000",
		"dapr.io/disable-builtin-k8s-secret-store": "true",
		"dapr.io/sidecar-seccomp-profile-type":     "RuntimeDefault",
		"dapr.io/sidecar-cpu-request":              "1",
		"dapr.io/sidecar-memory-limit":             "2Gi",
		"daprstack.io/settings":                    "abc",
	}), got)
}

func TestArguments(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Args) *Args
		want   string
	}{
		"nothing":  {func(*Args) *Args { return nil }, `app "web": arguments are required`},
		"no image": {func(a *Args) *Args { a.Image = ""; return a }, `app "web": name, namespace and image are required`},
		"no path":  {func(a *Args) *Args { a.HealthPath = ""; return a }, `app "web": a health path is required`},
		"bad option": {func(a *Args) *Args {
			a.Sidecar = &Sidecar{AppID: "a", AppPort: 1, Config: "c", Options: rules.SidecarOptions{"metricsPort": "9090", "logLevl": "info"}}
			return a
		}, "app \"web\": sidecar option logLevl: unknown key; did you mean \"logLevel\"?\nsidecar option metricsPort: must be a value of type int, not string"},
		"root":      {func(a *Args) *Args { a.User = 0; return a }, `app "web": a user other than root is required`},
		"no app-id": {func(a *Args) *Args { a.Sidecar = &Sidecar{AppPort: 1, Config: "c"}; return a }, `app "web": the sidecar needs an app-id`},
		"no config": {func(a *Args) *Args { a.Sidecar = &Sidecar{AppID: "a", AppPort: 1}; return a }, `app "web": the sidecar needs an app-id`},
		"bad patch": {func(a *Args) *Args {
			a.Patches = []map[string]any{{"spec": map[string]any{"containers": []any{map[string]any{"image": "x"}}}}}
			return a
		}, `app "web": patching the pod: `},
	} {
		t.Run(name, func(t *testing.T) {
			g, err := graphtest.Run(t, func(ctx *pulumi.Context) error {
				_, err := New(ctx, "web", c.change(good()))
				return err
			})
			require.ErrorContains(t, err, c.want)
			require.Empty(t, g.Resources)
		})
	}
}

// TestAlone: a Deployment, a Service and a ServiceAccount of one name, hardened.
func TestAlone(t *testing.T) {
	args := good()
	args.Env = []Variable{{Name: "A", Value: ""}, {Name: "B", Secret: &secrets.Ref{Name: pulumi.String("s"), Key: "k"}}}
	args.PullSecrets = []string{"registry"}
	args.Sidecar = &Sidecar{AppID: "web-app", AppPort: 8000, Config: "appconfig"}
	g, err := graphtest.Run(t, func(ctx *pulumi.Context) error {
		_, err := New(ctx, "web", args)
		return err
	})
	require.NoError(t, err)
	for _, r := range []*graphtest.Resource{g.Get(t, "Deployment", "web-deployment"), g.Get(t, "Service", "web-service"), g.Get(t, "ServiceAccount", "web-account")} {
		require.Equal(t, "web", r.Input("metadata", "name"))
		require.Equal(t, "ns", r.Input("metadata", "namespace"))
	}
	spec := g.Get(t, "Deployment", "web-deployment").Input("spec").(map[string]any)
	template := spec["template"].(map[string]any)
	pod := template["spec"].(map[string]any)
	container := pod["containers"].([]any)[0].(map[string]any)
	require.Equal(t, spec["selector"].(map[string]any)["matchLabels"], g.Get(t, "Service", "web-service").Input("spec", "selector"))
	require.NotContains(t, spec["selector"].(map[string]any)["matchLabels"], "daprstack.io/sidecar", "turning the sidecar on must not change the selector")
	require.Equal(t, "true", template["metadata"].(map[string]any)["labels"].(map[string]any)["daprstack.io/sidecar"])
	require.Equal(t, false, pod["automountServiceAccountToken"])
	require.Equal(t, map[string]any{"runAsNonRoot": true, "seccompProfile": map[string]any{"type": "RuntimeDefault"}}, pod["securityContext"])
	require.Equal(t, []any{map[string]any{"name": "registry"}}, pod["imagePullSecrets"])
	require.Equal(t, map[string]any{
		"runAsUser": 65532.0, "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
		"capabilities": map[string]any{"drop": []any{"ALL"}},
	}, container["securityContext"])
	require.Equal(t, []any{
		map[string]any{"name": "A", "value": ""},
		map[string]any{"name": "B", "valueFrom": map[string]any{"secretKeyRef": map[string]any{"name": "s", "key": "k"}}},
	}, container["env"])
	require.Equal(t, map[string]any{"path": "/healthz", "port": "http"}, container["readinessProbe"].(map[string]any)["httpGet"])
	require.Equal(t, "true", g.Get(t, "Service", "web-service").Input("metadata", "annotations", "pulumi.com/skipAwait"))
}

// TestBudget: an app of several pods keeps all but one of them while nodes are drained;
// of one pod, a budget would keep its node for ever.
func TestBudget(t *testing.T) {
	for replicas, want := range map[int]int{0: 0, 1: 0, 2: 1, 3: 1} {
		args := good()
		args.Replicas = replicas
		g, err := graphtest.Run(t, func(ctx *pulumi.Context) error {
			_, err := New(ctx, "web", args)
			return err
		})
		require.NoError(t, err)
		require.Len(t, g.All("PodDisruptionBudget"), want, replicas)
		if want == 0 {
			continue
		}
		budget, pods := g.Get(t, "PodDisruptionBudget", "web-budget"), g.Get(t, "Deployment", "web-deployment")
		require.Equal(t, pods.Input("spec", "selector"), budget.Input("spec", "selector"))
		require.Equal(t, 1.0, budget.Input("spec", "maxUnavailable"))
		require.Equal(t, "AlwaysAllow", budget.Input("spec", "unhealthyPodEvictionPolicy"))
	}
}

// TestProtocols: the probes ask the main port in the protocol of the app.
func TestProtocols(t *testing.T) {
	get := func(scheme string) map[string]any {
		probe := map[string]any{"path": "/healthz", "port": "http"}
		if scheme != "" {
			probe["scheme"] = scheme
		}
		return probe
	}
	for protocol, want := range map[string]struct {
		kind  string
		probe map[string]any
	}{
		"":      {"httpGet", get("")},
		"http":  {"httpGet", get("")},
		"https": {"httpGet", get("HTTPS")},
		"grpc":  {"grpc", map[string]any{"port": 8000.0}},
		"grpcs": {"tcpSocket", map[string]any{"port": "http"}},
		"h2c":   {"tcpSocket", map[string]any{"port": "http"}},
	} {
		args := good()
		args.Protocol = protocol
		if want.kind != "httpGet" {
			args.HealthPath = ""
		}
		g, err := graphtest.Run(t, func(ctx *pulumi.Context) error {
			_, err := New(ctx, "web", args)
			return err
		})
		require.NoError(t, err)
		for _, probe := range []string{"readinessProbe", "livenessProbe"} {
			require.Equal(t, want.probe, g.Get(t, "Deployment", "web-deployment").Input("spec", "template", "spec", "containers", 0, probe, want.kind), protocol)
		}
	}
}

// TestSecretVolumes: daprd, which runs as a user of its own, can read them.
func TestSecretVolumes(t *testing.T) {
	args := good()
	args.Sidecar = &Sidecar{
		AppID: "web-app", AppPort: 8000, Config: "appconfig", SecretVolumes: map[string]string{"ca": "private-ca"},
		Options: rules.SidecarOptions{"volumeMounts": map[string]string{"ca": "/etc/ca"}},
	}
	g, err := graphtest.Run(t, func(ctx *pulumi.Context) error {
		_, err := New(ctx, "web", args)
		return err
	})
	require.NoError(t, err)
	template := g.Get(t, "Deployment", "web-deployment").Input("spec", "template").(map[string]any)
	require.Equal(t, "ca:/etc/ca", template["metadata"].(map[string]any)["annotations"].(map[string]any)["dapr.io/volume-mounts"])
	require.Equal(t, []any{map[string]any{"name": "ca", "secret": map[string]any{"secretName": "private-ca", "defaultMode": 0o444 + 0.0}}},
		template["spec"].(map[string]any)["volumes"])
}
