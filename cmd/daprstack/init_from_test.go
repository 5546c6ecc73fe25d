package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules/rulestest"
	"github.com/daprstack/daprstack/internal/changes"
	"github.com/daprstack/daprstack/internal/migration"
	"github.com/daprstack/daprstack/internal/render"
	"github.com/daprstack/daprstack/internal/stackfile"
)

const manifests = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: shop, labels: { app: web } }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata:
      labels: { app: web }
      annotations: { dapr.io/enabled: "true", dapr.io/app-id: web, dapr.io/app-port: "8080" }
    spec: { containers: [{ name: web, image: "registry.example.com/web:1" }] }
---
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: store, namespace: shop }
spec: { type: state.redis, version: v1, metadata: [{ name: redisHost, value: "redis:6379" }] }
scopes: [web]
`

// TestInitFrom: a valid stack file, what it lacks, what it would change and how it
// takes over; nothing is written over, and nothing is left of what fails.
func TestInitFrom(t *testing.T) {
	dir, kubeconfig := newCheckout(t)
	write(t, filepath.Join(dir, "Pulumi.yaml"), "name: daprstack\nruntime: go\nconfig:\n  events: { default: [{ type: a.b }] }\n  redis: { default: { storage: 2Gi } }\n")
	write(t, filepath.Join(dir, "web.yaml"), manifests)
	file := filepath.Join(dir, "Pulumi.new.yaml")
	_, err := execute(t, "init", "--from", "web.yaml")
	require.EqualError(t, err, "web.yaml: there is nobody to ask: give --stack, --context")

	out, err := execute(t, "init", "--from", "web.yaml", "-s", "new", "--context", "mine")
	require.NoError(t, err)
	require.Contains(t, out, "Wrote Pulumi.new.yaml from web.yaml: 1 app, 1 state store, 0 pub/subs, 0 events, 0 to fill in, 0 not taken over, 5 different.")
	require.Contains(t, out, "~ Component shop/store")
	require.Contains(t, out, "kubectl --context mine -n shop delete deployment/web\n")
	require.Contains(t, out, "daprstack up -s new --adopt\n    takes over Component/store\n")
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Contains(t, string(content), "\n  events: []\n", "the project has events of another application")
	require.Contains(t, string(content), "#   no user is named, and the stack runs the image as user 65532")
	require.NoError(t, check("new"))

	_, err = execute(t, "init", "--from", "web.yaml", "-s", "new", "--context", "mine")
	require.EqualError(t, err, "Pulumi.new.yaml is there already: choose another name with --stack")
	require.NoError(t, os.Remove(file))

	_, err = execute(t, "init", "--from", "nowhere/shop", "-s", "new")
	require.EqualError(t, err, "--from nowhere/shop: it is neither a file nor a folder (stat nowhere/shop: no such file or directory), "+
		"nor <context>/<namespace> with a context of kubeconfig "+kubeconfig+", which has: mine")
	_, err = execute(t, "init", "--from", "-", "-s", "new", "--context", "mine")
	require.ErrorContains(t, err, "<stdin>: not a Kubernetes manifest")
	write(t, filepath.Join(dir, "web.yaml"), strings.ReplaceAll(manifests, "namespace: shop", "namespace: shop2"))
	_, err = execute(t, "init", "--from", "web.yaml", "-s", "new", "--context", "mine", "--namespace", "shop")
	require.ErrorContains(t, err, "there is no workload with dapr.io/enabled that a stack could run")
	require.NoFileExists(t, file)
}

// TestInitFromCluster: a namespace of a cluster whose objects the API server has filled
// in. Nothing but lists is asked for, and no Secret.
func TestInitFromCluster(t *testing.T) {
	dir, kubeconfig := newCheckout(t)
	deployment := map[string]any{
		"metadata": map[string]any{
			"name": "web", "namespace": "shop", "uid": "1", "resourceVersion": "2", "generation": 1,
			"annotations": map[string]any{"deployment.kubernetes.io/revision": "1"},
		},
		"spec": map[string]any{
			"replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600,
			"strategy": map[string]any{"type": "RollingUpdate", "rollingUpdate": map[string]any{"maxSurge": "25%", "maxUnavailable": "25%"}},
			"selector": map[string]any{"matchLabels": map[string]any{"app": "web"}},
			"template": map[string]any{
				"metadata": map[string]any{"labels": map[string]any{"app": "web"}, "annotations": map[string]any{"dapr.io/enabled": "true", "dapr.io/app-id": "web"}},
				"spec": map[string]any{
					"restartPolicy": "Always", "dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler", "terminationGracePeriodSeconds": 30, "securityContext": map[string]any{},
					"containers": []any{map[string]any{
						"name": "web", "image": "web:1", "imagePullPolicy": "IfNotPresent", "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
						"resources": map[string]any{"limits": map[string]any{"memory": "64Mi"}},
						"ports":     []any{map[string]any{"containerPort": 8080, "protocol": "TCP"}},
					}},
				},
			},
		},
	}
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Path)
		list := map[string]any{"metadata": map[string]any{}, "items": []any{}}
		switch r.URL.Path {
		case "/api/v1/namespaces/shop":
			list = map[string]any{"metadata": map[string]any{"name": "shop"}}
		case "/apis/apps/v1/namespaces/shop/deployments":
			deployment["apiVersion"], deployment["kind"] = "apps/v1", "Deployment"
			list = map[string]any{"apiVersion": "apps/v1", "kind": "DeploymentList", "items": []any{deployment}}
		case "/api/v1/namespaces/shop/services", "/api/v1/namespaces/shop/serviceaccounts", "/apis/apps/v1/deployments",
			"/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations":
			list["apiVersion"], list["kind"] = "v1", "List"
		default:
			w.WriteHeader(http.StatusNotFound)
			list = map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": metav1.StatusReasonNotFound, "code": 404}
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(list)
	}))
	t.Cleanup(server.Close)
	write(t, kubeconfig, kubeconfigOf("team/mine", server.URL))
	out, err := execute(t, "init", "--from", "team/mine/shop", "-s", "new")
	require.NoError(t, err)
	require.Contains(t, out, "Wrote Pulumi.new.yaml from namespace shop of context team/mine: 1 app, 0 state stores, 0 pub/subs, 0 events, 0 to fill in, 0 not taken over, 4 different.")
	content, err := stackfile.Read(filepath.Join(dir, "Pulumi.new.yaml"))
	require.NoError(t, err)
	require.Equal(t, map[string]string{
		"context": "team/mine", "namespace": "shop", "createNamespace": "false",
		"dapr": `{"configuration":{"accessControl":{"defaultAction":"allow"}}}`,
		"apps": `[{"image":"web:1","labels":{"app":"web"},"name":"web","port":8080,"resources":{"limits":{"memory":"64Mi"}},"sidecar":{"appId":"web"}}]`,
	}, content)
	for _, request := range asked {
		require.True(t, strings.HasPrefix(request, "GET "), request)
		require.NotContains(t, request, "secrets")
	}
}

// TestRoundTrip: what a stack renders gives the same stack again. Redis and its
// Secret are then of others, and so is a control plane; the sources of events are
// nowhere in the objects.
func TestRoundTrip(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	everything, err := stackfile.Read(filepath.Join(root, "config", "testdata", "everything.yaml"))
	require.NoError(t, err)
	// Apps without a sidecar are no part of what is taken over, and neither is what others
	// than Kubernetes read, nor how fast an autoscaler scales.
	everything = rulestest.Apply(t, everything, []rulestest.Edit{
		{Path: "objects"}, {Path: "apps[5]"}, {Path: "apps[3]"}, {Path: "apps[2]"}, {Path: "overlay.apps.stock"},
		{Path: "apps[0].httpRoute"}, {Path: "overlay.apps.mail.httpRoute"}, {Path: "apps[1].autoscale.events"}, {Path: "apps[1].autoscale.behavior"},
	})
	stacks := map[string]map[string]string{"everything": everything}
	for _, name := range []string{"dev", "prod"} {
		stacks[name], err = stackfile.Load(filepath.Join(root, "Pulumi.yaml"), filepath.Join(root, "Pulumi."+name+".yaml"))
		require.NoError(t, err)
	}
	for name, values := range stacks {
		t.Run(name, func(t *testing.T) {
			want := rendered(t, values)
			var objects []migration.Object
			for _, o := range want {
				objects = append(objects, migration.Object{Fields: o.Fields})
			}
			first, err := config.Load(values)
			require.NoError(t, err)
			r, err := migration.From(objects, migration.Options{Context: first.Context, Namespace: first.Namespace})
			require.NoError(t, err)
			file, err := r.YAML(migration.Document{})
			require.NoError(t, err)
			again, err := parsed(file)
			require.NoError(t, err)
			var differ []string
			for _, change := range changes.Compare(want, rendered(t, again), nil) {
				if change.ID == "Namespace "+first.Namespace || change.Owner == "Redis" {
					continue
				}
				for _, f := range change.Fields {
					if !strings.Contains(f.Path, "daprstack.io/settings") && f.Path != "spec.metadata[redisPassword].secretKeyRef.name" {
						differ = append(differ, fmt.Sprintf("%s: %s: %v → %v", change.ID, f.Path, f.From, f.To))
					}
				}
				if change.Kind != changes.Changed {
					differ = append(differ, string(change.Kind)+" "+change.ID)
				}
			}
			require.Empty(t, differ, migration.Text(r.Notes))
			plan, err := planTakeover(t.Context(), "x", &source{objects: objects}, r)
			require.NoError(t, err)
			require.Empty(t, plan.remove, "the same objects are taken over where they stand")
			require.Contains(t, plan.adopt, "Deployment/"+first.Apps[0].Name)
		})
	}
}

// rendered returns the objects of a stack without its control plane, the variables of
// its apps sorted: their order is that of the events and invocations.
func rendered(t *testing.T, values map[string]string) []*render.Object {
	t.Helper()
	s, err := config.Load(values)
	require.NoError(t, err)
	s.Dapr.Install = new(false)
	objects, err := render.Stack(t.Context(), "daprstack", "x", s, nil)
	require.NoError(t, err)
	for _, o := range objects {
		containers, _ := o.At("spec", "template", "spec", "containers").([]any)
		for _, c := range containers {
			env, _ := c.(map[string]any)["env"].([]any)
			slices.SortFunc(env, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		}
	}
	return objects
}
