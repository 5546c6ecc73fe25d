package stacks

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/components/dapr"
	"github.com/daprstack/daprstack/components/secrets"
	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules"
)

// sidecars is what the sidecars of the stack need.
type sidecars struct {
	ready          []pulumi.Resource              // what a pod with a sidecar waits for besides what it reads
	shared         []dapr.Source                  // read by the apps that they concern
	configurations map[string]*dapr.Configuration // by app-id
	redis          *dapr.RedisConnection          // nil if the stack keeps nothing in it
	redisCA        *secrets.Ref                   // of a Redis with a private authority
}

// sources returns what the sidecar of an app may read.
func (s *sidecars) sources(appID string) []dapr.Source {
	if own, made := s.configurations[appID]; made {
		return append(slices.Clone(s.shared), own)
	}
	return s.shared
}

// makeDapr makes Redis and the control plane side by side, and then every Dapr
// object. Redis is registered first, because rendering the chart takes a moment.
func (s *stack) makeDapr() (*sidecars, error) {
	redis, redisCA, err := s.makeRedis()
	if err != nil {
		return nil, err
	}
	plane, err := s.makeControlPlane()
	if err != nil {
		return nil, err
	}
	made := &sidecars{shared: []dapr.Source{plane}, configurations: map[string]*dapr.Configuration{}, redis: redis, redisCA: redisCA}
	guard, err := s.makeGuard()
	if err != nil {
		return nil, err
	}
	made.ready = guard.Ready()
	if err := s.makeConfigurations(made, plane.Ready()); err != nil {
		return nil, err
	}
	if err := s.makeResiliency(made, "delivery", plane.Ready()); err != nil {
		return nil, err
	}
	if err := s.makeComponents(made, redis, plane.Ready()); err != nil {
		return nil, err
	}
	return made, s.makeSubscriptions(made, plane.Ready())
}

func (s *stack) makeGuard() (*dapr.SidecarGuard, error) {
	return dapr.NewSidecarGuard(s.ctx, s.name("sidecar"), &dapr.SidecarGuardArgs{Namespace: s.cfg.Namespace}, s.cluster)
}

// makeControlPlane makes the control plane with its certificate authority, unless
// the stack uses one that is there already.
func (s *stack) makeControlPlane() (dapr.Source, error) {
	d := s.cfg.Dapr
	if !*d.Install {
		return dapr.Existing{Version: d.Version, MTLS: *d.MTLS}, nil
	}
	authority, err := s.makeAuthority()
	if err != nil {
		return nil, err
	}
	return dapr.NewControlPlane(s.ctx, s.name("dapr"), &dapr.ControlPlaneArgs{
		Namespace: d.Namespace, Version: d.Version,
		ChartPath: d.Chart.Path, ChartRepository: d.Chart.Repository, Values: d.Chart.Values, SecretValues: s.cfg.IsSecret("dapr"),
		Authority: authority, HA: d.HA, MTLS: *d.MTLS, LogLevel: d.LogLevel,
		SchedulerInMemory: d.Scheduler.InMemory,
		SchedulerStorage:  d.Scheduler.Storage, SchedulerStorageClass: d.Scheduler.StorageClass,
		RetainNamespace: s.cfg.Keep.Namespaces, RetainCRDs: s.cfg.Keep.CRDs,
		ProtectNamespace: s.cfg.Production,
	}, s.cluster)
}

func (s *stack) makeAuthority() (*dapr.Authority, error) {
	c := s.cfg.Dapr.Certificates
	return dapr.NewAuthority(s.ctx, s.name("dapr-ca"), &dapr.AuthorityArgs{
		RootLifetime: c.RootLifetime.Duration, IssuerLifetime: c.IssuerLifetime.Duration, RenewBefore: c.RenewBefore.Duration,
	}, s.within)
}

// makeConfigurations makes the Configuration of each app that has a sidecar.
func (s *stack) makeConfigurations(made *sidecars, after []pulumi.Resource) error {
	for _, a := range s.cfg.Apps {
		if a.Sidecar == nil {
			continue
		}
		configuration, err := s.makeConfiguration(a.Sidecar.AppID, after)
		if err != nil {
			return err
		}
		made.configurations[a.Sidecar.AppID] = configuration
	}
	return nil
}

func (s *stack) makeConfiguration(appID string, after []pulumi.Resource) (*dapr.Configuration, error) {
	tracing := s.cfg.Dapr.Configuration.Tracing
	args := &dapr.ConfigurationArgs{
		Name: s.cfg.ConfigurationOf(appID), Namespace: s.namespace,
		SamplingRate: tracing.SamplingRate, Otel: tracing.Otel, After: after,
	}
	if s.cfg.AccessControlled() {
		args.Access = &dapr.Access{Callers: callers(s.cfg.Callers(appID))}
	}
	return dapr.NewConfiguration(s.ctx, s.name(args.Name), args, s.cluster)
}

func callers(all []config.Caller) []dapr.Caller {
	callers := make([]dapr.Caller, len(all))
	for i, c := range all {
		callers[i] = dapr.Caller{App: c.App, Namespace: c.Namespace}
		for _, o := range c.Operations {
			callers[i].Operations = append(callers[i].Operations, rules.Operation(o))
		}
	}
	return callers
}

