package main

import (
	"context"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/spf13/cobra"
)

type refreshOptions struct {
	console
	stackOptions
	expectNoChanges bool
}

func newRefreshCommand(runF func(context.Context, *refreshOptions) error) *cobra.Command {
	o := &refreshOptions{}
	cmd := &cobra.Command{
		Use:   "refresh",
		Short: "Look for drift, and update the state to what the cluster really has",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.console = consoleOf(cmd)
			return runF(cmd.Context(), o)
		},
	}
	o.registerStack(cmd)
	cmd.Flags().BoolVar(&o.expectNoChanges, "expect-no-changes", false, "fail if anything has drifted")
	return cmd
}

func runRefresh(ctx context.Context, o *refreshOptions) error {
	t, _, err := reachable(ctx, o.stackOptions)
	if err != nil {
		return err
	}
	stack, err := t.open(ctx, o.err)
	if err != nil {
		return err
	}
	if _, err := t.resume(ctx, stack, o.err); err != nil {
		return err
	}
	options := []optrefresh.Option{optrefresh.ProgressStreams(o.out), optrefresh.ErrorProgressStreams(o.err)}
	if o.expectNoChanges {
		options = append(options, optrefresh.ExpectNoChanges())
	}
	_, err = stack.Refresh(ctx, options...)
	return engineError(ctx, "refresh", err)
}
