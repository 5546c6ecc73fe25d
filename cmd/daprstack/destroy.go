package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/spf13/cobra"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/cluster"
	"github.com/daprstack/daprstack/internal/engine"
	"github.com/daprstack/daprstack/internal/ownership"
	"github.com/daprstack/daprstack/internal/progress"
)

type destroyOptions struct {
	console
	stackOptions
	ownershipOptions
	displayOptions
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
	o.registerOthers(cmd)
	o.registerVerbose(cmd)
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
	if !o.others {
		if err := t.checkNobodyUses(ctx, client, want); err != nil {
			return err
		}
	}
	stack, state, err := t.resume(ctx, o.err)
	if err != nil {
		return err
	}
	if err := o.check(ctx, t, want, client, state); err != nil {
		return err
	}
	// Leftovers go first: they may hold what the engine knows, as a pod holds its
	// volume.
	removed, err := removeLeftovers(ctx, client, state)
	for _, object := range removed {
		fmt.Fprintln(o.out, "removed "+object+", which the interrupted run had made")
	}
	if err != nil {
		return err
	}
	start := time.Now()
	run := o.show(ctx, o.console, client, want.Namespace)
	err = engine.Destroy(ctx, stack, run.Handle, optdestroy.SuppressOutputs(), optdestroy.Parallel(parallel),
		optdestroy.ProgressStreams(run.out), optdestroy.ErrorProgressStreams(run.err))
	run.Close()
	if err != nil {
		return run.fail(ctx, "destroy failed", t.stack, err)
	}
	fmt.Fprintf(o.out, "Stack %s is gone: %s in %s\n", t.stack, run.Summary(), progress.Short(time.Since(start)))
	return o.release(ctx, client, state)
}

// check fails if the stack of the cluster is not, or not all, the one that the
// state knows, or if something of others would go with it.
func (o *destroyOptions) check(ctx context.Context, t *target, want *config.Stack, client *cluster.Client, state engine.State) error {
	var known, removed []cluster.Object
	var protected []string
	for _, object := range state.Objects {
		if object.Protected {
			protected = append(protected, object.String())
		}
		known = append(known, object.Object)
		if !object.Retained {
			removed = append(removed, object.Object)
		}
	}
	if len(protected) > 0 {
		return fmt.Errorf("stack %s is marked as production, which protects %s; nothing was removed: to remove it all the same, set production: false and run daprstack up -s %s first",
			t.stack, strings.Join(protected, ", "), t.stack)
	}
	lost, err := ownership.Lost(ctx, client, t.self(state), known)
	if err != nil {
		return err
	}
	if len(lost) > 0 {
		return t.deployedElsewhere(lost)
	}
	if len(known) == 0 {
		if err := t.checkUnknown(ctx, client, want); err != nil {
			return err
		}
	}
	if o.others {
		return nil
	}
	return t.checkInside(ctx, client, state, removed)
}

// release takes the marks off what the stack had adopted and leaves behind.
func (o *destroyOptions) release(ctx context.Context, client *cluster.Client, state engine.State) error {
	for _, object := range state.Objects {
		if !object.Adopted {
			continue
		}
		if err := ownership.Release(ctx, client, object.Object); err != nil {
			return err
		}
		fmt.Fprintf(o.out, "left the %s, which was there before the stack\n", object.Object)
	}
	return nil
}
