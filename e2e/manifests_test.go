//go:build e2e

package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// manifestsAreThoseOfUp compares what daprstack render prints with what up has made:
// the same objects with the same fields, but for what docs/how-to/manifests.md says.
func manifestsAreThoseOfUp(t *testing.T) {
	made, generated := madeByUp(t)
	manifests := rendered(t)
	require.Equal(t, len(made), len(manifests))
	for id, o := range manifests {
		if o.GetKind() == "Secret" { // what the provider is given as text it keeps as data
			data := map[string]any{}
			text, _, _ := unstructured.NestedStringMap(o.Object, "stringData")
			for key := range text {
				data[key] = placeholder
			}
			delete(o.Object, "stringData")
			if len(data) > 0 {
				o.Object["data"] = data
			}
		}
		require.Contains(t, made, id)
		require.Equal(t, normal(made[id].Object, generated), normal(o.Object, nil), id)
	}
}

const placeholder = "<…>"

// normal returns a value in which what render cannot know is a placeholder, and
// generated names are without what the engine appended.
func normal(value any, generated map[string]string) any {
	switch v := value.(type) {
	case map[string]any:
		all := map[string]any{}
		for key, item := range v {
			switch {
			case item == nil || item == false: // the provider leaves out what is the default
			case strings.HasPrefix(key, "pulumi.com/") || key == "daprstack.io/deployment":
			case key == "daprstack.io/settings" || key == "daprstack.io/root" || key == "caBundle" || key == "ca.crt":
				all[key] = placeholder
			default:
				if item := normal(item, generated); key != "annotations" && key != "labels" || len(item.(map[string]any)) > 0 {
					all[key] = item
				}
			}
		}
		return all
	case []any:
		all := make([]any, len(v))
		for i := range v {
			all[i] = normal(v[i], generated)
		}
		return all
	case string:
		for name, without := range generated {
			v = strings.ReplaceAll(v, name, without)
		}
		return v
	case int64:
		return float64(v)
	default:
		return value
	}
}

// secret marks a secret in a state.
const secret = "4dabf18193072939515e22adb298388d"

// madeByUp returns the inputs of the objects in the state, by kind and name, and the
// names that the engine generated, with those that render gives them.
func madeByUp(t *testing.T) (made map[string]unstructured.Unstructured, generated map[string]string) {
	raw, err := os.ReadFile(filepath.Join(engineDir, "state", ".pulumi", "stacks", "daprstack", "dev.json"))
	require.NoError(t, err)
	var state struct {
		Checkpoint struct {
			Latest struct {
				Resources []struct {
					URN, Type string
					Inputs    map[string]any
				}
			}
		}
	}
	require.NoError(t, json.Unmarshal(raw, &state))
	made, generated = map[string]unstructured.Unstructured{}, map[string]string{}
	for _, r := range state.Checkpoint.Latest.Resources {
		if !strings.HasPrefix(r.Type, "kubernetes:") {
			continue
		}
		o := unstructured.Unstructured{Object: withoutEngine(r.Inputs).(map[string]any)}
		if o.GetAnnotations()["pulumi.com/autonamed"] == "true" {
			name := r.URN[strings.LastIndex(r.URN, "::")+2:]
			generated[o.GetName()] = name
			o.SetName(name)
		}
		if data, isSecret := o.Object["data"].(string); isSecret {
			require.Equal(t, placeholder, data)
			o.Object["data"] = keysOf(t, o)
		}
		made[idOf(o)] = o
	}
	require.Greater(t, len(made), 60)
	return made, generated
}

// withoutEngine returns inputs without what the engine notes among them, and with
// placeholders for secrets.
func withoutEngine(value any) any {
	switch v := value.(type) {
	case map[string]any:
		if v[secret] != nil {
			return placeholder
		}
		all := map[string]any{}
		for key, item := range v {
			if !strings.HasPrefix(key, "__") {
				all[key] = withoutEngine(item)
			}
		}
		return all
	case []any:
		all := make([]any, len(v))
		for i := range v {
			all[i] = withoutEngine(v[i])
		}
		return all
	default:
		return value
	}
}

// keysOf returns the keys of a Secret in the cluster, whose values the state has only
// encrypted.
func keysOf(t *testing.T, o unstructured.Unstructured) map[string]any {
	keys := map[string]any{}
	for _, found := range localCluster(t).list(secrets, o.GetNamespace()) {
		if !strings.HasPrefix(found.GetName(), o.GetName()) {
			continue
		}
		data, _, err := unstructured.NestedStringMap(found.Object, "data")
		require.NoError(t, err)
		for key, value := range data {
			_, err := base64.StdEncoding.DecodeString(value)
			require.NoError(t, err)
			keys[key] = placeholder
		}
	}
	return keys
}

// rendered returns the objects that daprstack render prints, by kind and name.
func rendered(t *testing.T) map[string]unstructured.Unstructured {
	out, err := driver(t, "render").Output()
	require.NoError(t, err)
	all := map[string]unstructured.Unstructured{}
	for decoder := yaml.NewYAMLToJSONDecoder(bytes.NewReader(out)); ; {
		var o unstructured.Unstructured
		if err := decoder.Decode(&o.Object); err != nil {
			require.ErrorContains(t, err, "EOF")
			return all
		}
		if o.Object != nil {
			all[idOf(o)] = o
		}
	}
}

func idOf(o unstructured.Unstructured) string {
	return o.GetKind() + " " + o.GetNamespace() + "/" + o.GetName()
}
