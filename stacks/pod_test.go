package stacks_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config/rules/rulestest"
	"github.com/daprstack/daprstack/internal/graphtest"
	"github.com/daprstack/daprstack/internal/stackfile"
	"github.com/daprstack/daprstack/stacks"
)

// ofCase returns the graph of a case from the field, with some edits.
func ofCase(t *testing.T, file string, edits ...rulestest.Edit) *graphtest.Graph {
	t.Helper()
	values, err := stackfile.Read(filepath.Join("testdata", "cases", file))
	require.NoError(t, err)
	return run(t, rulestest.Apply(t, values, edits))
}

// podOf returns the pod template of an app, and the app's container.
func podOf(t *testing.T, g *graphtest.Graph, app string) (template, container map[string]any) {
	t.Helper()
	template = g.Get(t, "Deployment", app+"-deployment").Input("spec", "template").(map[string]any)
	return template, template["spec"].(map[string]any)["containers"].([]any)[0].(map[string]any)
}

// TestUsersOfThePlatform: case 13b. No container names a user but the one that the
// stack file gives, Redis has no groups of its own, and the null reaches the chart.
func TestUsersOfThePlatform(t *testing.T) {
	g := ofCase(t, "13b-openshift.yaml")
	_, orders := podOf(t, g, "orders")
	require.Equal(t, 1000700000.0, orders["securityContext"].(map[string]any)["runAsUser"])
	for _, name := range []string{"mail-deployment", "redis-server"} {
		spec := g.Get(t, "Deployment", name).Input("spec", "template", "spec").(map[string]any)
		require.Equal(t, map[string]any{"runAsNonRoot": true, "seccompProfile": map[string]any{"type": "RuntimeDefault"}}, spec["securityContext"], name)
		require.NotContains(t, spec["containers"].([]any)[0].(map[string]any)["securityContext"], "runAsUser", name)
	}
	security := g.Charts[0]["values"].(map[string]any)["dapr_scheduler"].(map[string]any)["securityContext"]
	require.Equal(t, map[string]any{"fsGroup": nil}, security)
}

// TestWithoutPort: case 19. What only calls others has no Service, no probes, no
// app-port and no address, with Dapr and without.
func TestWithoutPort(t *testing.T) {
	for _, enabled := range []bool{true, false} {
		g := ofCase(t, "19-hello.yaml", rulestest.Edit{Path: "dapr.enabled", Value: enabled})
		require.NotContains(t, g.Dump(), "::python-service\n")
		require.Contains(t, g.Dump(), "::node-service\n")
		template, python := podOf(t, g, "python")
		for _, key := range []string{"ports", "readinessProbe", "livenessProbe", "startupProbe"} {
			require.NotContains(t, python, key)
		}
		annotations, _ := template["metadata"].(map[string]any)["annotations"].(map[string]any)
		require.NotContains(t, annotations, "dapr.io/app-port")
		var names []any
		for _, variable := range python["env"].([]any) {
			names = append(names, variable.(map[string]any)["name"])
		}
		require.Equal(t, []any{"NODE_URL"}, names)
		apps := g.Exports["apps"].(map[string]any)
		require.NotContains(t, apps["python"], "url")
		require.Contains(t, g.Exports["page"], "svc/node 3000:3000")
	}
}

// TestNoAppHasAPort: a stack of workers alone has no page.
func TestNoAppHasAPort(t *testing.T) {
	g := ofCase(t, "19-hello.yaml", rulestest.Edit{Path: "apps[0].port", Value: nil}, rulestest.Edit{Path: "apps[1].invokes", Value: nil})
	require.NotContains(t, g.Exports, "page")
}

