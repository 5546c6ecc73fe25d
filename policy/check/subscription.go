package check

import (
	"strings"

	"github.com/daprstack/daprstack/config/rules"
)

func subscription(o Object, found *findings) {
	routes(o, found)
	topic := textOf(field(o.Fields, "spec", "topic"))
	if topic.known {
		found.add("spec.topic", topic, rules.Topic(topic.value))
	}
	dead := textOf(field(o.Fields, "spec", "deadLetterTopic"))
	if dead.ready() && dead.value != "" && !strings.HasSuffix(dead.value, "."+topic.value) { // else the topic is reported
		found.add("spec.deadLetterTopic", dead, rules.Topic(dead.value))
	}
}

// routes checks that events are delivered somewhere: Dapr drops an event without a
// route, and the two versions of the object have different fields for it (E-08).
func routes(o Object, found *findings) {
	route, all := textOf(field(o.Fields, "spec", "route")), field(o.Fields, "spec", "routes")
	standard, list := textOf(field(all, "default")), field(all, "rules")
	matching, known := listOf(list)
	switch textOf(o.Fields["apiVersion"]).value {
	case "dapr.io/v1alpha1":
		if _, known := mapOf(all); known && all != nil {
			found.put("spec.routes", "", "", rules.OtherVersion("route", "v1alpha1"))
		}
		if route.known && route.value == "" {
			found.put("spec.route", "", "", rules.Route())
		}
	case "dapr.io/v2alpha1":
		if route.ready() {
			found.put("spec.route", "", "", rules.OtherVersion("routes", "v2alpha1"))
		}
		if known && standard.known && standard.value == "" && len(matching) == 0 {
			found.put("spec.routes", "", "", rules.Route())
		}
	}
}
