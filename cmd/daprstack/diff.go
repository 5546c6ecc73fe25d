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
}

func newDiffCommand(runF func(context.Context, *diffOptions) error) *cobra.Command {
	opts := &diffOptions{}
	cmd := &cobra.Command{
		Use:   "diff <stack> <stack>",
		Short: "Print the values that differ between two stacks",
		Long: `Print every value that differs between two stacks, defaults included. Apps, stores,
pub/subs and events are matched by name. Secrets are masked and not compared. No
cluster is contacted.`,
		Example: "  daprstack diff staging prod",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.console, opts.from, opts.to = consoleOf(cmd), args[0], args[1]
			return runF(cmd.Context(), opts)
		},
	}
	cmd.Flags().BoolVar(&opts.json, "json", false, "print a JSON array")
	return cmd
}

func runDiff(_ context.Context, opts *diffOptions) error {
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