// TestPortsWithoutMainPort: a worker may show its metrics, which nobody probes.
func TestPortsWithoutMainPort(t *testing.T) {
	g := ofCase(t, "19-hello.yaml", rulestest.Edit{Path: "apps[1].ports", Value: []any{map[string]any{"name": "metrics", "port": 9100}}})
	_, python := podOf(t, g, "python")
	require.NotContains(t, python, "readinessProbe")
	require.Equal(t, []any{map[string]any{"name": "metrics", "containerPort": 9100.0}}, python["ports"])
	require.Equal(t, []any{map[string]any{"name": "metrics", "port": 9100.0, "targetPort": "metrics"}}, g.Get(t, "Service", "python-service").Input("spec", "ports"))
}

// TestShutdownAndStart: case 21. There is time to start and to end.
func TestShutdownAndStart(t *testing.T) {
	g := ofCase(t, "21-shutdown.yaml")
	template, worker := podOf(t, g, "worker")
	require.Equal(t, 130.0, template["spec"].(map[string]any)["terminationGracePeriodSeconds"])
	require.Equal(t, map[string]any{
		"httpGet": map[string]any{"path": "/healthz", "port": "http"}, "periodSeconds": 1.0, "timeoutSeconds": 3.0, "failureThreshold": 120.0,
	}, worker["startupProbe"])
}

// TestWorkloadIdentity: case 28.
func TestWorkloadIdentity(t *testing.T) {
	g := ofCase(t, "28-wi.yaml")
	template, container := podOf(t, g, "orders")
	labels := template["metadata"].(map[string]any)["labels"].(map[string]any)
	require.Equal(t, "true", labels["azure.workload.identity/use"])
	require.Equal(t, "orders", labels["app.kubernetes.io/name"])
	account := g.Get(t, "ServiceAccount", "orders-account")
	require.Equal(t, "00000000-0000-0000-0000-000000000000", account.Input("metadata", "annotations", "azure.workload.identity/client-id"))
	spec := template["spec"].(map[string]any)
	require.Equal(t, map[string]any{"pool": "apps"}, spec["nodeSelector"])
	require.Equal(t, []any{map[string]any{"name": "certs", "projected": map[string]any{"sources": []any{map[string]any{"configMap": map[string]any{"name": "roots"}}}}}}, spec["volumes"])
	require.Equal(t, "certs:/certs", template["metadata"].(map[string]any)["annotations"].(map[string]any)["dapr.io/volume-mounts"])
	require.NotContains(t, container, "volumeMounts")
	selector := g.Get(t, "Deployment", "orders-deployment").Input("spec", "selector", "matchLabels")
	require.Equal(t, selector, g.Get(t, "Service", "orders-service").Input("spec", "selector"))
	require.NotContains(t, selector, "azure.workload.identity/use")
	require.Equal(t, "true", g.Get(t, "Service", "orders-service").Input("metadata", "labels", "azure.workload.identity/use"))
}

// TestSlowStart: case 39b. The startup probe asks what the readiness probe asks, for as
// long as it may take, and the engine waits as long.
func TestSlowStart(t *testing.T) {
	_, spring := podOf(t, ofCase(t, "39b-slow.yaml"), "spring")
	require.Equal(t, "/actuator/health", spring["startupProbe"].(map[string]any)["httpGet"].(map[string]any)["path"])
	require.Equal(t, 180.0, spring["startupProbe"].(map[string]any)["failureThreshold"])

	g := ofCase(t, "39b-slow.yaml", rulestest.Edit{Path: "apps[0].startup", Value: "20m"})
	require.Equal(t, 1800.0, g.Get(t, "Deployment", "spring-deployment").Input("spec", "progressDeadlineSeconds"))
}

