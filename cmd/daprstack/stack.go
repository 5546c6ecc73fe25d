package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/engine"
	"github.com/daprstack/daprstack/internal/progress"
	"github.com/daprstack/daprstack/stacks"
	"github.com/daprstack/daprstack/toolchain"
)

// parallel is how many resources are worked on at once. The engine's default, four
// times the cores, makes the few that everything waits for stand in a queue.
const parallel = 32

// stackFlags are common to the commands that work on a stack.
type stackFlags struct {
	stack      string
	file       string
	context    string
	kubeconfig string
	config     []string
}

func (f *stackFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&f.stack, "stack", "s", "dev", "the stack, as in Pulumi.<stack>.yaml")
	cmd.Flags().StringVar(&f.file, "config-file", "", "the stack file (default Pulumi.<stack>.yaml of the checkout)")
	cmd.Flags().StringVar(&f.context, "context", "", "the kubeconfig context to use instead of the stack file's")
	cmd.Flags().StringVar(&f.kubeconfig, "kubeconfig", "", "the kubeconfig (default the local node's, $KUBECONFIG or ~/.kube/config)")
	cmd.Flags().StringArrayVarP(&f.config, "config", "c", nil, "set a value of the stack file for this run, as in dapr.enabled=false (repeatable)")
}

func newPreviewCommand() *cobra.Command {
	var (
		flags         stackFlags
		policy        policyFlags
		diff, nothing bool
		format        string
	)
	cmd := &cobra.Command{
		Use:   "preview",
		Short: "Show what up would change; nothing is changed",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			pack, err := policy.open(ctx)
			if err != nil {
				return err
			}
			stack, _, err := openStack(ctx, flags, format)
			if err != nil {
				return err
			}
			options := append(pack.preview(),
				optpreview.ProgressStreams(cmd.OutOrStdout()), optpreview.ErrorProgressStreams(cmd.ErrOrStderr()))
			if diff {
				options = append(options, optpreview.Diff())
			}
			if nothing {
				options = append(options, optpreview.ExpectNoChanges())
			}
			_, err = stack.Preview(ctx, options...)
			return engineError(ctx, "preview", err)
		},
	}
	flags.register(cmd)
	policy.register(cmd)
	cmd.Flags().BoolVar(&diff, "diff", false, "show every property that would change")
	cmd.Flags().BoolVar(&nothing, "expect-no-changes", false, "fail if anything would change")
	registerErrorFormat(cmd, &format)
	return cmd
}

func newUpCommand() *cobra.Command {
	var (
		flags  stackFlags
		policy policyFlags
		yes    bool
		blind  bool
		format string
	)
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Make the cluster what the stack file says",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			pack, err := policy.open(ctx)
			if err != nil {
				return err
			}
			stack, t, err := openStack(ctx, flags, format)
			if err != nil {
				return err
			}
			if err := confirm(cmd, yes, "bring stack %s up on context %s", t.stack, t.context); err != nil {
				return err
			}
			if _, err := resume(ctx, cmd, stack, t); err != nil {
				return err
			}
			if err := pack.check(ctx, stack, cmd.OutOrStdout(), cmd.ErrOrStderr()); err != nil {
				return err
			}
			result, err := stack.Up(ctx, append(pack.up(), optup.SuppressOutputs(), optup.Parallel(parallel),
				optup.ProgressStreams(cmd.OutOrStdout()), optup.ErrorProgressStreams(cmd.ErrOrStderr()))...)
			if err != nil {
				return engineError(ctx, "up", err)
			}
			if !blind {
				if err := t.verifyUp(ctx, cmd.OutOrStdout()); err != nil {
					return fmt.Errorf("%w; look again with daprstack verify -s %s", err, t.stack)
				}
			}
			return sayPage(ctx, cmd.OutOrStdout(), t, result.Outputs)
		},
	}
	flags.register(cmd)
	policy.register(cmd)
	registerYes(cmd, &yes)
	cmd.Flags().BoolVar(&blind, "no-verify", false, "do not verify the stack at the end")
	registerErrorFormat(cmd, &format)
	return cmd
}

func newRefreshCommand() *cobra.Command {
	var (
		flags   stackFlags
		nothing bool
	)
	cmd := &cobra.Command{
		Use:   "refresh",
		Short: "Look for drift: take over into the state what the cluster really has",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			stack, t, err := openStack(ctx, flags, "text")
			if err != nil {
				return err
			}
			if _, err := resume(ctx, cmd, stack, t); err != nil {
				return err
			}
			options := []optrefresh.Option{
				optrefresh.ProgressStreams(cmd.OutOrStdout()), optrefresh.ErrorProgressStreams(cmd.ErrOrStderr()),
			}
			if nothing {
				options = append(options, optrefresh.ExpectNoChanges())
			}
			_, err = stack.Refresh(ctx, options...)
			return engineError(ctx, "refresh", err)
		},
	}
	flags.register(cmd)
	cmd.Flags().BoolVar(&nothing, "expect-no-changes", false, "fail if anything has drifted")
	return cmd
}

