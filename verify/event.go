package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/uuid"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules"
	"github.com/daprstack/daprstack/contracts"
	"github.com/daprstack/daprstack/internal/streams"
)

func (v *verifier) events() (all []check) {
	for _, e := range v.stack.Events {
		for _, publisher := range e.Publishers {
			all = append(all, check{
				entity: "event", rules: []string{"E-01", "E-02", "E-03", "E-11", "Q-01", "E-09"},
				what:  e.Type + " of " + publisher + ": a probe reaches every subscriber's sidecar, and from there its dead-letter topic",
				prove: func(ctx context.Context) error { return v.probe(ctx, e, publisher) },
			})
		}
		all = append(all, check{
			entity: "event", rules: []string{"E-01", "E-02", "E-03", "E-11"},
			what:  e.Type + ": the newest events have the catalogue's envelope",
			prove: func(ctx context.Context) error { return v.envelopes(ctx, e) },
		})
		if nonPublishers := v.nonPublishers(e); len(nonPublishers) > 0 {
			all = append(all, check{
				entity: "event", rules: []string{"E-08"}, what: e.Type + ": nobody else may publish it",
				prove: func(ctx context.Context) error { return v.publishRefused(ctx, e, nonPublishers) },
			})
		}
		if len(e.Subscribers) > 0 {
			all = append(all, check{
				entity: "event", rules: []string{"E-08", "Q-03"}, what: e.Type + ": its subscribers have its handler and its dead-letter topic",
				prove: func(ctx context.Context) error { return v.subscriptions(ctx, e) },
			})
		}
	}
	return all
}

