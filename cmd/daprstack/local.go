package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/daprstack/daprstack/internal/progress"
	"github.com/daprstack/daprstack/local"
)

func newLocalCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "local",
		Short: "The local node: one real Kubernetes node on this machine (root, Linux)",
	}
	cmd.AddCommand(
		newLocalUpCommand(runLocalUp),
		newLocalDownCommand(runLocalDown),
		newLocalStatusCommand(runLocalStatus),
		newLocalLoadCommand(runLocalLoad),
		newLocalKubeconfigCommand(runLocalKubeconfig),
		newLocalLogsCommand(runLocalLogs),
		newLocalSuperviseCommand(runLocalSupervise),
	)
	return cmd
}

// localOptions are those of the commands that take none.
type localOptions struct{ console }

func newPlainLocalCommand(use, short string, runF func(context.Context, *localOptions) error) *cobra.Command {
	return &cobra.Command{
		Use:   use,
		Short: short,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runF(cmd.Context(), &localOptions{consoleOf(cmd)})
		},
	}
}

func newLocalDownCommand(runF func(context.Context, *localOptions) error) *cobra.Command {
	return newPlainLocalCommand("down", "Remove the node with everything on it; the cache of built tools stays", runF)
}

func runLocalDown(ctx context.Context, o *localOptions) error {
	return local.Down(ctx, local.Options{Report: progress.New(o.err)})
}

func newLocalStatusCommand(runF func(context.Context, *localOptions) error) *cobra.Command {
	return newPlainLocalCommand("status", "Tell whether the node and each of its programs runs", runF)
}

func runLocalStatus(ctx context.Context, o *localOptions) error {
	state, err := local.Status(ctx, local.Options{})
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(o.out, state)
	return err
}

func newLocalKubeconfigCommand(runF func(context.Context, *localOptions) error) *cobra.Command {
	return newPlainLocalCommand("kubeconfig", "Print the path of the node's kubeconfig, as for KUBECONFIG=$(daprstack local kubeconfig)", runF)
}

func runLocalKubeconfig(_ context.Context, o *localOptions) error {
	_, err := fmt.Fprintln(o.out, local.Kubeconfig())
	return err
}
