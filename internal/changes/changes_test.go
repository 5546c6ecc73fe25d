package changes_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules/rulestest"
	"github.com/daprstack/daprstack/internal/changes"
	"github.com/daprstack/daprstack/internal/render"
)

func shop() map[string]string {
	return map[string]string{
		"daprstack:context": "c", "daprstack:namespace": "shop", "daprstack:dapr": `{"install": false}`, "daprstack:redis": `{}`,
		"daprstack:stateStores": `[{"name": "store", "scopes": ["web-app"]}]`,
		"daprstack:pubSubs":     `[{"name": "bus", "scopes": ["web-app", "till-app"]}]`,
		"daprstack:events": `[{"type": "order.made", "source": "/orders", "publishers": ["web-app"],
			"subscribers": [{"app": "till-app", "path": "/orders"}]}]`,
		"daprstack:apps": `[
			{"name": "web", "image": "web:1", "port": 80, "replicas": 3, "env": {"TOKEN": "[encrypted]"}, "sidecar": {"appId": "web-app"}},
			{"name": "till", "image": "till:1", "port": 81, "sidecar": {"appId": "till-app"}}]`,
	}
}

func rendered(t testing.TB, values map[string]string) []*render.Object {
	t.Helper()
	stack, err := config.Load(values, "daprstack:apps")
	require.NoError(t, err)
	charts := render.NewCharts(func(context.Context) (string, error) { return "", errors.New("no chart here") })
	objects, err := render.Stack(t.Context(), "daprstack", "prod", stack, charts)
	require.NoError(t, err)
	return objects
}