// nonPublishers returns the apps that have the pub/sub in scope but may not
// publish the event.
func (v *verifier) nonPublishers(e config.Event) (ids []string) {
	for _, p := range v.stack.PubSubs {
		if p.Name != e.PubSub {
			continue
		}
		for _, id := range p.Scopes {
			if a, _ := v.stack.App(id); !slices.Contains(e.Publishers, id) && !a.Ends() {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// newProbe returns an event that has already expired: a sidecar that takes it
// does not deliver it to its app.
func newProbe(e config.Event) (event.Event, error) {
	p := event.New(contracts.SpecVersion)
	p.SetID("daprstack-verify-" + uuid.NewString())
	p.SetType(e.Type)
	p.SetSource(e.Source)
	p.SetTime(time.Now().UTC())
	p.SetExtension("expiration", time.Now().Add(-time.Hour).UTC().Format(time.RFC3339))
	return p, p.SetData(contracts.DefaultDataContentType, map[string]bool{"probe": true})
}

// publish publishes an event through an app's sidecar.
func (v *verifier) publish(ctx context.Context, app, pubSub string, e event.Event) (answer, error) {
	url, err := contracts.PublishURL(pubSub, e.Type())
	if err != nil {
		return answer{}, err
	}
	req, err := contracts.PublishRequest(ctx, url, e)
	if err != nil {
		return answer{}, err
	}
	return v.sidecar(ctx, app, req)
}

// probe follows an event from a publisher's sidecar through the stream to each
// subscriber's sidecar and its dead-letter topic, and removes it.
func (v *verifier) probe(ctx context.Context, e config.Event, publisher string) (err error) {
	client, err := v.backend(ctx, e.PubSub)
	if err != nil {
		return err
	}
	p, err := newProbe(e)
	if err != nil {
		return err
	}
	published, err := v.publish(ctx, publisher, e.PubSub, p)
	if err != nil {
		return err
	}
	if published.status != http.StatusNoContent {
		return fmt.Errorf("publishing returned %d: %s", published.status, shorten(published.body))
	}
	defer func() {
		cleanUp, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerTime)
		defer cancel()
		err = errors.Join(err, v.removeProbe(cleanUp, client, e, p.ID()))
	}()
	stream := v.stack.Stream(e.PubSub, e.Type)
	entry, err := client.Find(ctx, stream, p.ID())
	if err != nil {
		return err
	}
	if entry == nil {
		return fmt.Errorf("it is not in the stream %s", stream)
	}
	problems := []error{sameEnvelope(p, entry.Event)}
	for _, s := range e.Subscribers {
		problems = append(problems, v.awaitDeadLetter(ctx, client, e, s, p, entry.ID))
	}
	return errors.Join(problems...)
}

// maxEnvelopes is how many events of a stream are checked.
const maxEnvelopes = 100

// envelopes proves that applications publish events as the catalogue describes
// them.
func (v *verifier) envelopes(ctx context.Context, e config.Event) error {
	client, err := v.backend(ctx, e.PubSub)
	if err != nil {
		return err
	}
	bodies, err := client.Newest(ctx, v.stack.Stream(e.PubSub, e.Type), maxEnvelopes)
	if err != nil {
		return err
	}
	problems := map[string]int{}
	for _, body := range bodies {
		found, err := parseEvent(body, e.Type)
		switch {
		case err != nil:
			problems[withoutID(err).Error()]++
		case found.Type() != e.Type:
			problems[fmt.Sprintf("[E-11] type is %q, not %q", found.Type(), e.Type)]++
		case found.Source() != e.Source:
			problems[fmt.Sprintf("[E-03] source is %q, the catalogue says %q", found.Source(), e.Source)]++
		}
	}
	var all []error
	for _, problem := range sorted(problems) {
		all = append(all, fmt.Errorf("%d of %d events: %s", problems[problem], len(bodies), problem))
	}
	return errors.Join(all...)
}

// parseEvent parses an event of a type that the catalogue has, whatever the
// convention for types says of it (E-02).
func parseEvent(body []byte, typ string) (event.Event, error) {
	found, err := contracts.ParseEvent(body)
	var problems contracts.Problems
	if errors.As(err, &problems) && len(problems) == 1 && problems[0].Reason.Rule == "E-02" && problems[0].Value == typ {
		err = json.Unmarshal(body, &found)
	}
	return found, err
}

// withoutID drops the event's id from an error, so that equal problems can be
// counted.
func withoutID(err error) error {
	if inner := errors.Unwrap(err); inner != nil {
		return inner
	}
	return err
}

// sameEnvelope returns the attributes that changed on the way.
func sameEnvelope(sent, found event.Event) error {
	var problems []error
	for _, attribute := range []struct{ rule, name, sent, found string }{
		{"E-01", "specversion", sent.SpecVersion(), found.SpecVersion()},
		{"E-02", "type", sent.Type(), found.Type()},
		{"E-03", "source", sent.Source(), found.Source()},
		{"E-04", "id", sent.ID(), found.ID()},
	} {
		if attribute.sent != attribute.found {
			problems = append(problems, fmt.Errorf("[%s] its %s was %q and became %q", attribute.rule, attribute.name, attribute.sent, attribute.found))
		}
	}
	return errors.Join(problems...)
}

// arrivalTimeout limits the way of a probe to a subscriber.
const arrivalTimeout = 15 * time.Second

// awaitDeadLetter waits until the event was delivered to a subscriber's
// consumer group, acknowledged, and put into its dead-letter topic.
func (v *verifier) awaitDeadLetter(ctx context.Context, client backend, e config.Event, s config.Subscriber, p event.Event, id string) error {
	stream, group := v.stack.Stream(e.PubSub, e.Type), v.stack.ConsumerGroup(e.PubSub, s.App)
	dead := v.stack.Stream(e.PubSub, rules.DeadLetterTopic(e.Type, s.App))
	ctx, cancel := context.WithTimeout(ctx, arrivalTimeout)
	defer cancel()
	return until(ctx, func() error {
		groups, err := client.Groups(ctx, stream)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(groups, func(g streams.Group) bool { return g.Name == group })
		if at < 0 {
			return fmt.Errorf("%s has no consumer group at %s", s.App, stream)
		}
		if streams.Before(groups[at].Delivered, id) {
			return fmt.Errorf("it was not delivered to %s in its consumer group %s", s.App, group)
		}
		letter, err := client.Find(ctx, dead, p.ID())
		if err != nil {
			return err
		}
		if letter == nil {
			return fmt.Errorf("the sidecar of %s has not put it into %s", s.App, dead)
		}
		pending, err := client.IsPending(ctx, stream, group, id)
		if err == nil && pending {
			err = fmt.Errorf("%s has not acknowledged it", s.App)
		}
		return err
	})
}

// removeProbe removes a probe from its stream and from the dead letters.
func (v *verifier) removeProbe(ctx context.Context, client backend, e config.Event, eventID string) error {
	topics := []string{e.Type}
	for _, s := range e.Subscribers {
		topics = append(topics, rules.DeadLetterTopic(e.Type, s.App))
	}
	var problems []error
	for _, topic := range topics {
		stream := v.stack.Stream(e.PubSub, topic)
		entry, err := client.Find(ctx, stream, eventID)
		if err == nil && entry != nil {
			err = client.Delete(ctx, stream, entry.ID)
		}
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// publishRefused proves that apps that are not publishers are refused.
func (v *verifier) publishRefused(ctx context.Context, e config.Event, apps []string) error {
	var problems []error
	for _, app := range apps {
		p, err := newProbe(e)
		if err != nil {
			return err
		}
		published, err := v.publish(ctx, app, e.PubSub, p)
		switch {
		case err != nil:
			problems = append(problems, err)
		case published.status == http.StatusForbidden:
		default:
			problems = append(problems, fmt.Errorf("publishing as %s returned %d, not 403", app, published.status))
			if client, err := v.backend(ctx, e.PubSub); err == nil {
				problems = append(problems, v.removeProbe(ctx, client, e, p.ID()))
			}
		}
	}
	return errors.Join(problems...)
}

// subscriptions proves that each subscriber's sidecar has the event's handler
// and dead-letter topic.
func (v *verifier) subscriptions(ctx context.Context, e config.Event) error {
	var problems []error
	for _, s := range e.Subscribers {
		m, err := v.sidecarMetadata(ctx, s.App)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		at := slices.IndexFunc(m.Subscriptions, func(has loadedSubscription) bool { return has.PubSub == e.PubSub && has.Topic == e.Type })
		if at < 0 {
			problems = append(problems, fmt.Errorf("the sidecar of %s does not subscribe to it", s.App))
			continue
		}
		has := m.Subscriptions[at]
		if has.DeadLetter != rules.DeadLetterTopic(e.Type, s.App) {
			problems = append(problems, fmt.Errorf("the dead letters of %s go to %q, not %q", s.App, has.DeadLetter, rules.DeadLetterTopic(e.Type, s.App)))
		}
		if len(has.Rules) != 1 || has.Rules[0].Path != s.Path {
			problems = append(problems, fmt.Errorf("the handler of %s is %v, not only %s", s.App, has.Rules, s.Path))
		}
	}
	return errors.Join(problems...)
}
