// Command daprstack brings a stack up on a cluster, and a cluster up on a bare
// machine. It runs the program of this repository on the real Pulumi engine, and
// touches only the cluster whose context the stack file or --context names.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	err := newRootCommand().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "daprstack",
		Short:         "A complete, safe Dapr platform on Kubernetes from one typed stack file",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(
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
	)
	return root
}
