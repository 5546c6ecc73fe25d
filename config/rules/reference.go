package rules

import (
	"maps"
	"strconv"
)

// Names is the set of names that a stack declares for one kind of thing.
type Names map[string]bool

// NamesOf returns the set of the given names.
func NamesOf(names ...string) Names {
	all := make(Names, len(names))
	for _, name := range names {
		all[name] = true
	}
	return all
}

// Known checks that a reference names something that is declared, for X-01 and the
// rules that repeat it for one kind of reference. what completes "must be" and says
// what it must name. The reason suggests the nearest name.
func Known(rule, what, name string, declared Names) []Reason {
	if declared[name] {
		return nil
	}
	if near := nearest(name, maps.Keys(declared)); near != "" {
		return because(rule, "must be %s; did you mean %q?", what, near)
	}
	if len(declared) == 0 {
		return because(rule, "must be %s; there is none", what)
	}
	return because(rule, "must be %s", what)
}

// InScopes checks that the scopes of a component include an app that uses it
//
func InScopes(app, component string, scopes Names) []Reason {
	if scopes[app] {
		return nil
	}
	return because("X-01", "must be in the scopes of %s", strconv.Quote(component))
}

// Duplicates returns the reasons for every position whose value occurs before, for
// the rules that demand uniqueness (S-03, T-01, E-08). Empty values are left to
// other rules.
func Duplicates(rule string, values []string) map[int][]Reason {
	return repeated(values, because(rule, "must be unique, and is declared before"))
}

// Repeated is [Duplicates] for a list of references (E-08, I-01).
func Repeated(rule string, values []string) map[int][]Reason {
	return repeated(values, because(rule, "must be named once"))
}

func repeated(values []string, reasons []Reason) map[int][]Reason {
	found := map[int][]Reason{}
	seen := make(Names, len(values))
	for i, v := range values {
		if v == "" {
			continue
		}
		if seen[v] {
			found[i] = reasons
		}
		seen[v] = true
	}
	return found
}

// OutboxApps checks that the scopes of an outbox's pub/sub include every app of the
// state store, because its sidecar publishes there.
func OutboxApps(apps []string, scopes Names) []Reason {
	for _, app := range apps {
		if !scopes[app] {
			return because("X-01", "must be a pub/sub whose scopes let in %q, an app of the state store", app)
		}
	}
	return nil
}

// OutboxTopic checks that the topic of an outbox is an event of its pub/sub that
// every app of the state store may publish. publishers are those of the
// event, nil if there is no such event.
func OutboxTopic(apps []string, publishers Names) []Reason {
	if publishers == nil {
		return because("X-01", "must be an event of that pub/sub")
	}
	for _, app := range apps {
		if !publishers[app] {
			return because("X-01", "must be an event with %q, an app of the state store, among its publishers", app)
		}
	}
	return nil
}

// OutboxInternal checks that the pub/sub that carries the outbox's own topics has no
// events. Otherwise only the topics of events are allowed on it, and Dapr
// refuses every transaction.
func OutboxInternal(events int) []Reason {
	if events == 0 {
		return nil
	}
	return because("X-01", "must be a pub/sub without events: on one with events Dapr may not use topics of its own")
}