// makeResiliency makes the policies with which events are delivered, and those of the
// stack file.
func (s *stack) makeResiliency(made *sidecars, name string, after []pulumi.Resource) error {
	policies, targets, err := s.policies()
	if err != nil {
		return err
	}
	if len(s.cfg.PubSubs)+len(policies) == 0 {
		return nil
	}
	inbound := map[string]dapr.Delivery{}
	for _, p := range s.cfg.PubSubs {
		inbound[p.Name] = dapr.Delivery{
			Apps: p.Scopes, MaxRetries: *p.MaxRetries, Policy: p.RetryPolicy,
			Interval: p.RetryInterval.Duration, HandlerTimeout: p.HandlerTimeout.Duration,
		}
	}
	resiliency, err := dapr.NewResiliency(s.ctx, s.name(name), &dapr.ResiliencyArgs{
		Name: name, Namespace: s.namespace, Inbound: inbound, Policies: policies, Targets: targets, After: after,
	}, s.cluster)
	if err != nil {
		return err
	}
	made.shared = append(made.shared, resiliency)
	return nil
}

// policies returns the policies of the stack file, which has them in Dapr's form.
func (s *stack) policies() (dapr.Policies, []dapr.Target, error) {
	text, err := json.Marshal(s.cfg.Resiliency)
	if err != nil {
		return nil, nil, fmt.Errorf("writing the policies of the stack: %w", err)
	}
	var r struct {
		Policies dapr.Policies
		Targets  map[string]map[string]map[string]any
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, nil, fmt.Errorf("reading the policies of the stack: %w", err)
	}
	var targets []dapr.Target
	for _, kind := range sortedKeys(r.Targets) {
		for _, name := range sortedKeys(r.Targets[kind]) {
			targets = append(targets, dapr.Target{Kind: kind, Name: name, Apps: s.users(kind, name), Names: r.Targets[kind][name]})
		}
	}
	return r.Policies, targets, nil
}

// users returns the app-ids that call a target of policies, nil if all may.
func (s *stack) users(kind, name string) []string {
	users := []string{}
	switch kind {
	case "apps":
		for _, a := range s.cfg.Apps {
			if a.Sidecar != nil && slices.Contains(a.Invokes, name) {
				users = append(users, a.Sidecar.AppID)
			}
		}
	case "components":
		for _, store := range s.cfg.StateStores {
			if store.Name == name {
				users = store.Scopes
			}
		}
		for _, p := range s.cfg.PubSubs {
			if p.Name == name {
				users = p.Scopes
			}
		}
	default:
		return nil
	}
	return users
}

// makeComponents makes the state stores and the pub/subs.
func (s *stack) makeComponents(made *sidecars, backend dapr.Backend, after []pulumi.Resource) error {
	for _, store := range s.cfg.StateStores {
		metadata := s.stateMetadata(store)
		hidden, err := s.makeSecretMetadata("stateStores", store.Name, metadata)
		if err != nil {
			return err
		}
		component, err := dapr.NewStateStore(s.ctx, s.name(store.Name), &dapr.StateStoreArgs{
			Name: store.Name, Namespace: s.namespace, Backend: backend,
			Scopes: store.Scopes, Metadata: metadata, SecretMetadata: withRefs(hidden, store.SecretMetadata), After: after,
		}, s.cluster)
		if err != nil {
			return err
		}
		made.shared = append(made.shared, component)
	}
	for _, p := range s.cfg.PubSubs {
		hidden, err := s.makeSecretMetadata("pubSubs", p.Name, p.Metadata)
		if err != nil {
			return err
		}
		args := &dapr.PubSubArgs{
			Name: p.Name, Namespace: s.namespace, Backend: backend,
			Scopes: p.Scopes, Topics: s.topics(p.Name), ConsumerID: s.cfg.ConsumerID(p),
			RedeliverInterval: p.RedeliverInterval.Duration, ProcessingTimeout: p.ProcessingTimeout.Duration,
			QueueDepth: *p.QueueDepth, Concurrency: *p.Concurrency,
			Metadata: p.Metadata, SecretMetadata: withRefs(hidden, p.SecretMetadata), After: after,
		}
		if p.MaxLenApprox != nil {
			args.MaxLenApprox = *p.MaxLenApprox
		} else {
			args.StreamTTL = p.StreamTTL.Duration
		}
		component, err := dapr.NewPubSub(s.ctx, s.name(p.Name), args, s.cluster)
		if err != nil {
			return err
		}
		made.shared = append(made.shared, component)
	}
	return nil
}

// stateMetadata returns the metadata of a state store, with the prefix of its keys.
func (s *stack) stateMetadata(store config.StateStore) map[string]string {
	prefix := s.cfg.KeyPrefix(store)
	if prefix == store.Metadata["keyPrefix"] {
		return store.Metadata
	}
	metadata := map[string]string{"keyPrefix": prefix}
	for name, value := range store.Metadata {
		if name != "keyPrefix" {
			metadata[name] = value
		}
	}
	return metadata
}

// topics returns the events of the catalogue that one pub/sub carries.
func (s *stack) topics(pubSub string) []dapr.Topic {
	var topics []dapr.Topic
	for _, e := range s.cfg.Events {
		if e.PubSub != pubSub {
			continue
		}
		topic := dapr.Topic{Name: e.Type, Publishers: e.Publishers}
		for _, sub := range e.Subscribers {
			topic.Subscribers = append(topic.Subscribers, sub.App)
		}
		topics = append(topics, topic)
	}
	return topics
}

// makeSubscriptions makes one Subscription for each subscriber of each event.
func (s *stack) makeSubscriptions(made *sidecars, after []pulumi.Resource) error {
	for _, e := range s.cfg.Events {
		for _, sub := range e.Subscribers {
			args := &dapr.SubscriptionArgs{
				Namespace: s.namespace, PubSub: e.PubSub, Topic: e.Type, App: sub.App, Path: sub.Path, After: after,
			}
			subscription, err := dapr.NewSubscription(s.ctx, s.name(args.Name()), args, s.cluster)
			if err != nil {
				return err
			}
			made.shared = append(made.shared, subscription)
		}
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
