package main

import (
	"context"
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/spf13/cobra"

	"github.com/daprstack/daprstack/internal/engine"
	"github.com/daprstack/daprstack/internal/progress"
)

type refreshOptions struct {
	console
	stackOptions
	displayOptions
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
	o.registerVerbose(cmd)
	cmd.Flags().BoolVar(&o.expectNoChanges, "expect-no-changes", false, "exit with 7 if anything has drifted")
	return cmd
}

func runRefresh(ctx context.Context, o *refreshOptions) error {
	t, want, err := reachable(ctx, o.stackOptions)
	if err != nil {
		return err
	}
	client, err := t.client()
	if err != nil {
		return err
	}
	stack, _, err := t.resume(ctx, o.err)
	if err != nil {
		return err
	}
	start := time.Now()
	run := o.show(ctx, o.console, client, want.Namespace)
	options := []optrefresh.Option{optrefresh.ProgressStreams(run.out), optrefresh.ErrorProgressStreams(run.err)}
	if o.expectNoChanges {
		options = append(options, optrefresh.ExpectNoChanges())
	}
	err = engine.Refresh(ctx, stack, run.Handle, options...)
	run.Close()
	drift := run.Drift()
	for _, object := range drift {
		fmt.Fprintln(o.out, "drift:", object)
	}
	switch {
	case err != nil && o.expectNoChanges && len(drift) > 0 && len(run.Problems()) == 0:
		return exit(wouldChange, fmt.Errorf("%s of stack %s drifted", count(len(drift), "object", "objects"), t.stack))
	case err != nil:
		return run.fail(ctx, "refresh failed", t.stack, err)
	}
	fmt.Fprintf(o.out, "The state of stack %s is as the cluster: %s drifted, found in %s\n",
		t.stack, count(len(drift), "object", "objects"), progress.Short(time.Since(start)))
	return nil
}