// TestProbes: each probe is what was said of it, on what it is without that.
func TestProbes(t *testing.T) {
	always := map[string]any{"periodSeconds": 1.0, "timeoutSeconds": 3.0, "failureThreshold": 3.0}
	with := func(more map[string]any) map[string]any {
		probe := map[string]any{}
		for _, m := range []map[string]any{always, more} {
			for key, value := range m {
				probe[key] = value
			}
		}
		return probe
	}
	get := map[string]any{"path": "/healthz", "port": "http"}
	for name, c := range map[string]struct {
		edits []rulestest.Edit
		key   string
		want  any
	}{
		"another path":         {set("probes", `{"readiness": {"httpGet": {"path": "/ready"}}}`), "readinessProbe", with(map[string]any{"httpGet": map[string]any{"path": "/ready", "port": "http"}})},
		"and that of liveness": {set("probes", `{"readiness": {"httpGet": {"path": "/ready"}}}`), "livenessProbe", map[string]any{"httpGet": map[string]any{"path": "/ready", "port": "http"}, "periodSeconds": 10.0, "timeoutSeconds": 3.0, "failureThreshold": 6.0}},
		"another period":       {set("probes", `{"readiness": {"periodSeconds": 5}}`), "readinessProbe", with(map[string]any{"httpGet": get, "periodSeconds": 5.0})},
		"another way":          {set("probes", `{"readiness": {"exec": {"command": ["true"]}}}`), "readinessProbe", with(map[string]any{"exec": map[string]any{"command": []any{"true"}}})},
		"a connection":         {set("probes", `{"readiness": {"tcpSocket": {}}}`), "readinessProbe", with(map[string]any{"tcpSocket": map[string]any{"port": "http"}})},
		"gRPC":                 {set("probes", `{"readiness": {"grpc": {"service": "x"}}}`), "readinessProbe", with(map[string]any{"grpc": map[string]any{"port": 3000.0, "service": "x"}})},
		"none":                 {set("probes", `{"liveness": "none"}`), "livenessProbe", nil},
		"startup alone":        {set("probes", `{"startup": {"failureThreshold": 60}}`), "startupProbe", with(map[string]any{"httpGet": get, "failureThreshold": 60.0})},
		"startup as readiness": {append(set("probes", `{"readiness": {"tcpSocket": {}}}`), set("startup", `"1m"`)...), "startupProbe", with(map[string]any{"tcpSocket": map[string]any{"port": "http"}, "failureThreshold": 60.0})},
		"without a port":       {append(append(set("probes", `{"readiness": {"exec": {"command": ["true"]}}}`), set("startup", `"1m"`)...), rulestest.Edit{Path: "apps[0].port"}), "startupProbe", with(map[string]any{"exec": map[string]any{"command": []any{"true"}}, "failureThreshold": 60.0})},
	} {
		t.Run(name, func(t *testing.T) {
			_, frontend := podOf(t, run(t, rulestest.Apply(t, read(t, "dev"), c.edits)), "frontend")
			require.Equal(t, c.want, frontend[c.key])
		})
	}
}

// set returns the edit of one key of the first app, whose value is JSON.
func set(key, value string) []rulestest.Edit {
	return []rulestest.Edit{{Path: "apps[0]." + key, Value: json.RawMessage(value)}}
}

// TestPodPatch: a patch is applied to what the stack makes of a pod, with its secrets
// and the digest of its settings; it changes nothing else of the graph.
func TestPodPatch(t *testing.T) {
	before := run(t, read(t, "dev"))
	g := run(t, rulestest.Apply(t, read(t, "dev"), set("podPatch", `{
		"metadata": {"annotations": {"example.com/a": "b"}},
		"spec": {
			"hostNetwork": true, "enableServiceLinks": null,
			"containers": [
				{"name": "proxy", "image": "proxy:1"},
				{"name": "frontend", "env": [{"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}], "securityContext": {"readOnlyRootFilesystem": false}}
			]
		}}`)))
	was, plain := podOf(t, before, "frontend")
	template, frontend := podOf(t, g, "frontend")
	spec := template["spec"].(map[string]any)
	require.Equal(t, "frontend", frontend["name"], "the app's container stays the first")
	require.Equal(t, map[string]any{"name": "proxy", "image": "proxy:1"}, spec["containers"].([]any)[1])
	require.Equal(t, true, spec["hostNetwork"])
	require.NotContains(t, spec, "enableServiceLinks")
	require.Equal(t, was["spec"].(map[string]any)["serviceAccountName"], spec["serviceAccountName"])
	annotations := template["metadata"].(map[string]any)["annotations"].(map[string]any)
	for key, value := range was["metadata"].(map[string]any)["annotations"].(map[string]any) {
		require.Equal(t, value, annotations[key], key)
	}
	require.Equal(t, "b", annotations["example.com/a"])
	env := frontend["env"].([]any)
	require.Equal(t, plain["env"], env[:len(env)-1], "what is there comes first")
	require.Equal(t, false, frontend["securityContext"].(map[string]any)["readOnlyRootFilesystem"])
	require.Equal(t, false, frontend["securityContext"].(map[string]any)["allowPrivilegeEscalation"])
	require.Equal(t, before.Edges(), g.Edges())
}

