package main

import (
	"context"
	"fmt"
	"runtime"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/version"
)

type versionOptions struct {
	console
	output string
}

func newVersionCommand(runF func(context.Context, *versionOptions) error) *cobra.Command {
	o := &versionOptions{}
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version of daprstack, and those of what it is built with",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.console = consoleOf(cmd)
			return runF(cmd.Context(), o)
		},
	}
	registerChoice(cmd, &o.output, "output", "o", []string{"text", "json"}, "how to print it")
	return cmd
}

// versions are what daprstack version prints.
type versions struct {
	version.Info
	Dapr     string `json:"dapr"`   // the default of a stack file
	Pulumi   string `json:"pulumi"` // the SDK
	Platform string `json:"platform"`
}

const pulumiSDK = "github.com/pulumi/pulumi/sdk/v3"

func runVersion(_ context.Context, o *versionOptions) error {
	built := version.Get()
	v := versions{built, config.DefaultDaprVersion, built.Module(pulumiSDK), runtime.GOOS + "/" + runtime.GOARCH}
	if o.output == "json" {
		return writeJSON(o.out, v)
	}
	w := tabwriter.NewWriter(o.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "daprstack\t%s\n", v)
	fmt.Fprintf(w, "Dapr\t%s by default\n", v.Dapr)
	fmt.Fprintf(w, "Pulumi SDK\t%s\n", v.Pulumi)
	fmt.Fprintf(w, "Go\t%s %s\n", v.Go, v.Platform)
	return w.Flush()
}
