package stacks_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules/rulestest"
	"github.com/daprstack/daprstack/internal/graphtest"
	"github.com/daprstack/daprstack/internal/redistest"
	"github.com/daprstack/daprstack/internal/stackfile"
	"github.com/daprstack/daprstack/stacks"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGraphOfDev holds the whole graph of the dev stack: every resource with its
// inputs, and exactly its edges.
func TestGraphOfDev(t *testing.T) {
	golden(t, "dev.graph", run(t, read(t, "dev")).Dump())
}

func TestGraphWithoutDapr(t *testing.T) {
	golden(t, "dev-without-dapr.graph", run(t, withoutDapr(t)).Dump())
}

func TestOtherStacksDeploy(t *testing.T) {
	for _, name := range []string{"staging", "prod"} {
		g := run(t, read(t, name))
		require.Len(t, g.All("App"), 3)
		require.Equal(t, "daprstack-"+name, g.Get(t, "kubernetes", "cluster").Input("context"))
	}
}

// TestOrder holds the edges that X-05, T-07 and S-11 ask for: everything waits
// for what it needs, and for nothing else.
func TestOrder(t *testing.T) {
	g := run(t, read(t, "dev"))
	namespace := g.Get(t, "Namespace", "namespace")
	secret := g.Get(t, "Secret", "redis-password-secret")
	server := g.Get(t, "Deployment", "redis-server")
	gates := []*graphtest.Resource{
		g.Get(t, "Deployment", "dapr-chart:dapr-system/dapr-operator"),
		g.Get(t, "Deployment", "dapr-chart:dapr-system/dapr-sidecar-injector"),
	}
	resiliency := g.Get(t, "Resiliency", "delivery-resiliency")
	subscriptions := g.All("kubernetes:dapr.io/v2alpha1:Subscription")
	components := g.All("kubernetes:dapr.io/v1alpha1:Component")
	guard := g.Get(t, "ValidatingAdmissionPolicyBinding", "sidecar-binding")
	require.Len(t, subscriptions, 4)
	require.Len(t, components, 2)

	before(t, g, namespace, secret)
	before(t, g, secret, server)
	for _, c := range components {
		before(t, g, secret, c)
		before(t, g, server, c)
	}
	for _, o := range slices.Concat(components, subscriptions, []*graphtest.Resource{resiliency}) {
		before(t, g, namespace, o)
		for _, gate := range gates {
			before(t, g, gate, o)
		}
	}
	for _, app := range []struct {
		name  string
		needs []*graphtest.Resource
	}{
		{"frontend", nil},
		{"backend", slices.Concat(components, []*graphtest.Resource{resiliency})},
		{"activity", slices.Concat(components, subscriptions, []*graphtest.Resource{resiliency})},
	} {
		pods := g.Get(t, "Deployment", app.name+"-deployment")
		own := g.Get(t, "Configuration", "appconfig."+app.name+"-app-configuration")
		for _, first := range slices.Concat(gates, app.needs, []*graphtest.Resource{guard, own}) {
			before(t, g, first, pods)
		}
		for _, other := range slices.Concat(components, subscriptions, []*graphtest.Resource{resiliency}) {
			require.Equal(t, slices.Contains(app.needs, other), g.Before(other, pods), "%s before %s", other, pods)
		}
	}
}

// TestSideBySide: Redis and the control plane do not wait for each other, in the
// graph and while the program runs.
func TestSideBySide(t *testing.T) {
	const operator, injector = "dapr-chart:dapr-system/dapr-operator", "dapr-chart:dapr-system/dapr-sidecar-injector"
	for _, hold := range [][2]string{{operator, "redis-server"}, {"redis-server", injector}, {injector, "activity-service"}} {
		_, err := graphtest.Run(t, stacks.Program(read(t, "dev")), graphtest.Hold(hold[0], hold[1]))
		require.NoError(t, err)
	}
	g := run(t, read(t, "dev"))
	server, gate := g.Get(t, "Deployment", "redis-server"), g.Get(t, "Deployment", operator)
	require.False(t, g.Before(server, gate))
	require.False(t, g.Before(gate, server))
}

