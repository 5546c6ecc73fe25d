package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/daprstack/daprstack/internal/streams"
)

type eventsShowOptions struct {
	console
	stackOptions
	event, app string
	data       bool
}

func newEventsShowCommand(runF func(context.Context, *eventsShowOptions) error) *cobra.Command {
	o := &eventsShowOptions{}
	cmd := &cobra.Command{
		Use:   "show <event type> <app-id>",
		Short: "Show the dead letters of an event at one of its subscribers",
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.console, o.event, o.app = consoleOf(cmd), args[0], args[1]
			return runF(cmd.Context(), o)
		},
	}
	o.registerStack(cmd)
	cmd.Flags().BoolVar(&o.data, "data", false, "show whole events with their data, one JSON object a line")
	return cmd
}

func runEventsShow(ctx context.Context, o *eventsShowOptions) error {
	client, err := openEvents(ctx, o.stackOptions)
	if err != nil {
		return err
	}
	defer client.Close()
	letters, err := client.DeadLetters(ctx, o.event, o.app)
	if err != nil {
		return err
	}
	if o.data {
		return letters.Each(ctx, func(letter streams.Entry) error { return writeData(o.out, letter.Body) })
	}
	table := newLetterTable(o.out, letters.Reasons(ctx))
	return errors.Join(letters.Each(ctx, table.write), table.Flush())
}

// writeData writes an event on one line; quoted, if it is not JSON.
func writeData(w io.Writer, body []byte) error {
	format := "%s\n"
	if !json.Valid(body) {
		format = "%q\n"
	}
	_, err := fmt.Fprintf(w, format, body)
	return err
}

// letterTable writes dead letters as a table.
type letterTable struct {
	*tabwriter.Writer
	reasons map[string]string // by event id
}

func newLetterTable(w io.Writer, reasons map[string]string) letterTable {
	t := letterTable{tabwriter.NewWriter(w, 0, 0, 2, ' ', 0), reasons}
	fmt.Fprintln(t, "DEAD SINCE\tEVENT ID\tSOURCE\tTIME\tBYTES\tREASON")
	return t
}

func (t letterTable) write(letter streams.Entry) error {
	since, size := letter.Time().UTC().Format(time.RFC3339), len(letter.Body)
	if letter.Event.Context == nil {
		_, err := fmt.Fprintf(t, "%s\t(no event)\t-\t-\t%d\t-\n", since, size)
		return err
	}
	id := letter.Event.ID()
	_, err := fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%s\n", since, id, letter.Event.Source(),
		letter.Event.Time().UTC().Format(time.RFC3339), size, cmp.Or(t.reasons[id], "-"))
	return err
}
