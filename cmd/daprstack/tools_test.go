package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/internal/stackfile"
	"github.com/daprstack/daprstack/local"
	"github.com/daprstack/daprstack/toolchain"
)

// alone makes a folder with a stack file alone the working directory, on a machine
// without a Go, a Pulumi or a cluster.
func alone(t *testing.T, content string) (dir string) {
	t.Helper()
	newCheckout(t)
	dir = t.TempDir()
	t.Chdir(dir)
	write(t, "Pulumi.dev.yaml", content)
	t.Setenv("PULUMI_HOME", t.TempDir())
	return dir
}

// TestToolsOf: the repository builds its tools, and nobody else does.
func TestToolsOf(t *testing.T) {
	repository, err := filepath.Abs(root)
	require.NoError(t, err)
	dir := alone(t, stackFile)
	from, err := toolsOf(repository, quiet.err)
	require.NoError(t, err)
	require.IsType(t, built{}, from)
	require.NoError(t, from.local())
	from, err = toolsOf(dir, quiet.err)
	require.NoError(t, err)
	require.IsType(t, installed{}, from)
}

// TestPulumiOfTheUser: the one on PATH is taken if it fits, and otherwise the error
// says what is wrong with it.
func TestPulumiOfTheUser(t *testing.T) {
	alone(t, stackFile)
	bin := t.TempDir()
	t.Setenv("PATH", bin)
	pulumi := filepath.Join(bin, "pulumi")
	const hint = "install it as https://www.pulumi.com/docs/install/ says; a checkout of daprstack would build its own"
	wanted := fmt.Sprintf("daprstack needs version %s, or a later one of version 3: %s", toolchain.PulumiVersion, hint)
	_, err := installed{}.engine(t.Context())
	require.EqualError(t, err, "no pulumi on PATH, and "+wanted)
	_, err = installed{quiet.err}.kubernetes(t.Context())
	require.ErrorContains(t, err, "which is not there: no pulumi on PATH, and "+wanted)

	says := func(version string) {
		t.Helper()
		require.NoError(t, os.WriteFile(pulumi, []byte("#!/bin/sh\necho "+version+"\n"), 0o700))
	}
	says("v3.1.0")
	_, err = installed{}.engine(t.Context())
	require.EqualError(t, err, pulumi+" is v3.1.0, and "+wanted)

	says("v" + toolchain.PulumiVersion)
	found, err := installed{}.engine(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[string]string{toolchain.Pulumi: pulumi}, found)
}

// TestProviderOfTheUser: the one that the user's Pulumi keeps renders charts; one that
// is missing is asked for.
func TestProviderOfTheUser(t *testing.T) {
	alone(t, stackFile)
	version, err := toolchain.Version(toolchain.KubernetesProvider)
	require.NoError(t, err)
	dir := filepath.Join(os.Getenv("PULUMI_HOME"), "plugins", "resource-kubernetes-v"+version)
	bin := t.TempDir()
	t.Setenv("PATH", bin+":/usr/bin:/bin")
	script := fmt.Sprintf(`#!/bin/sh
if [ "$1" = version ]; then echo v%s; exit; fi
[ "$*" = "plugin install resource kubernetes v%s" ] || exit 1
mkdir -p %[3]s && touch %[3]s/pulumi-resource-kubernetes && chmod +x %[3]s/pulumi-resource-kubernetes
`, toolchain.PulumiVersion, version, dir)
	require.NoError(t, os.WriteFile(filepath.Join(bin, "pulumi"), []byte(script), 0o700))
	for range 2 { // it is asked for once
		path, err := installed{quiet.err}.kubernetes(t.Context())
		require.NoError(t, err)
		require.Equal(t, filepath.Join(dir, toolchain.KubernetesProvider), path)
		require.NoError(t, os.WriteFile(filepath.Join(bin, "pulumi"), []byte("#!/bin/sh\nexit 1\n"), 0o700))
	}
}

// TestLocalNodeNeedsACheckout: elsewhere there is nothing to build it from, nor what
// its stacks are made of.
func TestLocalNodeNeedsACheckout(t *testing.T) {
	alone(t, strings.Replace(stackFile, "mine", local.Context, 1))
	refused(t, append([][]string{{"local", "up"}, {"render"}}, online...), nil,
		"the local node is built from a checkout of daprstack, and this folder is in none; either name a context of your kubeconfig, or:\n"+
			"  git clone https://github.com/daprstack/daprstack && cd daprstack && make up")
}

// TestStackFileAlone: what needs no tools works with a stack file alone, and with a
// project file of one's own beside it.
func TestStackFileAlone(t *testing.T) {
	alone(t, stackFile)
	out, err := execute(t, "render", "-c", "dapr.enabled=false")
	require.NoError(t, err)
	require.Contains(t, out, "kind: Deployment")
	require.NotContains(t, out, "dapr.io")
	out, err = execute(t, "config")
	require.NoError(t, err)
	require.Regexp(t, `(?m)^context +mine +Pulumi.dev.yaml$`, out)

	write(t, projectFile, "name: shop\nruntime: go\nconfig: { context: other, namespace: shop }\n")
	write(t, "Pulumi.dev.yaml", "config:\n  apps: [{ name: a, image: 'a:1', port: 80 }]\n")
	out, err = execute(t, "config")
	require.NoError(t, err)
	require.Regexp(t, `(?m)^context +other +Pulumi.yaml$`, out)
	values, err := stackfile.Load(projectFile, "Pulumi.dev.yaml")
	require.NoError(t, err)
	require.Equal(t, "other", values["shop:context"])
}
