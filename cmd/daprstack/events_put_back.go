package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

type eventsPutBackOptions struct {
	console
	stackOptions
	event, app string
	ids        []string
	all        bool
}

func newEventsPutBackCommand(runF func(context.Context, *eventsPutBackOptions) error) *cobra.Command {
	o := &eventsPutBackOptions{}
	cmd := &cobra.Command{
		Use:   "put-back <event type> <app-id> [<event id> ...]",
		Short: "Redeliver dead letters to the subscriber that could not handle them, once each",
		Args: cobra.MatchAll(cobra.MinimumNArgs(2), func(_ *cobra.Command, args []string) error {
			if named := len(args) > 2; named == o.all {
				return errors.New("give the ids of the events, as daprstack events show lists them, or --all")
			}
			return nil
		}),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.console, o.event, o.app, o.ids = consoleOf(cmd), args[0], args[1], args[2:]
			return runF(cmd.Context(), o)
		},
	}
	o.registerStack(cmd)
	cmd.Flags().BoolVar(&o.all, "all", false, "every dead letter of the event at that subscriber")
	return cmd
}

func runEventsPutBack(ctx context.Context, o *eventsPutBackOptions) error {
	client, err := openEvents(ctx, o.stackOptions)
	if err != nil {
		return err
	}
	defer client.Close()
	letters, err := client.DeadLetters(ctx, o.event, o.app)
	if err != nil {
		return err
	}
	count, err := letters.PutBack(ctx, o.ids)
	fmt.Fprintf(o.out, "%d put back: %s gets them within %s\n", count, o.app, letters.RedeliveredWithin())
	return err
}
