package config_test

// badResiliency are mistakes in the policies and in what they are for.
var badResiliency = []badStackFile{
	{"bad policies", one("resiliency", object{"policies": object{
		"timeouts": object{"short": "0s"},
		"retries": object{
			"a": object{"policy": "linear", "maxRetries": 1}, "b": object{"policy": "exponential", "duration": "1s", "maxRetries": -2},
			"c": object{"maxInterval": "1s"}, "DaprBuiltInServiceRetries": object{"maxRetries": 1},
			"d": object{"maxRetries": 0, "matching": object{"httpStatusCodes": "5xx", "gRPCStatusCodes": "99"}},
		},
		"circuitBreakers": object{"pubsub": object{"maxRequests": 0, "interval": "-1s", "timeout": "0s", "trip": "requests + 1"}},
	}}), []string{
		`resiliency.policies.circuitBreakers.pubsub: "pubsub": must have another name: the policies of a pub/sub have its name`,
		`resiliency.policies.circuitBreakers.pubsub.interval: -1s: must be a positive duration of at least 1ms`,
		`resiliency.policies.circuitBreakers.pubsub.maxRequests: 0: must be 1 or more`,
		`resiliency.policies.circuitBreakers.pubsub.timeout: 0s: must be a positive duration of at least 1ms`,
		`resiliency.policies.circuitBreakers.pubsub.trip: "requests + 1" [R-01]: must be a CEL expression that is true or false, and not int`,
		`resiliency.policies.retries.DaprBuiltInServiceRetries.maxRetries: 1 [R-01]: must be 3 or more in a policy that replaces one of Dapr's: it takes less for 3`,
		`resiliency.policies.retries.a.policy: "linear": must be one of constant, exponential`,
		`resiliency.policies.retries.b.duration: [R-01]: must be left out with an exponential policy, which has maxInterval`,
		`resiliency.policies.retries.b.maxRetries: -2 [R-01]: must be 0 or more, or -1 to go on until it works`,
		`resiliency.policies.retries.c.maxInterval: [R-01]: must be left out with a constant policy, which has duration`,
		`resiliency.policies.retries.c.maxRetries: is required`,
		`resiliency.policies.retries.d.matching.gRPCStatusCodes: "99" [R-01]: must be gRPC status codes, 0–16, or ranges of them, separated by commas without spaces`,
		`resiliency.policies.retries.d.matching.httpStatusCodes: "5xx" [R-01]: must be HTTP status codes, 100–599, or ranges of them, separated by commas without spaces`,
		`resiliency.policies.timeouts.short: 0s: must be a positive duration of at least 1ms`,
	}},
	{"bad targets", one("resiliency", object{"policies": object{"timeouts": object{"short": "1s"}, "circuitBreakers": object{"slow": object{}}}, "targets": object{
		"apps":       object{"backed-app": object{"timeout": "short"}, "billing-app.Finance": object{"retry": "short"}, "backend-app": object{"circuitBreakerCacheSize": 0}},
		"components": object{"stores": object{"outbound": object{"circuitBreaker": "slow"}}, "pubsub": object{"inbound": object{"timeout": "short"}}},
		"actors":     object{"Cart": object{"circuitBreaker": "slow"}, "Shelf": object{"timeout": "long", "circuitBreakerScope": "id"}},
	}}), []string{
		`resiliency.targets.actors.Cart.circuitBreakerScope: [R-01]: must be one of type, id with a circuit breaker`,
		`resiliency.targets.actors.Shelf.circuitBreakerScope: "id" [R-01]: must be left out without a circuit breaker`,
		`resiliency.targets.actors.Shelf.timeout: "long" [X-01]: must be a policy of resiliency.policies.timeouts`,
		`resiliency.targets.apps.backed-app: "backed-app" [X-01]: must be the app-id of an app of the stack that has a sidecar; did you mean "backend-app"?`,
		`resiliency.targets.apps.backend-app.circuitBreakerCacheSize: 0: must be 1 or more`,
		`resiliency.targets.apps["billing-app.Finance"]: "billing-app.Finance" [I-01]: must be an app-id, or app-id.namespace for an app of another namespace or stack`,
		`resiliency.targets.apps["billing-app.Finance"].retry: "short" [X-01]: must be a policy of resiliency.policies.retries; there is none`,
		`resiliency.targets.components.pubsub.inbound: must have no retry and no timeout: set maxRetries, retryInterval and handlerTimeout of the pub/sub`,
		`resiliency.targets.components.stores: "stores" [X-01]: must be the name of a component of the stack`,
	}},
}
