package main

import (
	"context"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/spf13/cobra"

	"github.com/daprstack/daprstack/internal/engine"
)

type previewOptions struct {
	console
	stackOptions
	policyOptions
	ownershipOptions
	diff            bool
	expectNoChanges bool
	errorFormat     string
}

func newPreviewCommand(runF func(context.Context, *previewOptions) error) *cobra.Command {
	o := &previewOptions{}
	cmd := &cobra.Command{
		Use:   "preview",
		Short: "Show what up would change; nothing is changed",
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
	cmd.Flags().BoolVar(&o.diff, "diff", false, "show every property that would change")
	cmd.Flags().BoolVar(&o.expectNoChanges, "expect-no-changes", false, "fail if anything would change")
	registerErrorFormat(cmd, &o.errorFormat)
	return cmd
}

func runPreview(ctx context.Context, o *previewOptions) error {
	s, err := newSession(ctx, o.stackOptions, o.policyOptions, o.console)
	if err != nil {
		return printProblems(o.out, o.errorFormat, o.stack, err)
	}
	if err := s.open(ctx, engine.Inspect); err != nil {
		return err
	}
	options := append(s.pack.preview(), optpreview.ProgressStreams(o.out), optpreview.ErrorProgressStreams(o.err))
	if o.diff {
		options = append(options, optpreview.Diff())
	}
	if o.expectNoChanges {
		options = append(options, optpreview.ExpectNoChanges())
	}
	plan, err := engine.Preview(ctx, s.opened, nil, options...)
	if err != nil {
		return engineError(ctx, "preview", err)
	}
	if _, err := s.settle(ctx, s.state, plan, o.ownershipOptions, o.console); err != nil {
		return err
	}
	return reportOlderSidecars(ctx, s.client, s.want, o.out)
}
