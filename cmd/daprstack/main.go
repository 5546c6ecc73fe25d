// Command daprstack brings a stack up on a cluster, and a cluster up on a bare
// machine. It runs the program of this repository on the real Pulumi engine, and
// touches only the cluster whose context the stack file or --context names. Started
// by the engine under the name of the policy pack, it is the policy pack.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/daprstack/daprstack/internal/version"
	"github.com/daprstack/daprstack/policy/pack"
)

func main() {
	if servesPolicies() {
		if err := pack.Serve(); err != nil {
			fmt.Fprintln(os.Stderr, "policy:", err)
			os.Exit(1)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	err := newRootCommand().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(exitCode(err))
	}
}

// coded is an error with an exit code of its own.
type coded struct {
	error
	code int
}

func (c coded) Unwrap() error { return c.error }

// exit gives an error an exit code.
func exit(code int, err error) error { return coded{err, code} }

// exitCode returns the exit code of a command that failed, 1 unless the error has
// another one.
func exitCode(err error) int {
	var c coded
	if errors.As(err, &c) {
		return c.code
	}
	return 1
}

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "daprstack",
		Short:         "A complete, safe Dapr platform on Kubernetes from one typed stack file",
		Version:       version.Get().String(),
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	root.AddCommand(
		newInitCommand(runInit),
		newPreviewCommand(runPreview),
		newRenderCommand(runRender),
		newUpCommand(runUp),
		newRefreshCommand(runRefresh),
		newDestroyCommand(runDestroy),
		newRecoverCommand(runRecover),
		newOutputsCommand(runOutputs),
		newVerifyCommand(runVerify),
		newEventsCommand(),
		newLocalCommand(),
		newConfigCommand(runConfig),
		newDiffCommand(runDiff),
		newLintCommand(runLint),
		newVersionCommand(runVersion),
	)
	return root
}
