package main

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/spf13/cobra"

	"github.com/daprstack/daprstack/internal/engine"
)

type destroyOptions struct {
	console
	stackOptions
	yes bool
}

func newDestroyCommand(runF func(context.Context, *destroyOptions) error) *cobra.Command {
	o := &destroyOptions{}
	cmd := &cobra.Command{
		Use:   "destroy",
		Short: "Remove everything that up made",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.console = consoleOf(cmd)
			return runF(cmd.Context(), o)
		},
	}
	o.registerStack(cmd)
	registerYes(cmd, &o.yes)
	return cmd
}

func runDestroy(ctx context.Context, o *destroyOptions) error {
	t, want, err := reachable(ctx, o.stackOptions)
	if err != nil {
		return err
	}
	if err := o.confirm(o.yes, "remove everything of stack %s from context %s, its data too", t.stack, t.context); err != nil {
		return err
	}
	client, err := t.client()
	if err != nil {
		return err
	}
	if err := t.checkNobodyUses(ctx, client, want); err != nil {
		return err
	}
	stack, err := t.open(ctx, o.err)
	if err != nil {
		return err
	}
	state, err := t.resume(ctx, stack, o.err)
	if err != nil {
		return err
	}
	// Leftovers go first: they may hold what the engine knows, as a pod holds its
	// volume.
	if err := o.removeLeftovers(ctx, t, state.Leftovers); err != nil {
		return err
	}
	_, err = stack.Destroy(ctx, optdestroy.Parallel(parallel),
		optdestroy.ProgressStreams(o.out), optdestroy.ErrorProgressStreams(o.err))
	return engineError(ctx, "destroy", err)
}

func (o *destroyOptions) removeLeftovers(ctx context.Context, t *target, leftovers []engine.Leftover) error {
	if len(leftovers) == 0 {
		return nil
	}
	client, err := t.client()
	if err != nil {
		return err
	}
	removed, err := removeLeftovers(ctx, client, t.manager(), leftovers)
	for _, object := range removed {
		fmt.Fprintln(o.out, "removed "+object+", which the interrupted run had made")
	}
	return err
}
