package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"

	"github.com/daprstack/daprstack/internal/progress"
	"github.com/daprstack/daprstack/toolchain"
)

// tools are the programs that a command runs, and where they come from.
type tools interface {
	// engine returns the paths of Pulumi's CLI and of its providers, by name.
	// Providers that are left out are for the CLI to find, or to get.
	engine(context.Context) (map[string]string, error)
	// kubernetes returns the path of the provider that renders charts.
	kubernetes(context.Context) (string, error)
	// chart returns the folder of Dapr's chart of [toolchain.DaprVersion], or "" if
	// it comes from its repository.
	chart(context.Context) (string, error)
	// local tells why there can be no local node.
	local() error
	// node returns the paths of the parts of the local node, by name.
	node(context.Context) (map[string]string, error)
}

// toolsOf returns the tools for the stacks of a folder. A checkout builds them from
// its pinned modules. Elsewhere they are those that the user has.
func toolsOf(folder string, stderr io.Writer) (tools, error) {
	if !isFile(filepath.Join(folder, "toolchain", "pulumi", "go.mod")) {
		return installed{stderr}, nil
	}
	tc, err := toolchain.New(folder, progress.New(stderr))
	return built{tc}, err
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// built are the tools of a checkout.
type built struct{ *toolchain.Toolchain }

func (b built) engine(ctx context.Context) (map[string]string, error) {
	return b.Ensure(ctx, toolchain.Engine...)
}

func (b built) kubernetes(ctx context.Context) (string, error) {
	paths, err := b.Ensure(ctx, toolchain.KubernetesProvider)
	return paths[toolchain.KubernetesProvider], err
}

func (b built) chart(ctx context.Context) (string, error) { return b.DaprChart(ctx) }

func (built) local() error { return nil }

func (b built) node(ctx context.Context) (map[string]string, error) {
	return b.Ensure(ctx, toolchain.Cluster...)
}

// installed are the tools of a user who has the driver alone: the pulumi on PATH, and
// the plugins that it keeps.
type installed struct{ stderr io.Writer }

func (installed) engine(ctx context.Context) (map[string]string, error) {
	path, err := toolchain.FindPulumi(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: install it as https://www.pulumi.com/docs/install/ says; a checkout of daprstack would build its own", err)
	}
	return map[string]string{toolchain.Pulumi: path}, nil
}

func (i installed) kubernetes(ctx context.Context) (string, error) {
	version, err := toolchain.Version(toolchain.KubernetesProvider)
	if err != nil {
		return "", err
	}
	number := semver.MustParse(version)
	plugin := workspace.PluginDescriptor{Kind: apitype.ResourcePlugin, Name: "kubernetes", Version: &number}
	sink := diag.DefaultSink(io.Discard, i.stderr, diag.FormatOptions{Color: colors.Never})
	path, err := workspace.GetPluginPath(ctx, sink, plugin, nil)
	var missing *workspace.MissingError
	if !errors.As(err, &missing) {
		return path, err
	}
	found, err := i.engine(ctx)
	if err != nil {
		return "", fmt.Errorf("charts are rendered by Pulumi's provider kubernetes %s, which is not there: %w", version, err)
	}
	cmd := exec.CommandContext(ctx, found[toolchain.Pulumi], "plugin", "install", "resource", plugin.Name, "v"+version)
	cmd.Env = append(os.Environ(), "PULUMI_SKIP_UPDATE_CHECK=true")
	cmd.Stdout, cmd.Stderr = i.stderr, i.stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("getting the provider that renders charts: pulumi plugin install resource %s v%s: %w", plugin.Name, version, err)
	}
	return workspace.GetPluginPath(ctx, sink, plugin, nil)
}

func (installed) chart(context.Context) (string, error) { return "", nil }

func (installed) local() error {
	return errors.New("the local node is built from a checkout of daprstack, and this folder is in none; either name a context of your kubeconfig, or:\n" +
		"  git clone https://github.com/daprstack/daprstack && cd daprstack && make up")
}

func (i installed) node(context.Context) (map[string]string, error) { return nil, i.local() }