// TestNoPasswordInClear: T-06, with a random, a given and an external password.
func TestNoPasswordInClear(t *testing.T) {
	given := `{"password": "` + graphtest.Sentinel + `"}`
	external := `{"external": {"host": "redis.example.com:6379", "password": "` + graphtest.Sentinel + `"}}`
	for name, redis := range map[string]string{"random": `{}`, "given": given, "external": external} {
		t.Run(name, func(t *testing.T) {
			values := read(t, "dev")
			values["daprstack:redis"] = redis
			g := run(t, values)
			require.Empty(t, g.Clear(graphtest.Sentinel))
			secret := g.Get(t, "Secret", "redis-password-secret")
			require.Equal(t, graphtest.Sentinel, secret.Input("stringData", "password"), "the password is the one that is used")
			for _, c := range g.All("kubernetes:dapr.io/v1alpha1:Component") {
				require.Contains(t, c.Input("spec", "metadata"), map[string]any{
					"name":         "redisPassword",
					"secretKeyRef": map[string]any{"name": "redis-password-secret-1a2b3c4d", "key": "password"},
				})
			}
		})
	}
}

// TestApartOnExternalRedis: on a Redis that others use, the components carry the
// namespace, unless the stack shares its names; in the cluster they never do.
func TestApartOnExternalRedis(t *testing.T) {
	items := func(redis string) map[string]string {
		values := read(t, "dev")
		values["daprstack:redis"] = redis
		found := map[string]string{}
		for _, c := range run(t, values).All("kubernetes:dapr.io/v1alpha1:Component") {
			for _, item := range c.Input("spec", "metadata").([]any) {
				name, value := item.(map[string]any)["name"].(string), item.(map[string]any)["value"]
				if name == "consumerID" || name == "keyPrefix" || name == "redisDB" {
					found[name], _ = value.(string)
				}
			}
		}
		return found
	}
	require.Empty(t, items(`{}`))
	require.Empty(t, items(`{"external": {"host": "r:6379", "auth": false, "shared": true}}`))
	require.Equal(t, map[string]string{"consumerID": "{namespace}", "keyPrefix": "namespace", "redisDB": "2"},
		items(`{"external": {"host": "r:6379", "auth": false, "database": 2}}`))
}

