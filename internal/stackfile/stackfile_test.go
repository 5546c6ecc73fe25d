package stackfile_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/internal/stackfile"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestParse(t *testing.T) {
	values, err := stackfile.Parse([]byte(`
encryptionsalt: v1:abc
config:
  daprstack:context: dev
  daprstack:createNamespace: false
  daprstack:apps: [{ name: web, port: 80 }]
`))
	require.NoError(t, err)
	require.Equal(t, map[string]string{
		"daprstack:context": "dev", "daprstack:createNamespace": "false", "daprstack:apps": `[{"name":"web","port":80}]`,
	}, values)
	for _, empty := range []string{"", "secretsprovider: passphrase\n", "config:\n"} {
		values, err = stackfile.Parse([]byte(empty))
		require.NoError(t, err)
		require.Empty(t, values)
	}
}

func TestParseRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"a key given twice":          "config:\n  daprstack:context: a\n  daprstack:context: b\n",
		"a nested key given twice":   "config:\n  daprstack:dapr: { ha: true, ha: false }\n",
		"config that is no object":   "config: [a]\n",
		"a file that is no object":   "- a\n",
		"a file that is not YAML":    "config: {\n",
		"a file that is given twice": "config: {}\nconfig: {}\n",
	} {
		_, err := stackfile.Parse([]byte(text))
		require.Error(t, err, name)
		_, err = stackfile.ParseProject([]byte(text))
		require.Error(t, err, name)
	}
	_, err := stackfile.ParseProject([]byte("config:\n  a: { default: [b }\n"))
	require.Error(t, err)
}

func TestErrorsSayWhichFile(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	require.NoError(t, os.WriteFile(bad, []byte("config: []\n"), 0o600))
	good := filepath.Join("testdata", "Pulumi.yaml")
	_, err := stackfile.Load(bad, good)
	require.ErrorContains(t, err, bad)
	for _, path := range []string{"nowhere.yaml", bad} {
		_, err := stackfile.Load(good, path)
		require.ErrorContains(t, err, path)
	}
}

// TestNoProject: a stack file that stands alone inherits nothing, and its keys are
// those of a project named daprstack.
func TestNoProject(t *testing.T) {
	file := filepath.Join(t.TempDir(), "Pulumi.dev.yaml")
	require.NoError(t, os.WriteFile(file, []byte("config: { namespace: shop, daprstack:context: mine }\n"), 0o600))
	values, err := stackfile.Load("nowhere.yaml", file)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"daprstack:namespace": "shop", "daprstack:context": "mine"}, values)
	inherited, err := stackfile.Project("nowhere.yaml")
	require.NoError(t, err)
	require.Empty(t, inherited)
}

func TestKeyWithTheProjectAndWithoutIsRefused(t *testing.T) {
	twice := filepath.Join(t.TempDir(), "Pulumi.twice.yaml")
	require.NoError(t, os.WriteFile(twice, []byte("config: { short: a, shop:short: b }\n"), 0o600))
	_, err := stackfile.Load(filepath.Join("testdata", "Pulumi.yaml"), twice)
	require.ErrorContains(t, err, "shop:short is given twice")
}

// TestProject: the forms in which a project gives a value.
func TestProject(t *testing.T) {
	values, err := stackfile.Project(filepath.Join("testdata", "Pulumi.yaml"))
	require.NoError(t, err)
	for key, want := range map[string]stackfile.Value{
		"shop:short":   {Text: "text"},
		"shop:flag":    {Text: "true"},
		"shop:list":    {Text: `["a",{"b":1}]`, Object: true},
		"shop:object":  {Text: `{"a":{"b":[1,2]}}`, Object: true},
		"shop:number":  {Text: "1.5"},
		"shop:empty":   {Text: ""},
		"other:region": {Text: "north"},
	} {
		require.Equal(t, want, values[key], key)
	}
	require.NotContains(t, values, "shop:typed", "it has a type and no value")
	require.NotContains(t, values, "shop:null")
}

// TestLoad: what a stack comes to. Module toolchain/pulumi tests that Pulumi
// itself comes to the same.
func TestLoad(t *testing.T) {
	for _, c := range []struct{ name, project, stack string }{
		{"shop", "testdata/Pulumi.yaml", "testdata/Pulumi.dev.yaml"},
		{"dev", "../../Pulumi.yaml", "../../Pulumi.dev.yaml"},
		{"staging", "../../Pulumi.yaml", "../../Pulumi.staging.yaml"},
		{"prod", "../../Pulumi.yaml", "../../Pulumi.prod.yaml"},
		{"platform", "../../Pulumi.yaml", "../../Pulumi.platform.yaml"},
	} {
		values, err := stackfile.Load(c.project, c.stack)
		require.NoError(t, err)
		got, err := json.MarshalIndent(values, "", "  ")
		require.NoError(t, err)
		path := filepath.Join("testdata", c.name+".values.json")
		if *update {
			require.NoError(t, os.WriteFile(path, append(got, '\n'), 0o644))
		}
		want, err := os.ReadFile(path)
		require.NoError(t, err, "run the test with -update to write it")
		require.JSONEq(t, string(want), string(got), c.name)
	}
}

// TestInherit: a key of the stack replaces the project's value whole.
func TestInherit(t *testing.T) {
	stack := map[string]string{"a": `{"x":1}`, "b": ""}
	stackfile.Inherit(stack, map[string]string{"a": `{"y":2}`, "b": "2", "c": "3"})
	require.Equal(t, map[string]string{"a": `{"x":1}`, "b": "", "c": "3"}, stack)
}
