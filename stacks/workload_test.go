package stacks_test

import (
	"os"
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

// fromTheField returns a stack file of testdata/cases.
func fromTheField(t testing.TB, name string) map[string]string {
	t.Helper()
	values, err := stackfile.Read(filepath.Join("testdata", "cases", name))
	require.NoError(t, err)
	return values
}

// TestAutoscalerHasTheReplicas: case 26. The stack neither sets nor changes a number.
func TestAutoscalerHasTheReplicas(t *testing.T) {
	pods := run(t, fromTheField(t, "26-hpa.yaml")).Get(t, "Deployment", "orders-deployment")
	require.NotContains(t, pods.Input("spec"), "replicas")
	require.Equal(t, []string{"spec.replicas"}, pods.IgnoreChanges)
}

// TestCronJobEnds: case 31. Its sidecar is a native one, which Kubernetes ends.
func TestCronJobEnds(t *testing.T) {
	g := run(t, fromTheField(t, "31-job.yaml"))
	job := g.Get(t, "CronJob", "nightly-cronjob")
	template := job.Input("spec", "jobTemplate", "spec", "template").(map[string]any)
	annotations := template["metadata"].(map[string]any)["annotations"].(map[string]any)
	require.Equal(t, "true", annotations["dapr.io/enable-native-sidecar"])
	require.NotContains(t, annotations, "dapr.io/app-port")
	require.Equal(t, "true", template["metadata"].(map[string]any)["labels"].(map[string]any)["daprstack.io/sidecar"], "no pod may start without it")
	require.Empty(t, g.Exports["apps"].(map[string]any)["nightly"].(map[string]any)["url"])
	before(t, g, g.Get(t, "Configuration", "appconfig.nightly-app-configuration"), job)
}

// TestLoadBalancer: case 19. Nobody waits for its address.
func TestLoadBalancer(t *testing.T) {
	g := run(t, apply(t, fromTheField(t, "19-hello.yaml"), "apps[1].port", 8080))
	service := g.Get(t, "Service", "node-service")
	require.Equal(t, "LoadBalancer", service.Input("spec", "type"))
	require.Equal(t, "true", service.Input("metadata", "annotations", "pulumi.com/skipAwait"))
}

// TestScaledByEvents: the stream and the group are those that Dapr has, and the login is
// the stack's own Secret.
func TestScaledByEvents(t *testing.T) {
	values := apply(t, read(t, "dev"), "apps[2].autoscale", map[string]any{"min": 0, "max": 3, "events": []any{map[string]any{"type": "task.created"}}})
	g := run(t, values)
	trigger := g.Get(t, "ScaledObject", "activity-autoscaler").Input("spec", "triggers", 0).(map[string]any)
	require.Equal(t, map[string]any{
		"address": "redis-master.todo.svc:6379", "stream": "task.created", "consumerGroup": "activity-app",
		"lagCount": "100", "activationLagCount": "0", "databaseIndex": "0",
	}, trigger["metadata"])
	login := g.Get(t, "TriggerAuthentication", "activity-autoscaler-login").Input("spec", "secretTargetRef", 0, "name")
	require.Equal(t, g.Get(t, "Component", "pubsub-component").Input("spec", "metadata", 1, "secretKeyRef", "name"), login)

	values["daprstack:dapr"] = `{"enabled": false}`
	off := run(t, values)
	require.Empty(t, off.All("ScaledObject"), "nothing is published")
	require.NotContains(t, off.Get(t, "Deployment", "activity-deployment").Input("spec"), "replicas")

	kinds, err := stacks.KindsOfOthers(load(t, read(t, "dev"), "apps[2].autoscale", map[string]any{"max": 3, "events": []any{map[string]any{"type": "task.created"}}}))
	require.NoError(t, err)
	require.Len(t, kinds, 1)
	require.Equal(t, "apps[2].autoscale.events", kinds[0].Path)
}

// TestVolumesOfApps: a production stack protects them, and what keeps data keeps them.
func TestVolumesOfApps(t *testing.T) {
	claims := []any{map[string]any{"name": "data", "path": "/data"}}
	set := func(edits ...any) *graphtest.Resource {
		values := apply(t, read(t, "dev"), append([]any{"apps[2].kind", "StatefulSet", "apps[2].volumeClaims", claims}, edits...)...)
		return run(t, values).Get(t, "StatefulSet", "activity-statefulset")
	}
	policy := []any{"spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted"}
	require.Equal(t, "Delete", set().Input(policy...))
	kept := set("keep", map[string]any{"data": true, "namespaces": true})
	require.Equal(t, "Retain", kept.Input(policy...))
	require.False(t, kept.Protect)
	protected := set("production", true)
	require.Equal(t, "Retain", protected.Input(policy...))
	require.True(t, protected.Protect)
}

func TestURLs(t *testing.T) {
	values := apply(t, read(t, "dev"),
		"apps[0].ingress", map[string]any{"hosts": []any{"todo.example.com"}, "tlsSecret": "todo-tls"},
		"apps[1].httpRoute", map[string]any{"parentRefs": []any{map[string]any{"name": "public"}}, "hostnames": []any{"api.example.com"}, "matches": []any{map[string]any{"path": "/v1"}}},
		"apps[0].service", map[string]any{"ports": []any{map[string]any{"name": "http", "port": 80}}})
	g := run(t, values)
	apps := g.Exports["apps"].(map[string]any)
	require.Equal(t, []string{"https://todo.example.com/"}, apps["frontend"].(map[string]any)["urls"])
	require.Equal(t, []string{"https://api.example.com/v1"}, apps["backend"].(map[string]any)["urls"])
	require.Equal(t, "http://frontend.todo.svc:80", apps["frontend"].(map[string]any)["url"])
	require.NotContains(t, apps["activity"], "urls")
	require.Equal(t, 80.0, g.Get(t, "Service", "frontend-service").Input("spec", "ports", 0, "port"))
}

// TestObjects: manifests beside the stack are its objects like any other.
func TestObjects(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "manifests/settings.yaml", `# two, and an empty document
apiVersion: v1
kind: ConfigMap
metadata: { name: settings, annotations: { example.com/a: b } }
data: { MODE: "yes" }
---
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: helper, namespace: todo }
spec: {}
`)
	write(t, dir, "manifests/more/list.json", `{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "helper"}, "status": {}}]}`)
	write(t, dir, "manifests/more/README.md", "not a manifest")
	write(t, dir, "manifests/.git/x.yaml", "nor this")
	write(t, dir, "policy.yml", "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: closed\nspec: {podSelector: {}}\n")
	values := apply(t, read(t, "dev"), "objects", []any{"manifests", "policy.yml"})
	g, err := graphtest.Run(t, stacks.ProgramIn(dir)(values))
	require.NoError(t, err)
	settings := g.Get(t, "kubernetes:core/v1:ConfigMap", "configmap-settings")
	require.Equal(t, "todo", settings.Input("metadata", "namespace"))
	require.Equal(t, map[string]any{"MODE": "yes"}, settings.Input("data"))
	require.Equal(t, "b", settings.Input("metadata", "annotations", "example.com/a"))
	require.Equal(t, "daprstack-test", settings.Input("metadata", "annotations", "pulumi.com/patchFieldManager"))
	require.Contains(t, settings.Input("metadata", "labels"), "daprstack.io/deployment", "it goes with the stack")
	before(t, g, g.Get(t, "Namespace", "namespace"), settings)
	helper := g.Get(t, "kubernetes:apps/v1:Deployment", "deployment-helper")
	for _, app := range g.All("Deployment") {
		if strings.HasSuffix(app.Name, "end-deployment") {
			before(t, g, settings, app)
			before(t, g, g.Get(t, "NetworkPolicy", "networkpolicy-closed"), app)
			require.False(t, g.Before(helper, app), "it may wait for the app")
		}
	}
	service := g.Get(t, "Service", "service-helper")
	require.Equal(t, "true", service.Input("metadata", "annotations", "pulumi.com/skipAwait"), "it would wait for pods")
	require.Nil(t, service.Input("status"))

	without, err := graphtest.Run(t, stacks.Program(read(t, "dev")))
	require.NoError(t, err)
	require.Len(t, g.Resources, len(without.Resources)+4)
}

