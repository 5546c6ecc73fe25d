package dapr

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// A Source is something that sidecars read when they start, and only then.
type Source interface {
	// Ready returns the resources that exist once it can be read.
	Ready() []pulumi.Resource
	// readBy returns the part of it that the sidecar of an app reads, as rendered,
	// and false if the sidecar reads none of it.
	readBy(appID string) (pulumi.Input, bool)
}

// Reads returns what the sidecar of an app reads from the sources: the resources
// that must exist before it starts, and a digest of what it reads from them. If
// the digest changes, the pods of the app have to be replaced.
func Reads(appID string, sources []Source) ([]pulumi.Resource, pulumi.StringOutput) {
	var first []pulumi.Resource
	var read pulumi.Array
	for _, source := range sources {
		if part, ok := source.readBy(appID); ok {
			first, read = append(first, source.Ready()...), append(read, part)
		}
	}
	return first, digest(read)
}

// digest returns a short digest of values.
func digest(values pulumi.Array) pulumi.StringOutput {
	return values.ToArrayOutput().ApplyT(func(values []any) (string, error) {
		text, err := json.Marshal(values) // maps have sorted keys
		sum := sha256.Sum256(text)
		return hex.EncodeToString(sum[:6]), err
	}).(pulumi.StringOutput)
}

func (c *ControlPlane) readBy(string) (pulumi.Input, bool) { return c.reads, true }

// A Configuration is read by whoever names it: the stack gives each app its own.
func (c *Configuration) readBy(string) (pulumi.Input, bool) { return c.object.spec, true }

func (s *StateStore) readBy(appID string) (pulumi.Input, bool) { return s.readInScope(appID) }

func (s *Subscription) readBy(appID string) (pulumi.Input, bool) { return s.readInScope(appID) }

func (s *single) readInScope(appID string) (pulumi.Input, bool) {
	return s.object.spec, slices.Contains(s.object.scopes, appID)
}

// readBy leaves out what the pub/sub says about the topics of other apps.
func (p *PubSub) readBy(appID string) (pulumi.Input, bool) {
	args := *p.args
	args.Topics = topicsOf(appID, p.args.Topics)
	return pulumi.Map{
		"spec": pubSub(&args).spec, "restricted": pulumi.Bool(len(p.args.Topics) > 0),
	}, slices.Contains(p.args.Scopes, appID)
}

// topicsOf returns the topics that an app publishes or subscribes to, without
// the other apps in them.
func topicsOf(appID string, topics []Topic) (own []Topic) {
	only := func(ids []string) []string {
		if slices.Contains(ids, appID) {
			return []string{appID}
		}
		return nil
	}
	for _, t := range topics {
		t.Publishers, t.Subscribers = only(t.Publishers), only(t.Subscribers)
		if len(t.Publishers)+len(t.Subscribers) > 0 {
			own = append(own, t)
		}
	}
	return own
}

// readBy leaves out what the app does not use.
func (r *Resiliency) readBy(appID string) (pulumi.Input, bool) {
	used := r.args.usedBy(appID)
	policies := 0
	for _, named := range used.Policies {
		policies += len(named)
	}
	return resiliency(used).spec, len(used.Inbound)+len(used.Targets)+policies > 0
}
