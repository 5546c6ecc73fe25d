package migration

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/stackfile"
)

// read returns the objects of a text of manifests.
func read(t *testing.T, text string) (objects []Object) {
	t.Helper()
	for part := range strings.SplitSeq(text, "\n---\n") {
		o := Object{}
		require.NoError(t, yaml.Unmarshal([]byte(part), &o.Fields), part)
		objects = append(objects, o)
	}
	return objects
}

func shop(t *testing.T) []Object {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "shop.yaml"))
	require.NoError(t, err)
	return read(t, string(text))
}

// TestShop: the whole stack file and the whole report of a shop, each held in a file.
// Set UPDATE to write them anew.
func TestShop(t *testing.T) {
	r, err := From(shop(t), Options{Context: "mine"})
	require.NoError(t, err)
	file, err := r.YAML(Document{Head: []string{"# Written from testdata/shop.yaml."}, Inherited: []string{"events", "production", "createNamespace", "overlay"}})
	require.NoError(t, err)
	golden(t, "shop.golden.yaml", string(file))
	golden(t, "shop.golden.txt", Text(r.Notes))
	require.Equal(t, []string{"Subscription/old", "Resiliency/retries", "Configuration/guarded", "Configuration/tracing"}, r.Replaced)
	require.Equal(t, []string{"ConfigMap/settings"}, r.Left)
}

// TestNoSecret: what is written in clear comes neither into the file nor into the
// report.
func TestNoSecret(t *testing.T) {
	r, err := From(shop(t), Options{Context: "mine"})
	require.NoError(t, err)
	file, err := r.YAML(Document{Foot: Text(r.Notes)})
	require.NoError(t, err)
	require.NotContains(t, string(file), "hunter2")
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("UPDATE") != "" {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

// TestAnyValue: whatever stands at one place of the objects, the result is a stack file
// that loads, with no secret in it, or an error.
func TestAnyValue(t *testing.T) {
	objects := shop(t)
	values := []any{nil, "x", []any{"x"}, map[string]any{"x": "y"}}
	for i, o := range objects {
		for n, path := range paths(o.Fields, nil) {
			value := values[n%len(values)]
			fields, _ := copied(o.Fields).(map[string]any)
			put(fields, path, value)
			changed := slices.Clone(objects)
			changed[i] = Object{Fields: fields}
			r, err := From(changed, Options{Context: "mine", Namespace: "shop"})
			if err != nil {
				continue
			}
			file, err := r.YAML(Document{Foot: Text(r.Notes)})
			require.NoError(t, err)
			loads(t, file, "%v at %v", value, path)
			if path[len(path)-1] != "name" { // the name tells that it is one
				require.NotContains(t, string(file), "hunter2", "%v at %v", value, path)
			}
		}
	}
}

// loads requires that a stack file is valid.
func loads(t *testing.T, file []byte, what string, args ...any) {
	t.Helper()
	values, err := stackfile.Parse(file)
	require.NoErrorf(t, err, what, args...)
	whole := map[string]string{}
	for key, v := range values {
		whole[config.Namespace+":"+key] = v
	}
	_, err = config.Load(whole)
	require.NoErrorf(t, err, what+":\n%s", append(args, file)...)
}

// paths returns the path of every value.
func paths(v any, at []any) (all [][]any) {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			all = append(all, paths(v[key], append(slices.Clone(at), key))...)
		}
	case []any:
		for i, inner := range v {
			all = append(all, paths(inner, append(slices.Clone(at), i))...)
		}
	}
	if len(at) > 0 {
		all = append(all, at)
	}
	return all
}

func put(v any, path []any, value any) {
	for _, step := range path[:len(path)-1] {
		switch step := step.(type) {
		case string:
			v = v.(map[string]any)[step]
		case int:
			v = v.([]any)[step]
		}
	}
	switch last := path[len(path)-1].(type) {
	case string:
		v.(map[string]any)[last] = value
	case int:
		v.([]any)[last] = value
	}
}
