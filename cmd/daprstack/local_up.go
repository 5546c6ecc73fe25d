package main

import (
	"context"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/daprstack/daprstack/internal/progress"
	"github.com/daprstack/daprstack/local"
	"github.com/daprstack/daprstack/local/images"
	"github.com/daprstack/daprstack/toolchain"
)

// daprRegistry is the registry of Dapr's images, as its chart names it.
const daprRegistry = "ghcr.io/dapr"

func newLocalUpCommand(runF func(context.Context, *localOptions) error) *cobra.Command {
	return newPlainLocalCommand("up", "Start the node, if it does not run, and load the images of the dev stack", runF)
}

func runLocalUp(ctx context.Context, o *localOptions) error {
	project, err := findProject()
	if err != nil {
		return err
	}
	from, err := toolsOf(filepath.Dir(project), o.err)
	if err != nil {
		return err
	}
	tools, err := from.node(ctx)
	if err != nil {
		return err
	}
	cache, err := toolchain.CacheDir()
	if err != nil {
		return err
	}
	return local.Up(ctx, local.Options{Report: progress.New(o.err), Tools: tools, Images: localImages(tools, cache)})
}

// localImages returns the images of the dev stack, under the names that its
// manifests use.
func localImages(tools map[string]string, cache string) []images.Image {
	list := images.Dapr(daprRegistry, toolchain.DaprVersion, tools[toolchain.Dapr])
	list = append(list, images.Redis(images.DebianRedis, cache))
	for _, app := range []string{toolchain.Frontend, toolchain.Backend, toolchain.Activity} {
		list = append(list, images.App("localhost/"+app+":dev", tools[app]))
	}
	return list
}