// TestSecretsOfExternalRedis: T-06 for everything that reaches a Redis outside, given
// or in Secrets that are there.
func TestSecretsOfExternalRedis(t *testing.T) {
	certificate, key := pair(t)
	given := map[string]any{
		"host": "s0:26379,s1:26379", "password": graphtest.Sentinel, "enableTLS": true, "caCert": certificate,
		"clientCert": certificate, "clientKey": key,
		"sentinel": map[string]any{"masterName": "m", "username": "u", "password": graphtest.Sentinel},
	}
	there := map[string]any{
		"host": "s0:26379,s1:26379", "passwordSecret": map[string]any{"name": "a", "key": "p"}, "enableTLS": true,
		"caCertSecret": map[string]any{"name": "b", "key": "root.pem"}, "clientCertSecret": "c",
		"sentinel": map[string]any{"masterName": "m", "username": "u", "passwordSecret": map[string]any{"name": "d", "key": "p"}},
	}
	for name, c := range map[string]struct {
		external map[string]any
		refs     map[string][2]string
		ca       [2]string
	}{
		"given": {given, map[string][2]string{
			"redisPassword": {"redis-password-secret-1a2b3c4d", "password"}, "sentinelPassword": {"redis-sentinel-password-secret-1a2b3c4d", "password"},
			"clientCert": {"redis-tls-secret-1a2b3c4d", "tls.crt"}, "clientKey": {"redis-tls-secret-1a2b3c4d", "tls.key"},
		}, [2]string{"redis-tls-secret-1a2b3c4d", "ca.crt"}},
		"there": {there, map[string][2]string{
			"redisPassword": {"a", "p"}, "sentinelPassword": {"d", "p"}, "clientCert": {"c", "tls.crt"}, "clientKey": {"c", "tls.key"},
		}, [2]string{"b", "root.pem"}},
	} {
		t.Run(name, func(t *testing.T) {
			values := read(t, "dev")
			redis, err := json.Marshal(map[string]any{"external": c.external})
			require.NoError(t, err)
			values["daprstack:redis"], values["daprstack:createNamespace"] = string(redis), "false"
			g := run(t, values)
			require.Empty(t, g.Clear(graphtest.Sentinel))
			require.Empty(t, g.Clear(key))
			for _, component := range g.All("kubernetes:dapr.io/v1alpha1:Component") {
				items := component.Input("spec", "metadata")
				for item, ref := range c.refs {
					require.Contains(t, items, map[string]any{"name": item, "secretKeyRef": map[string]any{"name": ref[0], "key": ref[1]}})
				}
				for item, value := range map[string]string{"failover": "true", "sentinelMasterName": "m", "sentinelUsername": "u", "enableTLS": "true"} {
					require.Contains(t, items, map[string]any{"name": item, "value": value})
				}
			}
			pod := g.Get(t, "Deployment", "backend-deployment")
			require.Contains(t, pod.Input("spec", "template", "spec", "volumes"), map[string]any{"name": "redis-ca", "secret": map[string]any{
				"secretName": c.ca[0], "defaultMode": float64(0o444), "items": []any{map[string]any{"key": c.ca[1], "path": "ca.crt"}},
			}})
			annotations := pod.Input("spec", "template", "metadata", "annotations").(map[string]any)
			require.Equal(t, "SSL_CERT_FILE=/etc/daprstack/redis-ca/ca.crt", annotations["dapr.io/env"])
			require.Equal(t, "redis-ca:/etc/daprstack/redis-ca", annotations["dapr.io/volume-mounts"])
			other := g.Get(t, "Deployment", "frontend-deployment")
			require.Nil(t, other.Input("spec", "template", "spec", "volumes"), "it uses no Redis")
		})
	}
}

// pair returns a certificate and its key.
func pair(t *testing.T) (certificate, key string) {
	t.Helper()
	made := redistest.NewTLS(t, "127.0.0.1")
	return made.Cert + made.CA, made.Key
}

// TestOneCluster: every Kubernetes resource goes to the provider of the stack's
// context, never to a default one, which would take the current context.
func TestOneCluster(t *testing.T) {
	t.Setenv("KUBECONFIG", "/somewhere/kubeconfig")
	for _, values := range []map[string]string{read(t, "dev"), withoutDapr(t), read(t, "prod")} {
		g := run(t, values)
		cluster := g.Get(t, "pulumi:providers:kubernetes", "cluster")
		require.Equal(t, values["daprstack:context"], cluster.Input("context"))
		require.Empty(t, g.Clear("/somewhere"), "the kubeconfig never enters the state")
		for _, r := range g.Resources {
			if strings.HasPrefix(r.Type, "kubernetes:") {
				require.Equal(t, cluster.URN+"::cluster-id", r.Provider, r.String())
			}
		}
	}
}

// TestSameGraphEveryTime: two runs register the same, and a preview too, but for
// what only the provider can know.
func TestSameGraphEveryTime(t *testing.T) {
	values := read(t, "dev")
	first := run(t, values).Dump()
	for range 3 {
		require.Empty(t, cmp.Diff(first, run(t, values).Dump()))
	}
	preview, err := graphtest.Run(t, stacks.Program(values), graphtest.Preview())
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(first, preview.Dump()))
}

