package config

import (
	"slices"

	"github.com/daprstack/daprstack/config/rules"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// maxSubscription limits the name of a Subscription, which is a DNS-1123 name.
const maxSubscription = 253

func (v *validator) events() {
	types := make([]string, len(v.stack.Events)) // each with its pub/sub
	for i, e := range v.stack.Events {
		path := root("events").Index(i)
		v.add(path.Child("type"), e.Type, slices.Concat(rules.TopicName(e.Type), rules.OwnEventType(e.Type)))
		v.add(path.Child("source"), e.Source, rules.EventSource(e.Source))
		v.add(path.Child("pubSub"), e.PubSub, v.knownPubSub(e.PubSub), "pubSubs[].name")
		v.add(path.Child("publishers"), nil, rules.Publishers(e.Publishers))
		v.participants(e.Publishers, e, func(j int) *field.Path { return path.Child("publishers").Index(j) })
		apps := make([]string, len(e.Subscribers))
		for j, sub := range e.Subscribers {
			apps[j] = sub.App
			if at := path.Child("subscribers").Index(j).Child("app"); v.apps[sub.App] != nil {
				v.called(at, sub.App)
				if !*v.stack.Dapr.Enabled {
					v.plainHTTP(at, sub.App)
				}
			}
			v.add(path.Child("subscribers").Index(j).Child("path"), sub.Path, rules.HandlerPath(sub.Path))
			if len(rules.SubscriptionName(e.PubSub, e.Type, sub.App)) > maxSubscription {
				v.form(path.Child("subscribers").Index(j), nil, "must have, together with the event's type and its pub/sub, "+
					"a name of at most 253 characters", "pubSubs[].name")
			}
		}
		v.participants(apps, e, func(j int) *field.Path { return path.Child("subscribers").Index(j).Child("app") })
		if e.Type != "" {
			types[i] = e.PubSub + " " + e.Type
		}
	}
	for i, reasons := range rules.Duplicates("E-08", types) {
		path := root("events").Index(i)
		v.add(path.Child("type"), v.stack.Events[i].Type, reasons, path.Child("pubSub").String(), "pubSubs")
	}
}

// participants checks the apps that publish or receive an event: each is named
// once, has a sidecar, and is in the scopes of the pub/sub.
func (v *validator) participants(apps []string, e Event, path func(int) *field.Path) {
	v.addEach(rules.Repeated("E-08", apps), apps, path)
	for i, app := range apps {
		if v.knownApp("X-01", path(i), app) && v.pubSubs[e.PubSub] {
			v.add(path(i), app, rules.InScopes(app, e.PubSub, v.scopes[e.PubSub]), "pubSubs[].name", "pubSubs[].scopes")
		}
	}
}
