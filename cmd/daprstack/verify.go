package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/daprstack/daprstack/internal/progress"
	"github.com/daprstack/daprstack/verify"
)

type verifyOptions struct {
	console
	stackOptions
	output string
	quick  bool
}

func newVerifyCommand(runF func(context.Context, *verifyOptions) error) *cobra.Command {
	o := &verifyOptions{}
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Prove that the running stack is what the stack file says, rule by rule",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.console = consoleOf(cmd)
			return runF(cmd.Context(), o)
		},
	}
	o.registerStack(cmd)
	registerChoice(cmd, &o.output, "output", "o", verify.Formats, "the format of the report")
	cmd.Flags().BoolVar(&o.quick, "quick", false, "leave out the checks that have to wait, such as for the redeliver interval")
	return cmd
}

func runVerify(ctx context.Context, o *verifyOptions) error {
	t, want, err := reachable(ctx, o.stackOptions)
	if err != nil {
		return err
	}
	reporter := progress.New(o.err)
	report, err := t.verify(ctx, verify.Options{Stack: want, Wait: !o.quick, Done: func(r verify.Result) {
		reporter.Say("%-7s  %s: %s", r.Status, r.Entity, r.Check)
	}})
	if err != nil {
		return err
	}
	if err := report.Write(o.out, o.output); err != nil {
		return err
	}
	return verdict(report)
}

// verify verifies the running stack.
func (t *target) verify(ctx context.Context, o verify.Options) (verify.Report, error) {
	var err error
	if o.Cluster, err = t.client(); err != nil {
		return verify.Report{}, err
	}
	report, err := verify.Run(ctx, o)
	if err != nil {
		return report, errors.New("verify was interrupted")
	}
	return report, nil
}

// verdict returns an error when a check failed.
func verdict(r verify.Report) error {
	if n := r.Count(verify.Failed); n > 0 {
		return fmt.Errorf("%d of %d checks failed", n, len(r.Results))
	}
	return nil
}