// TestWithoutDapr: C-04. Not one Dapr object, annotation or label is left, and
// no Redis; services and variables are the same (C-05).
func TestWithoutDapr(t *testing.T) {
	on, off := run(t, read(t, "dev")), run(t, withoutDapr(t))
	for _, r := range off.Resources {
		require.NotContains(t, r.Type, "dapr.io")
		require.NotContains(t, r.Type, ":dapr:")
		require.NotContains(t, strings.ToLower(r.Name), "redis")
	}
	require.Empty(t, off.Charts)
	require.Empty(t, off.Clear("dapr.io"))
	require.Empty(t, off.Clear("localhost:3500"))
	for _, name := range []string{"frontend", "backend", "activity"} {
		require.Equal(t, on.Get(t, "Service", name+"-service").Inputs, off.Get(t, "Service", name+"-service").Inputs)
		require.Equal(t, names(t, on, name), names(t, off, name), "variables of %s", name)
	}
}

// TestSidecarOrNot: an app without a sidecar has no trace of Dapr next to one
// that has it (S-10, S-11).
func TestSidecarOrNot(t *testing.T) {
	values := read(t, "dev")
	values["daprstack:apps"] = strings.Replace(values["daprstack:apps"], `"sidecar":{"appId":"frontend-app"}`, `"sidecar":null`, 1)
	g := run(t, values)
	pod := []any{"spec", "template", "metadata"}
	frontend, backend := g.Get(t, "Deployment", "frontend-deployment"), g.Get(t, "Deployment", "backend-deployment")
	require.Nil(t, frontend.Input(append(pod, "annotations")...))
	require.NotContains(t, frontend.Input(append(pod, "labels")...), "daprstack.io/sidecar")
	require.Equal(t, "true", backend.Input(append(pod, "labels", "daprstack.io/sidecar")...))
	require.Equal(t, map[string]any{
		"dapr.io/enabled": "true", "dapr.io/app-id": "backend-app", "dapr.io/app-port": "8000", "dapr.io/app-protocol": "http",
		"dapr.io/config": "appconfig.backend-app", "dapr.io/log-level": "info", "dapr.io/enable-metrics": "true", "dapr.io/metrics-port": "9090",
		"dapr.io/sidecar-cpu-request": "50m", "dapr.io/sidecar-memory-request": "64Mi", "dapr.io/sidecar-memory-limit": "256Mi",
		"dapr.io/disable-builtin-k8s-secret-store": "true", "dapr.io/sidecar-seccomp-profile-type": "RuntimeDefault",
		"daprstack.io/settings": settings(g),
	}, backend.Input(append(pod, "annotations")...))
}

// TestOptionsOfASidecar: what the stack file says about a sidecar is on the pod,
// and the app is probed in the protocol that it speaks, with Dapr on and off.
func TestOptionsOfASidecar(t *testing.T) {
	values := rulestest.Apply(t, read(t, "dev"), []rulestest.Edit{
		{Path: "apps[0].invokes", Value: nil},
		{Path: "apps[1].sidecar", Value: map[string]any{
			"appId": "backend-app", "appProtocol": "grpc", "gracefulShutdown": "10s", "volumeMounts": map[string]any{"ca": "/etc/ca"},
			"secretVolumes": map[string]any{"ca": "private-ca"},
		}},
	})
	backend := run(t, values).Get(t, "Deployment", "backend-deployment")
	annotations := backend.Input("spec", "template", "metadata", "annotations").(map[string]any)
	require.Equal(t, "grpc", annotations["dapr.io/app-protocol"])
	require.Equal(t, "10", annotations["dapr.io/graceful-shutdown-seconds"])
	require.Equal(t, "ca:/etc/ca", annotations["dapr.io/volume-mounts"])
	require.Equal(t, "ca", backend.Input("spec", "template", "spec", "volumes", 0, "name"))
	for _, dapr := range []string{`{"enabled": true}`, `{"enabled": false}`} {
		values["daprstack:dapr"] = dapr
		backend := run(t, values).Get(t, "Deployment", "backend-deployment")
		require.Equal(t, map[string]any{"port": 8000.0}, backend.Input("spec", "template", "spec", "containers", 0, "readinessProbe", "grpc"))
	}
}

