package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules"
	"github.com/daprstack/daprstack/internal/asyncapi"
	"github.com/daprstack/daprstack/internal/cluster"
	"github.com/daprstack/daprstack/internal/eventpage"
	"github.com/daprstack/daprstack/internal/streams"
)

func newEventsCommand() *cobra.Command {
	var flags stackFlags
	list := &cobra.Command{
		Use:   "events",
		Short: "Look at the events of the running stack, and put dead letters back",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withEvents(cmd, flags, func(ctx context.Context, e *events) error { return e.list(ctx, cmd.OutOrStdout()) })
		},
	}
	var full bool
	show := &cobra.Command{
		Use:   "show <event type> <app-id>",
		Short: "Show the dead letters of an event at one of its subscribers",
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withEvents(cmd, flags, func(ctx context.Context, e *events) error {
				return e.show(ctx, cmd.OutOrStdout(), args[0], args[1], full)
			})
		},
	}
	show.Flags().BoolVar(&full, "data", false, "show each event whole, its data too, one JSON object a line")
	var all bool
	putBack := &cobra.Command{
		Use:   "put-back <event type> <app-id> [<event id> ...]",
		Short: "Give dead letters back to the subscriber that could not handle them, once each",
		Args:  cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if all == (len(args) > 2) {
				return errors.New("name the ids of the events, as daprstack events show lists them, or say --all")
			}
			return withEvents(cmd, flags, func(ctx context.Context, e *events) error {
				return e.putBack(ctx, cmd.OutOrStdout(), args[0], args[1], args[2:])
			})
		},
	}
	putBack.Flags().BoolVar(&all, "all", false, "every dead letter of the event at that subscriber")
	var version string
	document := &cobra.Command{
		Use:   "asyncapi",
		Short: "Print the AsyncAPI document of the stack's events; no cluster is asked",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			stack, err := loadStack(flags)
			if err != nil {
				return err
			}
			text, err := yaml.Marshal(asyncapi.Document(stack, "Events of "+stack.Namespace, version))
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(text)
			return err
		},
	}
	document.Flags().StringVar(&version, "doc-version", "1.0.0", "the version of the document")
	page := &cobra.Command{
		Use:   "page",
		Short: "Print the stack's events as a page of Markdown; no cluster is asked",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			stack, err := loadStack(flags)
			if err != nil {
				return err
			}
			return eventpage.Write(cmd.OutOrStdout(), stack)
		},
	}
	for _, cmd := range []*cobra.Command{list, show, putBack, document, page} {
		flags.register(cmd)
	}
	list.AddCommand(show, putBack, document, page)
	return list
}

// loadStack reads the stack file that the flags name, with its defaults.
func loadStack(flags stackFlags) (*config.Stack, error) {
	t, err := findTarget(flags)
	if err != nil {
		return nil, err
	}
	if err := t.check("text"); err != nil {
		return nil, err
	}
	return t.load()
}

// events are those of a running stack.
type events struct {
	stack   *config.Stack
	cluster *cluster.Client
	open    map[string]*streams.Client // by pub/sub
}

// withEvents does something with the events of the stack that the flags name.
func withEvents(cmd *cobra.Command, flags stackFlags, do func(context.Context, *events) error) error {
	t, err := findTarget(flags)
	if err != nil {
		return err
	}
	if err := t.check("text"); err != nil {
		return err
	}
	if err := t.reach(cmd.Context()); err != nil {
		return err
	}
	stack, client, err := t.running()
	if err != nil {
		return err
	}
	if !*stack.Dapr.Enabled {
		return errors.New("the stack has no Dapr, and so no events: its apps call each other")
	}
	e := &events{stack, client, map[string]*streams.Client{}}
	defer func() {
		for _, c := range e.open {
			_ = c.Close()
		}
	}()
	return do(cmd.Context(), e)
}

// at returns the streams of a pub/sub.
func (e *events) at(ctx context.Context, pubSub string) (*streams.Client, error) {
	if c := e.open[pubSub]; c != nil {
		return c, nil
	}
	c, err := streams.Open(ctx, e.cluster, e.stack, pubSub)
	if err == nil {
		e.open[pubSub] = c
	}
	return c, err
}

