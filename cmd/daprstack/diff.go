package main

import (
	"context"
	"fmt"
	"reflect"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/daprstack/daprstack/config"
)

// diffOptions are the options of daprstack diff.
type diffOptions struct {
	console
	from, to string
	json     bool

	// With a base, instead of from and to.
	base     string
	stack    string // "" for all
	config   []string
	markdown bool
}

func newDiffCommand(runF func(context.Context, *diffOptions) error) *cobra.Command {
	opts := &diffOptions{}
	cmd := &cobra.Command{
		Use:   "diff <stack> <stack> | diff --base <revision>",
		Short: "Print what differs between two stacks, or what a change does to the objects of a stack",
		Long: `Print every value that differs between two stacks, defaults included. Apps, stores,
pub/subs and events are matched by name. Secrets are masked and not compared.

With --base, print what the change from a git revision to the files of this folder does
to the objects of each stack: what is new, changed and removed in which app, which pods
restart, what is replaced, and what data is at risk. --markdown is for the comment of a
pull request. Both sides are rendered as by daprstack render, with what Pulumi.yaml and
Pulumi.<stack>.yaml say in each.

No cluster is contacted, and no passphrase is needed.`,
		Example: "  daprstack diff staging prod\n  daprstack diff --base origin/main\n  daprstack diff --base HEAD~1 -s prod --markdown",
		Args: func(cmd *cobra.Command, args []string) error {
			if opts.base == "" {
				return cobra.ExactArgs(2)(cmd, args)
			}
			return cobra.NoArgs(cmd, args)
		},
		PreRunE: func(cmd *cobra.Command, _ []string) error {
			for _, name := range []string{"stack", "config", "markdown"} {
				if cmd.Flags().Changed(name) && opts.base == "" {
					return fmt.Errorf("--%s goes with --base", name)
				}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.console = consoleOf(cmd)
			if opts.base == "" {
				opts.from, opts.to = args[0], args[1]
			}
			return runF(cmd.Context(), opts)
		},
	}
	cmd.Flags().StringVar(&opts.base, "base", "", "the git revision to compare this folder with, as in origin/main or HEAD~1")
	cmd.Flags().StringVarP(&opts.stack, "stack", "s", "", "with --base: the stack, as in Pulumi.<stack>.yaml (default all)")
	cmd.Flags().StringArrayVarP(&opts.config, "config", "c", nil, "with --base: set a value of the stack file on both sides, as in dapr.enabled=false (repeatable)")
	cmd.Flags().BoolVar(&opts.markdown, "markdown", false, "with --base: print Markdown, for the comment of a pull request")
	cmd.Flags().BoolVar(&opts.json, "json", false, "print a JSON array")
	cmd.MarkFlagsMutuallyExclusive("json", "markdown")
	return cmd
}

func runDiff(ctx context.Context, opts *diffOptions) error {
	if opts.base != "" {
		return runDiffBase(ctx, opts)
	}
	var sides [2][]config.Setting
	for i, stack := range []string{opts.from, opts.to} {
		t, err := findTarget(stackOptions{stack: stack})
		if err != nil {
			return err
		}
		if sides[i], err = t.list(); err != nil {
			return err
		}
	}
	rows := differences(sides[0], sides[1])
	if opts.json {
		return writeJSON(opts.out, rows)
	}
	w := tabwriter.NewWriter(opts.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "KEY\t%s\t%s\n", opts.from, opts.to)
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\t%s\n", r.Path, plainText(r.From), plainText(r.To))
	}
	return w.Flush()
}

// difference is one value that differs; nil means that the stack has none.
type difference struct {
	Path string `json:"path"`
	From any    `json:"from"`
	To   any    `json:"to"`
}

// differences compares settings path by path, in the order of the first stack;
// values that only the second stack has come last.
func differences(from, to []config.Setting) []difference {
	rows := []difference{}
	values := make(map[string]any, len(to))
	for _, s := range to {
		values[s.Path] = s.Value
	}
	for _, s := range from {
		if other := values[s.Path]; !reflect.DeepEqual(s.Value, other) {
			rows = append(rows, difference{s.Path, s.Value, other})
		}
		delete(values, s.Path)
	}
	for _, s := range to {
		if value, left := values[s.Path]; left {
			rows = append(rows, difference{s.Path, nil, value})
		}
	}
	return rows
}
