package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/daprstack/daprstack/internal/progress"
	"github.com/daprstack/daprstack/local"
)

type localLoadOptions struct {
	console
	archives []string
}

func newLocalLoadCommand(runF func(context.Context, *localLoadOptions) error) *cobra.Command {
	return &cobra.Command{
		Use:   "load <archive>...",
		Short: "Load images of your own into the node, from archives as docker save or ko build --tarball write them",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, archives []string) error {
			return runF(cmd.Context(), &localLoadOptions{consoleOf(cmd), archives})
		},
	}
}

func runLocalLoad(ctx context.Context, o *localLoadOptions) error {
	return local.Load(ctx, local.Options{Report: progress.New(o.err)}, o.archives...)
}