// said is what the comparison says of each object, a line each.
func said(found []*changes.Object) []string {
	lines := []string{}
	for _, o := range found {
		line := string(o.Kind) + " " + o.ID
		for _, more := range slices.Concat([]string{o.Restarts, o.Replaced}, o.Risks) {
			if more != "" {
				line += " | " + more
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// TestCompare: what one edit of the stack file does to each object that it concerns.
func TestCompare(t *testing.T) {
	const (
		rolling = "3 pods, a few at a time: "
		single  = "1 pod, once the new one is ready: "
		down    = "1 pod, down until the new one is ready: "
		reads   = "what its sidecar reads at its start"
		moved   = "the apps may no longer find what they have stored; nothing is copied"
		behind  = "events that are not handled yet may stay behind or be delivered again"
		refused = "it is protected: up fails and "
	)
	edit := func(path string, value any) []rulestest.Edit { return []rulestest.Edit{{Path: path, Value: value}} }
	for name, tc := range map[string]struct {
		before, after []rulestest.Edit
		want          []string
	}{
		"nothing":         {nil, nil, []string{}},
		"image":           {nil, edit("apps[0].image", "web:2"), []string{"changed Deployment shop/web | " + rolling + "image"}},
		"replicas":        {nil, edit("apps[0].replicas", 4), []string{"changed Deployment shop/web"}},
		"second pod":      {nil, edit("apps[1].replicas", 2), []string{"changed Deployment shop/till", "new PodDisruptionBudget shop/till"}},
		"no pod":          {edit("apps[0].replicas", 0), []rulestest.Edit{{Path: "apps[0].replicas", Value: 0}, {Path: "apps[0].image", Value: "web:2"}}, []string{"changed Deployment shop/web"}},
		"sidecar":         {nil, edit("apps[1].sidecar.logLevel", "warn"), []string{`changed Deployment shop/till | ` + single + `"dapr.io/log-level"`}},
		"handler":         {nil, edit("events[0].subscribers[0].path", "/made"), []string{"changed Deployment shop/till | " + single + reads, "changed Subscription shop/bus.order.made.till-app"}},
		"volume grows":    {nil, edit("redis.storage", "2Gi"), []string{"changed PersistentVolumeClaim shop/redis-data"}},
		"volume shrinks":  {nil, edit("redis.storage", "512Mi"), []string{"changed PersistentVolumeClaim shop/redis-data | a volume cannot shrink: the cluster refuses this"}},
		"fsync":           {nil, edit("redis.fsync", "everysec"), []string{"changed Deployment shop/redis-master | " + down + "command | the last second of writes can be lost in a crash"}},
		"fsync back":      {edit("redis.fsync", "everysec"), nil, []string{"changed Deployment shop/redis-master | " + down + "command"}},
		"less memory":     {edit("redis.maxMemory", "128Mi"), edit("redis.maxMemory", "64Mi"), []string{"changed Deployment shop/redis-master | " + down + "command | writes fail if Redis holds more than its new maxMemory"}},
		"class of volume": {nil, edit("redis.storageClass", "fast"), []string{"changed PersistentVolumeClaim shop/redis-data | spec.storageClassName cannot be changed | the data on the volume is deleted"}},
		"class of a protected volume": {
			edit("production", true), []rulestest.Edit{{Path: "production", Value: true}, {Path: "redis.storageClass", Value: "fast"}},
			[]string{"changed PersistentVolumeClaim shop/redis-data | spec.storageClassName cannot be changed | " + refused + "replaces nothing"},
		},
		"key prefix": {nil, edit("stateStores[0].metadata", map[string]any{"keyPrefix": "name"}), []string{
			"changed Deployment shop/web | " + rolling + reads, "changed Component shop/store | keyPrefix: " + moved,
		}},
		"lifetime of events": {nil, edit("pubSubs[0].streamTTL", "24h"), []string{
			"changed Deployment shop/till | " + single + reads, "changed Deployment shop/web | " + rolling + reads,
			"changed Component shop/bus | events are kept by another streamTTL",
		}},
		"Redis elsewhere": {nil, edit("redis", map[string]any{"external": map[string]any{"host": "redis:6380", "auth": false}}), []string{
			"removed Deployment shop/redis-master", "removed PersistentVolumeClaim shop/redis-data | the data on the volume is deleted",
			"removed Secret shop/redis-password-secret", "removed Service shop/redis-master",
			"changed Deployment shop/till | " + single + reads, "changed Deployment shop/web | " + rolling + reads,
			"changed Component shop/bus | consumerID, redisHost: " + behind, "changed Component shop/store | keyPrefix, redisHost: " + moved,
		}},
		"kept volume": {edit("keep", map[string]any{"namespaces": true, "data": true}), []rulestest.Edit{{Path: "keep", Value: map[string]any{"namespaces": true, "data": true}}, {Path: "dapr.enabled", Value: false}}, nil},
		"no subscriber": {nil, edit("events[0].subscribers", nil), []string{
			"changed Deployment shop/till | " + single + reads, "removed Subscription shop/bus.order.made.till-app | the app no longer gets these events",
			"changed Component shop/bus",
		}},
		"password": {nil, edit("redis.password", "hunter2hunter2"), []string{
			"changed Secret shop/redis-password-secret | stringData cannot be changed",
			"restarted Deployment shop/redis-master | 1 pod, down until the new one is ready: a Secret that it reads, redis-password-secret",
			"restarted Deployment shop/till | 1 pod, once the new one is ready: a Secret that it reads, redis-password-secret",
			"restarted Deployment shop/web | 3 pods, a few at a time: a Secret that it reads, redis-password-secret",
		}},
		"namespace": {nil, edit("createNamespace", false), []string{"removed Namespace shop | everything in the namespace is deleted"}},
		"protected namespace": {
			edit("production", true), []rulestest.Edit{{Path: "production", Value: true}, {Path: "createNamespace", Value: false}},
			[]string{"removed Namespace shop | " + refused + "deletes nothing"},
		},
		"kept namespace": {
			edit("keep.namespaces", true), []rulestest.Edit{{Path: "keep.namespaces", Value: true}, {Path: "createNamespace", Value: false}},
			[]string{"removed Namespace shop | it stays in the cluster, with what it holds, and is no longer the stack's"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			before, after := rulestest.Apply(t, shop(), tc.before), rulestest.Apply(t, shop(), tc.after)
			found := said(changes.Compare(rendered(t, before), rendered(t, after), nil))
			if tc.want == nil {
				require.Contains(t, found, "removed PersistentVolumeClaim shop/redis-data | it stays in the cluster, with what it holds, and is no longer the stack's")
				require.Contains(t, found, "removed Component shop/store | the apps lose this store; what is in it stays where it is")
				require.Contains(t, found, "removed Component shop/bus | the apps lose this pub/sub; events that are not handled yet stay in the broker")
				return
			}
			require.ElementsMatch(t, tc.want, found)
		})
	}
}

// TestCompareControlPlane: what its objects hold. They have no chart to come from here.
func TestCompareControlPlane(t *testing.T) {
	object := func(kind, namespace, name string, spec map[string]any) *render.Object {
		metadata := map[string]any{"name": name}
		if namespace != "" {
			metadata["namespace"] = namespace
		}
		return &render.Object{Fields: map[string]any{"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": spec}, Owner: "control plane"}
	}
	scheduler := func(size, label string) *render.Object {
		return object("StatefulSet", "dapr-system", "scheduler", map[string]any{
			"replicas": 3.0, "volumeClaimTemplates": []any{map[string]any{"size": size}},
			"template": map[string]any{"metadata": map[string]any{"labels": map[string]any{"example.com/a": label}}},
		})
	}
	namespace, crd := object("Namespace", "", "dapr-system", nil), object("CustomResourceDefinition", "", "components.dapr.io", nil)
	all := []*render.Object{namespace, crd, scheduler("1Gi", "a")}
	const crdGone = "removed CustomResourceDefinition components.dapr.io | every object of this kind in the cluster is deleted"

	require.Equal(t, []string{`changed StatefulSet dapr-system/scheduler | 3 pods, one after the other: "example.com/a"`},
		said(changes.Compare(all, []*render.Object{namespace, crd, scheduler("1Gi", "b")}, nil)))
	require.Equal(t, []string{
		"changed StatefulSet dapr-system/scheduler | spec.volumeClaimTemplates cannot be changed | up refuses this on a control plane that runs, and says how it is made anew",
	}, said(changes.Compare(all, []*render.Object{namespace, crd, scheduler("2Gi", "a")}, nil)))
	require.ElementsMatch(t, []string{crdGone, "removed StatefulSet dapr-system/scheduler | its volumes stay, but nothing reads them any more"},
		said(changes.Compare(all, []*render.Object{namespace}, nil)))
	require.ElementsMatch(t, []string{
		crdGone, "removed Namespace dapr-system | everything in the namespace is deleted", "removed StatefulSet dapr-system/scheduler",
	}, said(changes.Compare(all, nil, nil)), "what a namespace takes along is said once")
	namespace.Kept = true
	require.Contains(t, said(changes.Compare(all, nil, nil)), "removed StatefulSet dapr-system/scheduler | its volumes stay, but nothing reads them any more")
}

// TestRotated: a value that was encrypted anew gets a Secret of a new name, if it is
// another one, and what reads it restarts.
func TestRotated(t *testing.T) {
	objects := rendered(t, shop())
	require.Equal(t, []string{
		"restarted Deployment shop/web | 3 pods, a few at a time: a Secret that it reads, web-env-secret",
		"changed Secret shop/web-env-secret | apps[web].env.TOKEN was encrypted anew",
	}, said(changes.Compare(objects, objects, []string{"apps[web].env.TOKEN"})))
}

// TestFields: a value is named by its place, and items of lists by their names.
func TestFields(t *testing.T) {
	after := rulestest.Apply(t, shop(), []rulestest.Edit{
		{Path: "apps[1].image", Value: "till:2"}, {Path: "apps[1].args", Value: []string{"-v"}}, {Path: "apps[1].env", Value: map[string]any{"A": "1"}},
	})
	found := changes.Compare(rendered(t, shop()), rendered(t, after), nil)
	byID := map[string][]changes.Field{}
	for _, o := range found {
		byID[o.ID] = o.Fields
	}
	fields := byID["Deployment shop/till"]
	require.Contains(t, fields, changes.Field{Path: "spec.template.spec.containers[till].image", From: "till:1", To: "till:2"})
	require.Contains(t, fields, changes.Field{Path: "spec.template.spec.containers[till].args", From: nil, To: []any{"-v"}})
	var env []string
	for _, f := range fields {
		if strings.Contains(f.Path, ".env[A]") {
			env = append(env, f.Path)
		}
	}
	require.Equal(t, []string{"spec.template.spec.containers[till].env[A]"}, env)
}

func stack(t *testing.T, edits ...rulestest.Edit) *changes.Stack {
	before, after := rendered(t, shop()), rendered(t, rulestest.Apply(t, shop(), edits))
	return &changes.Stack{
		Name: "prod", Objects: len(after), Changes: changes.Compare(before, after, nil),
		Values: []changes.Field{{Path: "apps[web].image", From: "web:1", To: "web:2"}},
	}
}

func TestText(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, changes.Text(&out, []*changes.Stack{
		stack(t, rulestest.Edit{Path: "apps[0].image", Value: "web:2"}, rulestest.Edit{Path: "redis.storageClass", Value: "fast"}),
		{Name: "dev", Objects: 7},
		{Name: "old", Note: "It is gone.\nReally."},
	}))
	require.Equal(t, `stack prod: 2 changed (21 objects)

  Redis
    ~ PersistentVolumeClaim shop/redis-data
        spec.storageClassName: - → fast

  app web
    ~ Deployment shop/web
        spec.template.spec.containers[web].image: web:1 → web:2

  Restarts
    Deployment shop/web: 3 pods, a few at a time: image

  Replaced
    PersistentVolumeClaim shop/redis-data: spec.storageClassName cannot be changed

  Data at risk
    PersistentVolumeClaim shop/redis-data: the data on the volume is deleted

  Values of the stack file
    apps[web].image: web:1 → web:2

stack dev: nothing changes (7 objects)

stack old: not compared
  It is gone.
  Really.
`, out.String())
}

func TestMarkdown(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, changes.Markdown(&out, []*changes.Stack{
		stack(t, rulestest.Edit{Path: "apps[0].image", Value: "web:2"}, rulestest.Edit{Path: "redis.storageClass", Value: "fast"}),
		{Name: "dev", Objects: 7},
	}))
	require.Equal(t, strings.ReplaceAll(`<!-- daprstack diff -->
### What this change does

#### Stack prod: 2 changed (21 objects)

| | |
|---|---|
| **Restarts** | 'Deployment shop/web': 3 pods, a few at a time: image |
| **Replaced** | 'PersistentVolumeClaim shop/redis-data': spec.storageClassName cannot be changed |
| **Data at risk** | 'PersistentVolumeClaim shop/redis-data': the data on the volume is deleted |

- **Redis**: ~ 'PersistentVolumeClaim shop/redis-data'
- **app web**: ~ 'Deployment shop/web'

<details><summary>Values of the stack file (1)</summary>

'''
apps[web].image: web:1 → web:2
'''

</details>

<details><summary>Objects (2)</summary>

'''diff
# changed: PersistentVolumeClaim shop/redis-data
+ spec.storageClassName: fast
# changed: Deployment shop/web
- spec.template.spec.containers[web].image: web:1
+ spec.template.spec.containers[web].image: web:2
'''

</details>

#### Stack dev: nothing changes (7 objects)
`, "'", "`"), out.String())
}

// TestMarkdownFitsIntoAComment: however much changes, and whatever is in it.
func TestMarkdownFitsIntoAComment(t *testing.T) {
	var stacks []*changes.Stack
	for i := range 3 {
		s := stack(t, rulestest.Edit{Path: "apps[0].image", Value: "web:2"})
		s.Name = fmt.Sprint("stack", i)
		one := s.Changes[0]
		one.Fields = []changes.Field{{Path: "spec", From: "a", To: "``` @everybody </details> | " + strings.Repeat("x", 3000)}}
		for range 500 {
			s.Changes = append(s.Changes, one)
			s.Values = append(s.Values, one.Fields...)
		}
		stacks = append(stacks, s)
	}
	var out bytes.Buffer
	require.NoError(t, changes.Markdown(&out, stacks))
	require.Less(t, out.Len(), 65_536)
	require.Regexp(t, `# \d+ more, for which there is no room here`, out.String())
	require.Contains(t, out.String(), "\n````\napps[web].image", "a fence that the content does not end")
	require.Contains(t, out.String(), "Stack stack2", "each stack has its part")
}

// TestNewObjectsAreShown: whole, in the details.
func TestNewObjectsAreShown(t *testing.T) {
	objects := rendered(t, shop())
	var out bytes.Buffer
	require.NoError(t, changes.Markdown(&out, []*changes.Stack{{Name: "new", Objects: len(objects), Changes: changes.Compare(nil, objects, nil)}}))
	require.Contains(t, out.String(), "#### Stack new: 21 new (21 objects)")
	require.Contains(t, out.String(), "# new: Service shop/web\n+ apiVersion: v1\n+ kind: Service\n")
}
