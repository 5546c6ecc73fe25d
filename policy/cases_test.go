package main

import "github.com/daprstack/daprstack/config/rules/rulestest"

// ownCases are violations that only objects can have, because no stack file can
// express them.
func ownCases() []rulestest.Case {
	on := func(kind, name string, edits ...any) []rulestest.Object {
		o := rulestest.Object{Kind: kind, Name: name}
		for i := 0; i < len(edits); i += 2 {
			path, _ := edits[i].(string)
			o.Edits = append(o.Edits, rulestest.Edit{Path: path, Value: edits[i+1]})
		}
		return []rulestest.Object{o}
	}
	annotation := func(name string, value any) []rulestest.Object {
		return on("Deployment", "frontend", `spec.template.metadata.annotations["dapr.io/`+name+`"]`, value)
	}
	next := map[string]string{"statestore": "spec.metadata[3]", "pubsub": "spec.metadata[10]"} // the next free index
	item := func(component, name, value string) []rulestest.Object {
		return on("Component", component, next[component], map[string]any{"name": name, "value": value})
	}
	const created = "pubsub.task.created.activity-app"
	var cases []rulestest.Case
	for _, c := range []struct {
		rule, name string
		objects    []rulestest.Object
	}{
		{"S-02", "app-id without -app", annotation("app-id", "frontend")},
		{"S-02", "app-id that is only -app", annotation("app-id", "x-application")},
		{"S-05", "container without ports", on("Deployment", "frontend", "spec.template.spec.containers[0].ports", nil)},
		{"S-10", "app-port in words", annotation("app-port", "http")},
		{"S-10", "app-port with a unit", annotation("app-port", "3000/tcp")},
		{"S-10", "app-port as a number", annotation("app-port", 3000)},
		{"S-10", "enabled as a truth value", annotation("enabled", true)},
		{"S-10", "metrics port in words", annotation("metrics-port", "metrics")},
		{"S-10", "a switch that is neither", annotation("enable-app-health-check", "maybe")},
		{"S-10", "health threshold in words", annotation("app-health-threshold", "three")},
		{"S-08", "default metrics port taken", append(annotation("metrics-port", nil), on("Deployment", "frontend",
			"spec.template.spec.containers[0].ports[1]", map[string]any{"name": "m", "containerPort": 9090})...)},
		{"S-08", "native sidecar on a port of daprd", on("Deployment", "frontend", "spec.template.spec.initContainers",
			[]any{map[string]any{"restartPolicy": "Always", "ports": []any{map[string]any{"containerPort": 50002}}}})},
		{"T-01", "a name that the provider made up", on("Component", "statestore", `metadata.annotations["pulumi.com/autonamed"]`, "true")},
		{"T-02", "a component of another kind", on("Component", "statestore", "spec.type", "bindings.cron")},
		{"T-06", "password beside its reference", on("Component", "statestore", "spec.metadata[1].value", "s3cret")},
		{"T-06", "password in the environment", on("Component", "statestore", "spec.metadata[1]", map[string]any{"name": "redisPassword", "envRef": "PASSWORD"})},
		{"T-09", "scopes below spec", on("Component", "statestore", "scopes", nil, "spec.scopes", []any{"backend-app"})},
		{"T-10", "interval with a unit", on("Component", "pubsub", "spec.metadata[3].value", "30s")},
		{"T-10", "item twice", item("pubsub", "streamTTL", "1h")},
		{"T-10", "template", item("pubsub", "consumerID", "{podName}")},
		{"E-02", "topic that is no event", on("Subscription", created, "spec.topic", "Task.Created")},
		{"E-02", "dead letters of no event", on("Subscription", created, "spec.deadLetterTopic", "dead-letter.Task.created")},
		{"E-02", "allowed topic", on("Component", "pubsub", "spec.metadata[6].value", "task.created,Orders")},
		{"E-02", "topic of a publisher", on("Component", "pubsub", "spec.metadata[8].value", "backend-app=Orders")},
		{"E-02", "outbox topic", append(item("statestore", "outboxPublishPubsub", "pubsub"),
			on("Component", "statestore", "spec.metadata[4]", map[string]any{"name": "outboxPublishTopic", "value": "Orders"})...)},
		{"N-02", "prefix with a colon", item("statestore", "keyPrefix", "chat:session")},
		{"N-02", "prefix with an underscore", item("statestore", "keyPrefix", "my_app")},
		{"X-01", "subscriber outside the scopes of its pub/sub", on("Subscription", created, "scopes[0]", "frontend-app")},
		{"X-01", "resiliency of an unknown app", on("Resiliency", "delivery", "spec.targets.apps", map[string]any{
			"backnd-app": map[string]any{"retry": "pubsub"}})},
		{"X-01", "resiliency of an actor with an unknown policy", on("Resiliency", "delivery", "spec.targets.actors", map[string]any{
			"Robot": map[string]any{"circuitBreaker": "trip"}})},
		{"X-01", "resiliency for an unknown app", on("Resiliency", "delivery", "scopes", []any{"nobody-app"})},
		{"X-01", "key that the secret lacks", on("Component", "statestore", "spec.metadata[1].secretKeyRef.key", "passwort")},
		{"X-01", "outbox to an unknown pub/sub", append(item("statestore", "outboxPublishTopic", "task.created"),
			on("Component", "statestore", "spec.metadata[4]", map[string]any{"name": "outboxPublishPubsub", "value": "pubsup"})...)},
		{"X-06", "reference with a namespace", on("Component", "statestore", "spec.metadata[1].secretKeyRef.namespace", "other")},
		{"Q-01", "two pub/subs with one consumer id", append(item("pubsub", "consumerID", "todo"), []rulestest.Object{{
			Kind: "Component", Name: "statestore", Edits: []rulestest.Edit{
				{Path: "spec.type", Value: "pubsub.redis"},
				{Path: "spec.metadata[3]", Value: map[string]any{"name": "streamTTL", "value": "1h"}},
				{Path: "spec.metadata[4]", Value: map[string]any{"name": "consumerID", "value": "todo"}},
			}}}...)},
	} {
		cases = append(cases, rulestest.Case{Rule: c.rule, Name: c.name, Objects: c.objects})
	}
	return cases
}
