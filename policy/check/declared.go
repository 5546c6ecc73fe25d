package check

import (
	"strings"

	"github.com/daprstack/daprstack/config/rules"
)

// stack holds what the objects declare.
type stack struct {
	apps, components, pubSubs, configurations, secrets *names

	keys          map[string]*names      // of each Secret, by its name
	scopes        map[string]rules.Names // of each pub/sub, by namespace/name, if known
	subscriptions []Object               // all of them
	taken         map[int][]Finding      // duplicate names, by the later object
	first         map[string]struct{}    // names claimed so far: "S-03 backend-app"
}

func newStack(objects []Object) *stack {
	s := &stack{
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
			s.claim(i, "S-03", "", sc.annotationPath("app-id"), id)
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
		s.claim(i, "T-01", namespace.value, "metadata.name", name)
	}
	if strings.HasPrefix(typ.value, "pubsub.") {
		s.pubSubs.add(namespace, name)
		if scopes, known := textsOf(o.Fields["scopes"]); known && len(scopes) > 0 && name.known && namespace.known {
			allowed := rules.Names{}
			for _, app := range scopes {
				allowed[app.value] = true
			}
			s.scopes[namespace.value+"/"+name.value] = allowed
		}
		items, _ := itemsOf(o)
		for _, it := range items {
			if it.name.value == consumerID && !rules.PerApp(it.value.value) {
				s.claim(i, "Q-01", "", itemPath(consumerID), it.value)
			}
		}
	}
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
