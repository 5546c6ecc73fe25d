package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules"
	"github.com/daprstack/daprstack/internal/cluster"
)

// component is a state store or pub/sub of the stack file.
type component struct {
	name, kind, version string
	scopes              []string
	timings             map[string]string // expected values of metadata items
}

func (v *verifier) declared() (all []component) {
	for _, s := range v.stack.StateStores {
		all = append(all, component{s.Name, s.Type, s.Version, s.Scopes, nil})
	}
	for _, p := range v.stack.PubSubs {
		timings := map[string]string{
			"redeliverInterval": strconv.FormatInt(p.RedeliverInterval.Milliseconds(), 10),
			"processingTimeout": p.ProcessingTimeout.String(),
		}
		if p.MaxLenApprox != nil {
			timings["maxLenApprox"] = strconv.Itoa(*p.MaxLenApprox)
		} else {
			timings["streamTTL"] = p.StreamTTL.String()
		}
		all = append(all, component{p.Name, p.Type, p.Version, p.Scopes, timings})
	}
	return all
}

func (v *verifier) components() (all []check) {
	for _, c := range v.declared() {
		all = append(all,
			check{entity: "component", rules: []string{"T-01", "T-02", "T-03", "T-09"}, what: c.name + ": loaded by the apps in its scopes and by no other",
				prove: func(ctx context.Context) error { return v.loaded(ctx, c) }},
			check{entity: "component", rules: []string{"T-06", "T-07"}, what: c.name + ": its password comes from an existing Secret",
				prove: func(ctx context.Context) error { return v.password(ctx, c) }},
			check{entity: "component", rules: []string{"T-10", "Q-02", "Q-05", "E-10"}, what: c.name + ": Dapr honors every metadata item",
				prove: func(ctx context.Context) error { return v.metadataItems(ctx, c) }},
		)
	}
	return all
}

// loaded proves that exactly the apps in the scopes have loaded a component.
func (v *verifier) loaded(ctx context.Context, c component) error {
	var problems []error
	for _, a := range v.stack.Apps {
		if a.Sidecar == nil || *a.Replicas == 0 {
			continue
		}
		m, err := v.says(ctx, a.Sidecar.AppID)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		at := slices.IndexFunc(m.Components, func(has loadedComponent) bool { return has.Name == c.name })
		switch scoped := slices.Contains(c.scopes, a.Sidecar.AppID); {
		case scoped && at < 0:
			problems = append(problems, fmt.Errorf("%s has not loaded it; its sidecar's log says why", a.Sidecar.AppID))
		case !scoped && at >= 0:
			problems = append(problems, fmt.Errorf("%s has loaded it but is not in its scopes", a.Sidecar.AppID))
		case scoped && (m.Components[at].Type != c.kind || m.Components[at].Version != c.version):
			problems = append(problems, fmt.Errorf("%s has loaded it as %s %s, not %s %s",
				a.Sidecar.AppID, m.Components[at].Type, m.Components[at].Version, c.kind, c.version))
		}
	}
	return errors.Join(problems...)
}

// componentObject is a Component in the cluster.
type componentObject struct {
	Spec struct {
		Type     string
		Metadata []struct {
			Name         string
			Value        any
			SecretKeyRef *struct{ Name, Key string }
			EnvRef       string
		}
	}
	Scopes []string
}

func (v *verifier) componentObject(ctx context.Context, name string) (o componentObject, err error) {
	err = v.read(ctx, cluster.Components, "Component", name, &o)
	return o, err
}

// read decodes an object of the namespace into a struct.
func (v *verifier) read(ctx context.Context, resource schema.GroupVersionResource, kind, name string, into any) error {
	found, err := v.cluster.Objects.Resource(resource).Namespace(v.stack.Namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return fmt.Errorf("there is no %s %s in namespace %s", kind, name, v.stack.Namespace)
	}
	var raw []byte
	if err == nil {
		raw, err = found.MarshalJSON()
	}
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		return fmt.Errorf("reading %s %s: %w", kind, name, err)
	}
	return nil
}

// password proves that a component refers to its password and that the password
// is there. Errors never show its value.
func (v *verifier) password(ctx context.Context, c component) error {
	o, err := v.componentObject(ctx, c.name)
	if err != nil {
		return err
	}
	needed := v.stack.Redis.External == nil || *v.stack.Redis.External.Auth
	for _, item := range o.Spec.Metadata {
		if item.Name != "redisPassword" {
			continue
		}
		if item.SecretKeyRef == nil {
			return errors.New("redisPassword is not a secretKeyRef")
		}
		secret, err := v.cluster.Kube.CoreV1().Secrets(v.stack.Namespace).Get(ctx, item.SecretKeyRef.Name, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			return fmt.Errorf("there is no Secret %s in namespace %s", item.SecretKeyRef.Name, v.stack.Namespace)
		case err != nil:
			return fmt.Errorf("reading Secret %s: %w", item.SecretKeyRef.Name, err)
		case len(secret.Data[item.SecretKeyRef.Key]) == 0:
			return fmt.Errorf("Secret %s has nothing under the key %s: Dapr reads an empty password", item.SecretKeyRef.Name, item.SecretKeyRef.Key)
		}
		return nil
	}
	if needed {
		return errors.New("redisPassword is missing")
	}
	return nil
}

// metadataItems proves that Dapr honors every metadata item of the object in
// the cluster, and that the timings are those of the stack file.
func (v *verifier) metadataItems(ctx context.Context, c component) error {
	o, err := v.componentObject(ctx, c.name)
	if err != nil {
		return err
	}
	var problems []error
	var entries []rules.MetadataEntry
	values := map[string]string{}
	for _, item := range o.Spec.Metadata {
		e := rules.MetadataEntry{Name: item.Name}
		switch {
		case item.SecretKeyRef != nil:
			e.From = rules.FromSecret
		case item.EnvRef != "":
			e.From = rules.FromEnv
		default:
			e.Value = fmt.Sprint(item.Value)
			values[item.Name] = e.Value
		}
		entries = append(entries, e)
	}
	found := rules.MetadataItems(o.Spec.Type, entries)
	for _, name := range sorted(found) {
		for _, reason := range found[name] {
			problems = append(problems, fmt.Errorf("metadata item %s %s", name, reason))
		}
	}
	for _, name := range sorted(c.timings) {
		if values[name] != c.timings[name] {
			problems = append(problems, fmt.Errorf("%s is %q, the stack file says %q", name, values[name], c.timings[name]))
		}
	}
	return errors.Join(problems...)
}

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
		m, err := v.says(ctx, id)
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
	if p.RetryPolicy == "exponential" {
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
	client, err := v.streams(ctx, p.Name)
	if err != nil {
		return err
	}
	slack := max(time.Second, interval/10)
	looks, err := client.Looks(ctx, 2*interval+slack)
	if err != nil {
		return err
	}
	var problems []error
	for _, e := range v.stack.Events {
		for _, s := range e.Subscribers {
			if e.PubSub != p.Name {
				continue
			}
			a, _ := v.stack.App(s.App) // X-01 holds
			moments := looks[e.Type+" "+v.stack.ConsumerGroup(p.Name, s.App)]
			if err := periodic(moments, *a.Replicas, interval, slack); err != nil {
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
