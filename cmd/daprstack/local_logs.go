package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/daprstack/daprstack/local"
)

type localLogsOptions struct {
	console
	program string
	follow  bool
}

func newLocalLogsCommand(runF func(context.Context, *localLogsOptions) error) *cobra.Command {
	o := &localLogsOptions{}
	cmd := &cobra.Command{
		Use:   "logs <program>",
		Short: "Print the log of one of the node's programs, as named by local status",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.console, o.program = consoleOf(cmd), args[0]
			return runF(cmd.Context(), o)
		},
	}
	cmd.Flags().BoolVarP(&o.follow, "follow", "f", false, "keep printing what the program logs")
	return cmd
}

func runLocalLogs(ctx context.Context, o *localLogsOptions) error {
	return local.Logs(ctx, local.Options{}, o.out, o.program, o.follow)
}
