package stacks

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/daprstack/daprstack/components/dapr"
	"github.com/daprstack/daprstack/components/redis"
	"github.com/daprstack/daprstack/components/secrets"
	"github.com/daprstack/daprstack/config"
)

// makeDapr makes the control plane, Redis beside it, and then every Dapr object.
// Without Dapr it makes nothing.
func (s *stack) makeDapr() error {
	if !*s.Dapr.Enabled {
		return nil
	}
	plane, err := s.makeControlPlane()
	if err != nil {
		return err
	}
	s.wait(plane.Ready())
	if err := s.makeSettings(plane.Ready()); err != nil {
		return err
	}
	if len(s.StateStores)+len(s.PubSubs) == 0 {
		return nil // nothing needs Redis
	}
	connection, ready, err := s.makeRedis()
	if err != nil {
		return err
	}
	s.redis = connection
	return s.makeComponents(slices.Concat(ready, plane.Ready()))
}

func (s *stack) makeControlPlane() (*dapr.ControlPlane, error) {
	d := s.Dapr
	return dapr.NewControlPlane(s.ctx, "dapr", &dapr.ControlPlaneArgs{
		Namespace: d.Namespace, Version: d.Version,
		ChartPath: d.Chart.Path, ChartRepository: d.Chart.Repository, Values: d.Chart.Values,
		HA: d.HA, MTLS: *d.MTLS, LogLevel: d.LogLevel,
		SchedulerInMemory: d.Scheduler.InMemory,
		SchedulerStorage:  d.Scheduler.Storage, SchedulerStorageClass: d.Scheduler.StorageClass,
		RetainNamespace: s.Keep.Namespaces, RetainCRDs: s.Keep.CRDs,
		First: s.makeSubscriptions,
	}, s.cluster)
}

func (s *stack) makeSubscriptions(after []pulumi.Resource) (made []pulumi.Resource, err error) {
	for _, e := range s.Events {
		for _, sub := range e.Subscribers {
			args := &dapr.SubscriptionArgs{
				Namespace: s.namespace, PubSub: e.PubSub, Topic: e.Type, App: sub.App, Path: sub.Path,
				After: after,
			}
			subscription, err := dapr.NewSubscription(s.ctx, args.Name(), args, s.cluster)
			if err != nil {
				return nil, err
			}
			made = append(made, subscription.Ready()...)
		}
	}
	s.wait(made)
	return made, nil
}

// makeSettings makes what a sidecar reads when it starts, and the guard that no
// pod starts without one.
func (s *stack) makeSettings(plane []pulumi.Resource) error {
	guard, err := dapr.NewSidecarGuard(s.ctx, "sidecar", &dapr.SidecarGuardArgs{Namespace: s.Namespace}, s.cluster)
	if err != nil {
		return err
	}
	s.wait(guard.Ready())
	for _, a := range s.Apps {
		if a.Sidecar == nil {
			continue
		}
		args := s.configuration(a.Sidecar.AppID)
		args.After = plane
		configuration, err := dapr.NewConfiguration(s.ctx, args.Name, args, s.cluster)
		if err != nil {
			return err
		}
		s.wait(configuration.Ready())
	}
	if len(s.PubSubs) == 0 {
		return nil
	}
	resiliency, err := dapr.NewResiliency(s.ctx, "delivery", &dapr.ResiliencyArgs{
		Name: "delivery", Namespace: s.namespace, Inbound: s.delivery(), After: plane,
	}, s.cluster)
	if err != nil {
		return err
	}
	s.wait(resiliency.Ready())
	return nil
}

// configuration is the one of an app.
func (s *stack) configuration(appID string) *dapr.ConfigurationArgs {
	tracing := s.Dapr.Configuration.Tracing
	args := &dapr.ConfigurationArgs{
		Name: s.ConfigurationOf(appID), Namespace: s.namespace, SamplingRate: tracing.SamplingRate, Otel: tracing.Otel,
	}
	if s.AccessControlled() {
		args.Access = &dapr.Access{Callers: s.Callers(appID)}
	}
	return args
}

// delivery is how the events of each pub/sub are delivered.
func (s *stack) delivery() map[string]dapr.Delivery {
	delivery := map[string]dapr.Delivery{}
	for _, p := range s.PubSubs {
		delivery[p.Name] = dapr.Delivery{
			MaxRetries: *p.MaxRetries, Policy: p.RetryPolicy,
			Interval: p.RetryInterval.Duration, HandlerTimeout: p.HandlerTimeout.Duration,
		}
	}
	return delivery
}

