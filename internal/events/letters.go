package events

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules"
	"github.com/daprstack/daprstack/internal/streams"
)

// DeadLetters are the events of one type that one subscriber could not handle.
type DeadLetters struct {
	client  *Client
	streams *streams.Client
	event   config.Event
	app     string
	stream  string
}

// DeadLetters finds the dead letters of an event at a subscriber. It fails when
// the stack has no event of that type, or the app does not subscribe to it.
func (c *Client) DeadLetters(ctx context.Context, typ, app string) (*DeadLetters, error) {
	var types, apps []string
	for _, event := range c.stack.Events {
		types = append(types, event.Type)
		if event.Type != typ {
			continue
		}
		for _, s := range event.Subscribers {
			if s.App != app {
				apps = append(apps, s.App)
				continue
			}
			client, err := c.streams(ctx, event.PubSub)
			if err != nil {
				return nil, err
			}
			return &DeadLetters{c, client, event, app, c.stack.Stream(event.PubSub, rules.DeadLetterTopic(typ, app))}, nil
		}
	}
	if !slices.Contains(types, typ) {
		return nil, fmt.Errorf("the stack has no event %q; it has: %s", typ, list(types))
	}
	return nil, fmt.Errorf("%q does not subscribe to %s; these do: %s", app, typ, list(apps))
}

func list(names []string) string { return cmp.Or(strings.Join(names, ", "), "none") }

// Each calls use with every dead letter, oldest first, until use returns an error.
func (d *DeadLetters) Each(ctx context.Context, use func(streams.Entry) error) error {
	return d.streams.Each(ctx, d.stream, use)
}

// PutBack gives dead letters back to the subscriber: those of the given event ids,
// or all when there are none. A dead letter that is not an event goes by the id of
// its entry. PutBack returns how many it put back, and an error that joins the
// problems of the others.
func (d *DeadLetters) PutBack(ctx context.Context, ids []string) (int, error) {
	var (
		group    = d.client.stack.ConsumerGroup(d.event.PubSub, d.app)
		idle     = d.pubSub().ProcessingTimeout.Duration
		found    = map[string]bool{}
		problems []error
		count    int
	)
	err := d.Each(ctx, func(letter streams.Entry) error {
		id := idOf(letter)
		if len(ids) > 0 && !slices.Contains(ids, id) {
			return nil
		}
		found[id] = true
		err := d.streams.PutBack(ctx, d.client.stack.Stream(d.event.PubSub, d.event.Type), group, d.stream, letter, idle)
		switch {
		case err == nil:
			count++
		case !errors.Is(err, streams.ErrGone): // else somebody put it back meanwhile
			problems = append(problems, fmt.Errorf("%s: %w", id, err))
		}
		return ctx.Err()
	})
	for _, id := range ids {
		if !found[id] {
			problems = append(problems, fmt.Errorf("%s: no dead letter of %s at %s has this id", id, d.event.Type, d.app))
		}
	}
	return count, errors.Join(append(problems, err)...)
}

func idOf(letter streams.Entry) string {
	if letter.Event.Context == nil {
		return letter.ID
	}
	return letter.Event.ID()
}

// RedeliveredWithin returns how long it takes at most until the subscriber is given
// what was put back.
func (d *DeadLetters) RedeliveredWithin() time.Duration {
	return d.pubSub().RedeliverInterval.Duration
}

func (d *DeadLetters) pubSub() config.PubSub {
	pubSubs := d.client.stack.PubSubs
	i := slices.IndexFunc(pubSubs, func(p config.PubSub) bool { return p.Name == d.event.PubSub })
	return pubSubs[i] // X-01 holds
}
