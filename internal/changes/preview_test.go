package changes_test

import (
	"bytes"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/changes"
	"github.com/daprstack/daprstack/internal/engine"
)

const urns = "urn:pulumi:dev::p::"

func state(typ, name, parent string, inputs map[string]any) *apitype.StepEventStateMetadata {
	return &apitype.StepEventStateMetadata{
		Type: typ, URN: urns + typ + "::" + name, Parent: parent, Custom: typ[0] != 'd' && typ[0] != 'p', Inputs: inputs,
	}
}

func object(kind, name string, fields map[string]any) map[string]any {
	all := map[string]any{"apiVersion": "apps/v1", "kind": kind, "metadata": map[string]any{"name": name, "namespace": "todo"}}
	for key, value := range fields {
		all[key] = value
	}
	return all
}

// TestPreview: what the engine would do, in the words of a change of the stack file;
// with what only the engine sees: a secret that changes, what is replaced, and what is
// no object.
func TestPreview(t *testing.T) {
	stack := state("pulumi:pulumi:Stack", "p-dev", "", nil)
	app := state("daprstack:app:App", "web", stack.URN, nil)
	deployment := func(image any) *apitype.StepEventStateMetadata {
		return state("kubernetes:apps/v1:Deployment", "web-deployment", app.URN, object("Deployment", "web", map[string]any{
			"spec": map[string]any{"replicas": 1.0, "template": map[string]any{"spec": map[string]any{"containers": []any{map[string]any{"name": "web", "image": image}}}}},
		}))
	}
	secret := func() *apitype.StepEventStateMetadata {
		return state("kubernetes:core/v1:Secret", "web-env", app.URN, object("Secret", "web-env", map[string]any{"stringData": "[secret]"}))
	}
	service := func(ip string) *apitype.StepEventStateMetadata {
		return state("kubernetes:core/v1:Service", "web-service", app.URN, object("Service", "web", map[string]any{"spec": map[string]any{"clusterIP": ip}}))
	}
	same := state("kubernetes:core/v1:ServiceAccount", "web-account", app.URN, object("ServiceAccount", "web", nil))
	password := state("random:index/randomPassword:RandomPassword", "password", "", nil)
	claim := state("kubernetes:core/v1:PersistentVolumeClaim", "redis-data", "", object("PersistentVolumeClaim", "redis-data", nil))

	var plan engine.Plan
	for _, m := range []apitype.StepEventMetadata{
		{Op: apitype.OpSame, New: stack, Old: stack},
		{Op: apitype.OpSame, New: app, Old: app},
		{Op: apitype.OpSame, New: same, Old: same},
		{Op: apitype.OpUpdate, Old: deployment("web:1"), New: deployment("04da6b54-80e4-46f7-96ec-b56ff0331ba9"), DetailedDiff: map[string]apitype.PropertyDiff{"spec.template": {}}},
		{Op: apitype.OpUpdate, Old: secret(), New: secret(), DetailedDiff: map[string]apitype.PropertyDiff{"stringData.KEY": {}}},
		{Op: apitype.OpCreateReplacement, Old: service("10.0.0.1"), New: service("10.0.0.2"), Keys: []string{"spec.clusterIP"}},
		{Op: apitype.OpReplace, Old: service("10.0.0.1"), New: service("10.0.0.2")},
		{Op: apitype.OpCreateReplacement, Old: password, New: password},
		{Op: apitype.OpDelete, Old: claim},
	} {
		known := m.New
		if known == nil {
			known = m.Old
		}
		m.Type, m.URN = known.Type, known.URN
		plan.Add(apitype.EngineEvent{ResourcePreEvent: &apitype.ResourcePreEvent{Metadata: m}})
	}
	var out bytes.Buffer
	require.NoError(t, changes.Text(&out, []*changes.Stack{changes.Preview("dev", plan, &config.Stack{})}))
	require.Equal(t, `stack dev: 3 changed, 1 removed (4 objects)
  Besides the objects of the cluster:
  RandomPassword password: replaced

  app web
    ~ Deployment todo/web
        spec.template.spec.containers[web].image: web:1 → <known after up>
    ~ Secret todo/web-env
        stringData.KEY: [secret] → [secret]
    ~ Service todo/web
        spec.clusterIP: 10.0.0.1 → 10.0.0.2

  the stack
    - PersistentVolumeClaim todo/redis-data

  Restarts
    Deployment todo/web: 1 pod, once the new one is ready: image

  Replaced
    Service todo/web: spec.clusterIP cannot be changed

  Data at risk
    PersistentVolumeClaim todo/redis-data: the data on the volume is deleted
`, out.String())

	out.Reset()
	require.NoError(t, changes.Section(&out, &changes.Stack{Name: "prod", Note: "preview failed:\n  [S-02] `web`"}))
	require.Equal(t, "#### Stack prod: not compared\n\n```\npreview failed:\n  [S-02] `web`\n```\n\n", out.String())
}
