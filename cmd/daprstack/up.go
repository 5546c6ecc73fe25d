package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/spf13/cobra"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/progress"
	"github.com/daprstack/daprstack/verify"
)

type upOptions struct {
	console
	stackOptions
	policyOptions
	ownershipOptions
	yes         bool
	skipVerify  bool
	errorFormat string
}

func newUpCommand(runF func(context.Context, *upOptions) error) *cobra.Command {
	o := &upOptions{}
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Bring the cluster to what the stack file says",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.console = consoleOf(cmd)
			return runF(cmd.Context(), o)
		},
	}
	o.registerStack(cmd)
	o.registerPolicy(cmd)
	o.registerAdopt(cmd)
	o.registerOthers(cmd)
	registerYes(cmd, &o.yes)
	cmd.Flags().BoolVar(&o.skipVerify, "no-verify", false, "do not verify the stack at the end")
	registerErrorFormat(cmd, &o.errorFormat)
	return cmd
}

func runUp(ctx context.Context, o *upOptions) error {
	t, want, err := reachable(ctx, o.stackOptions)
	if err != nil {
		return printProblems(o.out, o.errorFormat, o.stack, err)
	}
	client, err := t.client()
	if err != nil {
		return err
	}
	if err := t.checkControlPlane(ctx, client, want, o.err); err != nil {
		return err
	}
	pack, err := o.loadPolicies(t.checkout)
	if err != nil {
		return err
	}
	if err := o.confirm(o.yes, "bring stack %s up on context %s", t.stack, t.context); err != nil {
		return err
	}
	if err := pack.build(ctx, t.checkout, o.err); err != nil {
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
	if err := errors.Join(t.checkRemains(ctx, client, state), t.checkVolumes(ctx, client, state, want)); err != nil {
		return err
	}
	if stack, err = t.openAdopted(ctx, stack, state, o.console); err != nil {
		return err
	}
	plan, err := pack.plan(ctx, stack, o.console)
	if err != nil {
		return err
	}
	adopted, err := t.settle(ctx, state, plan, o.ownershipOptions, o.console)
	if err != nil {
		return err
	}
	if len(adopted) > 0 {
		if err := o.confirm(o.yes, "take over %s of others", count(len(adopted), "object", "objects")); err != nil {
			return err
		}
		if stack, err = t.adopt(ctx, stack, adopted, o.console); err != nil {
			return err
		}
		fmt.Fprintf(o.out, "For stock Pulumi, add to %s: %s: [%s]\n", filepath.Base(t.file), t.key("adopt"), strings.Join(t.adopted, ", "))
	}
	result, err := stack.Up(ctx, append(pack.up(), optup.SuppressOutputs(), optup.Parallel(parallel),
		optup.ProgressStreams(o.out), optup.ErrorProgressStreams(o.err))...)
	if err != nil {
		return engineError(ctx, "up", err)
	}
	if !o.skipVerify {
		if err := t.verifyUp(ctx, want, o.console); err != nil {
			return fmt.Errorf("%w; look again with daprstack verify -s %s", err, t.stack)
		}
	}
	if err := reportOlderSidecars(ctx, client, want, o.out); err != nil {
		return err
	}
	return t.printPage(ctx, o.out, result.Outputs)
}

// settle is how long a check of a stack that has just come up may keep failing:
// pods that an update has replaced, for example, take a while to go.
const settle = 30 * time.Second

// verifyUp verifies a stack that has just come up and prints only what is wrong.
func (t *target) verifyUp(ctx context.Context, want *config.Stack, c console) error {
	step := progress.New(c.err).Start("verifying the stack")
	report, err := t.verify(ctx, verify.Options{Stack: want, Settle: settle})
	if err == nil {
		err = verdict(report)
	}
	if err != nil {
		err = fmt.Errorf("the stack is up, but %w", step.Fail(err))
	} else {
		step.Done()
	}
	return errors.Join(report.Summary(c.out), err)
}
