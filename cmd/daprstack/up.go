package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/spf13/cobra"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/engine"
	"github.com/daprstack/daprstack/internal/progress"
	"github.com/daprstack/daprstack/verify"
)

type upOptions struct {
	console
	stackOptions
	policyOptions
	ownershipOptions
	displayOptions
	yes         bool
	skipVerify  bool
	planFile    string
	refresh     bool
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
	o.registerVerbose(cmd)
	registerYes(cmd, &o.yes)
	cmd.Flags().StringVar(&o.planFile, "plan", "", "fail if there is more to do than preview --save-plan wrote into this file")
	cmd.Flags().BoolVar(&o.refresh, "refresh", false, "look at the cluster first, and put back what was changed by hand")
	cmd.Flags().BoolVar(&o.skipVerify, "no-verify", false, "do not verify the stack at the end")
	registerErrorFormat(cmd, &o.errorFormat)
	return cmd
}

func runUp(ctx context.Context, o *upOptions) error {
	s, err := newSession(ctx, o.stackOptions, o.policyOptions, o.console)
	if err != nil {
		return printProblems(o.out, o.errorFormat, o.stack, err)
	}
	if err := o.confirm(o.yes, "bring stack %s up on context %s", s.stack, s.context); err != nil {
		return err
	}
	if err := s.open(ctx, s.resume); err != nil {
		return err
	}
	plan, err := o.plan(ctx, s)
	if err != nil {
		return err
	}
	adopted, err := s.settle(ctx, s.state, plan, o.ownershipOptions, o.console)
	if err != nil {
		return err
	}
	if len(adopted) > 0 {
		if err := o.confirm(o.yes, "take over %s of others", count(len(adopted), "object", "objects")); err != nil {
			return err
		}
		if s.opened, err = s.adopt(ctx, s.opened, adopted, o.console); err != nil {
			return err
		}
		fmt.Fprintf(o.out, "For stock Pulumi, add to %s: %s: [%s]\n", filepath.Base(s.file), s.key("adopt"), strings.Join(s.adopted, ", "))
	}
	outputs := plan.Outputs
	if plan.Changes == 0 && !plan.NewOutputs {
		fmt.Fprintf(o.out, "Nothing to change: stack %s is as the stack file says\n", s.stack)
	} else if outputs, err = o.update(ctx, s); err != nil {
		return err
	}
	if !o.skipVerify {
		if err := s.verifyUp(ctx, s.want, o.console); err != nil {
			return fmt.Errorf("%w; look again with daprstack verify -s %s", err, s.stack)
		}
	}
	if err := reportOlderSidecars(ctx, s.client, s.want, o.out); err != nil {
		return err
	}
	return s.printPage(ctx, o.out, outputs)
}

// plan looks at what the update would do, so that a violation of a policy ends it
// before it changes anything.
func (o *upOptions) plan(ctx context.Context, s *session) (engine.Plan, error) {
	step := progress.New(o.err).Start("checking the policies, and whose the objects are")
	run := o.show(ctx, o.console, s.client, s.want.Namespace)
	options := append(s.pack.preview(), optpreview.SuppressOutputs(),
		optpreview.ProgressStreams(run.out), optpreview.ErrorProgressStreams(run.err))
	if o.refresh {
		options = append(options, optpreview.Refresh())
	}
	plan, err := engine.Preview(ctx, s.opened, run.Handle, options...)
	run.Close()
	if err != nil {
		return plan, step.Fail(run.fail(ctx, "up failed before it changed anything", s.stack, err))
	}
	step.Done()
	run.warn(o.out)
	if o.planFile == "" {
		return plan, nil
	}
	other, err := plan.Check(o.planFile, s.stack)
	if err == nil && len(other) > 0 {
		err = fmt.Errorf("up would do what the plan %s does not say; nothing was changed: preview again\n  %s", o.planFile, strings.Join(other, "\n  "))
	}
	return plan, err
}

// update brings the stack up and returns its outputs.
func (o *upOptions) update(ctx context.Context, s *session) (engine.Outputs, error) {
	start := time.Now()
	run := o.show(ctx, o.console, s.client, s.want.Namespace)
	options := append(s.pack.up(), optup.SuppressOutputs(), optup.Parallel(parallel),
		optup.ProgressStreams(run.out), optup.ErrorProgressStreams(run.err))
	if o.refresh {
		options = append(options, optup.Refresh())
	}
	outputs, err := engine.Up(ctx, s.opened, run.Handle, options...)
	run.Close()
	if err != nil {
		return nil, run.fail(ctx, "up failed", s.stack, err)
	}
	fmt.Fprintf(o.out, "Stack %s is up: %s in %s\n", s.stack, run.Summary(), progress.Short(time.Since(start)))
	return outputs, nil
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
