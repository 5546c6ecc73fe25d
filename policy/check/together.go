package check

import (
	"fmt"
	"maps"
	"slices"

	"github.com/daprstack/daprstack/config/rules"
)

// View says what a set of objects is to the one who made it.
type View struct {
	// Partial means that there may be further objects, of which nothing is known. A
	// reference to what is not there is reported only if it looks like a typing error
	// then, and objects are compared only within their unit and namespace.
	Partial bool
	// What a reference must be: an app with a sidecar, a pub/sub, a component, a
	// Configuration.
	App, PubSub, Component, Configuration string
}

// Stack is the view of the objects of a stack, in the words that the errors of the
// stack file use.
var Stack = View{
	App:           "the app-id of an app of the stack that has a sidecar",
	PubSub:        "a pub/sub of the stack",
	Component:     "a component of the stack",
	Configuration: "the name of the stack's Configuration",
}

const aKeyOfTheSecret = "a key of the Secret"

// Together checks the references between objects. The findings are keyed by the
// index of the object. If two objects claim the same name, the later one is
// refused.
func Together(objects []Object, view View) map[int][]Finding {
	s := newStack(objects, view)
	all := map[int][]Finding{}
	for i, o := range objects {
		var found findings
		found = append(found, s.taken[i]...)
		switch o.Kind {
		case "Component":
			s.component(o, &found)
		case "Subscription":
			s.references(o, &found)
			found.add("spec.pubsubname", pubSubOf(o), s.missing(s.pubSubs, "X-01", view.PubSub, o.namespace(), pubSubOf(o)))
			s.letIn(o, &found)
		case "Resiliency":
			s.references(o, &found)
			s.targets(o, &found)
		}
		if sc, ok := sidecarOf(o); ok {
			name := sc.annotation("config")
			found.add(sc.annotationPath("config"), name,
				s.missing(s.configurations, "S-09", view.Configuration, o.namespace(), name))
		}
		if len(found) > 0 {
			all[i] = found
		}
	}
	return all
}

// consumerID is the metadata item that names the consumer group of a pub/sub.
const consumerID = "consumerID"

func (s *stack) component(o Object, found *findings) {
	namespace := o.namespace()
	scopes, _ := textsOf(o.Fields["scopes"])
	for i, app := range scopes {
		found.add(fmt.Sprintf("scopes[%d]", i), app, s.missing(s.apps, "T-09", s.view.App, namespace, app, texts(scopes)...))
	}
	items, _ := itemsOf(o)
	for _, it := range items {
		path := it.path()
		switch it.name.value {
		case consumerID:
			if !rules.Templated(it.value.value) {
				found.add(path, it.value, rules.ConsumerID(it.value.value, len(s.subscribers(o, items))))
			}
		case "publishingScopes", "subscriptionScopes":
			scoped := slices.Sorted(maps.Keys(topicScopes(it.value.value)))
			for _, app := range scoped {
				t := it.value
				t.value = app
				t.given = app != ""
				found.add(path, t, s.missing(s.apps, "X-01", s.view.App, namespace, t, scoped...))
			}
		case "outboxPublishPubsub", "outboxPubsub":
			found.add(path, it.value, s.missing(s.pubSubs, "X-01", s.view.PubSub, namespace, it.value))
		}
		s.secretOf(o, it, found)
	}
}

// subscribers returns the apps that are known to subscribe to a pub/sub: by its
// topic scopes and by Subscriptions. A Subscription without scopes is for every
// app of the pub/sub.
func (s *stack) subscribers(o Object, items []item) map[string]bool {
	apps := map[string]bool{}
	add := func(list any) {
		scopes, _ := textsOf(list)
		for _, app := range scopes {
			if app.known {
				apps[app.value] = true
			}
		}
	}
	for _, it := range items {
		if it.name.value == "subscriptionScopes" {
			for app, topics := range topicScopes(it.value.value) {
				if len(topics) > 0 {
					apps[app] = true
				}
			}
		}
	}
	for _, sub := range s.subscriptions {
		switch {
		case pubSubOf(sub).value != o.name().value || sub.namespace().value != o.namespace().value:
		case sub.Fields["scopes"] == nil:
			add(o.Fields["scopes"])
		default:
			add(sub.Fields["scopes"])
		}
	}
	return apps
}

// secretOf checks that the Secret of a metadata item is in the component's
// namespace and has the key. A Secret that the stack does not
// declare is not checked: somebody else owns it.
func (s *stack) secretOf(o Object, it item, found *findings) {
	store := textOf(field(o.Fields, "auth", "secretStore"))
	if it.secret == nil || !store.known || store.given && store.value != "" && store.value != "kubernetes" {
		return
	}
	path, namespace := it.path()+".secretKeyRef", o.namespace()
	name, key := textOf(field(it.secret, "name")), textOf(field(it.secret, "key"))
	if given := textOf(field(it.secret, "namespace")); given.ready() && namespace.known {
		found.add(path+".namespace", given, rules.SecretNamespace(given.value, namespace.value))
	}
	if !name.ready() || !namespace.known {
		return
	}
	if s.secrets.has(namespace.value, name.value) && (!s.view.Partial || len(s.keys[name.value].of(namespace.value)) > 0) {
		found.add(path+".key", key, s.keys[name.value].missing("X-01", aKeyOfTheSecret, namespace, key))
		return
	}
	if s.secrets.all || s.secrets.open[namespace.value] || s.view.Partial {
		return
	}
	for _, other := range slices.Sorted(maps.Keys(s.secrets.in)) {
		if s.secrets.has(other, name.value) {
			found.add(path+".name", name, rules.SecretNamespace(other, namespace.value))
			return
		}
	}
}

// references checks the scopes of an object that is not a component.
func (s *stack) references(o Object, found *findings) {
	scopes, _ := textsOf(o.Fields["scopes"])
	for i, app := range scopes {
		found.add(fmt.Sprintf("scopes[%d]", i), app, s.missing(s.apps, "X-01", s.view.App, o.namespace(), app, texts(scopes)...))
	}
}

// letIn checks that the scopes of the pub/sub include its subscribers: a
// Subscription alone gives no app access.
func (s *stack) letIn(o Object, found *findings) {
	allowed := s.scopes[o.namespace().value+"/"+pubSubOf(o).value]
	subscribers, _ := textsOf(o.Fields["scopes"])
	for i, app := range subscribers {
		if allowed != nil && app.ready() && !pubSubOf(o).secret && s.apps.has(o.namespace().value, app.value) {
			found.add(fmt.Sprintf("scopes[%d]", i), app, rules.InScopes(app.value, pubSubOf(o).value, allowed))
		}
	}
}

// targets checks the apps and components that a Resiliency targets.
func (s *stack) targets(o Object, found *findings) {
	for _, of := range []struct {
		kind, what string
		declared   *names
	}{{"apps", s.view.App, s.apps}, {"components", s.view.Component, s.components}} {
		targets, _ := mapOf(field(o.Fields, "spec", "targets", of.kind))
		named := slices.Sorted(maps.Keys(targets))
		for _, name := range named {
			t := text{value: name, given: true, known: true}
			found.add("spec.targets."+of.kind+"."+name, t, s.missing(of.declared, "X-01", of.what, o.namespace(), t, named...))
		}
	}
}

func pubSubOf(subscription Object) text {
	return textOf(field(subscription.Fields, "spec", "pubsubname"))
}
