package render_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/components/kube"
	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/render"
)

// shop is a stack without a control plane of its own, so that there is no chart.
func shop() map[string]string {
	return map[string]string{
		"daprstack:context": "c", "daprstack:namespace": "shop", "daprstack:dapr": `{"install": false}`,
		"daprstack:production":  "true",
		"daprstack:stateStores": `[{"name": "store", "scopes": ["web-app"]}]`,
		"daprstack:pubSubs":     `[{"name": "bus", "scopes": ["web-app", "till-app"]}]`,
		"daprstack:events": `[{"type": "order.made", "source": "/orders", "publishers": ["web-app"],
			"subscribers": [{"app": "till-app", "path": "/orders"}]}]`,
		"daprstack:apps": `[
			{"name": "web", "image": "web:1", "port": 80, "env": {"TOKEN": "[encrypted]", "MODE": "fast"}, "sidecar": {"appId": "web-app"}},
			{"name": "till", "image": "till:1", "port": 81, "sidecar": {"appId": "till-app"}}]`,
	}
}

var secretKeys = []string{"daprstack:apps"}

// noCharts fails the test when a chart is rendered.
func noCharts(t testing.TB) *render.Charts {
	t.Helper()
	return render.NewCharts(func(context.Context) (string, error) {
		t.Error("the provider was asked for")
		return "", errors.New("none")
	})
}

func rendered(t testing.TB, values map[string]string) []*render.Object {
	t.Helper()
	stack, err := config.Load(values, secretKeys...)
	require.NoError(t, err)
	objects, err := render.Stack(t.Context(), "daprstack", "prod", stack, noCharts(t))
	require.NoError(t, err)
	return objects
}

// find returns the object of that id.
func find(t *testing.T, objects []*render.Object, id string) *render.Object {
	t.Helper()
	i := slices.IndexFunc(objects, func(o *render.Object) bool { return o.ID() == id })
	require.GreaterOrEqual(t, i, 0, "%s among %v", id, ids(objects))
	return objects[i]
}

func ids(objects []*render.Object) []string {
	all := make([]string, len(objects))
	for i, o := range objects {
		all[i] = o.ID()
	}
	return all
}

// TestOrder: what cannot be applied without something else comes after it.
func TestOrder(t *testing.T) {
	all := ids(rendered(t, shop()))
	require.Equal(t, "Namespace shop", all[0])
	before := func(first, then string) {
		require.Contains(t, all, first)
		require.Contains(t, all, then)
		require.Less(t, slices.Index(all, first), slices.Index(all, then), "%s, then %s", first, then)
	}
	before("Secret shop/redis-password-secret", "Deployment shop/redis-master")
	before("Deployment shop/redis-master", "Component shop/store")
	before("Component shop/store", "Deployment shop/web")
	before("Subscription shop/bus.order.made.till-app", "Deployment shop/till")
	before("Configuration shop/appconfig.web-app", "Deployment shop/web")
}

// TestTwoRendersAreTheSame: nothing depends on chance, and objects are as the API
// server takes them, in their namespace.
func TestTwoRendersAreTheSame(t *testing.T) {
	var first, second bytes.Buffer
	objects := rendered(t, shop())
	require.NoError(t, render.Write(&first, objects))
	require.NoError(t, render.Write(&second, rendered(t, shop())))
	require.Equal(t, first.String(), second.String())
	seen := map[string]bool{}
	for _, o := range objects {
		require.NotEmpty(t, o.APIVersion(), o.ID())
		require.NotEmpty(t, o.Name(), o.ID())
		require.False(t, seen[o.ID()], "%s twice", o.ID())
		seen[o.ID()] = true
		wide := slices.Contains([]string{"Namespace", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}, o.Kind())
		require.Equal(t, wide, o.Namespace() == "", o.ID())
	}
}

// TestNothingForTheProvider: a manifest has no annotation that speaks to Pulumi, and
// not the id of a deployment; whose it is stays.
func TestNothingForTheProvider(t *testing.T) {
	var stream bytes.Buffer
	objects := rendered(t, shop())
	require.NoError(t, render.Write(&stream, objects))
	require.NotContains(t, stream.String(), "pulumi.com/")
	require.NotContains(t, stream.String(), kube.DeploymentLabel)
	require.Equal(t, "daprstack-prod", find(t, objects, "Service shop/web").At("metadata", "labels", kube.StackLabel))
	require.NotContains(t, find(t, objects, "Service shop/web").Fields["metadata"], "annotations")
}

