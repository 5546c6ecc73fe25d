package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// checkoutOf makes a checkout of these files and works in it.
func checkoutOf(t *testing.T, files map[string]string) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	t.Chdir(dir)
}

var shopFiles = map[string]string{
	"Pulumi.yaml": `
name: daprstack
runtime: go
config:
  namespace: shop
  redis: { type: object, default: { storage: 2Gi } }
  apps:
    type: array
    items: { type: object }
    default:
      - { name: web, image: "web:1", port: 80, env: { MODE: fast } }
      - { name: till, image: "till:1", port: 81 }
`,
	"Pulumi.dev.yaml": `
config:
  daprstack:context: here
`,
	"Pulumi.prod.yaml": `
encryptionsalt: v1:abc
config:
  daprstack:context: there
  daprstack:redis: { password: { secure: "v1:nonce:cipher" } }
  daprstack:overlay:
    apps:
      web: { tag: "2", env: { TOKEN: { secure: "v1:nonce:other" } } }
      till: { replicas: 3 }
`,
}

func TestConfigFlags(t *testing.T) {
	var got *configOptions
	cmd := newConfigCommand(func(_ context.Context, opts *configOptions) error { got = opts; return nil })
	cmd.SetArgs([]string{"-s", "prod", "--json", "--config-file", "f", "-c", "a=1", "--context", "x"})
	require.NoError(t, cmd.Execute())
	require.Equal(t, stackOptions{stack: "prod", file: "f", context: "x", config: []string{"a=1"}}, got.stackOptions)
	require.True(t, got.json)
	require.NotNil(t, got.out)
}

func TestConfigTakesNoArguments(t *testing.T) {
	cmd := newConfigCommand(func(context.Context, *configOptions) error { t.Fatal("it ran"); return nil })
	cmd.SetArgs([]string{"prod"})
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	require.Error(t, cmd.Execute())
}

// printed is what daprstack config says, by path: the value and where it is from.
func printed(t *testing.T, flags stackOptions) map[string]string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, runConfig(t.Context(), &configOptions{stackOptions: flags, console: console{out: &out}}))
	found := map[string]string{}
	for line := range strings.Lines(out.String()) {
		fields := strings.Fields(line)
		found[fields[0]] = strings.Join(fields[1:], " ")
	}
	return found
}

// TestConfig: every value with its source, secrets masked.
func TestConfig(t *testing.T) {
	checkoutOf(t, shopFiles)
	found := printed(t, stackOptions{stack: "prod", config: []string{"apps[1].port=82"}})
	for path, want := range map[string]string{
		"KEY":                  "VALUE FROM",
		"context":              "there Pulumi.prod.yaml",
		"namespace":            "shop Pulumi.yaml",
		"redis.password":       "******** Pulumi.prod.yaml",
		"redis.storage":        "1Gi default", // the project's redis is replaced whole
		"apps[web].image":      "web:2 Pulumi.prod.yaml: overlay.apps.web.tag",
		"apps[web].env.MODE":   "fast Pulumi.yaml",
		"apps[web].env.TOKEN":  "******** Pulumi.prod.yaml: overlay.apps.web.env.TOKEN",
		"apps[till].replicas":  "3 Pulumi.prod.yaml: overlay.apps.till.replicas",
		"apps[till].port":      "82 --config",
		"apps[till].image":     "till:1 Pulumi.yaml",
		"apps[web].healthPath": "/healthz default",
	} {
		require.Equal(t, want, found[path], path)
	}
	found = printed(t, stackOptions{stack: "dev", context: "elsewhere"})
	require.Equal(t, "elsewhere --context", found["context"])
	require.Equal(t, "2Gi Pulumi.yaml", found["redis.storage"])
}

func TestConfigAsJSON(t *testing.T) {
	checkoutOf(t, shopFiles)
	var out bytes.Buffer
	require.NoError(t, runConfig(t.Context(), &configOptions{stackOptions: stackOptions{stack: "prod"}, json: true, console: console{out: &out}}))
	var rows []settingRow
	require.NoError(t, json.Unmarshal(out.Bytes(), &rows))
	require.Contains(t, rows, settingRow{"apps[till].replicas", 3.0, "Pulumi.prod.yaml", "overlay.apps.till.replicas"})
	require.Contains(t, rows, settingRow{"dapr.mtls", true, "default", ""})
	require.NotContains(t, out.String(), "cipher")
}

// TestConfigFileElsewhere: a stack file of other applications inherits what it
// does not replace.
func TestConfigFileElsewhere(t *testing.T) {
	checkoutOf(t, shopFiles)
	file := filepath.Join(t.TempDir(), "other.yaml")
	require.NoError(t, os.WriteFile(file, []byte(`config: { daprstack:context: c, daprstack:apps: [{ name: own, image: i, port: 1 }] }`), 0o600))
	found := printed(t, stackOptions{stack: "other", file: file})
	require.Equal(t, "own other.yaml", found["apps[own].name"])
	require.Equal(t, "shop Pulumi.yaml", found["namespace"])
	require.NotContains(t, found, "apps[web].name")
}

// TestBadConfig: the problems, and which of them the stack file has inherited.
func TestBadConfig(t *testing.T) {
	checkoutOf(t, shopFiles)
	err := runConfig(t.Context(), &configOptions{stackOptions: stackOptions{stack: "prod", config: []string{
		"keep.nothing=1", "overlay.apps.web.replicas=-1", "overlay.apps.tills.tag=v1",
	}}})
	require.ErrorContains(t, err, "Pulumi.prod.yaml is not valid")
	require.ErrorContains(t, err, "overlay.apps.web.replicas: ********: must be 0 or more") // its overlay holds a secret
	require.ErrorContains(t, err, "overlay.apps.tills: ********")
	require.NotContains(t, err.Error(), "inherited")

	bad := map[string]string{"Pulumi.dev.yaml": shopFiles["Pulumi.dev.yaml"], "Pulumi.yaml": strings.Replace(shopFiles["Pulumi.yaml"], "port: 80", "port: 70000", 1)}
	checkoutOf(t, bad)
	err = runConfig(t.Context(), &configOptions{stackOptions: stackOptions{stack: "dev"}})
	require.ErrorContains(t, err, "apps[0].port: 70000: must be between 1 and 65535")
	require.ErrorContains(t, err, "(inherited from Pulumi.yaml: apps)")
}

func TestPlainText(t *testing.T) {
	for want, value := range map[string]any{
		"-": nil, `""`: "", "a": "a", `a\nb`: "a\nb", "true": true, "3": json.Number("3"), "[a, 1]": []any{"a", json.Number("1")}, "[]": []any{},
	} {
		require.Equal(t, want, plainText(value))
	}
}
