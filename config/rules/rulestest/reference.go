package rulestest

import "github.com/daprstack/daprstack/config/rules"

const (
	anAppKind = "the app-id of an app of the stack that has a sidecar"
	anApp     = "must be " + anAppKind
)

// knownApp checks that the dev stack has an app-id.
func knownApp(rule, id string) []rules.Reason {
	return rules.Known(rule, anAppKind, id, rules.NamesOf("frontend-app", "backend-app", "activity-app"))
}

func referenceCases() []Case {
	created := func(edits ...Edit) []Object {
		return on("Subscription", "pubsub.task.created.activity-app", edits...)
	}
	return []Case{
		{
			Rule: "X-01", Name: "event of an unknown pub/sub",
			Check: func() []rules.Reason {
				return rules.Known("X-01", "a pub/sub of the stack", "pubsup", rules.NamesOf("pubsub"))
			},
			Allowed: `must be a pub/sub of the stack; did you mean "pubsub"?`,
			Stack:   edits("events[0].pubSub", "pubsup"), Path: "events[0].pubSub", Value: `"pubsup"`,
			Objects: created(Edit{"spec.pubsubname", "pubsup"}),
		},
		{
			Rule: "X-01", Name: "event of a state store",
			Check: func() []rules.Reason {
				return rules.Known("X-01", "a pub/sub of the stack", "statestore", rules.NamesOf("pubsub"))
			},
			Allowed: "must be a pub/sub of the stack",
			Stack:   edits("events[0].pubSub", "statestore"), Path: "events[0].pubSub", Value: `"statestore"`,
			Objects: created(Edit{"spec.pubsubname", "statestore"}),
		},
		{
			Rule: "X-01", Name: "unknown publisher",
			Check:   func() []rules.Reason { return knownApp("X-01", "backed-app") },
			Allowed: anApp + `; did you mean "backend-app"?`,
			Stack:   edits("events[0].publishers[0]", "backed-app"), Path: "events[0].publishers[0]", Value: `"backed-app"`,
			Objects: on("Component", "pubsub", Edit{"spec.metadata[10].value", "backed-app=task.created"}),
		},
		{
			Rule: "X-01", Name: "unknown subscriber",
			Check: func() []rules.Reason { return knownApp("X-01", "nobody") }, Allowed: anApp,
			Stack: edits("events[0].subscribers[0].app", "nobody"), Path: "events[0].subscribers[0].app", Value: `"nobody"`,
			Objects: created(Edit{"scopes[0]", "nobody"}),
		},
		{
			Rule: "X-01", Name: "app without a sidecar as subscriber",
			Check: func() []rules.Reason { return knownApp("X-01", "frontend") }, Allowed: anApp,
			Stack: edits("events[0].subscribers[0].app", "frontend"), Path: "events[0].subscribers[0].app", Value: `"frontend"`,
			Objects: created(Edit{"scopes[0]", "frontend"}),
		},
		{
			Rule: "X-01", Name: "resiliency of an unknown pub/sub", // the stack derives it
			Check: func() []rules.Reason {
				return rules.Known("X-01", "a component of the stack", "queue", rules.NamesOf("pubsub", "statestore"))
			},
			Allowed: "must be a component of the stack",
			Objects: on("Resiliency", "delivery", Edit{"spec.targets.components", map[string]any{
				"queue": map[string]any{"inbound": map[string]any{"retry": "pubsub", "timeout": "pubsub"}},
			}}),
		},
		{
			Rule: "X-01", Name: "resiliency of an unknown policy", // likewise
			Check: func() []rules.Reason {
				return rules.Known("X-01", "a policy of the object", "pubsup", rules.NamesOf("pubsub"))
			},
			Allowed: `must be a policy of the object; did you mean "pubsub"?`,
			Objects: on("Resiliency", "delivery", Edit{"spec.targets.components.pubsub.inbound.retry", "pubsup"}),
		},
		{
			Rule: "I-07", Name: "operation that Dapr never finds",
			Check:   func() []rules.Reason { return rules.Operations([]rules.Operation{{Path: "/*/items"}}, false)[0] },
			Allowed: "must have * alone and ** in its last segment only: Dapr finds nothing with it elsewhere",
			Stack:   edits("apps[1].callers", []any{map[string]any{"app": "frontend-app", "operations": []any{map[string]any{"path": "/*/items"}}}}),
			Path:    "apps[1].callers[0].operations[0]", Value: `"/*/items"`,
			Objects: on("Configuration", "appconfig.backend-app", Edit{"spec.accessControl.policies[0].operations[0]", map[string]any{
				"name": "/*/items", "httpVerb": []any{"*"}, "action": "allow",
			}}),
		},
		{
			Rule: "R-01", Name: "name that is nearly Dapr's own",
			Check:   func() []rules.Reason { return rules.ResiliencyPolicy(rules.TimeoutPolicy, "DefaultAppsTimeoutPolicy") },
			Allowed: `must be a name that Dapr knows, or unlike them; did you mean "DefaultAppTimeoutPolicy"?`,
			Stack:   edits("resiliency", map[string]any{"policies": map[string]any{"timeouts": map[string]any{"DefaultAppsTimeoutPolicy": "5s"}}}),
			Path:    "resiliency.policies.timeouts.DefaultAppsTimeoutPolicy", Value: `"DefaultAppsTimeoutPolicy"`,
			Objects: on("Resiliency", "delivery", Edit{"spec.policies.timeouts.DefaultAppsTimeoutPolicy", "5s"}),
		},
	}
}
