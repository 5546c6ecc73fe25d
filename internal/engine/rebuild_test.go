package engine

import (
	"context"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/daprstack/daprstack/internal/cluster"
)

type object = map[string]any

// hidden is a secret as a preview shows it.
var hidden = object{signature: secretSignature, "ciphertext": "[secret]"}

// TestRebuild: a plan and what is on the cluster make a state; what is hidden in
// the plan is a secret in the state, in the outputs too.
func TestRebuild(t *testing.T) {
	const stack, component, provider = "urn:pulumi:dev::p::pulumi:pulumi:Stack::p-dev", "urn:pulumi:dev::p::daprstack:secrets:Password::pw", "urn:pulumi:dev::p::pulumi:providers:kubernetes::cluster"
	step := func(typ, name, parent string, inputs object) apitype.StepEventStateMetadata {
		return apitype.StepEventStateMetadata{
			Type: typ, URN: "urn:pulumi:dev::p::" + typ + "::" + name, Custom: true, Parent: parent, Inputs: inputs, Provider: provider + "::" + unknown,
		}
	}
	plan := []apitype.StepEventStateMetadata{
		step(randomPassword, "pw-random", component, object{"length": 32.0}),
		step("kubernetes:core/v1:Secret", "pw-secret", component, object{
			"apiVersion": "v1", "kind": "Secret", "data": hidden,
			"metadata": object{"name": "pw-secret-new", "namespace": "todo", "annotations": object{"pulumi.com/autonamed": "true"}, "labels": object{"id": unknown}},
		}),
		step("kubernetes:apps/v1:Deployment", "app", stack, object{
			"apiVersion": "apps/v1", "kind": "Deployment", "metadata": object{"name": "app", "namespace": "todo"},
			"spec": object{"args": []any{"--token", hidden}, "image": "new"},
		}),
		step("kubernetes:core/v1:Service", "gone", stack, object{"apiVersion": "v1", "kind": "Service", "metadata": object{"name": "gone", "namespace": "todo"}}),
		step(randomID, "deployment", stack, object{"byteLength": 8.0}),
		step("tls:index/privateKey:PrivateKey", "key", stack, object{}),
		{Type: "daprstack:secrets:Password", URN: component, Parent: stack},
		{Type: "pulumi:providers:kubernetes", URN: provider, Custom: true, Parent: stack, Inputs: object{"context": "c", "__internal": object{}}},
		{Type: "pulumi:pulumi:Stack", URN: stack},
	}
	find := func(_ context.Context, o cluster.Object, prefix string) (*unstructured.Unstructured, error) {
		switch {
		case prefix == "pw-secret-":
			return &unstructured.Unstructured{Object: object{
				"data": object{"password": "czNjcmV0"}, "metadata": object{"name": "pw-secret-old", "namespace": "todo", "labels": object{"id": "mine"}},
			}}, nil
		case o.Name == "app":
			return &unstructured.Unstructured{Object: object{
				"metadata": object{"name": "app", "namespace": "todo", "annotations": object{"pulumi.com/patchFieldManager": "m"}},
				"spec":     object{"args": []any{"--token", "t0ken"}, "image": "old"},
			}}, nil
		default:
			return nil, nil
		}
	}
	r := &rebuilder{deployment: "c8ec6d5462bfc5b7", find: find, providers: map[string]string{}, passwords: map[string]string{}}
	require.NoError(t, r.addAll(t.Context(), plan))

	byName := map[string]apitype.ResourceV3{}
	var order []string
	for _, resource := range r.resources {
		order = append(order, resource.URN.Name())
		byName[resource.URN.Name()] = resource
	}
	require.Equal(t, []string{"p-dev", "cluster", "pw-secret", "app", "deployment", "pw", "pw-random"}, order, "no key, and nothing that is gone")
	require.Equal(t, []cluster.Object{
		{APIVersion: "v1", Kind: "Secret", Namespace: "todo", Name: "pw-secret-old"},
		{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "todo", Name: "app"},
	}, r.found)
	require.Equal(t, []cluster.Object{{APIVersion: "v1", Kind: "Service", Namespace: "todo", Name: "gone"}}, r.missing)

	cluster := byName["cluster"]
	require.Equal(t, object{"context": "c"}, cluster.Outputs)
	require.Equal(t, provider+"::"+string(cluster.ID), byName["app"].Provider)

	app := byName["app"]
	token := object{signature: secretSignature, "plaintext": `"t0ken"`}
	require.EqualValues(t, "todo/app", app.ID)
	require.Equal(t, object{"args": []any{"--token", token}, "image": "new"}, app.Inputs["spec"])
	require.Equal(t, object{"args": []any{"--token", token}, "image": "old"}, app.Outputs["spec"])
	require.Equal(t, app.Inputs, app.Outputs["__inputs"])
	require.Equal(t, "m", app.Outputs["__fieldManager"])

	held := object{signature: secretSignature, "plaintext": `{"password":"czNjcmV0"}`}
	named := byName["pw-secret"]
	require.EqualValues(t, "todo/pw-secret-old", named.ID)
	require.Equal(t, held, named.Inputs["data"])
	require.Equal(t, held, named.Outputs["data"])
	require.Equal(t, object{"id": "mine"}, named.Inputs["metadata"].(object)["labels"])
	require.Equal(t, object{signature: secretSignature, "plaintext": `"s3cret"`}, byName["pw-random"].Outputs["result"])

	// As the provider itself writes it.
	require.EqualValues(t, "yOxtVGK_xbc", byName["deployment"].ID)
	require.Equal(t, object{
		"b64Std": "yOxtVGK/xbc=", "b64Url": "yOxtVGK_xbc", "byteLength": 8, "dec": "14478067111290717623", "hex": "c8ec6d5462bfc5b7", "id": "yOxtVGK_xbc",
	}, byName["deployment"].Outputs)
}

// TestPlan: what an update would make and remove.
func TestPlan(t *testing.T) {
	secret := func(name string) *apitype.StepEventStateMetadata {
		return &apitype.StepEventStateMetadata{Inputs: object{"apiVersion": "v1", "kind": "Secret", "metadata": object{"name": name, "namespace": "todo"}}}
	}
	kept := secret("kept")
	kept.RetainOnDelete = true
	const typ = "kubernetes:core/v1:Secret"
	var plan Plan
	for _, step := range []apitype.StepEventMetadata{
		{Op: apitype.OpCreate, Type: typ, New: secret("new")},
		{Op: apitype.OpSame, Type: typ, Old: secret("same"), New: secret("same")},
		{Op: apitype.OpUpdate, Type: typ, Old: secret("changed"), New: secret("changed")},
		{Op: apitype.OpCreateReplacement, Type: typ, Old: secret("replaced"), New: secret("replaced")},
		{Op: apitype.OpDelete, Type: typ, Old: secret("old")},
		{Op: apitype.OpDelete, Type: typ, Old: kept},
		{Op: apitype.OpCreate, Type: "daprstack:app:App", New: &apitype.StepEventStateMetadata{}},
	} {
		plan.addStep(step)
	}
	require.Equal(t, []cluster.Object{{APIVersion: "v1", Kind: "Secret", Namespace: "todo", Name: "new"}}, plan.Creates)
	require.Equal(t, []cluster.Object{{APIVersion: "v1", Kind: "Secret", Namespace: "todo", Name: "old"}}, plan.Deletes)
	require.Len(t, plan.made, 2)
}