// TestHardenedContainers: further containers are as hard as the app's own, wherever they
// do not say otherwise.
func TestHardenedContainers(t *testing.T) {
	template, own := podOf(t, run(t, rulestest.Apply(t, read(t, "dev"), append(
		set("initContainers", `[{"name": "a", "image": "a:1"}]`),
		set("containers", `[{"name": "b", "image": "b:1", "securityContext": {"runAsUser": 5, "readOnlyRootFilesystem": false}}]`)...))), "frontend")
	spec := template["spec"].(map[string]any)
	security := own["securityContext"].(map[string]any)
	require.Equal(t, security, spec["initContainers"].([]any)[0].(map[string]any)["securityContext"])
	security["runAsUser"], security["readOnlyRootFilesystem"] = 5.0, false
	require.Equal(t, security, spec["containers"].([]any)[1].(map[string]any)["securityContext"])
}

// TestSecretsOfPods: with a secret in the apps, variables of further containers come
// from a Secret, and their arguments are secrets of the engine.
func TestSecretsOfPods(t *testing.T) {
	const secret = "sentinel"
	values := rulestest.Apply(t, read(t, "dev"), append(
		set("containers", `[{"name": "b", "image": "b:1", "args": ["--token=sentinel"], "env": [{"name": "A", "value": "sentinel"}]}]`),
		set("command", `["/web", "--token=sentinel"]`)...))
	g, err := graphtest.Run(t, stacks.Program(values, "daprstack:apps"))
	require.NoError(t, err)
	require.Empty(t, g.Clear(secret))
	given := g.Get(t, "Secret", "frontend-env-secret")
	require.Equal(t, secret, given.Input("stringData", "b.A"))
	template, own := podOf(t, g, "frontend")
	require.Equal(t, []any{"/web", "--token=sentinel"}, own["command"])
	b := template["spec"].(map[string]any)["containers"].([]any)[1].(map[string]any)
	require.Equal(t, []any{map[string]any{"name": "A", "valueFrom": map[string]any{"secretKeyRef": map[string]any{"name": "frontend-env-secret-1a2b3c4d", "key": "b.A"}}}}, b["env"])
	require.True(t, g.Before(given, g.Get(t, "Deployment", "frontend-deployment")))
}

// TestExistingServiceAccount: the stack makes none, and gives its token if asked to.
func TestExistingServiceAccount(t *testing.T) {
	g := run(t, rulestest.Apply(t, read(t, "dev"), set("serviceAccount", `{"name": "theirs", "token": true}`)))
	template, _ := podOf(t, g, "frontend")
	require.Equal(t, "theirs", template["spec"].(map[string]any)["serviceAccountName"])
	require.Equal(t, true, template["spec"].(map[string]any)["automountServiceAccountToken"])
	require.Len(t, g.All("kubernetes:core/v1:ServiceAccount"), len(run(t, read(t, "dev")).All("kubernetes:core/v1:ServiceAccount"))-1)
}

// TestDigest: an image by its digest is taken as it is.
func TestDigest(t *testing.T) {
	digest := "registry.example.com/web@sha256:" + strings.Repeat("0123456789abcdef", 4)
	_, frontend := podOf(t, run(t, rulestest.Apply(t, read(t, "dev"), set("image", `"`+digest+`"`))), "frontend")
	require.Equal(t, digest, frontend["image"])
}
