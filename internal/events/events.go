// Package events inspects the events of a running stack: what each subscriber
// still has before it, and its dead letters, which it can put back.
package events

import (
	"context"
	"errors"
	"slices"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules"
	"github.com/daprstack/daprstack/internal/cluster"
	"github.com/daprstack/daprstack/internal/streams"
)

// Client inspects the events of one running stack. It is not safe for concurrent
// use.
type Client struct {
	stack *config.Stack
	open  func(ctx context.Context, pubSub string) (*streams.Client, error)
	logs  func(ctx context.Context, app string) [][]byte

	opened map[string]*streams.Client // by pub/sub
}

// New returns a client of the events of a stack that runs on a cluster. It fails
// when the stack has no Dapr, and so no events.
func New(stack *config.Stack, c *cluster.Client) (*Client, error) {
	if !*stack.Dapr.Enabled {
		return nil, errors.New("the stack has no Dapr and so no events: its apps call each other")
	}
	return &Client{
		stack: stack,
		open: func(ctx context.Context, pubSub string) (*streams.Client, error) {
			return streams.Open(ctx, c, stack, pubSub)
		},
		logs:   func(ctx context.Context, app string) [][]byte { return sidecarLogs(ctx, c, stack.Namespace, app) },
		opened: map[string]*streams.Client{},
	}, nil
}

// Close closes the connections to Redis.
func (c *Client) Close() error {
	var errs []error
	for _, s := range c.opened {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

// streams returns the streams of a pub/sub.
func (c *Client) streams(ctx context.Context, pubSub string) (*streams.Client, error) {
	if s := c.opened[pubSub]; s != nil {
		return s, nil
	}
	s, err := c.open(ctx, pubSub)
	if err == nil {
		c.opened[pubSub] = s
	}
	return s, err
}

// Unknown is a number that Redis cannot tell.
const Unknown = -1

// Status is where one subscriber of an event stands.
type Status struct {
	Type, PubSub string
	// Kept is the number of events in the stream.
	Kept int64
	// App is the app-id of the subscriber, "" for an event without subscribers.
	// Without a subscriber, only Kept counts.
	App string
	// Lag is the number of events that the subscriber has not been given yet, or
	// Unknown.
	Lag int64
	// Pending is the number of events that it has been given and has not
	// acknowledged, or Unknown before it subscribes for the first time.
	Pending int64
	// DeadLetters is the number of events that it could not handle.
	DeadLetters int64
}

// List returns the status of every event at each of its subscribers.
func (c *Client) List(ctx context.Context) ([]Status, error) {
	var all []Status
	for _, event := range c.stack.Events {
		found, err := c.status(ctx, event)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

func (c *Client) status(ctx context.Context, event config.Event) ([]Status, error) {
	s, err := c.streams(ctx, event.PubSub)
	if err != nil {
		return nil, err
	}
	stream := c.stack.Stream(event.PubSub, event.Type)
	kept, err := s.Length(ctx, stream)
	if err != nil {
		return nil, err
	}
	if len(event.Subscribers) == 0 {
		return []Status{{Type: event.Type, PubSub: event.PubSub, Kept: kept}}, nil
	}
	groups, err := s.Groups(ctx, stream)
	if err != nil {
		return nil, err
	}
	var all []Status
	for _, subscriber := range event.Subscribers {
		dead, err := s.Length(ctx, c.stack.Stream(event.PubSub, rules.DeadLetterTopic(event.Type, subscriber.App)))
		if err != nil {
			return nil, err
		}
		status := Status{
			Type: event.Type, PubSub: event.PubSub, Kept: kept, App: subscriber.App,
			Lag: Unknown, Pending: Unknown, DeadLetters: dead,
		}
		name := c.stack.ConsumerGroup(event.PubSub, subscriber.App)
		if i := slices.IndexFunc(groups, func(g streams.Group) bool { return g.Name == name }); i >= 0 {
			status.Lag, status.Pending = groups[i].Lag, groups[i].Pending
		}
		all = append(all, status)
	}
	return all, nil
}
