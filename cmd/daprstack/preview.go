package main

import (
	"context"
	"errors"

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
	if err := pack.build(ctx, t.checkout, o.err); err != nil {
		return err
	}
	stack, err := t.open(ctx, o.err)
	if err != nil {
		return err
	}
	state, err := engine.Inspect(ctx, stack)
	if err != nil {
		return err
	}
	if err := errors.Join(t.checkRemains(ctx, client, state), t.checkVolumes(ctx, client, state, want)); err != nil {
		return err
	}
	if stack, err = t.openAdopted(ctx, stack, state, o.console); err != nil {
		return err
	}
	options := append(pack.preview(), optpreview.ProgressStreams(o.out), optpreview.ErrorProgressStreams(o.err))
	if o.diff {
		options = append(options, optpreview.Diff())
	}
	if o.expectNoChanges {
		options = append(options, optpreview.ExpectNoChanges())
	}
	plan, err := engine.Preview(ctx, stack, options...)
	if err != nil {
		return engineError(ctx, "preview", err)
	}
	if _, err := t.settle(ctx, state, plan, o.ownershipOptions, o.console); err != nil {
		return err
	}
	return reportOlderSidecars(ctx, client, want, o.out)
}