// TestAccess: only the apps whose invokes name an app may call it, unless the
// stack file lets everybody in or there are no certificates to know a caller by.
func TestAccess(t *testing.T) {
	access := func(values map[string]string, app string) any {
		spec := run(t, values).Get(t, "Configuration", "appconfig."+app+"-configuration").Input("spec").(map[string]any)
		return spec["accessControl"]
	}
	dev := read(t, "dev")
	require.Equal(t, map[string]any{"defaultAction": "deny", "trustDomain": "public"}, access(dev, "frontend-app"))
	require.Equal(t, map[string]any{
		"defaultAction": "deny", "trustDomain": "public", "policies": []any{map[string]any{
			"appId": "frontend-app", "namespace": "todo", "trustDomain": "public", "defaultAction": "allow",
		}},
	}, access(dev, "backend-app"))
	for _, open := range []rulestest.Edit{{Path: "dapr.mtls", Value: false}, {Path: "dapr.configuration.accessControl.defaultAction", Value: "allow"}} {
		require.Nil(t, access(rulestest.Apply(t, dev, []rulestest.Edit{open}), "backend-app"))
	}
}

// TestSettings: pods are replaced when what their sidecars read at their start
// has changed, and not when something else has.
func TestSettings(t *testing.T) {
	of := func(path string, value any) string {
		return settings(run(t, rulestest.Apply(t, read(t, "dev"), []rulestest.Edit{{Path: path, Value: value}})))
	}
	before := settings(run(t, read(t, "dev")))
	require.Regexp(t, "^[0-9a-f]{12}$", before)
	require.NotEqual(t, before, of("pubSubs[0].maxRetries", 2))
	require.NotEqual(t, before, of("pubSubs[0].handlerTimeout", "9s"))
	require.NotEqual(t, before, of("apps[0].invokes", []string{"activity-app"}), "its callers")
	require.NotEqual(t, before, of("dapr.mtls", false))
	require.NotEqual(t, before, of("dapr.configuration.tracing", map[string]any{"samplingRate": "1"}))
	require.NotEqual(t, before, of("pubSubs[0].streamTTL", "24h"))
	require.NotEqual(t, before, of("stateStores[0].metadata", map[string]any{"keyPrefix": "name"}))
	require.NotEqual(t, before, of("events[0].publishers", []string{"activity-app"}))
	require.NotEqual(t, before, of("dapr.version", "1.18.0"), "by the image that the injector adds")
	require.NotEqual(t, before, of("redis", map[string]any{"external": map[string]any{"host": "elsewhere:6379", "auth": false}}))
	require.Equal(t, before, of("apps[0].replicas", 2))
	require.Equal(t, before, of("stateStores[0].scopes", []string{"backend-app", "frontend-app"}), "another app")
	require.Equal(t, before, of("events[0].subscribers[0].path", "/elsewhere"), "another app's handler")

	others := []rulestest.Edit{
		{Path: "pubSubs[0].scopes", Value: []string{"backend-app", "activity-app", "frontend-app"}},
		{Path: "events[0].subscribers", Value: []map[string]any{
			{"app": "activity-app", "path": "/events/task-created"}, {"app": "frontend-app", "path": "/events/task-created"},
		}},
		{Path: "pubSubs[1]", Value: map[string]any{"name": "other", "scopes": []string{"frontend-app"}, "maxRetries": 1}},
	}
	require.Equal(t, before, settings(run(t, rulestest.Apply(t, read(t, "dev"), others))), "what other apps subscribe to, and another pub/sub")
}

func settings(g *graphtest.Graph) string {
	for _, r := range g.Resources {
		if r.Name == "backend-deployment" {
			text, _ := r.Input("spec", "template", "metadata", "annotations", "daprstack.io/settings").(string)
			return text
		}
	}
	return ""
}

