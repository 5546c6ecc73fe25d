package check

import (
	"strings"

	"github.com/daprstack/daprstack/config/rules"
)

// deadLetter begins the topics of what a subscriber could not handle:
// dead-letter.{app-id}.{type}.
const deadLetter = "dead-letter."

func subscription(o Object, found *findings) {
	if t := textOf(field(o.Fields, "spec", "topic")); t.known {
		found.add("spec.topic", t, topic(t.value))
	}
	dead := textOf(field(o.Fields, "spec", "deadLetterTopic"))
	if dead.ready() && dead.value != "" {
		found.add("spec.deadLetterTopic", dead, topic(dead.value))
	}
}

// topic checks the name of a topic: an event's type, or its dead letters (E-02).
func topic(name string) []rules.Reason {
	if app, rest, ok := strings.Cut(strings.TrimPrefix(name, deadLetter), "."); ok &&
		strings.HasPrefix(name, deadLetter) && rules.AppID(app) == nil && rules.EventType(rest) == nil {
		return nil
	}
	return rules.EventType(name)
}