// TestPlaceholders: what is secret or not known yet says what it is.
func TestPlaceholders(t *testing.T) {
	values := shop()
	objects := rendered(t, values)
	require.Equal(t, map[string]any{"TOKEN": "<secret apps[web].env.TOKEN>", "MODE": "fast"}, find(t, objects, "Secret shop/web-env-secret").Fields["stringData"])
	random := "<random password redis-password-random>"
	require.Equal(t, map[string]any{"password": random, "auth.conf": "requirepass \"" + random + "\"\n"},
		find(t, objects, "Secret shop/redis-password-secret").Fields["stringData"])

	values["daprstack:redis"] = `{"password": "hunter2hunter2"}`
	given := rendered(t, values)
	require.Equal(t, "<secret redis.password>", find(t, given, "Secret shop/redis-password-secret").At("stringData", "password"))
	var stream bytes.Buffer
	require.NoError(t, render.Write(&stream, given))
	require.NotContains(t, stream.String(), "hunter2")
}

// TestOwners: a reader learns which app an object is for, and whether it can go.
func TestOwners(t *testing.T) {
	objects := rendered(t, shop())
	for id, owner := range map[string]string{
		"Namespace shop":                                      "the stack",
		"Deployment shop/web":                                 "app web",
		"Secret shop/web-env-secret":                          "app web",
		"Configuration shop/appconfig.till-app":               "app till",
		"Subscription shop/bus.order.made.till-app":           "app till",
		"Component shop/store":                                "state store store",
		"Component shop/bus":                                  "pub/sub bus",
		"Resiliency shop/delivery":                            "delivery of events",
		"PersistentVolumeClaim shop/redis-data":               "Redis",
		"Secret shop/redis-password-secret":                   "Redis",
		"ValidatingAdmissionPolicy sidecar.shop.daprstack.io": "sidecar guard",
	} {
		require.Equal(t, owner, find(t, objects, id).Owner, id)
	}
	require.True(t, find(t, objects, "PersistentVolumeClaim shop/redis-data").Protected)
	require.True(t, find(t, objects, "Secret shop/web-env-secret").Generated)
	require.False(t, find(t, objects, "Service shop/web").Generated)

	values := shop()
	values["daprstack:production"], values["daprstack:keep"] = "false", `{"namespaces": true, "data": true}`
	objects = rendered(t, values)
	require.True(t, find(t, objects, "Namespace shop").Kept)
	require.False(t, find(t, objects, "PersistentVolumeClaim shop/redis-data").Protected)
}

// TestEncryptedAsAWhole: what is in it cannot be rendered, and a part of a stack
// must not be taken for all of it.
func TestEncryptedAsAWhole(t *testing.T) {
	values := shop()
	values["daprstack:apps"] = config.Encrypted
	stack, err := config.Load(values, secretKeys...)
	require.NoError(t, err)
	_, err = render.Stack(t.Context(), "daprstack", "prod", stack, noCharts(t))
	require.ErrorContains(t, err, "apps is encrypted as a whole")
}

// TestWithoutTheProvider: a control plane needs the chart.
func TestWithoutTheProvider(t *testing.T) {
	values := shop()
	delete(values, "daprstack:dapr")
	stack, err := config.Load(values, secretKeys...)
	require.NoError(t, err)
	for path, want := range map[string]string{"": "no provider", "/nowhere/provider": "starting the Kubernetes provider: "} {
		charts := render.NewCharts(func(context.Context) (string, error) {
			if path == "" {
				return "", errors.New("no provider")
			}
			return path, nil
		})
		_, err := render.Stack(t.Context(), "daprstack", "prod", stack, charts)
		require.ErrorContains(t, err, "rendering Dapr's chart: ")
		require.ErrorContains(t, err, want)
		require.NoError(t, charts.Close())
	}
}

// names returns the files of a folder.
func names(t *testing.T, folder string) []string {
	t.Helper()
	var all []string
	require.NoError(t, filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			name, _ := filepath.Rel(folder, path)
			all = append(all, filepath.ToSlash(name))
		}
		return err
	}))
	return all
}

