// Package events publishes and receives CloudEvents over HTTP. It does not know
// who is at the other end: a broker that stores an event and delivers it, or
// the subscribers themselves. The request is the same.
package events

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/daprstack/daprstack/contracts"
	"github.com/daprstack/daprstack/examples/todo/internal/serve"
)

// A Publisher sends each event to all addresses of its type.
type Publisher struct {
	addresses map[string][]string
	client    *http.Client
	log       *slog.Logger
}

// NewPublisher reads the addresses of the events from EVENT_…_URL, separated by
// commas. A variable may be empty, which means that nobody subscribes, but it
// must be set: otherwise events would be lost silently.
func NewPublisher(env serve.Env, client *http.Client, log *slog.Logger, events ...contracts.Payload) (*Publisher, error) {
	p := &Publisher{addresses: map[string][]string{}, client: client, log: log}
	var errs []error
	for _, e := range events {
		name := variable(e.Event().Type)
		list, set := env(name)
		if !set {
			errs = append(errs, fmt.Errorf("%s is not set: give the addresses to which %s is published, or leave it empty if nobody listens", name, e.Event().Type))
		}
		for address := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ',' || r == ' ' }) {
			if problems := contracts.CheckURL(address); len(problems) > 0 {
				errs = append(errs, fmt.Errorf("%s: %w", name, problems))
			}
			p.addresses[e.Event().Type] = append(p.addresses[e.Event().Type], address)
		}
	}
	return p, errors.Join(errs...)
}

// variable returns EVENT_TASK_CREATED_URL for task.created.
func variable(eventType string) string {
	return "EVENT_" + strings.ToUpper(strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' {
			return r
		}
		return '_'
	}, eventType)) + "_URL"
}

// Publish sends e. It returns an error if one of the addresses did not take it;
// a retry reaches the others a second time.
func (p *Publisher) Publish(ctx context.Context, e event.Event) error {
	var errs []error
	for _, address := range p.addresses[e.Type()] {
		if err := p.send(ctx, address, e); err != nil {
			errs = append(errs, fmt.Errorf("publishing %s %s: %w", e.Type(), e.ID(), err))
		}
	}
	return errors.Join(errs...)
}

func (p *Publisher) send(ctx context.Context, address string, e event.Event) error {
	req, err := contracts.PublishRequest(ctx, address, e)
	if err != nil {
		return err
	}
	res, err := p.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(http.MaxBytesReader(nil, res.Body, 64<<10))
	if err != nil {
		return fmt.Errorf("reading the response: %w", err)
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return fmt.Errorf("the response was %d: %.200q", res.StatusCode, body)
	}
	var reply contracts.Reply
	_ = json.Unmarshal(body, &reply) // a broker's response has no such body
	switch reply.Status {
	case contracts.Success, "":
	case contracts.Drop:
		p.log.Warn("event dropped by its subscriber", "event", e.ID(), "type", e.Type())
	default:
		return fmt.Errorf("the subscriber answered %s", reply.Status)
	}
	return nil
}