func newDestroyCommand() *cobra.Command {
	var (
		flags stackFlags
		yes   bool
	)
	cmd := &cobra.Command{
		Use:   "destroy",
		Short: "Remove everything that up made",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			stack, t, err := openStack(ctx, flags, "text")
			if err != nil {
				return err
			}
			if err := confirm(cmd, yes, "remove everything of stack %s from context %s, its data too", t.stack, t.context); err != nil {
				return err
			}
			state, err := resume(ctx, cmd, stack, t)
			if err != nil {
				return err
			}
			// Before the rest: they may hold what the engine knows, as a pod holds its volume.
			removed, err := t.removeLeftovers(ctx, state.Leftovers)
			for _, object := range removed {
				fmt.Fprintln(cmd.OutOrStdout(), "removed what the interrupted run had made: "+object)
			}
			if err != nil {
				return err
			}
			_, err = stack.Destroy(ctx,
				optdestroy.Parallel(parallel), optdestroy.ProgressStreams(cmd.OutOrStdout()), optdestroy.ErrorProgressStreams(cmd.ErrOrStderr()))
			return engineError(ctx, "destroy", err)
		},
	}
	flags.register(cmd)
	registerYes(cmd, &yes)
	return cmd
}

func newOutputsCommand() *cobra.Command {
	var flags stackFlags
	cmd := &cobra.Command{
		Use:   "outputs",
		Short: "Print the stack's outputs as JSON, secrets masked",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			stack, _, err := openStack(cmd.Context(), flags, "text")
			if err != nil {
				return err
			}
			outputs, err := stack.Outputs(cmd.Context())
			if err != nil {
				return fmt.Errorf("reading the outputs: %w", err)
			}
			return writeOutputs(cmd.OutOrStdout(), outputs)
		},
	}
	flags.register(cmd)
	return cmd
}

func writeOutputs(w io.Writer, outputs auto.OutputMap) error {
	values := make(map[string]any, len(outputs))
	for name, output := range outputs {
		values[name] = output.Value
		if output.Secret {
			values[name] = "[secret]"
		}
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(values)
}

func registerYes(cmd *cobra.Command, yes *bool) {
	cmd.Flags().BoolVarP(yes, "yes", "y", false, "do not ask")
}

func registerErrorFormat(cmd *cobra.Command, format *string) {
	cmd.Flags().StringVar(format, "errors", "text", "how to print the problems of the stack file: text or json")
}

// openStack does everything that can be done without the engine first: a bad
// stack file or a cluster that can't be reached ends here, with nothing made.
func openStack(ctx context.Context, flags stackFlags, errorFormat string) (*auto.Stack, *target, error) {
	t, err := findTarget(flags)
	if err != nil {
		return nil, nil, err
	}
	tc, err := toolchain.New(t.checkout, progress.New(os.Stderr))
	if err != nil {
		return nil, nil, err
	}
	if t.isLocal() {
		chart, err := tc.DaprChart(ctx)
		if err != nil {
			return nil, nil, err
		}
		if err := t.setChart(chart); err != nil {
			return nil, nil, err
		}
	}
	if err := t.check(errorFormat); err != nil {
		return nil, nil, err
	}
	if err := t.reach(ctx); err != nil {
		return nil, nil, err
	}
	tools, err := tc.Ensure(ctx, toolchain.Engine...)
	if err != nil {
		return nil, nil, err
	}
	dir, err := t.dir()
	if err != nil {
		return nil, nil, err
	}
	stack, err := engine.Open(ctx, engine.Options{
		Project: t.project, Stack: t.stack, Settings: t.settings, Program: stacks.Program,
		Tools: tools, Dir: dir, Kubeconfig: t.kubeconfig,
	})
	return stack, t, err
}

// check validates the stack file whole. Encrypted values are judged by the
// program, which has them in clear.
func (t *target) check(format string) error {
	raw, secretKeys, err := t.rawConfig()
	if err != nil {
		return err
	}
	_, err = stacks.Load(raw, secretKeys...)
	if err == nil {
		return nil
	}
	if report, ok := config.JSON(err); ok && format == "json" {
		fmt.Println(string(report))
		return fmt.Errorf("stack file of %s is not valid", t.stack)
	}
	return fmt.Errorf("the stack file %s is not valid; nothing was changed:\n%w%s", filepath.Base(t.file), err, t.noteInherited(err))
}

// resume refuses to move a stack to another context, where the engine would
// replace every object and delete those of the cluster that the stack is on, and
// makes an interrupted run of the past harmless. It returns the state as that run
// left it.
func resume(ctx context.Context, cmd *cobra.Command, stack *auto.Stack, t *target) (engine.State, error) {
	state, err := engine.Inspect(ctx, stack)
	if err != nil {
		return state, err
	}
	if state.Context != "" && state.Context != t.context {
		return state, fmt.Errorf("stack %s is deployed on context %q, not %q: destroy it there first (daprstack destroy -s %s --context %s), or use a stack of another name",
			t.stack, state.Context, t.context, t.stack, state.Context)
	}
	dir, err := t.dir()
	if err != nil {
		return state, err
	}
	did, err := engine.Recover(ctx, stack, dir, state)
	if did {
		fmt.Fprintln(cmd.ErrOrStderr(), "The last run was interrupted; going on from what it left.")
	}
	return state, err
}

// confirm asks the person at the terminal, unless they said --yes.
func confirm(cmd *cobra.Command, yes bool, format string, args ...any) error {
	if yes {
		return nil
	}
	what := fmt.Sprintf(format, args...)
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		return fmt.Errorf("about to %s, and nobody to ask: say --yes", what)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "About to %s. Go on? [y/N] ", what)
	answer, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if !slices.Contains([]string{"y\n", "Y\n", "yes\n"}, answer) {
		return errors.New("nothing was changed")
	}
	return nil
}

// engineError is what the engine's streamed output did not already say.
func engineError(ctx context.Context, what string, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("%s was interrupted; run it again, it goes on from there", what)
	case auto.IsConcurrentUpdateError(err):
		return fmt.Errorf("%s: another update of this stack is under way; wait for it to end", what)
	default:
		return fmt.Errorf("%s failed; the messages above say why. Mend it and run it again, it goes on from there", what)
	}
}
