package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/daprstack/daprstack/internal/progress"
	"github.com/daprstack/daprstack/local"
)

type localSuperviseOptions struct {
	console
	root, run string
}

// newLocalSuperviseCommand returns the command by which local.Up starts this
// executable inside the node's namespaces.
func newLocalSuperviseCommand(runF func(context.Context, *localSuperviseOptions) error) *cobra.Command {
	return &cobra.Command{
		Use:    "supervise <root> <run>",
		Hidden: true,
		Args:   cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runF(cmd.Context(), &localSuperviseOptions{consoleOf(cmd), args[0], args[1]})
		},
	}
}

func runLocalSupervise(ctx context.Context, o *localSuperviseOptions) error {
	return local.Supervise(ctx, local.Options{Root: o.root, Run: o.run, Report: progress.New(o.err)})
}
