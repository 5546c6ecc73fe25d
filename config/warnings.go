package config

import (
	"slices"

	"github.com/daprstack/daprstack/config/rules"
)

// Warnings are what is allowed but probably not meant: apps with a sidecar that
// no scope, event or invocation involves, and pub/subs that carry no
// event.
func Warnings(s *Stack) []Violation {
	c := collector{}
	used := map[string]bool{}
	mark := func(ids ...string) {
		for _, id := range ids {
			used[id] = true
		}
	}
	for _, store := range s.StateStores {
		mark(store.Scopes...)
	}
	for i, p := range s.PubSubs {
		mark(p.Scopes...)
		if !slices.ContainsFunc(s.Events, func(e Event) bool { return e.PubSub == p.Name }) {
			c.add(root("pubSubs").Index(i), p.Name, rules.Reason{Rule: "X-01", Allowed: "carries no event of the catalogue"})
		}
	}
	for _, a := range s.Apps {
		mark(a.Invokes...)
		if a.Sidecar != nil && len(a.Invokes) > 0 {
			mark(a.Sidecar.AppID)
		}
	}
	for i, a := range s.Apps {
		if a.Sidecar != nil && !used[a.Sidecar.AppID] {
			c.add(root("apps").Index(i).Child("sidecar", "appId"), a.Sidecar.AppID,
				rules.Reason{Rule: "X-01", Allowed: "no scope and no invocation involves this app"})
		}
	}
	return c.found
}
