package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/daprstack/daprstack/internal/events"
)

func newEventsCommand() *cobra.Command {
	cmd := newEventsListCommand(runEventsList)
	cmd.AddCommand(
		newEventsShowCommand(runEventsShow),
		newEventsPutBackCommand(runEventsPutBack),
		newEventsAsyncAPICommand(runEventsAsyncAPI),
		newEventsPageCommand(runEventsPage),
	)
	return cmd
}

type eventsListOptions struct {
	console
	stackOptions
}

func newEventsListCommand(runF func(context.Context, *eventsListOptions) error) *cobra.Command {
	o := &eventsListOptions{}
	cmd := &cobra.Command{
		Use:   "events",
		Short: "Show the events of the running stack; put dead letters back",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.console = consoleOf(cmd)
			return runF(cmd.Context(), o)
		},
	}
	o.registerStack(cmd)
	return cmd
}

func runEventsList(ctx context.Context, o *eventsListOptions) error {
	client, err := openEvents(ctx, o.stackOptions)
	if err != nil {
		return err
	}
	defer client.Close()
	all, err := client.List(ctx)
	if err != nil {
		return err
	}
	return writeStatuses(o.out, all)
}

// openEvents returns a client of the events of the stack that the options name.
func openEvents(ctx context.Context, o stackOptions) (*events.Client, error) {
	t, stack, err := reachable(ctx, o)
	if err != nil {
		return nil, err
	}
	client, err := t.client()
	if err != nil {
		return nil, err
	}
	return events.New(stack, client)
}

func writeStatuses(w io.Writer, all []events.Status) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "EVENT\tPUB/SUB\tKEPT\tSUBSCRIBER\tLAG\tPENDING\tDEAD LETTERS")
	for _, s := range all {
		fmt.Fprintf(table, "%s\t%s\t%d\t", s.Type, s.PubSub, s.Kept)
		if s.App == "" {
			fmt.Fprintln(table, "-\t-\t-\t-")
		} else {
			fmt.Fprintf(table, "%s\t%s\t%s\t%d\n", s.App, number(s.Lag), number(s.Pending), s.DeadLetters)
		}
	}
	return table.Flush()
}

func number(n int64) string {
	if n == events.Unknown {
		return "-"
	}
	return strconv.FormatInt(n, 10)
}
