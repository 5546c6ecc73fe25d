package stacks

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/components/dapr"
	"github.com/daprstack/daprstack/config"
)

// reads is what the stack file says of what one sidecar reads when it starts.
type reads struct {
	Version       string // of Dapr
	MTLS          bool
	Tracing       config.Tracing
	Callers       []string
	AnyCaller     bool
	Redis         *config.ExternalRedis
	StateStores   []config.StateStore
	PubSubs       []config.PubSub
	Delivery      map[string]dapr.Delivery
	Publishes     []string
	Subscriptions []string
}

// settings identifies what the sidecar of an app reads when it starts, so that its
// pods are replaced when that has changed, and no others.
func (s *stack) settings(appID string) pulumi.StringInput {
	r := reads{
		Version: s.Dapr.Version, MTLS: *s.Dapr.MTLS, Tracing: s.Dapr.Configuration.Tracing,
		Callers: s.Callers(appID), AnyCaller: !s.AccessControlled(), Redis: s.Redis.External,
		Delivery: map[string]dapr.Delivery{},
	}
	for _, store := range s.StateStores {
		if slices.Contains(store.Scopes, appID) {
			store.Scopes = nil // the other apps
			r.StateStores = append(r.StateStores, store)
		}
	}
	delivery := s.delivery()
	for _, p := range s.PubSubs {
		if slices.Contains(p.Scopes, appID) {
			p.Scopes = nil
			r.PubSubs, r.Delivery[p.Name] = append(r.PubSubs, p), delivery[p.Name]
		}
	}
	for _, e := range s.Events {
		if slices.Contains(e.Publishers, appID) {
			r.Publishes = append(r.Publishes, e.PubSub+" "+e.Type)
		}
		for _, sub := range e.Subscribers {
			if sub.App == appID {
				r.Subscriptions = append(r.Subscriptions, e.PubSub+" "+e.Type+" "+sub.Path)
			}
		}
	}
	text, _ := json.Marshal(r) // plain data
	if s.redis.Password == nil || len(r.StateStores)+len(r.PubSubs) == 0 {
		return pulumi.String(digest(string(text)))
	}
	// another password is in a Secret of another name
	return s.redis.Password.Name.ToStringOutput().ApplyT(func(secret string) string {
		return digest(string(text) + secret)
	}).(pulumi.StringOutput)
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:6])
}