// list writes a line for each event at each of its subscribers.
func (e *events) list(ctx context.Context, w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "EVENT\tPUB/SUB\tKEPT\tSUBSCRIBER\tLAG\tPENDING\tDEAD LETTERS")
	for _, event := range e.stack.Events {
		client, err := e.at(ctx, event.PubSub)
		if err != nil {
			return err
		}
		kept, err := client.Length(ctx, event.Type)
		if err != nil {
			return err
		}
		groups, err := client.Groups(ctx, event.Type)
		if err != nil {
			return err
		}
		for _, s := range event.Subscribers {
			dead, err := client.Length(ctx, rules.DeadLetterTopic(event.Type, s.App))
			if err != nil {
				return err
			}
			lag, pending := "-", "-"
			if i := slices.IndexFunc(groups, func(g streams.Group) bool { return g.Name == e.stack.ConsumerGroup(event.PubSub, s.App) }); i >= 0 {
				pending = strconv.FormatInt(groups[i].Pending, 10)
				if groups[i].Lag >= 0 {
					lag = strconv.FormatInt(groups[i].Lag, 10)
				}
			}
			fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\t%s\t%d\n", event.Type, event.PubSub, kept, s.App, lag, pending, dead)
		}
		if len(event.Subscribers) == 0 {
			fmt.Fprintf(table, "%s\t%s\t%d\t-\t-\t-\t-\n", event.Type, event.PubSub, kept)
		}
	}
	return table.Flush()
}

func (e *events) pubSub(event config.Event) config.PubSub {
	i := slices.IndexFunc(e.stack.PubSubs, func(p config.PubSub) bool { return p.Name == event.PubSub })
	return e.stack.PubSubs[i] // X-01 holds
}

// find returns the event of a type that an app subscribes, and the streams that
// carry it.
func (e *events) find(ctx context.Context, typ, app string) (config.Event, *streams.Client, error) {
	var types, apps []string
	for _, event := range e.stack.Events {
		types = append(types, event.Type)
		if event.Type != typ {
			continue
		}
		for _, s := range event.Subscribers {
			if s.App == app {
				client, err := e.at(ctx, event.PubSub)
				return event, client, err
			}
			apps = append(apps, s.App)
		}
	}
	if !slices.Contains(types, typ) {
		return config.Event{}, nil, fmt.Errorf("%q is no event of the stack, which has %s", typ, strings.Join(types, ", "))
	}
	return config.Event{}, nil, fmt.Errorf("%q does not subscribe %s; these do: %s", app, typ, cmp.Or(strings.Join(apps, ", "), "none"))
}

// show writes the dead letters of an event at a subscriber.
func (e *events) show(ctx context.Context, w io.Writer, typ, app string, full bool) error {
	_, client, err := e.find(ctx, typ, app)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if !full {
		fmt.Fprintln(table, "DEAD SINCE\tEVENT ID\tSOURCE\tTIME\tBYTES\tREASON")
	}
	why := e.reasons(ctx, app)
	err = client.Each(ctx, rules.DeadLetterTopic(typ, app), func(letter streams.Entry) error {
		switch {
		case full && json.Valid(letter.Body):
			fmt.Fprintf(w, "%s\n", letter.Body)
		case full:
			fmt.Fprintf(w, "%q\n", letter.Body)
		case letter.Event.Context == nil:
			fmt.Fprintf(table, "%s\t(no event)\t-\t-\t%d\t-\n", letter.Time().UTC().Format(time.RFC3339), len(letter.Body))
		default:
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%s\n", letter.Time().UTC().Format(time.RFC3339),
				letter.Event.ID(), letter.Event.Source(), letter.Event.Time().UTC().Format(time.RFC3339), len(letter.Body),
				cmp.Or(why[letter.Event.ID()], "-"))
		}
		return nil
	})
	return errors.Join(err, table.Flush())
}

// putBack puts back the dead letters with some ids, or all of them.
func (e *events) putBack(ctx context.Context, w io.Writer, typ, app string, ids []string) error {
	event, client, err := e.find(ctx, typ, app)
	if err != nil {
		return err
	}
	pubSub, dead := e.pubSub(event), rules.DeadLetterTopic(typ, app)
	var problems []error
	there, done := map[string]bool{}, 0
	err = client.Each(ctx, dead, func(letter streams.Entry) error {
		id := letter.ID
		if letter.Event.Context != nil {
			id = letter.Event.ID()
		}
		if len(ids) > 0 && !slices.Contains(ids, id) {
			return nil
		}
		there[id] = true
		err := client.PutBack(ctx, typ, e.stack.ConsumerGroup(event.PubSub, app), dead, letter, pubSub.ProcessingTimeout.Duration)
		switch {
		case errors.Is(err, streams.ErrGone):
		case err != nil:
			problems = append(problems, fmt.Errorf("%s: %w", id, err))
		default:
			done++
		}
		return ctx.Err()
	})
	for _, id := range ids {
		if !there[id] {
			problems = append(problems, fmt.Errorf("%s: no dead letter of %s at %s has this id", id, typ, app))
		}
	}
	fmt.Fprintf(w, "%d put back: %s gets them within %s\n", done, app, pubSub.RedeliverInterval)
	return errors.Join(append(problems, err)...)
}
