package toolchain

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"

	"github.com/daprstack/daprstack/internal/progress"
)

// The catalogue says which version a tool has, its module which one is built.
func TestVersionsAreThoseOfTheModules(t *testing.T) {
	pinned := map[string]string{ // tool: its module in toolchain/<module>/go.mod
		Pulumi:  "github.com/pulumi/pulumi/pkg/v3",
		Node:    "k8s.io/kubernetes",
		CoreDNS: "github.com/coredns/coredns",
		Dapr:    "github.com/dapr/dapr",
	}
	for name, module := range pinned {
		tool, err := find(name)
		require.NoError(t, err)
		content, err := os.ReadFile(filepath.Join(tool.module, "go.mod"))
		require.NoError(t, err)
		file, err := modfile.Parse("go.mod", content, nil)
		require.NoError(t, err)
		versions := make(map[string]string)
		for _, require := range file.Require {
			versions[require.Mod.Path] = require.Mod.Version
		}
		assert.Equal(t, "v"+tool.version, versions[module], name)
	}
}

// The image of the driver has the CLI that the driver needs.
func TestImageHasTheSamePulumi(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("..", ".goreleaser.yaml"))
	require.NoError(t, err)
	require.Contains(t, string(content), "base_image: docker.io/pulumi/pulumi-base:"+PulumiVersion+"\n")
}

func TestQueueKeepsToolsOfOneModuleTogetherAndInOrder(t *testing.T) {
	queues, err := queue([]string{RandomProvider, CoreDNS, Pulumi, Node})
	require.NoError(t, err)
	var names [][]string
	for _, tools := range queues {
		var queue []string
		for _, tool := range tools {
			queue = append(queue, tool.name)
		}
		names = append(names, queue)
	}
	assert.Equal(t, [][]string{{Pulumi, RandomProvider}, {Node, CoreDNS}}, names)

	_, err = queue([]string{"docker"})
	assert.ErrorContains(t, err, `"docker"`)
}

func TestFits(t *testing.T) {
	for version, want := range map[string]bool{
		"v3.259.0": true,
		"v3.259.1": true,
		"v3.300.0": true,
		"v3.258.9": false,
		"v4.0.0":   false,
		"v2.300.0": false,
		"3.259.0":  false, // not what the CLI prints
		"":         false,
	} {
		assert.Equal(t, want, fits(version, "3.259.0"), version)
	}
}

func TestKeyFollowsEverythingThatGoesIn(t *testing.T) {
	module := t.TempDir()
	write(t, filepath.Join(module, "go.mod"), "module x")
	write(t, filepath.Join(module, "main.go"), "package main")
	tl := tool{name: "x", version: "1"}
	keyOf := func(tl tool) string {
		k, err := key(t.Context(), tl, module)
		require.NoError(t, err)
		return k
	}
	first := keyOf(tl)
	assert.Equal(t, first, keyOf(tl), "the same again")

	assert.NotEqual(t, first, keyOf(tool{name: "x", version: "2"}), "another version")
	assert.NotEqual(t, first, keyOf(tool{name: "x", version: "1", ldflags: "-X a=b"}), "other flags")
	write(t, filepath.Join(module, "go.mod"), "module x // changed")
	assert.NotEqual(t, first, keyOf(tl), "another pin")
}

// A build that was ended leaves nothing that looks finished, and what it left is
// not in the way of the next one.
func TestInterruptedBuildLeavesNothingHalfMade(t *testing.T) {
	tc := newToolchain(t, "package main\nfunc main() {}\n")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := tc.ensure(ctx, example)
	require.ErrorIs(t, err, context.Canceled)

	k, err := key(t.Context(), example, filepath.Join(tc.checkout, "toolchain", example.module))
	require.NoError(t, err)
	// what a killed build leaves
	write(t, filepath.Join(tc.cache, "example-"+k+".building", "example"), "half")

	path, err := tc.ensure(t.Context(), example)
	require.NoError(t, err)
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Greater(t, info.Size(), int64(1000), "the real binary")
	_, err = os.Stat(filepath.Join(tc.cache, "example-"+k+".building"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestFailedBuildSaysWhyAndLeavesNothing(t *testing.T) {
	tc := newToolchain(t, "package main\nfunc main() { undefined() }\n")
	_, err := tc.ensure(t.Context(), example)
	require.ErrorContains(t, err, "undefined: undefined")
	entries, err := os.ReadDir(tc.cache)
	require.NoError(t, err)
	for _, entry := range entries {
		assert.Equal(t, "example.lock", entry.Name())
	}
}

func TestBuiltToolIsTakenFromTheCache(t *testing.T) {
	tc := newToolchain(t, "package main\nfunc main() {}\n")
	path, err := tc.ensure(t.Context(), example)
	require.NoError(t, err)
	write(t, path, "mark")
	again, err := tc.ensure(t.Context(), example)
	require.NoError(t, err)
	content, err := os.ReadFile(again)
	require.NoError(t, err)
	assert.Equal(t, "mark", string(content), "it was built again")
}

func TestOnlyFailedDownloadsAreTriedAgain(t *testing.T) {
	assert.True(t, downloadFailed("go: a@v1: reading https://example.org/a/@v/v1.zip: 503"))
	assert.True(t, downloadFailed("dial tcp: i/o timeout"))
	assert.False(t, downloadFailed("./main.go:2:15: undefined: x"))
}

var example = tool{name: "example", version: "1.0.0", module: "example", pkg: "."}

func newToolchain(t *testing.T, source string) *Toolchain {
	t.Helper()
	checkout := t.TempDir()
	module := filepath.Join(checkout, "toolchain", "example")
	write(t, filepath.Join(module, "go.mod"), "module example\n\ngo 1.26\n")
	write(t, filepath.Join(module, "main.go"), source)
	return &Toolchain{checkout: checkout, cache: filepath.Join(t.TempDir(), "tools"), report: progress.New(io.Discard)}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o755))
}
