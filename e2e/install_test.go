//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

const modulePath = "github.com/daprstack/daprstack"

// TestGoInstall installs the driver as everybody does who has Go, from a module proxy,
// in a folder of nothing. What the proxy has is made of this checkout.
func TestGoInstall(t *testing.T) {
	version := fmt.Sprintf("v0.0.0-test.%d", time.Now().UnixNano())
	proxy := moduleProxy(t, version)
	configured := strings.TrimSpace(command(t, checkout(t), "go", "env", "GOPROXY"))
	bin := t.TempDir()
	install := exec.CommandContext(t.Context(), "go", "install", modulePath+"/cmd/daprstack@"+version)
	install.Dir = t.TempDir()
	install.Env = append(os.Environ(), "GOBIN="+bin, "GOPROXY=file://"+proxy+","+configured, "GONOSUMDB="+modulePath,
		// As the toolchain builds, so that the packages of others are compiled already.
		"CGO_ENABLED=0", "GOFLAGS=-modcacherw -trimpath -buildvcs=false -gcflags=all=-dwarf=false -ldflags=-s")
	t.Cleanup(func() { forget(t, version) })
	start := time.Now()
	out, err := install.CombinedOutput()
	require.NoError(t, err, string(out))
	t.Logf("go install: %s", time.Since(start).Round(time.Second))

	driver := exec.CommandContext(t.Context(), filepath.Join(bin, "daprstack"), "version", "--output", "json")
	out, err = driver.Output()
	require.NoError(t, err)
	var got struct{ Version string }
	require.NoError(t, json.Unmarshal(out, &got))
	require.Equal(t, version, got.Version)
}

// moduleProxy returns a folder that is laid out as a module proxy, with the module of
// this checkout in it.
func moduleProxy(t *testing.T, version string) string {
	t.Helper()
	root := t.TempDir()
	dir := filepath.Join(root, filepath.FromSlash(modulePath), "@v")
	require.NoError(t, os.MkdirAll(dir, 0o755))
	copied := copyOfCheckout(t)
	goMod, err := os.ReadFile(filepath.Join(copied, "go.mod"))
	require.NoError(t, err)
	info, err := json.Marshal(map[string]any{"Version": version, "Time": time.Now().UTC()})
	require.NoError(t, err)
	file, err := os.Create(filepath.Join(dir, version+".zip"))
	require.NoError(t, err)
	require.NoError(t, zip.CreateFromDir(file, module.Version{Path: modulePath, Version: version}, copied))
	require.NoError(t, file.Close())
	for name, content := range map[string][]byte{"list": []byte(version + "\n"), version + ".info": info, version + ".mod": goMod} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	return root
}

// forget removes a version of the module from the module cache.
func forget(t *testing.T, version string) {
	cache, err := exec.Command("go", "env", "GOMODCACHE").Output() // t.Context has ended
	require.NoError(t, err)
	root := strings.TrimSpace(string(cache))
	left, err := filepath.Glob(filepath.Join(root, "cache", "download", filepath.FromSlash(modulePath), "@v", version+".*"))
	require.NoError(t, err)
	for _, path := range append(left, filepath.Join(root, filepath.FromSlash(modulePath)+"@"+version)) {
		require.NoError(t, os.RemoveAll(path))
	}
}
