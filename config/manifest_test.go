package config

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// TestManifestsAsKubernetesReadsThem: what is found in a manifest with every field that
// there is, changed at any place, is what strict decoding into the type of Kubernetes
// finds too.
func TestManifestsAsKubernetesReadsThem(t *testing.T) {
	for _, of := range []reflect.Type{
		containerOf, probeOf, reflect.TypeFor[corev1.Volume](), reflect.TypeFor[corev1.VolumeMount](), reflect.TypeFor[corev1.EnvFromSource](),
		reflect.TypeFor[corev1.Affinity](), reflect.TypeFor[corev1.Toleration](), reflect.TypeFor[corev1.TopologySpreadConstraint](),
		reflect.TypeFor[corev1.HostAlias](), reflect.TypeFor[corev1.PodDNSConfig](), reflect.TypeFor[corev1.PodSecurityContext](),
	} {
		t.Run(of.Name(), func(t *testing.T) {
			whole, _ := sample(of).(map[string]any)
			agrees(t, whole, of)
			refused := 0
			each(whole, func(set func(any), now any) {
				for _, value := range []any{"x", 1.5, 1 << 40, true, []any{"x"}, map[string]any{"x": 1}} {
					set(value)
					if !agrees(t, whole, of) {
						refused++
					}
				}
				set(now)
			})
			require.Greater(t, refused, 10)
		})
	}
	template, _ := sample(templateOf).(map[string]any)
	require.True(t, agrees(t, template, templateOf))
}

// agrees reports whether a manifest is taken, and requires that both agree on it.
func agrees(t *testing.T, manifest map[string]any, of reflect.Type) bool {
	t.Helper()
	text, err := json.Marshal(manifest)
	require.NoError(t, err)
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	strict := decoder.Decode(reflect.New(of).Interface())
	c := &collector{overlaid: map[string]string{}}
	(&validator{collector: c, stack: &Stack{}}).manifest(field.NewPath("x"), manifest, of)
	var found Errors
	for _, v := range c.found {
		if v.Allowed != "is required" { // which decoding does not ask for
			found = append(found, v)
		}
	}
	require.Equal(t, strict == nil, len(found) == 0, "%v\n%v\n%s", strict, found, text)
	return strict == nil
}

// sample returns a value with every field of a type, as JSON has it.
func sample(of reflect.Type) any {
	switch {
	case of.Kind() == reflect.Pointer:
		return sample(of.Elem())
	case of == quantityType:
		return "1Gi"
	case of == intOrStringType:
		return 80
	case of == timeType, of == microTimeType:
		return "2026-01-02T15:04:05Z"
	case of == fieldsType:
		return map[string]any{}
	}
	switch of.Kind() {
	case reflect.Struct:
		fields := map[string]any{}
		for name, f := range kubernetesFields(of) {
			fields[name] = sample(f.Type)
		}
		return fields
	case reflect.Map:
		return map[string]any{"a": sample(of.Elem())}
	case reflect.Slice:
		return []any{sample(of.Elem())}
	case reflect.Bool:
		return true
	case reflect.Int32, reflect.Int64:
		return 1
	default:
		return "a"
	}
}

// each calls a function with each value below v, and with what sets it.
func each(v any, call func(set func(any), now any)) {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			each(value, call)
			call(func(other any) { v[key] = other }, value)
		}
	case []any:
		for i, value := range v {
			each(value, call)
			call(func(other any) { v[i] = other }, value)
		}
	}
}
