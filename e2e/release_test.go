//go:build e2e

package e2e

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/internal/progress"
	"github.com/daprstack/daprstack/toolchain"
)

// TestRelease makes a release of this checkout as the workflow does, for this platform,
// with a registry of its own and without GitHub, and looks at what a person would
// download. Without RELEASE it is skipped.
func TestRelease(t *testing.T) {
	if os.Getenv("RELEASE") == "" {
		t.Skip("set RELEASE=1: make e2e-release")
	}
	const version = "1.2.3"
	registry := newRegistry(t)
	address := strings.TrimPrefix(registry, "http://")
	dir := copyOfCheckout(t)
	rewrite(t, filepath.Join(dir, ".goreleaser.yaml"),
		"goos: [linux, darwin]", "goos: ["+runtime.GOOS+"]",
		"goarch: [amd64, arm64]", "goarch: ["+runtime.GOARCH+"]",
		"platforms: [linux/amd64, linux/arm64]", "platforms: ["+runtime.GOOS+"/"+runtime.GOARCH+"]",
		"base_image: docker.io/pulumi/pulumi-base:"+toolchain.PulumiVersion, "base_image: "+address+"/base",
		"release:\n", "release:\n  disable: true\n",
	)
	for _, args := range [][]string{
		{"make", "release-cut", "VERSION=v" + version},
		{"git", "init", "--quiet"},
		{"git", "remote", "add", "origin", "https://" + modulePath},
		{"git", "add", "."},
		{"git", "-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "-m", "v" + version},
		{"git", "tag", "v" + version},
	} {
		command(t, dir, args[0], args[1:]...)
	}
	release := exec.CommandContext(t.Context(), "make", "release", "VERSION=v"+version)
	release.Dir = dir
	release.Env = append(os.Environ(), "KO_DOCKER_REPO="+address+"/daprstack", "GITHUB_TOKEN=none")
	out, err := release.CombinedOutput()
	require.NoError(t, err, string(out))
	notes, err := os.ReadFile(filepath.Join(dir, "bin", "notes.md"))
	require.NoError(t, err)
	require.Contains(t, string(notes), "### Added\n")

	dist := filepath.Join(dir, "dist")
	checkSums(t, dist)
	platform := runtime.GOOS + "_" + runtime.GOARCH
	driver := unpack(t, filepath.Join(dist, "daprstack_"+version+"_"+platform+".tar.gz"),
		"CHANGELOG.md", "LICENSE", "README.md", "daprstack", "policy/PulumiPolicy.yaml", "policy/pulumi-analyzer-daprstack")
	saysVersion(t, filepath.Join(driver, "daprstack"), "v"+version)
	billOfMaterials(t, filepath.Join(dist, "daprstack_"+version+"_"+platform+".cdx.json"))

	t.Run("the plugin is one that Pulumi takes", func(t *testing.T) {
		plugin := "pulumi-resource-daprstack-v" + version + "-" + runtime.GOOS + "-" + runtime.GOARCH + ".tar.gz"
		unpack(t, filepath.Join(dist, plugin), "LICENSE", "pulumi-resource-daprstack")
		tc, err := toolchain.New(checkout(t), progress.New(os.Stderr))
		require.NoError(t, err)
		tools, err := tc.Ensure(t.Context(), toolchain.Pulumi)
		require.NoError(t, err)
		pulumi := func(args ...string) string {
			cmd := exec.CommandContext(t.Context(), tools[toolchain.Pulumi], args...)
			cmd.Env = append(os.Environ(), "PULUMI_HOME="+filepath.Join(dir, "home"), "PULUMI_SKIP_UPDATE_CHECK=true",
				"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true")
			cmd.Stderr = os.Stderr
			out, err := cmd.Output()
			require.NoError(t, err, "%s", args)
			return string(out)
		}
		pulumi("plugin", "install", "resource", "daprstack", "v"+version, "--file", filepath.Join(dist, plugin))
		var schema struct{ Version, PluginDownloadURL string }
		require.NoError(t, json.Unmarshal([]byte(pulumi("package", "get-schema", "daprstack@"+version)), &schema))
		require.Equal(t, version, schema.Version)
		require.Equal(t, "github://api.github.com/daprstack/daprstack", schema.PluginDownloadURL)
	})
	t.Run("the image has the driver", func(t *testing.T) {
		for _, tag := range []string{version, "latest"} {
			config, driver := pull(t, registry+"/v2/daprstack", tag, "/ko-app/daprstack")
			require.Equal(t, []string{"/ko-app/daprstack"}, config.Config.Entrypoint)
			require.Equal(t, version, config.Config.Labels["org.opencontainers.image.version"])
			binary := filepath.Join(t.TempDir(), "daprstack")
			require.NoError(t, os.WriteFile(binary, driver, 0o700))
			saysVersion(t, binary, "v"+version)
		}
	})
}

// rewrite replaces parts of a file, each of which is there.
func rewrite(t *testing.T, path string, oldnew ...string) {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	for i := 0; i < len(oldnew); i += 2 {
		require.Contains(t, string(content), oldnew[i])
	}
	require.NoError(t, os.WriteFile(path, []byte(strings.NewReplacer(oldnew...).Replace(string(content))), 0o600))
}

// newRegistry returns the address of a registry that has a base image.
func newRegistry(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	base, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{OS: runtime.GOOS, Architecture: runtime.GOARCH, RootFS: v1.RootFS{Type: "layers"}})
	require.NoError(t, err)
	config, err := base.RawConfigFile()
	require.NoError(t, err)
	digest, err := base.ConfigName()
	require.NoError(t, err)
	manifest, err := base.RawManifest()
	require.NoError(t, err)
	send := func(method, path, contentType string, content []byte) {
		request, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, bytes.NewReader(content))
		require.NoError(t, err)
		request.Header.Set("Content-Type", contentType)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusCreated, response.StatusCode)
	}
	send(http.MethodPost, "/v2/base/blobs/uploads/?digest="+digest.String(), "application/octet-stream", config)
	send(http.MethodPut, "/v2/base/manifests/latest", string(types.DockerManifestSchema2), manifest)
	return server.URL
}

