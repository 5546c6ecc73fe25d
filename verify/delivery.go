package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/cluster"
	"github.com/daprstack/daprstack/internal/streams"
)

func (v *verifier) pubSubs() (all []check) {
	for _, p := range v.stack.PubSubs {
		subscribers := v.subscribers(p.Name)
		if len(subscribers) == 0 {
			continue
		}
		interval := p.RedeliverInterval.Duration
		all = append(all,
			check{entity: "pub/sub", rules: []string{"Q-03", "E-09"}, what: p.Name + ": its subscribers have the retry policy of the stack file",
				prove: func(ctx context.Context) error { return v.resiliency(ctx, p, subscribers) }},
			check{entity: "pub/sub", rules: []string{"Q-02"}, what: p.Name + ": sidecars check for unacknowledged events every " + interval.String(),
				timeout: 2*interval + checkTimeout,
				prove:   func(ctx context.Context) error { return v.redeliver(ctx, p) }},
		)
	}
	return all
}

// subscribers returns the app-ids that subscribe to events of a pub/sub.
func (v *verifier) subscribers(pubSub string) (ids []string) {
	for _, e := range v.stack.Events {
		for _, s := range e.Subscribers {
			if e.PubSub == pubSub {
				ids = append(ids, s.App)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// resiliencyName is the name of the object that package stacks creates.
const resiliencyName = "delivery"

// resiliencyObject is the Resiliency in the cluster.
type resiliencyObject struct {
	Spec struct {
		Policies struct {
			Retries map[string]struct {
				Policy, Duration, MaxInterval string
				MaxRetries                    *int
			}
			Timeouts map[string]string
		}
		Targets struct {
			Components map[string]struct {
				Inbound struct{ Retry, Timeout string }
			}
		}
	}
}

// resiliency proves that the cluster has the retry policy of the stack file and
// that the subscribers' sidecars have loaded it.
func (v *verifier) resiliency(ctx context.Context, p config.PubSub, subscribers []string) error {
	var o resiliencyObject
	if err := v.read(ctx, cluster.Resiliencies, "Resiliency", resiliencyName, &o); err != nil {
		return err
	}
	problems := []error{o.matches(p)}
	for _, id := range subscribers {
		m, err := v.sidecarMetadata(ctx, id)
		if err == nil && !slices.Contains(m.Resiliencies, struct{ Name string }{resiliencyName}) {
			err = fmt.Errorf("the sidecar of %s has not loaded Resiliency %s; delete its pods, so that new ones load it", id, resiliencyName)
		}
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// matches returns how the delivery policies of a pub/sub differ from the stack
// file.
func (o resiliencyObject) matches(p config.PubSub) error {
	var problems []error
	inbound := o.Spec.Targets.Components[p.Name].Inbound
	policy, found := o.Spec.Policies.Retries[inbound.Retry]
	wait := policy.Duration
	if policy.Policy == "exponential" {
		wait = policy.MaxInterval
	}
	switch {
	case !found:
		problems = append(problems, errors.New("no retry policy applies: failed events would go straight to the dead-letter topic"))
	case policy.MaxRetries == nil || *policy.MaxRetries != *p.MaxRetries:
		problems = append(problems, fmt.Errorf("maxRetries differs from the stack file's %d", *p.MaxRetries))
	case policy.Policy != p.RetryPolicy || !sameDuration(wait, p.RetryInterval.Duration):
		problems = append(problems, fmt.Errorf("the policy is %s %s, the stack file says %s %s", policy.Policy, wait, p.RetryPolicy, p.RetryInterval))
	}
	if !sameDuration(o.Spec.Policies.Timeouts[inbound.Timeout], p.HandlerTimeout.Duration) {
		problems = append(problems, fmt.Errorf("the handler's timeout differs from the stack file's %s", p.HandlerTimeout))
	}
	return errors.Join(problems...)
}

func sameDuration(text string, want time.Duration) bool {
	d, err := time.ParseDuration(text)
	return err == nil && d == want
}

// redeliver watches when the sidecars check for unacknowledged events. It takes
// twice the interval.
func (v *verifier) redeliver(ctx context.Context, p config.PubSub) error {
	interval := p.RedeliverInterval.Duration
	if !v.wait {
		return skipped(fmt.Sprintf("takes %s: run daprstack verify", 2*interval))
	}
	client, err := v.backend(ctx, p.Name)
	if err != nil {
		return err
	}
	slack := max(time.Second, interval/10)
	looks, err := client.Looks(ctx, 2*interval+slack)
	switch {
	case errors.Is(err, streams.ErrUnwatched):
		return skipped(err.Error())
	case err != nil:
		return err
	}
	var problems []error
	for _, e := range v.stack.Events {
		for _, s := range e.Subscribers {
			if e.PubSub != p.Name {
				continue
			}
			a, _ := v.stack.App(s.App) // X-01 holds
			moments := looks[v.stack.Stream(p.Name, e.Type)+" "+v.stack.ConsumerGroup(p.Name, s.App)]
			sidecars, fixed := a.Pods()
			if !fixed {
				pods, err := v.cluster.Pods(ctx, v.stack.Namespace, a.Name)
				if err != nil {
					return err
				}
				sidecars = len(pods)
			}
			if err := periodic(moments, sidecars, interval, slack); err != nil {
				problems = append(problems, fmt.Errorf("%s for %s: %w", e.Type, s.App, err))
			}
		}
	}
	return errors.Join(problems...)
}

// periodic returns an error unless each of so many sidecars checked once in the
// first interval and again one interval later.
func periodic(moments []time.Duration, sidecars int, interval, slack time.Duration) error {
	count, atTheEdge := 0, 0
	for _, at := range moments {
		if at < slack || (at-interval).Abs() < slack {
			atTheEdge++
		}
		if at >= interval {
			continue
		}
		count++
		follows := func(other time.Duration) bool { return (other - at - interval).Abs() <= slack }
		if !slices.ContainsFunc(moments, follows) {
			return fmt.Errorf("checked after %s and not again %s later", at.Round(time.Second), interval)
		}
	}
	if off := count - sidecars; off > atTheEdge || -off > atTheEdge {
		return fmt.Errorf("checked %d times in %s with %d sidecars", count, interval, sidecars)
	}
	return nil
}