func TestWriteFolder(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "manifests", "prod")
	objects := rendered(t, shop())
	require.NoError(t, render.WriteFolder(folder, "prod", objects, false))
	files := names(t, folder)
	require.Len(t, files, len(objects)+1, "and the list")
	for _, want := range []string{".daprstack-render", "_cluster/namespace.shop.yaml", "shop/deployment.web.yaml", "shop/component.store.yaml"} {
		require.Contains(t, files, want)
	}
	content, err := os.ReadFile(filepath.Join(folder, "_cluster", "namespace.shop.yaml"))
	require.NoError(t, err)
	require.Equal(t, "apiVersion: v1\nkind: Namespace\nmetadata:\n  labels:\n    daprstack.io/stack: daprstack-prod\n  name: shop\n", string(content))

	// A second render replaces what was edited and removes what is gone, but nothing
	// else.
	own := filepath.Join(folder, "shop", "ingress.yaml")
	require.NoError(t, os.WriteFile(own, nil, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "_cluster", "namespace.shop.yaml"), nil, 0o600))
	values := shop()
	values["daprstack:dapr"] = `{"enabled": false}`
	for _, key := range []string{"stateStores", "pubSubs", "events"} {
		delete(values, "daprstack:"+key)
	}
	fewer := rendered(t, values)
	require.NoError(t, render.WriteFolder(folder, "prod", fewer, false))
	require.Len(t, names(t, folder), len(fewer)+2)
	require.FileExists(t, own)
	require.NoFileExists(t, filepath.Join(folder, "shop", "component.store.yaml"))
	again, err := os.ReadFile(filepath.Join(folder, "_cluster", "namespace.shop.yaml"))
	require.NoError(t, err)
	require.Equal(t, content, again)
}

// TestWriteFolderRefuses: what is not from an earlier render of the stack is not
// touched, unless forced.
func TestWriteFolderRefuses(t *testing.T) {
	objects := rendered(t, shop())
	for name, tc := range map[string]struct {
		make func(t *testing.T, folder string)
		want string
	}{
		"something else": {func(t *testing.T, folder string) {
			require.NoError(t, os.WriteFile(filepath.Join(folder, "notes.txt"), nil, 0o600))
		}, " is not empty and no folder of daprstack render: it holds notes.txt; name another folder, or use --force"},
		"another stack": {func(t *testing.T, folder string) {
			require.NoError(t, render.WriteFolder(folder, "dev", objects, false))
		}, ` holds other manifests ("Written by daprstack render -s dev, which replaces and removes the files listed here."); name another folder, or use --force`},
		"a file of that name": {func(t *testing.T, folder string) {
			require.NoError(t, render.WriteFolder(folder, "prod", objects[:1], false))
			require.NoError(t, os.MkdirAll(filepath.Join(folder, "shop"), 0o755))
			require.NoError(t, os.WriteFile(filepath.Join(folder, "shop", "deployment.web.yaml"), nil, 0o600))
		}, "/shop/deployment.web.yaml was not written by daprstack render; name another folder, or use --force"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			tc.make(t, folder)
			before := names(t, folder)
			require.EqualError(t, render.WriteFolder(folder, "prod", objects, false), folder+tc.want)
			require.Equal(t, before, names(t, folder))
			require.NoError(t, render.WriteFolder(folder, "prod", objects, true))
			require.NoError(t, render.WriteFolder(folder, "prod", objects, false), "now it is one")
		})
	}
}

// TestListNamesNothingOutside: a list that somebody wrote removes no file outside of
// the folder.
func TestListNamesNothingOutside(t *testing.T) {
	parent := t.TempDir()
	outside, folder := filepath.Join(parent, "precious"), filepath.Join(parent, "manifests")
	require.NoError(t, os.WriteFile(outside, nil, 0o600))
	objects := rendered(t, shop())
	require.NoError(t, render.WriteFolder(folder, "prod", objects, false))
	list := filepath.Join(folder, ".daprstack-render")
	content, err := os.ReadFile(list)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(list, append(content, "../precious\n"...), 0o600))
	require.Error(t, render.WriteFolder(folder, "prod", objects, false))
	require.FileExists(t, outside)
}

// BenchmarkStack renders a stack without a control plane, whose chart costs the same
// for every number of apps.
func BenchmarkStack(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			values := many(n)
			b.ReportAllocs()
			for b.Loop() {
				rendered(b, values)
			}
		})
	}
}

// many is a stack of n apps, each of which keeps state, publishes an event and takes
// that of its neighbour.
func many(n int) map[string]string {
	var apps, events, ids bytes.Buffer
	for i := range n {
		comma := ","
		if i == 0 {
			comma = ""
		}
		fmt.Fprintf(&ids, `%s"a%d-app"`, comma, i)
		fmt.Fprintf(&apps, `%s{"name":"a%d","image":"a:1","port":8000,"sidecar":{"appId":"a%[2]d-app"}}`, comma, i)
		fmt.Fprintf(&events, `%s{"type":"thing%d.made","source":"/things","publishers":["a%[2]d-app"],"subscribers":[{"app":"a%[3]d-app","path":"/events"}]}`,
			comma, i, (i+1)%n)
	}
	values := shop()
	values["daprstack:apps"], values["daprstack:events"] = "["+apps.String()+"]", "["+events.String()+"]"
	values["daprstack:stateStores"] = `[{"name":"store","scopes":[` + ids.String() + `]}]`
	values["daprstack:pubSubs"] = `[{"name":"bus","scopes":[` + ids.String() + `]}]`
	return values
}
