package upstream

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/yannh/kubeconform/pkg/resource"
	"github.com/yannh/kubeconform/pkg/validator"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

type object = map[string]any

// foreign are kinds whose CRDs are neither Kubernetes' nor Dapr's: the driver asks the
// cluster for them.
var foreign = regexp.MustCompile(`(?m)^kind: (HTTPRoute|ScaledObject|TriggerAuthentication)$`)

// TestSchemas: kubeconform, strict, finds nothing in any object of any stack: no
// unknown field, no wrong type, nothing missing.
func TestSchemas(t *testing.T) {
	conform := newValidator(t)
	for _, stack := range stacks {
		for _, document := range documents(render(t, stack)) {
			if foreign.Match(document) {
				continue
			}
			result := conform.ValidateResource(resource.Resource{Path: stack, Bytes: document})
			require.Equal(t, validator.Valid, result.Status, "stack %s: %v\n%s", stack, result.Err, document)
		}
	}
}

// TestSchemasAreStrict: a typing error in any of these places is found.
func TestSchemasAreStrict(t *testing.T) {
	conform := newValidator(t)
	status := func(o object) validator.Status {
		raw, err := json.Marshal(o)
		require.NoError(t, err)
		return conform.ValidateResource(resource.Resource{Bytes: raw}).Status
	}
	find := func(kind string) object {
		for _, o := range objects(t, "prod") {
			if o.GetKind() == kind && o.GetNamespace() == "todo" {
				return o.Object
			}
		}
		t.Fatal("no ", kind)
		return nil
	}
	for kind, edits := range map[string][]struct {
		path  string
		value any
	}{
		"Deployment": {
			{"spec.replica", 3}, {"spec.replicas", "3"}, {"metadata.lables", object{}}, {"spec.template.spec.containers", "web"},
			{"spec.selector", nil},
		},
		"Service":      {{"spec.ports", object{}}, {"spec.selectors", object{}}},
		"Component":    {{"spec.scopes", []any{"a"}}, {"spec.version", 1}, {"spec.type", nil}, {"metadata.lables", object{}}, {"scope", []any{"a"}}},
		"Subscription": {{"spec.routes.defaults", "/x"}, {"spec.topic", nil}},
		"Resiliency":   {{"spec.policies.retries.pubsub.maxRetries", "3"}},
	} {
		require.Equal(t, validator.Valid, status(find(kind)), kind)
		for _, edit := range edits {
			o := unstructured.Unstructured{Object: find(kind)}
			path := strings.Split(edit.path, ".")
			if edit.value == nil {
				unstructured.RemoveNestedField(o.Object, path...)
			} else {
				parent, _, err := unstructured.NestedFieldNoCopy(o.Object, path[:len(path)-1]...)
				require.NoError(t, err)
				parent.(map[string]any)[path[len(path)-1]] = edit.value
			}
			require.Equal(t, validator.Invalid, status(o.Object), "%s %s", kind, edit.path)
		}
	}
}

// newValidator returns kubeconform with the schemas of the pinned Kubernetes and of
// the CRDs that the stacks have.
func newValidator(t *testing.T) validator.Validator {
	t.Helper()
	dir := t.TempDir()
	raw, err := os.ReadFile(filepath.Join(moduleDir(t, "kubernetes", "k8s.io/kubernetes"), "api", "openapi-spec", "swagger.json"))
	require.NoError(t, err)
	var api struct{ Definitions map[string]object }
	require.NoError(t, json.Unmarshal(raw, &api))
	definitions := object{}
	for name, d := range api.Definitions {
		definitions[name] = strict(d)
	}
	write := func(file string, content any) {
		raw, err := json.Marshal(content)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, file), raw, 0o600))
	}
	write("definitions.json", object{"definitions": definitions})
	reference := func(name string) object {
		return object{"$ref": "file://" + filepath.ToSlash(filepath.Join(dir, "definitions.json")) + "#/definitions/" + name}
	}
	for name, d := range api.Definitions {
		kinds, _ := d["x-kubernetes-group-version-kind"].([]any)
		if len(kinds) != 1 { // of several: DeleteOptions and the like
			continue
		}
		kind := kinds[0].(object)
		write(schemaFile(kind["kind"].(string), kind["group"].(string), kind["version"].(string)), reference(name))
	}
	for _, crd := range objects(t, "prod") {
		if crd.GetKind() != "CustomResourceDefinition" {
			continue
		}
		group, _, _ := unstructured.NestedString(crd.Object, "spec", "group")
		kind, _, _ := unstructured.NestedString(crd.Object, "spec", "names", "kind")
		versions, _, _ := unstructured.NestedSlice(crd.Object, "spec", "versions")
		for _, v := range versions {
			schema := strict(v.(object)["schema"].(object)["openAPIV3Schema"]).(object)
			schema["properties"].(object)["metadata"] = reference("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")
			write(schemaFile(kind, group, v.(object)["name"].(string)), schema)
		}
	}
	conform, err := validator.New(
		[]string{filepath.Join(dir, "{{ .ResourceKind }}-{{ .Group }}-{{ .ResourceAPIVersion }}.json")}, validator.Opts{Strict: true})
	require.NoError(t, err)
	return conform
}

func schemaFile(kind, group, version string) string {
	if group == "" {
		group = version // as kubeconform sees the core group
	}
	return strings.ToLower(kind) + "-" + group + "-" + version + ".json"
}

// strict returns an OpenAPI schema as JSON Schema in which an object has only the
// properties that are named, as with kubeconform's own strict schemas.
func strict(schema any) any {
	switch s := schema.(type) {
	case []any:
		all := make([]any, len(s))
		for i := range s {
			all[i] = strict(s[i])
		}
		return all
	case object:
		if s["x-kubernetes-int-or-string"] == true || s["format"] == "int-or-string" {
			return object{"type": []any{"integer", "string"}}
		}
		all := maps.Clone(s)
		for key, value := range s {
			if key != "enum" && key != "default" && key != "example" {
				all[key] = strict(value)
			}
		}
		_, hasProperties := s["properties"].(object)
		_, more := s["additionalProperties"]
		if s["type"] == "object" && hasProperties && !more && s["x-kubernetes-preserve-unknown-fields"] != true {
			all["additionalProperties"] = false
		}
		return all
	default:
		return schema
	}
}