// TestNoComponentsNoRedis: a stack that keeps nothing in Redis has none.
func TestNoComponentsNoRedis(t *testing.T) {
	values := read(t, "dev")
	for _, key := range []string{"stateStores", "pubSubs", "events"} {
		delete(values, "daprstack:"+key)
	}
	g := run(t, values)
	require.Empty(t, g.All("Redis"))
	require.Empty(t, g.All("Password"))
	require.Empty(t, g.All("kubernetes:dapr.io/v1alpha1:Resiliency"))
	require.Len(t, g.All("App"), 3)
}

// TestExternalRedis: nothing runs in the cluster, the components go where they
// are told.
func TestExternalRedis(t *testing.T) {
	values := read(t, "dev")
	values["daprstack:redis"] = `{"external": {"host": "redis.example.com:6380", "auth": false, "enableTLS": true}}`
	g := run(t, values)
	require.Empty(t, g.All("Redis"))
	require.Empty(t, g.All("Password"))
	metadata := g.Get(t, "Component", "statestore-component").Input("spec", "metadata")
	require.Equal(t, []any{
		map[string]any{"name": "redisHost", "value": "redis.example.com:6380"},
		map[string]any{"name": "enableTLS", "value": "true"},
		map[string]any{"name": "keyPrefix", "value": "namespace"},
	}, metadata)
}

// TestOneNamespace: T-04, X-06. A component, the secret that it reads and the
// apps that use it are in one namespace.
func TestOneNamespace(t *testing.T) {
	in := map[string]int{}
	for _, r := range run(t, read(t, "dev")).Resources {
		if namespace, ok := r.Input("metadata", "namespace").(string); ok {
			in[namespace]++
			if namespace != "todo" {
				require.Contains(t, r.Parent, "ControlPlane", "only the control plane is elsewhere")
			}
		}
	}
	require.Greater(t, in["todo"], 15)
}

// TestKeep: C-03, what destroy leaves behind.
func TestKeep(t *testing.T) {
	kept := func(g *graphtest.Graph) []string {
		var names []string
		for _, r := range g.Resources {
			if r.Retain {
				names = append(names, r.String())
			}
		}
		return names
	}
	values := read(t, "dev")
	require.Empty(t, kept(run(t, values)))
	values["daprstack:keep"] = `{"namespaces": true, "data": true}`
	require.ElementsMatch(t, []string{"Namespace namespace", "Namespace dapr-namespace", "PersistentVolumeClaim redis-data"}, kept(run(t, values)))
}

func TestNamespaceThatIsThere(t *testing.T) {
	values := read(t, "dev")
	values["daprstack:createNamespace"] = "false"
	g := run(t, values)
	require.Len(t, g.All("Namespace"), 1, "only the control plane's")
	require.Equal(t, "todo", g.Get(t, "Deployment", "backend-deployment").Input("metadata", "namespace"))
}

func TestVariablesOfTheStackFile(t *testing.T) {
	values := read(t, "dev")
	values["daprstack:apps"] = `[{"name": "web", "image": "web:1", "port": 80, "ports": [{"name": "admin", "port": 81}],
		"env": {"B": "2", "A": "1"}, "secretEnv": {"TOKEN": {"name": "tokens", "key": "web"}}, "writablePaths": ["/tmp"], "args": ["-v"]}]`
	for _, key := range []string{"stateStores", "pubSubs", "events"} {
		delete(values, "daprstack:"+key)
	}
	container := run(t, values).Get(t, "Deployment", "web-deployment").Input("spec", "template", "spec", "containers", 0).(map[string]any)
	require.Equal(t, []any{
		map[string]any{"name": "PORT", "value": "80"},
		map[string]any{"name": "A", "value": "1"},
		map[string]any{"name": "B", "value": "2"},
		map[string]any{"name": "TOKEN", "valueFrom": map[string]any{"secretKeyRef": map[string]any{"name": "tokens", "key": "web"}}},
	}, container["env"])
	require.Equal(t, []any{"-v"}, container["args"])
	require.Equal(t, []any{map[string]any{"name": "writable-0", "mountPath": "/tmp"}}, container["volumeMounts"])
	require.Len(t, container["ports"], 2)
}

