package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/daprstack/daprstack/config"
)

// configOptions are the options of daprstack config.
type configOptions struct {
	console
	stackOptions
	json bool
}

func newConfigCommand(runF func(context.Context, *configOptions) error) *cobra.Command {
	opts := &configOptions{}
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Print the effective configuration of a stack and where each value comes from",
		Long: `Print every value of a stack, defaults included, and where each comes from: the
project file that all stacks share, the stack file, its overlay, or a default.
Secrets are masked. No cluster is contacted.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			opts.console = consoleOf(cmd)
			return runF(cmd.Context(), opts)
		},
	}
	opts.registerStack(cmd)
	cmd.Flags().BoolVar(&opts.json, "json", false, "print a JSON array")
	return cmd
}

func runConfig(_ context.Context, opts *configOptions) error {
	t, err := findTarget(opts.stackOptions)
	if err != nil {
		return err
	}
	settings, err := t.list()
	if err != nil {
		return err
	}
	rows := make([]settingRow, len(settings))
	for i, s := range settings {
		rows[i] = settingRow{Path: s.Path, Value: s.Value, Source: t.source(s.From), At: s.From}
	}
	if opts.json {
		return writeJSON(opts.out, rows)
	}
	w := tabwriter.NewWriter(opts.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "KEY\tVALUE\tFROM")
	for _, r := range rows {
		from := r.Source
		if strings.HasPrefix(r.At, "overlay.") {
			from += ": " + r.At
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", r.Path, plainText(r.Value), from)
	}
	return w.Flush()
}

// settingRow is one line of daprstack config.
type settingRow struct {
	Path   string `json:"path"`
	Value  any    `json:"value"`
	Source string `json:"source"`       // a file, a flag or "default"
	At     string `json:"at,omitempty"` // the path in that file
}

// list returns the settings of the target, with encrypted values masked.
func (t *target) list() ([]config.Setting, error) {
	if _, err := t.load(); err != nil {
		return nil, err
	}
	raw, secretKeys, err := t.rawConfig()
	if err != nil {
		return nil, err
	}
	settings, err := config.Settings(raw, secretKeys...)
	if err != nil {
		return nil, err
	}
	for i := range settings {
		settings[i].Value = mask(settings[i].Value)
	}
	return settings, nil
}

// mask returns a value with its encrypted parts replaced by asterisks.
func mask(value any) any {
	switch v := value.(type) {
	case string:
		if v == config.Encrypted {
			return config.Secret(v).String()
		}
	case []any:
		for i := range v {
			v[i] = mask(v[i])
		}
	}
	return value
}

// plainText renders a value on one line, much as YAML would.
func plainText(value any) string {
	switch v := value.(type) {
	case nil:
		return "-"
	case string:
		if v == "" {
			return `""`
		}
		return strings.ReplaceAll(v, "\n", `\n`)
	case []any:
		items := make([]string, len(v))
		for i, item := range v {
			items[i] = plainText(item)
		}
		return "[" + strings.Join(items, ", ") + "]"
	default:
		return fmt.Sprint(v)
	}
}

func writeJSON(w io.Writer, rows any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(rows)
}