// TestBadObjects: all problems of all files at once, and nothing is registered.
func TestBadObjects(t *testing.T) {
	object := func(apiVersion, kind, more string) string {
		return "apiVersion: " + apiVersion + "\nkind: " + kind + "\nmetadata: {name: x" + more + "}\n"
	}
	for name, c := range map[string]struct{ file, want string }{
		"no YAML":         {"a: [", "a.yaml: must be a manifest: yaml: line 1: did not find expected node content"},
		"key twice":       {object("v1", "ConfigMap", "") + "data: {a: b}\ndata: {}\n", `a.yaml: must be a manifest: yaml: unmarshal errors:`},
		"no object":       {"a: b", "a.yaml: must have apiVersion and kind"},
		"no name":         {"apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: x}\n", "a.yaml: must have metadata.name"},
		"other namespace": {object("v1", "ConfigMap", ", namespace: monitoring"), "a.yaml: ConfigMap x names namespace monitoring; it must be that of the stack, todo, or none"},
		"whole cluster":   {object("rbac.authorization.k8s.io/v1", "ClusterRole", ""), "a.yaml: ClusterRole x belongs to the whole cluster"},
		"a CRD":           {object("apiextensions.k8s.io/v1", "CustomResourceDefinition", ""), "belongs to the whole cluster"},
		"of Dapr":         {object("dapr.io/v1alpha1", "Component", ""), "a.yaml: Component x must be said in the stack file"},
		"name of an app":  {strings.ReplaceAll(object("v1", "Service", ""), "x", "backend"), "a.yaml: Service backend must have another name"},
		"of the operator": {strings.ReplaceAll(object("v1", "Service", ""), "x", "backend-app-dapr"), "must have another name"},
		"of Redis":        {strings.ReplaceAll(object("v1", "PersistentVolumeClaim", ""), "x", "redis-data"), "must have another name"},
		"twice":           {object("v1", "ConfigMap", "") + "---\n" + object("v1", "ConfigMap", ""), "a.yaml, document 2: ConfigMap x is there twice, the first time in a.yaml: ConfigMap x"},
		"a secret":        {object("v1", "Secret", "") + "stringData: {password: hunter2}\n", "a.yaml: Secret x must not have values"},
		"an encoded one":  {object("v1", "Secret", "") + "data: {password: aHVudGVyMg==}\n", "a.yaml: Secret x must not have values"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "a.yaml", c.file)
			values := apply(t, read(t, "dev"), "objects", []any{"a.yaml", "nowhere"})
			_, err := stacks.LoadIn(dir, values)
			var found config.Errors
			require.ErrorAs(t, err, &found)
			require.Len(t, found, 2, "both files: %v", err)
			require.Equal(t, "objects[0]", found[0].Path)
			require.Equal(t, "W-07", found[0].Rule)
			require.Contains(t, found[0].Allowed, c.want)
			require.Equal(t, `objects[1]: "nowhere" [W-07]: must be a manifest or a folder with manifests: no such file or directory`, found[1].String())
			require.NotContains(t, err.Error(), "hunter2")
			g, err := graphtest.Run(t, stacks.ProgramIn(dir)(values))
			require.Error(t, err)
			require.Empty(t, g.Resources)
		})
	}
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "empty"), 0o755))
	_, err := stacks.LoadIn(dir, apply(t, read(t, "dev"), "objects", []any{"empty"}))
	require.ErrorContains(t, err, `objects[0]: "empty" [W-07]: must be a folder with manifests (.yaml, .yml or .json)`)
	write(t, dir, "secret.yaml", object("v1", "Secret", "")+"type: kubernetes.io/service-account-token\n")
	_, err = stacks.LoadIn(dir, apply(t, read(t, "dev"), "objects", []any{"secret.yaml"}))
	require.NoError(t, err, "one that Kubernetes fills in")
}

