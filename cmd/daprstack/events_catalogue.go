package main

import (
	"context"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/asyncapi"
	"github.com/daprstack/daprstack/internal/eventpage"
)

type eventsAsyncAPIOptions struct {
	console
	stackOptions
	version string
}

func newEventsAsyncAPICommand(runF func(context.Context, *eventsAsyncAPIOptions) error) *cobra.Command {
	o := &eventsAsyncAPIOptions{}
	cmd := &cobra.Command{
		Use:   "asyncapi",
		Short: "Print the AsyncAPI document of the stack's events, without asking the cluster",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.console = consoleOf(cmd)
			return runF(cmd.Context(), o)
		},
	}
	o.registerStack(cmd)
	cmd.Flags().StringVar(&o.version, "doc-version", "1.0.0", "the version of the document")
	return cmd
}

func runEventsAsyncAPI(_ context.Context, o *eventsAsyncAPIOptions) error {
	stack, err := loadStack(o.stackOptions)
	if err != nil {
		return err
	}
	text, err := yaml.Marshal(asyncapi.Document(stack, "Events of "+stack.Namespace, o.version))
	if err != nil {
		return err
	}
	_, err = o.out.Write(text)
	return err
}

type eventsPageOptions struct {
	console
	stackOptions
}

func newEventsPageCommand(runF func(context.Context, *eventsPageOptions) error) *cobra.Command {
	o := &eventsPageOptions{}
	cmd := &cobra.Command{
		Use:   "page",
		Short: "Print the stack's events as a page of Markdown, without asking the cluster",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.console = consoleOf(cmd)
			return runF(cmd.Context(), o)
		},
	}
	o.registerStack(cmd)
	return cmd
}

func runEventsPage(_ context.Context, o *eventsPageOptions) error {
	stack, err := loadStack(o.stackOptions)
	if err != nil {
		return err
	}
	return eventpage.Write(o.out, stack)
}

// loadStack returns what the stack file says, without asking its cluster.
func loadStack(o stackOptions) (*config.Stack, error) {
	t, err := findTarget(o)
	if err != nil {
		return nil, err
	}
	return t.load()
}
