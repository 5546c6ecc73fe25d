package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/daprstack/daprstack/internal/progress"
	"github.com/daprstack/daprstack/local"
)

type localLoadOptions struct {
	console
	sources []string
}

func newLocalLoadCommand(runF func(context.Context, *localLoadOptions) error) *cobra.Command {
	return &cobra.Command{
		Use:   "load (<archive> | <image>=<program>)...",
		Short: "Load images of your own into the node",
		Long: `Load images of your own into the node: from archives, as docker save or ko build
--tarball write them, or of static programs, each as image=program. The program
becomes /app of its image.`,
		Example: "  daprstack local load web.tar\n  CGO_ENABLED=0 go build -o web . && daprstack local load localhost/web:1=web",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, sources []string) error {
			return runF(cmd.Context(), &localLoadOptions{consoleOf(cmd), sources})
		},
	}
}

func runLocalLoad(ctx context.Context, o *localLoadOptions) error {
	return local.Load(ctx, local.Options{Report: progress.New(o.err)}, o.sources...)
}
