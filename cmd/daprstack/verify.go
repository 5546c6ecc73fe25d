package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/cluster"
	"github.com/daprstack/daprstack/internal/progress"
	"github.com/daprstack/daprstack/stacks"
	"github.com/daprstack/daprstack/verify"
)

func newVerifyCommand() *cobra.Command {
	var (
		flags  stackFlags
		output string
		quick  bool
	)
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Prove that the running stack is what the stack file says, rule by rule",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !slices.Contains(verify.Formats, output) {
				return fmt.Errorf("--output %s: must be one of %s", output, strings.Join(verify.Formats, ", "))
			}
			ctx := cmd.Context()
			t, err := findTarget(flags)
			if err != nil {
				return err
			}
			if err := t.check("text"); err != nil {
				return err
			}
			if err := t.reach(ctx); err != nil {
				return err
			}
			say := progress.New(os.Stderr)
			report, err := t.verify(ctx, verify.Options{Wait: !quick, Done: func(r verify.Result) {
				say.Say("%-7s  %s: %s", r.Status, r.Entity, r.Check)
			}})
			if err != nil {
				return err
			}
			if err := report.Write(cmd.OutOrStdout(), output); err != nil {
				return err
			}
			return verdict(report)
		},
	}
	flags.register(cmd)
	cmd.Flags().StringVarP(&output, "output", "o", "text", "the form of the report: "+strings.Join(verify.Formats, ", "))
	cmd.Flags().BoolVar(&quick, "quick", false, "leave out the checks that wait, such as for the redeliver interval")
	return cmd
}

// settle is for how long a stack that has just come up may still be failing a
// check: Dapr's sentry, for one, goes away for some seconds when it has made its
// certificates.
const settle = 30 * time.Second

// verifyUp checks a stack that has just come up, and says only what is wrong.
func (t *target) verifyUp(ctx context.Context, w io.Writer) error {
	step := progress.New(os.Stderr).Start("verifying the stack")
	report, err := t.verify(ctx, verify.Options{Settle: settle})
	if err == nil {
		err = verdict(report)
	}
	if err != nil {
		err = fmt.Errorf("the stack is up, but %w", step.Fail(err))
	} else {
		step.Done()
	}
	return errors.Join(report.Summary(w), err)
}

// verify checks the running stack.
func (t *target) verify(ctx context.Context, o verify.Options) (verify.Report, error) {
	var err error
	if o.Stack, o.Cluster, err = t.running(); err != nil {
		return verify.Report{}, err
	}
	report, err := verify.Run(ctx, o)
	if err != nil {
		return report, errors.New("verify was interrupted")
	}
	return report, nil
}

// load is what the stack file says, with its defaults.
func (t *target) load() (*config.Stack, error) {
	raw, secretKeys, err := t.rawConfig()
	if err != nil {
		return nil, err
	}
	return stacks.Load(raw, secretKeys...)
}

// running is what the stack file says, and the cluster that it runs on.
func (t *target) running() (*config.Stack, *cluster.Client, error) {
	stack, err := t.load()
	if err != nil {
		return nil, nil, err
	}
	access, err := t.clientConfig()
	if err != nil {
		return nil, nil, err
	}
	client, err := cluster.New(access)
	return stack, client, err
}

// verdict is an error when a check failed.
func verdict(r verify.Report) error {
	if n := r.Count(verify.Failed); n > 0 {
		return fmt.Errorf("%d of %d checks failed", n, len(r.Results))
	}
	return nil
}