// fetch returns the content of an address of a registry.
func fetch(t *testing.T, url string) []byte {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode, url)
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return content
}

// pull returns the configuration of an image and a file of its last layers.
func pull(t *testing.T, repository, tag, path string) (v1.ConfigFile, []byte) {
	t.Helper()
	var manifest v1.Manifest
	require.NoError(t, json.Unmarshal(fetch(t, repository+"/manifests/"+tag), &manifest))
	var config v1.ConfigFile
	require.NoError(t, json.Unmarshal(fetch(t, repository+"/blobs/"+manifest.Config.Digest.String()), &config))
	for _, layer := range manifest.Layers {
		for name, content := range files(t, fetch(t, repository+"/blobs/"+layer.Digest.String())) {
			if "/"+strings.TrimPrefix(name, "/") == path {
				return config, content.data
			}
		}
	}
	require.Fail(t, "the image lacks "+path)
	return config, nil
}

// packed is a file of an archive.
type packed struct {
	data []byte
	mode os.FileMode
}

// files returns the files of a compressed archive.
func files(t *testing.T, archive []byte) map[string]packed {
	t.Helper()
	plain, err := gzip.NewReader(bytes.NewReader(archive))
	require.NoError(t, err)
	found := map[string]packed{}
	for reader := tar.NewReader(plain); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return found
		}
		require.NoError(t, err)
		content, err := io.ReadAll(reader)
		require.NoError(t, err)
		if header.Typeflag == tar.TypeReg {
			found[header.Name] = packed{content, header.FileInfo().Mode()}
		}
	}
}

func saysVersion(t *testing.T, driver, want string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), driver, "version", "--output", "json").Output()
	require.NoError(t, err)
	var got struct{ Version string }
	require.NoError(t, json.Unmarshal(out, &got))
	require.Equal(t, want, got.Version)
}

// checkSums holds the files of a release against their checksums.
func checkSums(t *testing.T, dist string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dist, "checksums.txt"))
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	require.GreaterOrEqual(t, len(lines), 2, "the archives")
	for _, line := range lines {
		var sum, file string
		_, err := fmt.Sscan(line, &sum, &file)
		require.NoError(t, err, line)
		data, err := os.ReadFile(filepath.Join(dist, file))
		require.NoError(t, err)
		got := sha256.Sum256(data)
		assert.Equal(t, sum, hex.EncodeToString(got[:]), file)
	}
}

// unpack unpacks an archive that has these files and no others, and returns the folder.
func unpack(t *testing.T, archive string, want ...string) string {
	t.Helper()
	data, err := os.ReadFile(archive)
	require.NoError(t, err)
	dir, names := t.TempDir(), []string{}
	for name, file := range files(t, data) {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, file.data, file.mode))
		names = append(names, name)
	}
	require.ElementsMatch(t, want, names)
	return dir
}

// billOfMaterials: the one of a program lists the modules that it is built with.
func billOfMaterials(t *testing.T, path string) {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	var bom struct {
		Format     string `json:"bomFormat"`
		Components []struct{ Name, Version string }
	}
	require.NoError(t, json.Unmarshal(content, &bom))
	require.Equal(t, "CycloneDX", bom.Format)
	versions := map[string]string{}
	for _, c := range bom.Components {
		versions[c.Name] = c.Version
	}
	require.Equal(t, "v"+toolchain.PulumiVersion, versions["github.com/pulumi/pulumi/sdk/v3"])
}
