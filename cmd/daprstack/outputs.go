package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/spf13/cobra"
)

type outputsOptions struct {
	console
	stackOptions
}

func newOutputsCommand(runF func(context.Context, *outputsOptions) error) *cobra.Command {
	o := &outputsOptions{}
	cmd := &cobra.Command{
		Use:   "outputs",
		Short: "Print the stack's outputs as JSON, secrets masked",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.console = consoleOf(cmd)
			return runF(cmd.Context(), o)
		},
	}
	o.registerStack(cmd)
	return cmd
}

func runOutputs(ctx context.Context, o *outputsOptions) error {
	t, _, err := reachable(ctx, o.stackOptions)
	if err != nil {
		return err
	}
	stack, err := t.open(ctx, o.err)
	if err != nil {
		return err
	}
	outputs, err := stack.Outputs(ctx)
	if err != nil {
		return fmt.Errorf("reading the outputs: %w", err)
	}
	return writeOutputs(o.out, outputs)
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
