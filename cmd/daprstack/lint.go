package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/daprstack/daprstack/internal/lint"
)

// lintOptions are the options of daprstack lint.
type lintOptions struct {
	console
	path, format, level string
	complete            bool
	policyConfig        string
	values              []string
}

func newLintCommand(runF func(context.Context, *lintOptions) error) *cobra.Command {
	opts := &lintOptions{}
	cmd := &cobra.Command{
		Use:   "lint <folder|file|chart|->",
		Short: "Check any Kubernetes manifests that have Dapr in them",
		Long: `Check Kubernetes manifests, whoever wrote them, with the rules of the policy pack:
what Dapr ignores, what names nothing that is there, what is open to every app, and
passwords in clear. No stack, no cluster and no Pulumi are needed.

A folder is read with all folders below it; a chart in it is rendered. Exit code 0:
nothing at or above --level; 1: findings; 2: something could not be read.

A comment lets findings pass, on the line, above it, or above the object:
  # daprstack:ignore T-10 the proxy reads it`,
		Example: `  daprstack lint deploy/
  kustomize build overlays/prod | daprstack lint --complete -
  daprstack lint --format sarif --level error charts/shop --values prod.yaml`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.console, opts.path = consoleOf(cmd), args[0]
			return runF(cmd.Context(), opts)
		},
	}
	registerChoice(cmd, &opts.format, "format", "", []string{"text", "json", "sarif"}, "how to print the findings")
	registerChoice(cmd, &opts.level, "level", "", []string{"warning", "error", "note"}, "the least grave finding that makes the exit code 1")
	cmd.Flags().BoolVar(&opts.complete, "complete", false, "the manifests are all there are: report every name that is not among them")
	cmd.Flags().StringVar(&opts.policyConfig, "policy-config", "", "a JSON file with the levels and exemptions of the policies (docs/reference/policy.md)")
	cmd.Flags().StringArrayVar(&opts.values, "values", nil, "a file with values for the chart (repeatable)")
	return cmd
}

// The exit codes of daprstack lint.
const (
	exitFound      = 1
	exitUnreadable = 2
)

func runLint(_ context.Context, opts *lintOptions) error {
	policies, err := opts.policies()
	if err != nil {
		return exit(exitUnreadable, err)
	}
	input, unread := lint.Read(lint.Source{Path: opts.path, Stdin: opts.in, Values: opts.values})
	report, err := lint.Check(input, lint.Options{Complete: opts.complete, Policies: policies})
	if err != nil {
		return exit(exitUnreadable, err)
	}
	write := map[string]func(io.Writer, *lint.Report) error{"text": lint.WriteText, "json": lint.WriteJSON, "sarif": lint.WriteSARIF}[opts.format]
	if err := write(opts.out, report); err != nil {
		return err
	}
	if unread != nil {
		return exit(exitUnreadable, fmt.Errorf("could not be read:\n%w", unread))
	}
	if n := report.Count(lint.Level(opts.level)); n > 0 {
		return exit(exitFound, fmt.Errorf("%d at or above %s; docs/reference/lint.md says how to let one pass", n, opts.level))
	}
	return nil
}

// policies returns the policy configuration, checked.
func (o *lintOptions) policies() ([]byte, error) {
	if o.policyConfig == "" {
		return nil, nil
	}
	path, err := checkPolicyConfig(o.policyConfig)
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}
