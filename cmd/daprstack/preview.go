package main

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/spf13/cobra"

	"github.com/daprstack/daprstack/internal/changes"
	"github.com/daprstack/daprstack/internal/engine"
)

type previewOptions struct {
	console
	stackOptions
	policyOptions
	ownershipOptions
	displayOptions
	diff            bool
	refresh         bool
	expectNoChanges bool
	markdown        bool
	plan            string
	errorFormat     string
}

func newPreviewCommand(runF func(context.Context, *previewOptions) error) *cobra.Command {
	o := &previewOptions{}
	cmd := &cobra.Command{
		Use:   "preview",
		Short: "Show what up would change; nothing is changed",
		Long: `Show what up would change, by the parts of the stack: what is new, changed and
removed, which pods restart, what is replaced, and what data is at risk. Nothing is
changed.

With --refresh it looks at the cluster first, so what was changed by hand is shown as
what up would put back. With --expect-no-changes the exit code is 7 if anything would
change. --markdown is for the comment of a pull request: what failed is in it, too.`,
		Args: cobra.NoArgs,
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
	cmd.Flags().BoolVar(&o.diff, "diff", false, "show the engine's own output, with every property that would change")
	cmd.Flags().BoolVar(&o.refresh, "refresh", false, "look for what was changed by hand first; the state is not changed")
	cmd.Flags().BoolVar(&o.expectNoChanges, "expect-no-changes", false, "exit with 7 if anything would change")
	cmd.Flags().BoolVar(&o.markdown, "markdown", false, "print Markdown, for the comment of a pull request")
	cmd.Flags().StringVar(&o.plan, "save-plan", "", "write what up may do into a file, without a value in clear, for up --plan")
	registerErrorFormat(cmd, &o.errorFormat)
	cmd.MarkFlagsMutuallyExclusive("markdown", "diff", "verbose")
	return cmd
}

// wouldChange is the exit code, Pulumi's too, when something changes that should not.
const wouldChange = 7

func runPreview(ctx context.Context, o *previewOptions) error {
	summary, err := o.preview(ctx)
	if !o.markdown {
		return err
	}
	if summary == nil {
		summary = &changes.Stack{Name: o.stack}
	}
	if err != nil && exitCode(err) != wouldChange {
		summary.Note = err.Error()
	}
	if writing := changes.Section(o.out, summary); writing != nil {
		return writing
	}
	return err
}

// preview returns what up would change, as far as it was found out.
func (o *previewOptions) preview(ctx context.Context) (*changes.Stack, error) {
	s, err := newSession(ctx, o.stackOptions, o.policyOptions, o.console)
	if err != nil {
		return nil, printProblems(o.out, o.errorFormat, o.stack, err)
	}
	if err := s.open(ctx, s.inspect); err != nil {
		return nil, err
	}
	o.verbose = o.verbose || o.diff
	run := o.show(ctx, o.console, s.client, s.want.Namespace)
	options := append(s.pack.preview(), optpreview.ProgressStreams(run.out), optpreview.ErrorProgressStreams(run.err))
	if o.diff {
		options = append(options, optpreview.Diff())
	}
	if o.refresh {
		options = append(options, optpreview.Refresh())
	}
	plan, err := engine.Preview(ctx, s.opened, run.Handle, options...)
	run.Close()
	if err != nil {
		return nil, run.fail(ctx, "preview failed", s.stack, err)
	}
	summary := changes.Preview(s.stack, plan, s.want)
	if o.plan != "" {
		if err := plan.Save(o.plan, s.stack); err != nil {
			return summary, err
		}
	}
	if !o.verbose && !o.markdown {
		run.warn(o.out)
		if err := changes.Text(o.out, []*changes.Stack{summary}); err != nil {
			return nil, err
		}
	}
	console := o.console
	if o.markdown {
		console.out = o.err
	}
	if _, err := s.settle(ctx, s.state, plan, o.ownershipOptions, console); err != nil {
		return summary, err
	}
	if err := reportOlderSidecars(ctx, s.client, s.want, console.out); err != nil {
		return summary, err
	}
	if o.expectNoChanges && plan.Changes > 0 {
		return summary, exit(wouldChange, fmt.Errorf("%s of stack %s would change", count(plan.Changes, "resource", "resources"), s.stack))
	}
	return summary, nil
}
