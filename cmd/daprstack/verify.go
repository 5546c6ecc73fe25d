package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

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
			return t.verify(ctx, cmd.OutOrStdout(), output, !quick)
		},
	}
	flags.register(cmd)
	cmd.Flags().StringVarP(&output, "output", "o", "text", "the form of the report: "+strings.Join(verify.Formats, ", "))
	cmd.Flags().BoolVar(&quick, "quick", false, "leave out the checks that wait, such as for the redeliver interval")
	return cmd
}

// verify checks the running stack, with its progress on standard error and the
// report on w.
func (t *target) verify(ctx context.Context, w io.Writer, output string, wait bool) error {
	raw, secretKeys, err := t.rawConfig()
	if err != nil {
		return err
	}
	stack, err := stacks.Load(raw, secretKeys...)
	if err != nil {
		return err
	}
	config, err := t.clientConfig()
	if err != nil {
		return err
	}
	client, err := cluster.New(config)
	if err != nil {
		return err
	}
	say := progress.New(os.Stderr)
	report, err := verify.Run(ctx, verify.Options{
		Stack: stack, Cluster: client, Wait: wait,
		Done: func(r verify.Result) { say.Say("%-7s %s: %s", r.Status, r.Entity, r.Check) },
	})
	if err != nil {
		return errors.New("verify was interrupted")
	}
	if err := report.Write(w, output); err != nil {
		return err
	}
	if n := report.Count(verify.Failed); n > 0 {
		return fmt.Errorf("%d of %d checks failed", n, len(report.Results))
	}
	return nil
}