func TestOutputs(t *testing.T) {
	got, err := json.MarshalIndent(run(t, read(t, "dev")).Exports, "", "  ")
	require.NoError(t, err)
	golden(t, "dev.outputs.json", string(got)+"\n")
	off := run(t, withoutDapr(t)).Exports
	require.Equal(t, map[string]any{"enabled": false}, off["dapr"])
	require.NotContains(t, off["apps"].(map[string]any)["backend"], "appId")
}

// TestBadConfiguration: an error, and not one resource.
func TestBadConfiguration(t *testing.T) {
	for name, values := range map[string]map[string]string{
		"nothing at all": {},
		"unknown key":    {"daprstack:contxt": "c", "daprstack:namespace": "n", "daprstack:apps": "[]"},
		"bad port":       {"daprstack:context": "c", "daprstack:namespace": "n", "daprstack:apps": `[{"name": "a", "image": "a", "port": 70000}]`},
	} {
		t.Run(name, func(t *testing.T) {
			g, err := graphtest.Run(t, stacks.Program(values))
			require.ErrorContains(t, err, "the stack file has")
			require.Empty(t, g.Resources)
		})
	}
}

// TestDeploy: the program of main.go takes what Pulumi gives it.
func TestDeploy(t *testing.T) {
	values := read(t, "dev")
	raw, err := json.Marshal(values)
	require.NoError(t, err)
	t.Setenv(pulumi.EnvConfig, string(raw))
	t.Setenv(pulumi.EnvConfigSecretKeys, `["daprstack:redis"]`)
	g, err := graphtest.Run(t, stacks.Deploy)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(run(t, values).Dump(), g.Dump()))

	values["daprstack:aps"] = "[]"
	raw, err = json.Marshal(values)
	require.NoError(t, err)
	t.Setenv(pulumi.EnvConfig, string(raw))
	g, err = graphtest.Run(t, stacks.Deploy)
	require.ErrorContains(t, err, `aps: unknown key; did you mean "apps"?`)
	require.Empty(t, g.Resources)
}

// TestDeployWithoutConfiguration: without the environment a typing error could
// not be seen, so the program refuses.
func TestDeployWithoutConfiguration(t *testing.T) {
	t.Setenv(pulumi.EnvConfig, "{}") // restores it afterwards
	require.NoError(t, os.Unsetenv(pulumi.EnvConfig))
	_, err := graphtest.Run(t, stacks.Deploy)
	require.ErrorContains(t, err, "PULUMI_CONFIG is not set: run the program with `pulumi up`")
}

// run returns the graph of a configuration that must be good.
func run(t testing.TB, values map[string]string) *graphtest.Graph {
	t.Helper()
	g, err := graphtest.Run(t, stacks.Program(values))
	require.NoError(t, err)
	return g
}

func before(t *testing.T, g *graphtest.Graph, first, then *graphtest.Resource) {
	t.Helper()
	require.True(t, g.Before(first, then), "%s must be there before %s", first, then)
}

// names returns the names of an app's variables.
func names(t *testing.T, g *graphtest.Graph, app string) []string {
	t.Helper()
	var names []string
	env := g.Get(t, "Deployment", app+"-deployment").Input("spec", "template", "spec", "containers", 0, "env")
	for _, v := range env.([]any) {
		names = append(names, v.(map[string]any)["name"].(string))
	}
	return names
}

func read(t testing.TB, stack string) map[string]string {
	t.Helper()
	values, err := stackfile.Load(filepath.Join("..", "Pulumi.yaml"), filepath.Join("..", "Pulumi."+stack+".yaml"))
	require.NoError(t, err)
	return values
}

// withoutDapr returns the configuration of the dev stack with Dapr turned off.
func withoutDapr(t testing.TB) map[string]string {
	t.Helper()
	values := read(t, "dev")
	values[config.Namespace+":dapr"] = `{"enabled": false}`
	return values
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run the test with -update to write it")
	require.Empty(t, cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")))
}
