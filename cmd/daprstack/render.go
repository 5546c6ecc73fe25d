package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/render"
	"github.com/daprstack/daprstack/toolchain"
)

// renderOptions are the options of daprstack render.
type renderOptions struct {
	console
	stackOptions
	output string // a folder; "" for the standard output
	force  bool
}

func newRenderCommand(runF func(context.Context, *renderOptions) error) *cobra.Command {
	o := &renderOptions{}
	cmd := &cobra.Command{
		Use:   "render",
		Short: "Print the whole stack as Kubernetes manifests, Dapr's chart included",
		Long: `Print every object of a stack as up would make it, Dapr's chart included, or write
each to a file of its own. No cluster is contacted, and no passphrase is needed:
secrets, and what only an up knows, are placeholders in angle brackets that say what
they stand for. The same stack file gives the same manifests, byte for byte.
docs/how-to/manifests.md says how they differ from what is in a cluster.`,
		Example: "  daprstack render -s prod\n  daprstack render -s prod -o manifests/prod",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.console = consoleOf(cmd)
			return runF(cmd.Context(), o)
		},
	}
	o.registerStack(cmd)
	cmd.Flags().StringVarP(&o.output, "output", "o", "", "the folder to write to, one file for each object; what an earlier render left there is removed")
	cmd.Flags().BoolVar(&o.force, "force", false, "write to a folder that holds something else")
	return cmd
}

func runRender(ctx context.Context, o *renderOptions) (err error) {
	t, err := findTarget(o.stackOptions)
	if err != nil {
		return err
	}
	r, err := newRenderer(t.folder, o.err)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.charts.Close()) }()
	objects, err := r.render(ctx, t)
	if err != nil {
		return err
	}
	if o.output == "" {
		return render.Write(o.out, objects)
	}
	if err := render.WriteFolder(o.output, t.stack, objects, o.force); err != nil {
		return err
	}
	fmt.Fprintf(o.err, "%s written to %s\n", count(len(objects), "manifest", "manifests"), o.output)
	return nil
}

// renderer renders stacks of a folder.
type renderer struct {
	tools  tools
	charts *render.Charts
	err    io.Writer
}

func newRenderer(folder string, stderr io.Writer) (*renderer, error) {
	tools, err := toolsOf(folder, stderr)
	if err != nil {
		return nil, err
	}
	return &renderer{tools, render.NewCharts(tools.kubernetes), stderr}, nil
}

// render returns the objects of a stack.
func (r *renderer) render(ctx context.Context, t *target) ([]*render.Object, error) {
	stack, err := t.load()
	if err != nil {
		return nil, err
	}
	if stack, err = r.withChart(ctx, t, stack); err != nil {
		return nil, err
	}
	for _, warning := range config.Warnings(stack) {
		fmt.Fprintln(r.err, "warning:", warning)
	}
	objects, err := render.Stack(ctx, string(t.project.Name), t.stack, stack, r.charts)
	if err != nil {
		return nil, fmt.Errorf("rendering stack %s: %w", t.stack, err)
	}
	return objects, nil
}

// withChart returns the stack with the chart of the Go module that Dapr is built
// from, if it is for the Dapr of that module and names no chart of its own: its
// templates are those of the repository's chart, it has a checksum, and is on this
// machine after the first time. Outside a checkout it is the repository's. The local
// node's stacks have the module's, and the local Redis, on up too.
func (r *renderer) withChart(ctx context.Context, t *target, stack *config.Stack) (*config.Stack, error) {
	if t.isLocal() {
		if err := r.tools.local(); err != nil {
			return nil, err
		}
	}
	if installs(stack) && stack.Dapr.Chart.Path == "" && (t.isLocal() || stack.Dapr.Version == toolchain.DaprVersion) {
		chart, err := r.tools.chart(ctx)
		if err == nil && chart != "" {
			err = t.setChart(chart)
		}
		if err != nil {
			return nil, err
		}
	}
	if t.isLocal() {
		if err := t.setRedis(); err != nil {
			return nil, err
		}
	}
	return t.load()
}

// installs reports whether a stack has a control plane of its own.
func installs(stack *config.Stack) bool { return *stack.Dapr.Enabled && *stack.Dapr.Install }