// makeRedis makes Redis and its password, or takes the external one. It returns
// how the sidecars reach it, and what has to be there before.
func (s *stack) makeRedis() (dapr.RedisConnection, []pulumi.Resource, error) {
	if e := s.Redis.External; e != nil {
		return s.externalRedis(e)
	}
	password, err := s.makePassword(s.Redis.Password, map[string]string{redis.AuthFile: redis.AuthTemplate})
	if err != nil {
		return dapr.RedisConnection{}, nil, err
	}
	memory, err := resource.ParseQuantity(s.Redis.MaxMemory)
	if err != nil {
		return dapr.RedisConnection{}, nil, fmt.Errorf("reading redis.maxMemory: %w", err)
	}
	server, err := redis.New(s.ctx, "redis", &redis.Args{
		Namespace: s.namespace, Auth: password.Ref, Image: s.Redis.Image, PullSecrets: s.ImagePullSecrets,
		Storage: s.Redis.Storage, StorageClass: s.Redis.StorageClass,
		MaxMemory: memory.Value(), Fsync: s.Redis.Fsync,
		Requests: s.Redis.Resources.Requests, Limits: s.Redis.Resources.Limits,
		RetainData: s.Keep.Data,
	}, s.cluster)
	if err != nil {
		return dapr.RedisConnection{}, nil, err
	}
	return dapr.RedisConnection{Host: server.Host, Password: &password.Ref},
		slices.Concat(password.Ready(), server.Ready()), nil
}

func (s *stack) externalRedis(e *config.ExternalRedis) (dapr.RedisConnection, []pulumi.Resource, error) {
	connection := dapr.RedisConnection{Host: e.Host, EnableTLS: e.EnableTLS, Username: e.Username}
	switch {
	case !*e.Auth:
		return connection, nil, nil
	case e.PasswordSecret != nil:
		connection.Password = secretRef(*e.PasswordSecret)
		return connection, nil, nil
	}
	password, err := s.makePassword(e.Password, nil)
	if err != nil {
		return connection, nil, err
	}
	connection.Password = &password.Ref
	return connection, password.Ready(), nil
}

// makePassword makes the Secret of a password, random unless one is given.
func (s *stack) makePassword(given config.Secret, files map[string]string) (*secrets.Password, error) {
	args := &secrets.PasswordArgs{Namespace: s.namespace, Files: files}
	if given != "" {
		args.Given = pulumi.ToSecret(pulumi.String(given.Reveal())).(pulumi.StringOutput)
	}
	return secrets.NewPassword(s.ctx, "redis-password", args, s.cluster)
}

// makeComponents makes the state stores and the pub/subs.
func (s *stack) makeComponents(after []pulumi.Resource) error {
	for _, store := range s.StateStores {
		made, err := dapr.NewStateStore(s.ctx, store.Name, &dapr.StateStoreArgs{
			Name: store.Name, Namespace: s.namespace, Redis: s.redis,
			Scopes: store.Scopes, Metadata: store.Metadata, After: after,
		}, s.cluster)
		if err != nil {
			return err
		}
		s.wait(made.Ready())
	}
	for _, p := range s.PubSubs {
		args := &dapr.PubSubArgs{
			Name: p.Name, Namespace: s.namespace, Redis: s.redis,
			Scopes: p.Scopes, Topics: s.topics(p.Name), ConsumerID: p.ConsumerID,
			RedeliverInterval: p.RedeliverInterval.Duration, ProcessingTimeout: p.ProcessingTimeout.Duration,
			Metadata: p.Metadata, After: after,
		}
		if p.MaxLenApprox != nil {
			args.MaxLenApprox = *p.MaxLenApprox
		} else {
			args.StreamTTL = p.StreamTTL.Duration
		}
		made, err := dapr.NewPubSub(s.ctx, p.Name, args, s.cluster)
		if err != nil {
			return err
		}
		s.wait(made.Ready())
	}
	return nil
}

// topics are the events of the catalogue that one pub/sub carries.
func (s *stack) topics(pubSub string) []dapr.Topic {
	var topics []dapr.Topic
	for _, e := range s.Events {
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

func secretRef(ref config.SecretKey) *secrets.Ref {
	return &secrets.Ref{Name: pulumi.String(ref.Name), Key: ref.Key}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
