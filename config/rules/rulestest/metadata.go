package rulestest

import "github.com/daprstack/daprstack/config/rules"

// metadataCases returns the cases of T-10 and, for sensitive keys, of T-06. Errors
// never show their values.
func metadataCases() []Case {
	var cases []Case
	for _, c := range []struct{ rule, name, of, key, value, allowed string }{
		{"T-10", "metadata that nobody reads", rules.StateRedis, "colour", "red", "must be a key that Dapr reads for state.redis"},
		{"T-10", "metadata in other letters", rules.StateRedis, "poolsize", "3",
			`must be a key that Dapr reads for state.redis; did you mean "poolSize"?`},
		{"T-10", "metadata of the other kind", rules.StateRedis, "queueDepth", "1", "must not be given: Dapr reads it for pubsub.redis only"},
		{"T-10", "metadata of a state store", rules.PubSubRedis, "keyPrefix", "name", "must not be given: Dapr reads it for state.redis only"},
		{"T-06", "plain password", rules.PubSubRedis, "redisPassword", "s3cret", "must not be given as a plain value: set redis.password or redis.external.password, a secret"},
		{"T-06", "plain key", rules.StateRedis, "azureClientSecret", "s3cret", "must not be given as a plain value, only as a secretKeyRef: in a stack file as a Pulumi secret or by secretMetadata"},
	} {
		list, name := "stateStores", "statestore"
		if c.of == rules.PubSubRedis {
			list, name = "pubSubs", "pubsub"
		}
		cases = append(cases, Case{
			Rule: c.rule, Name: c.name,
			Check: func() []rules.Reason { return rules.StackMetadataItem(c.of, c.key, c.value, false) }, Allowed: c.allowed,
			Stack: edits(list+"[0].metadata", map[string]any{c.key: c.value}), Path: list + "[0].metadata." + c.key,
		})
		if c.name != "metadata in other letters" { // Dapr does not mind
			cases[len(cases)-1].Objects = on("Component", name, Edit{"spec.metadata[0]", map[string]any{"name": c.key, "value": c.value}})
		}
	}
	return cases
}
