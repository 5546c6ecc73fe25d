package migration

import (
	"maps"
	"slices"
	"strings"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules"
)

// topicAccess is who may do what with the topics of a pub/sub.
type topicAccess struct {
	object             string
	publish, subscribe map[string][]string // topics by app-id, nil if nothing is restricted
	allowed            map[string]bool
}

// publishers returns the apps that may publish a topic. It reports false if that is
// not restricted.
func (a topicAccess) publishers(topic string) (apps []string, known bool) {
	for _, app := range slices.Sorted(maps.Keys(a.publish)) {
		if slices.Contains(a.publish[app], topic) {
			apps = append(apps, app)
		}
	}
	return apps, len(apps) > 0
}

// events takes over the Subscriptions.
func (c *converter) events() {
	for _, o := range c.of("Subscription.dapr.io") {
		c.subscription(o)
	}
	c.unsubscribed()
}

func (c *converter) subscription(o Object) {
	p := c.part(o)
	p.metadata().rest(nil)
	spec := p.below("spec")
	pubSub, topic := spec.text("pubsubname"), spec.text("topic")
	path := spec.text("route")
	routes := spec.below("routes")
	if given := routes.text("default"); given != "" {
		path = given
	}
	i := slices.IndexFunc(c.stack.PubSubs, func(p config.PubSub) bool { return p.Name == pubSub })
	switch {
	case i < 0:
		c.note(Note{Lost, p.object, "spec.pubsubname", pubSub, "it is no pub/sub of the stack", "leave it beside the stack, with its component"})
		return
	case path == "":
		c.note(Note{Lost, p.object, "spec.routes", shown(routes.fields), "it has no default route, and a stack has one path for each event and app",
			"let one handler take every event of the topic, and write it into the events"})
		return
	}
	for _, rule := range routes.items("rules") {
		rule.lose("match", rule.take("match"), advice{"a stack has one path for each event and app", "let the handler of " + path + " look at the event"})
	}
	routes.rest(nil)
	scopes := p.texts("scopes")
	if len(scopes) == 0 {
		if scopes = c.stack.PubSubs[i].Scopes; len(scopes) > 1 {
			p.fill("scopes", nil, advice{"none are given, so that every app of the pub/sub is subscribed", "leave out the subscribers that have no handler at this path"})
		}
	}
	dead := spec.text("deadLetterTopic")
	for _, app := range scopes {
		if dead != "" && dead != rules.DeadLetterTopic(topic, app) {
			spec.differ("deadLetterTopic", dead, advice{"each subscriber of a stack has a dead-letter topic of its own, " + rules.DeadLetterTopic(topic, app), "daprstack events show it, and events put-back gives them back"})
			break
		}
	}
	if bulk := spec.below("bulkSubscribe"); bulk.take("enabled") == true {
		spec.lose("bulkSubscribe", true, advice{"the events of a stack are delivered one by one", "let the handler take a single event"})
	}
	spec.rest(nil)
	p.rest(nil)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	e := c.event(pubSub, topic, p)
	for _, app := range scopes {
		if !slices.ContainsFunc(e.Subscribers, func(s config.Subscriber) bool { return s.App == app }) {
			e.Subscribers = append(e.Subscribers, config.Subscriber{App: app, Path: path})
		}
	}
	c.origin["events/"+pubSub+" "+topic] = p.object
	c.replaced = append(c.replaced, replacement{o.Key(), "events/" + pubSub + " " + topic})
}

// event returns the event of a topic, a new one if there is none yet.
func (c *converter) event(pubSub, topic string, from part) *config.Event {
	for i := range c.stack.Events {
		if e := &c.stack.Events[i]; e.PubSub == pubSub && e.Type == topic {
			return e
		}
	}
	publishers, known := c.access[pubSub].publishers(topic)
	if !known {
		i := slices.IndexFunc(c.stack.PubSubs, func(p config.PubSub) bool { return p.Name == pubSub })
		publishers = slices.Clone(c.stack.PubSubs[i].Scopes)
		c.marks["events["+pubSub+" "+topic+"].publishers"] = "those that really publish it"
		from.fill("spec.topic", topic, advice{"no manifest says who publishes it; every app of the pub/sub stands in publishers", "leave out those that do not"})
	}
	e := config.Event{Type: topic, PubSub: pubSub, Publishers: publishers}
	if len(publishers) > 0 {
		e.Source = "/" + publishers[0]
	}
	c.marks["events["+pubSub+" "+topic+"].source"] = "what publishers really write"
	from.fill("source", nil, advice{"no manifest says what publishers write as the source of an event; their app-id stands for it", "write the source that the events really have"})
	c.stack.Events = append(c.stack.Events, e)
	return &c.stack.Events[len(c.stack.Events)-1]
}

// unsubscribed takes over topics that no Subscription is about. On a pub/sub with
// events nothing but these may be used.
func (c *converter) unsubscribed() {
	for _, p := range c.stack.PubSubs {
		a := c.access[p.Name]
		from := part{c, a.object, "", nil}
		for _, app := range slices.Sorted(maps.Keys(a.publish)) {
			for _, topic := range a.publish[app] {
				if !c.deadLetters(p.Name, topic) {
					c.event(p.Name, topic, from)
				}
			}
		}
		for _, app := range slices.Sorted(maps.Keys(a.subscribe)) {
			for _, topic := range a.subscribe[app] {
				if !c.subscribes(p.Name, topic, app) && !c.deadLetters(p.Name, topic) {
					from.lose("spec.metadata[subscriptionScopes]", app+"="+topic, advice{"no manifest says at which path it takes these events", "add it to the subscribers of the event, with the path"})
				}
			}
		}
		carries := slices.ContainsFunc(c.stack.Events, func(e config.Event) bool { return e.PubSub == p.Name })
		if carries && a.publish == nil && len(a.allowed) == 0 {
			from.differ("spec.metadata", nil, advice{"every topic may be used; with the stack only those of events may",
				"add an event for each topic that apps publish, or subscribe to in code: no manifest tells of these"})
		}
	}
}

// deadLetters reports whether a topic is for the dead letters of an event.
func (c *converter) deadLetters(pubSub, topic string) bool {
	for _, e := range c.stack.Events {
		for _, s := range e.Subscribers {
			if e.PubSub == pubSub && topic == rules.DeadLetterTopic(e.Type, s.App) {
				return true
			}
		}
	}
	return false
}

func (c *converter) subscribes(pubSub, topic, app string) bool {
	return slices.ContainsFunc(c.stack.Events, func(e config.Event) bool {
		return e.PubSub == pubSub && e.Type == topic && slices.ContainsFunc(e.Subscribers, func(s config.Subscriber) bool { return s.App == app })
	})
}
