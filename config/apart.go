package config

import (
	"slices"

	"github.com/daprstack/daprstack/config/rules"
)

// Apart reports whether the names of the stack's streams, consumer groups and keys
// contain its namespace. An external Redis may have other stacks on it; the one in
// the cluster has none, and its names stay as they are (docs/adr/0008).
func (s *Stack) Apart() bool {
	return s.Redis.External != nil && !s.Redis.External.Shared
}

// namespaced reports whether Dapr puts the namespace before the topics of a
// pub/sub. The internal topics of an outbox have the namespace in their names
// already, and Dapr finds them only where it puts none before them: it publishes
// with the prefix, and subscribes without (dapr, pkg/runtime/pubsub/outbox.go).
func (s *Stack) namespaced(pubSub string) bool {
	return s.Apart() && !slices.ContainsFunc(s.StateStores, func(store StateStore) bool {
		return store.Metadata["outboxPubsub"] == pubSub
	})
}

// ConsumerID returns the consumerID of the Component of a pub/sub, empty for none.
func (s *Stack) ConsumerID(p PubSub) string {
	if s.namespaced(p.Name) {
		return rules.NamespacedConsumer(p.ConsumerID)
	}
	return p.ConsumerID
}

// Stream returns the name of the stream that carries a topic.
func (s *Stack) Stream(pubSub, topic string) string {
	if s.namespaced(pubSub) {
		return s.Namespace + topic // dapr, pkg/runtime/pubsub/publisher
	}
	return topic
}

// ConsumerGroup returns the consumer group in which an app receives the events
// of a pub/sub.
func (s *Stack) ConsumerGroup(pubSub, appID string) string {
	i := slices.IndexFunc(s.PubSubs, func(p PubSub) bool { return p.Name == pubSub })
	if i < 0 || s.ConsumerID(s.PubSubs[i]) == "" {
		return appID
	}
	return rules.ConsumerGroup(s.ConsumerID(s.PubSubs[i]), s.Namespace, appID)
}

// KeyPrefix returns the keyPrefix of the Component of a state store, empty for
// Dapr's default. One that would be the same in every stack gets the namespace.
func (s *Stack) KeyPrefix(store StateStore) string {
	prefix := store.Metadata["keyPrefix"]
	if !s.Apart() {
		return prefix
	}
	switch prefix {
	case "", "appid", "namespace":
		return "namespace"
	case "name":
		prefix = store.Name
	}
	return s.Namespace + "." + prefix
}

// StateKey returns the key of Redis under which an app's entry is kept (dapr,
// pkg/components/state).
func (s *Stack) StateKey(store StateStore, appID, key string) string {
	prefix := s.KeyPrefix(store)
	switch prefix {
	case "none":
		return key
	case "", "appid":
		prefix = appID
	case "name":
		prefix = store.Name
	case "namespace":
		prefix = s.Namespace + "." + appID
	}
	return prefix + "||" + key
}