// TestNamesThatAreTaken: no object that a stack makes in its namespace could come from
// its objects as well.
func TestNamesThatAreTaken(t *testing.T) {
	everything, err := stackfile.Read(filepath.Join("..", "config", "testdata", "everything.yaml"))
	require.NoError(t, err)
	delete(everything, "daprstack:objects")
	for _, r := range run(t, everything).Resources {
		name, _ := r.Input("metadata", "name").(string)
		if !strings.HasPrefix(r.Type, "kubernetes:") || name == "" || r.Input("metadata", "namespace") != "shop" {
			continue
		}
		apiVersion, kind, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(r.Type, "kubernetes:"), "core/"), ":")
		dir := t.TempDir()
		write(t, dir, "a.yaml", "apiVersion: "+apiVersion+"\nkind: "+kind+"\nmetadata: {name: "+name+"}\n")
		_, err := stacks.LoadIn(dir, apply(t, everything, "objects", []any{"a.yaml"}))
		require.ErrorContains(t, err, "W-07", "%s %s", kind, name)
	}
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
}

// apply returns a configuration after some edits, each a path and a value.
func apply(t testing.TB, values map[string]string, edits ...any) map[string]string {
	t.Helper()
	var all []rulestest.Edit
	for i := 0; i < len(edits); i += 2 {
		all = append(all, rulestest.Edit{Path: edits[i].(string), Value: edits[i+1]})
	}
	return rulestest.Apply(t, values, all)
}

func load(t testing.TB, values map[string]string, edits ...any) *config.Stack {
	t.Helper()
	stack, err := stacks.Load(apply(t, values, edits...))
	require.NoError(t, err)
	return stack
}
