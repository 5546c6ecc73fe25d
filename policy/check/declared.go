package check

import (
	"slices"
	"strings"

	"github.com/daprstack/daprstack/config/rules"
)

// stack holds what the objects declare.
type stack struct {
	view View

	apps, components, pubSubs, configurations, secrets *names

	keys          map[string]*names      // of each Secret, by its name
	scopes        map[string]rules.Names // of each pub/sub, by namespace/name, if known
	subscriptions []Object               // all of them
	taken         map[int][]Finding      // duplicate names, by the later object
	first         map[string]struct{}    // names claimed so far: "S-03 backend-app"
}

func newStack(objects []Object, view View) *stack {
	s := &stack{
		view: view,
		apps: newNames(), components: newNames(), pubSubs: newNames(), configurations: newNames(), secrets: newNames(),
		keys: map[string]*names{}, scopes: map[string]rules.Names{}, taken: map[int][]Finding{}, first: map[string]struct{}{},
	}
	for i, o := range objects {
		namespace, name := o.namespace(), o.name()
		switch o.Kind {
		case "Component":
			s.addComponent(i, o)
		case "Configuration":
			s.configurations.add(namespace, name)
		case "Subscription":
			s.subscriptions = append(s.subscriptions, o)
		case "Secret":
			s.secrets.add(namespace, name)
			s.addKeys(o)
		}
		if sc, ok := sidecarOf(o); ok {
			id := sc.annotation("app-id")
			if !sc.certain {
				id.known = false
			}
			s.apps.add(namespace, id)
			s.claim(i, "S-03", s.among(o), sc.annotationPath("app-id"), id)
		}
	}
	return s
}

func (s *stack) addComponent(i int, o Object) {
	namespace, name, typ := o.namespace(), o.name(), textOf(field(o.Fields, "spec", "type"))
	s.components.add(namespace, name)
	if !typ.known {
		s.pubSubs.add(namespace, text{given: true}) // it may be one
	}
	if namespace.known {
		s.claim(i, "T-01", o.Unit+" "+namespace.value, "metadata.name", name)
	}
	if strings.HasPrefix(strings.ToLower(typ.value), "pubsub.") {
		s.pubSubs.add(namespace, name)
		s.addScopes(namespace, name, o)
		s.claimConsumer(i, o, typ.value)
	}
}

// addScopes records the apps that a pub/sub lets in. Of two with one name, which
// may be alternatives, it is not known.
func (s *stack) addScopes(namespace, name text, o Object) {
	scopes, known := textsOf(o.Fields["scopes"])
	key := namespace.value + "/" + name.value
	_, again := s.scopes[key]
	allowed := rules.Names{}
	for _, app := range scopes {
		allowed[app.value] = true
	}
	if again || !known || len(scopes) == 0 {
		allowed = nil
	}
	if name.known && namespace.known {
		s.scopes[key] = allowed
	}
}

// claimConsumer claims the consumer group of a pub/sub on its broker, as far as
// that is known. Groups of different brokers may have one name.
func (s *stack) claimConsumer(i int, o Object, typ string) {
	items, _ := itemsOf(o)
	at := slices.IndexFunc(items, func(it item) bool { return it.name.value == brokerOf[typ] })
	if at < 0 || !items[at].value.ready() {
		return
	}
	for _, it := range items {
		if it.name.value == consumerID && !rules.Templated(it.value.value) {
			s.claim(i, "Q-01", s.among(o)+" "+items[at].value.value, itemPath(consumerID), it.value)
		}
	}
}

// brokerOf maps the types of pub/subs to the item that names their broker.
var brokerOf = map[string]string{rules.PubSubRedis: "redisHost"}

// among returns what the names of an object have to be unique in: the stack or,
// when there may be more than the objects given, its unit and namespace.
func (s *stack) among(o Object) string {
	if !s.view.Partial {
		return ""
	}
	return o.Unit + " " + o.namespace().value
}

// claim reports a name that was already claimed in the same scope.
func (s *stack) claim(i int, rule, scope, path string, name text) {
	if !name.ready() || name.value == "" {
		return
	}
	key := rule + " " + scope + " " + name.value
	if _, taken := s.first[key]; taken {
		found := findings(s.taken[i])
		found.add(path, name, rules.Duplicates(rule, []string{name.value, name.value})[1])
		s.taken[i] = found
	}
	s.first[key] = struct{}{}
}

// addKeys records the keys of a Secret. It does not read their values.
func (s *stack) addKeys(o Object) {
	name := o.name().value
	if s.keys[name] == nil {
		s.keys[name] = newNames()
	}
	for _, part := range []string{"data", "stringData"} {
		keys, known := mapOf(o.Fields[part])
		if !known {
			s.keys[name].add(o.namespace(), text{given: true})
		}
		for key := range keys {
			s.keys[name].add(o.namespace(), text{value: key, given: true, known: true})
		}
	}
}

// missing refuses a name that is not declared in the namespace. If there may be
// more than the objects given, it refuses only what looks like a typing error,
// beside the other names that stand with it.
func (s *stack) missing(declared *names, rule, what string, namespace, name text, beside ...string) []rules.Reason {
	reasons := declared.missing(rule, what, namespace, name)
	if s.view.Partial && (reasons == nil || !mistyped(name.value, declared.of(namespace.value), beside)) {
		return nil
	}
	return reasons
}

// mistyped reports whether a name was probably meant to be another one: it is
// close to it, the other one does not stand beside it, and they are not two of a
// series.
func mistyped(name string, declared, beside []string) bool {
	near := rules.Nearest(name, declared)
	if len(name) < 5 || near == "" || slices.Contains(beside, near) {
		return false
	}
	long, short := name, near
	if len(long) < len(short) {
		long, short = short, long
	}
	extended := len(long)-len(short) > 1 && (strings.HasPrefix(long, short) || strings.HasSuffix(long, short))
	return !extended && withoutDigits(name) != withoutDigits(near)
}

func withoutDigits(name string) string {
	return strings.TrimFunc(strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}, name), func(r rune) bool { return r == '-' })
}
