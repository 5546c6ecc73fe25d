package rulestest

import (
	"strings"

	"github.com/daprstack/daprstack/config/rules"
)

const componentName = "must be a DNS-1123 name: lower-case letters, digits, hyphens and dots, starting and ending with a letter or digit, at most 253 characters"

func componentCases() []Case {
	cases := []Case{
		{
			Rule: "T-01", Name: "component without a name",
			Check: func() []rules.Reason { return rules.ComponentName("") }, Allowed: "is required",
			Stack: edits("stateStores[0].name", nil), Path: "stateStores[0].name",
			Objects: on("Component", "statestore", Edit{"metadata.name", nil}),
		},
		{
			Rule: "T-01", Name: "two components of one name",
			Check:   func() []rules.Reason { return rules.Duplicates("T-01", []string{"pubsub", "pubsub"})[1] },
			Allowed: "must be unique, and is declared before",
			Stack:   edits("stateStores[0].name", "pubsub"), Path: "pubSubs[0].name", Value: `"pubsub"`,
			Objects: on("Component", "statestore", Edit{"metadata.name", "pubsub"}),
		},
		{
			Rule: "T-02", Name: "state store of another type",
			Check: func() []rules.Reason { return rules.SupportedType("state.mongodb", rules.StateRedis) }, Allowed: "must be state.redis",
			Stack: edits("stateStores[0].type", "state.mongodb"), Path: "stateStores[0].type", Value: `"state.mongodb"`,
		},
		{
			Rule: "T-02", Name: "pub/sub of another type",
			Check: func() []rules.Reason { return rules.SupportedType("pubsub.kafka", rules.PubSubRedis) }, Allowed: "must be pubsub.redis",
			Stack: edits("pubSubs[0].type", "pubsub.kafka"), Path: "pubSubs[0].type", Value: `"pubsub.kafka"`,
		},
		{
			Rule: "T-02", Name: "state store of the pub/sub's type",
			Check: func() []rules.Reason { return rules.SupportedType("pubsub.redis", rules.StateRedis) }, Allowed: "must be state.redis",
			Stack: edits("stateStores[0].type", "pubsub.redis"), Path: "stateStores[0].type", Value: `"pubsub.redis"`,
		},
		{
			Rule: "T-03", Name: "version v2",
			Check: func() []rules.Reason { return rules.Version("v2") }, Allowed: "must be v1",
			Stack: edits("pubSubs[0].version", "v2"), Path: "pubSubs[0].version", Value: `"v2"`,
			Objects: on("Component", "pubsub", Edit{"spec.version", "v2"}),
		},
		{
			Rule: "T-03", Name: "version in capitals",
			Check: func() []rules.Reason { return rules.Version("V1") }, Allowed: "must be v1",
			Stack: edits("stateStores[0].version", "V1"), Path: "stateStores[0].version", Value: `"V1"`, // Dapr does not mind
		},
		{
			Rule: "T-03", Name: "no version", // the stack file has a default
			Check: func() []rules.Reason { return rules.Version("") }, Allowed: "must be v1",
			Objects: on("Component", "statestore", Edit{"spec.version", nil}),
		},
		{
			Rule: "T-09", Name: "no scopes",
			Check:   func() []rules.Reason { return rules.Scopes(nil) },
			Allowed: "is required: a component without scopes is open to every app of the namespace",
			Stack:   edits("stateStores[0].scopes", nil), Path: "stateStores[0].scopes",
			Objects: on("Component", "statestore", Edit{"scopes", nil}),
		},
		{
			Rule: "T-09", Name: "scopes of nobody",
			Check:   func() []rules.Reason { return rules.Scopes([]string{}) },
			Allowed: "is required: a component without scopes is open to every app of the namespace",
			Stack:   edits("stateStores[0].scopes", []any{}), Path: "stateStores[0].scopes",
			Objects: on("Component", "statestore", Edit{"scopes", []any{}}),
		},
		{
			Rule: "T-09", Name: "app twice in a scope",
			Check: func() []rules.Reason { return rules.Scopes([]string{"backend-app", "backend-app"}) }, Allowed: "must name each app once",
			Stack: edits("stateStores[0].scopes[1]", "backend-app"), Path: "stateStores[0].scopes",
			Objects: on("Component", "statestore", Edit{"scopes[1]", "backend-app"}),
		},
		{
			Rule: "T-09", Name: "scope that is no app",
			Check:   func() []rules.Reason { return knownApp("T-09", "activty-app") },
			Allowed: anApp + `; did you mean "activity-app"?`,
			Stack:   edits("stateStores[0].scopes[1]", "activty-app"), Path: "stateStores[0].scopes[1]", Value: `"activty-app"`,
			Objects: on("Component", "statestore", Edit{"scopes[1]", "activty-app"}),
		},
		{
			Rule: "T-09", Name: "scope that is an app without a sidecar",
			Check: func() []rules.Reason {
				return rules.Known("T-09", anAppKind, "frontend-app", rules.NamesOf("backend-app", "activity-app"))
			},
			Allowed: anApp,
			Stack: []Edit{
				{"apps[0].sidecar", nil}, {"stateStores[0].scopes[2]", "frontend-app"},
			},
			Path: "stateStores[0].scopes[2]", Value: `"frontend-app"`,
			Objects: append(frontend("enabled", nil), on("Component", "statestore", Edit{"scopes[2]", "frontend-app"})...),
		},
		{
			Rule: "X-06", Name: "secret of another namespace", // a stack file cannot name one
			Check:   func() []rules.Reason { return rules.SecretNamespace("other", "todo") },
			Allowed: `must be the namespace of the component, "todo"`,
			Objects: on("Secret", "redis-password-secret", Edit{"metadata.namespace", "other"}),
		},
		{
			Rule: "Q-01", Name: "one consumer id for two apps",
			Check: func() []rules.Reason { return rules.ConsumerID("todo", 2) },
			Allowed: "must be left out: the 2 subscribing apps would compete for the messages; " +
				"without it each app's group is its app-id",
			Stack: []Edit{
				{"pubSubs[0].consumerID", "todo"},
				{"events[0].subscribers[1]", map[string]any{"app": "backend-app", "path": "/events"}},
			},
			Path: "pubSubs[0].consumerID", Value: `"todo"`,
			Objects: append(
				on("Component", "pubsub", Edit{"spec.metadata[12]", map[string]any{"name": "consumerID", "value": "todo"}}),
				on("Subscription", "pubsub.task.created.activity-app", Edit{"scopes[1]", "backend-app"})...),
		},
		{
			Rule: "Q-01", Name: "one consumer id for three apps",
			Check: func() []rules.Reason { return rules.ConsumerID("workers", 3) },
			Allowed: "must be left out: the 3 subscribing apps would compete for the messages; " +
				"without it each app's group is its app-id",
			Stack: []Edit{
				{"pubSubs[0].consumerID", "workers"},
				{"pubSubs[0].scopes[2]", "frontend-app"},
				{"events[0].subscribers[1]", map[string]any{"app": "backend-app", "path": "/events"}},
				{"events[1].subscribers[1]", map[string]any{"app": "frontend-app", "path": "/events"}},
			},
			Path: "pubSubs[0].consumerID", Value: `"workers"`,
			Objects: []Object{
				{"Component", "pubsub", []Edit{
					{"spec.metadata[12]", map[string]any{"name": "consumerID", "value": "workers"}},
					{"scopes[2]", "frontend-app"},
				}},
				{"Subscription", "pubsub.task.created.activity-app", edits("scopes[1]", "backend-app")},
				{"Subscription", "pubsub.task.updated.activity-app", edits("scopes[1]", "frontend-app")},
			},
		},
	}
	for name, bad := range map[string]string{
		"capitals": "StateStore", "an underscore": "state_store", "a space": "state store", "an empty part": "state..store",
		"a hyphen first": "-statestore", "a dot last": "statestore.", "a slash": "state/store",
		"254 characters": strings.Repeat("a.", 126) + "aa",
	} {
		cases = append(cases, Case{
			Rule: "T-01", Name: "component name with " + name,
			Check: func() []rules.Reason { return rules.ComponentName(bad) }, Allowed: componentName,
			Stack: edits("stateStores[0].name", bad), Path: "stateStores[0].name", Value: shown(bad),
			Objects: on("Component", "statestore", Edit{"metadata.name", bad}),
		})
	}
	return cases
}
