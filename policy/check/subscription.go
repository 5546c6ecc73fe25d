package check

import "github.com/daprstack/daprstack/config/rules"

func subscription(o Object, found *findings) {
	if t := textOf(field(o.Fields, "spec", "topic")); t.known {
		found.add("spec.topic", t, rules.Topic(t.value))
	}
	dead := textOf(field(o.Fields, "spec", "deadLetterTopic"))
	if dead.ready() && dead.value != "" {
		found.add("spec.deadLetterTopic", dead, rules.Topic(dead.value))
	}
}
