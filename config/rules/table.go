package rules

// Level says where a rule is enforced. A rule may have several.
type Level string

// The places where a rule is enforced.
const (
	Load     Level = "L" // the stack configuration, before anything is registered
	Graph    Level = "G" // the resources and their dependency edges
	Policy   Level = "P" // resolved properties, at preview and update
	Contract Level = "K" // the contracts package, in application code
	Live     Level = "V" // the running stack
)

// A Rule is one numbered statement of the data model.
type Rule struct {
	ID        string  // its number, by which everything refers to it
	Statement string  // what holds, in one or two sentences
	Source    string  // the part of the data model that it comes from
	Levels    []Level // where it is enforced
}

// Lookup returns the rule with a number, or false if there is none.
func Lookup(id string) (Rule, bool) {
	for _, r := range Table {
		if r.ID == id {
			return r, true
		}
	}
	return Rule{}, false
}

// Table lists every rule once, in the order of the data model.
var Table = []Rule{
	{"S-01", "`app-id` is required: lower-case letters, digits and hyphens, starting and ending with a letter or digit. The model says at most 63; Dapr makes a Service named `{app-id}-dapr`, which must fit 63 too, so the true limit is 58.", "entity 1", []Level{Load, Policy}},
	{"S-02", "`app-id` follows `{service}-app`.", "entity 1", []Level{Policy}},
	{"S-03", "`app-id` is unique in the stack.", "entity 1", []Level{Load, Policy}},
	{"S-04", "`app-port` is 1–65535.", "entity 1", []Level{Load, Policy}},
	{"S-05", "`app-port` is a port that the app's container really exposes.", "entity 1", []Level{Load, Policy, Live}},
	{"S-06", "`log-level` is one of debug, info, warn, error; default info.", "entity 1", []Level{Load, Policy}},
	{"S-07", "`enable-metrics` defaults to true.", "entity 1", []Level{Load}},
	{"S-08", "`metrics-port` defaults to 9090, is 1–65535, and differs from `app-port`, from the app's other ports and from the sidecar's own (3500, 3501, 50001, 50002, 8080).", "entity 1", []Level{Load, Policy}},
	{"S-09", "`config` names a Configuration that exists in the same namespace: daprd refuses to start without it.", "entity 1", []Level{Load, Policy, Live}},
	{"S-10", "Annotations are strings; Dapr drops a malformed `app-port` with a log line only.", "entity 1", []Level{Graph, Policy}},
	{"S-11", "Every pod of an app with a sidecar really has one, ready: no pod may start before the injector serves, and none may start silently without a sidecar.", "entity 1", []Level{Graph, Live}},
	{"S-12", "Every option and annotation of a sidecar is one that the pinned Dapr reads, in the unit and within the bounds that it honours. What Dapr would silently ignore, misread or not start with is an error.", "entity 1", []Level{Load, Policy, Live}},
	{"T-01", "`name` is a DNS-1123 name, unique per namespace, set as `metadata.name` (never auto-named: applications use it).", "entities 2 and 3", []Level{Load, Graph, Policy}},
	{"T-02", "`type` is one that the pinned daprd is built with, or that of a pluggable component; in the stack file one that the stack supports (`state.redis`, `pubsub.redis`).", "entities 2 and 3", []Level{Load, Policy}},
	{"T-03", "`version` is required, and one that the type has: `v1` for those that the stack supports.", "entities 2 and 3", []Level{Load, Policy}},
	{"T-04", "`namespace` is the namespace of the apps and of the secret (X-06).", "entities 2 and 3", []Level{Load, Graph}},
	{"T-05", "`redisHost` is `host:port`; it is reachable from the pods.", "entities 2 and 3", []Level{Load, Live}},
	{"T-06", "The password is only ever a `secretKeyRef`; it is required when authentication is on. A password as a plain `value` is refused.", "entities 2 and 3", []Level{Load, Graph, Policy}},
	{"T-07", "The Secret, with that key, exists before the Component: Dapr fails every component of the app when a secret is missing, and reads an empty password when only the key is.", "entities 2 and 3", []Level{Graph, Live}},
	{"T-08", "`enableTLS` defaults to false.", "entities 2 and 3", []Level{Load}},
	{"T-09", "`scopes` is required, not empty, and each entry is an app of the stack that has a sidecar. `scopes` stands at the top level of the object, not under `spec`: there it would be pruned and the component open to all.", "entities 2 and 3", []Level{Load, Graph, Policy}},
	{"T-10", "Every metadata key is one that the pinned Dapr version reads, and every value has the form that it honours. A key that Dapr would silently ignore is an error.", "entities 2 and 3", []Level{Load, Graph, Policy, Live}},
	{"Q-01", "`consumerID` is required and unique per consumer. One literal shared by two subscribing apps makes them compete for messages instead of each getting all: refused.", "entity 3", []Level{Load, Policy, Live}},
	{"Q-02", "`redeliverInterval` is a positive duration, default 30s. Dapr, up to 1.18.2, silently ignores `\"30s\"`: it is written as whole milliseconds, `\"30000\"`, and verify shows that it took effect.", "entity 3", []Level{Load, Graph, Live}},
	{"Q-03", "`maxRetries` is 0 or more, default 3. It is not a Redis component field for redelivery: it becomes the inbound retry policy of a Resiliency object, and what still fails goes to a dead-letter topic.", "entity 3", []Level{Load, Graph, Live}},
	{"Q-04", "The whole retry budget (attempts × longest wait), after the longest wait in the queue of a sidecar, is shorter than `processingTimeout`, or messages are handled twice.", "entity 3", []Level{Load}},
	{"Q-05", "Streams do not grow for ever: `streamTTL` or `maxLenApprox`, one of them, has a default.", "entity 3", []Level{Load, Graph}},
	{"E-01", "`specversion` is exactly `1.0`.", "entity 4", []Level{Contract, Live}},
	{"E-02", "`type` is lower-case, dot-separated `{entity}.{action}` or `{domain}.{entity}.{action}`. (The model's pattern has three parts, its four events have two: both forms are valid; the topic has the same name as the type.) It is a naming rule: the policy pack holds it, with exceptions for topics that applications have already; the stack file takes every topic that works.", "entity 4", []Level{Contract, Policy, Live}},
	{"E-03", "`source` is required, a URI-reference, and is the event's own (`/backend/tasks`), not the app-id that Dapr puts there by default.", "entity 4", []Level{Load, Contract, Live}},
	{"E-04", "`id` is required and unique; a UUID by default.", "entity 4", []Level{Contract}},
	{"E-05", "`time`, when present, is RFC 3339.", "entity 4", []Level{Contract}},
	{"E-06", "`datacontenttype` defaults to `application/json`.", "entity 4", []Level{Contract}},
	{"E-07", "`data` is required, and valid JSON when the content type is JSON.", "entity 4", []Level{Contract}},
	{"E-08", "The catalogue (type, source, data schema, trigger, publishers, subscribers) is data of the stack; the four events of the model are what the project file gives (`Pulumi.yaml`). Everything else is derived from it: Subscriptions, each with a route, topic scopes, dead-letter topics, documentation. A topic is a name that works in all of these.", "entity 4", []Level{Load, Graph, Contract, Policy}},
	{"E-09", "SUCCESS acknowledges, RETRY is delivered again up to `maxRetries`, DROP is dropped; what is exhausted is dead-lettered. No event is lost because a handler failed.", "entity 4", []Level{Live}},
	{"E-10", "Events expire after their retention.", "entity 4", []Level{Load, Live}},
	{"E-11", "The envelope's `type` is the event's type, not Dapr's default `com.dapr.event.sent`.", "entity 4", []Level{Load, Contract, Live}},
	{"N-01", "`key` is not empty, at most 256 characters, without `||` (Dapr's separator).", "entity 5", []Level{Contract}},
	{"N-02", "`key` follows `{domain}:{type}:{identifier}`.", "entity 5", []Level{Contract, Policy}},
	{"N-03", "The four key patterns and their lifetimes (`chat:session` 3600 s, `cache:user` 1800 s, `workflow:task` 600 s, `cache:tasks` 300 s) are typed constructors; the lifetime comes with the key.", "entity 5", []Level{Contract, Live}},
	{"N-04", "`value` is valid JSON.", "entity 5", []Level{Contract}},
	{"N-05", "`ttlInSeconds`, when given, is a positive integer; the entry is gone after it. A later write without a TTL keeps the old one: the helper always sends one.", "entity 5", []Level{Contract, Live}},
	{"N-06", "`consistency` is strong or eventual, default eventual.", "entity 5", []Level{Contract}},
	{"N-07", "`concurrency` is first-write or last-write, default last-write; a stale etag under first-write is refused with 409.", "entity 5", []Level{Contract, Live}},
	{"I-01", "The target has a running sidecar.", "entity 6", []Level{Load, Contract, Live}},
	{"I-02", "`path` starts with `/` and is a valid URI path.", "entity 6", []Level{Contract}},
	{"I-03", "`method` is a standard HTTP verb.", "entity 6", []Level{Contract}},
	{"I-04", "The target listens on its `app-port`.", "entity 6", []Level{Live}},
	{"I-05", "The URL is `http://localhost:3500/v1.0/invoke/{target}/method/{path}`.", "entity 6", []Level{Contract, Live}},
	{"I-06", "Headers (`Authorization` among them), query and body arrive; status, headers and body come back.", "entity 6", []Level{Live}},
	{"I-07", "Who may invoke an app, what of it and by which verbs is what the stack file says, for callers of other namespaces and stacks too. An operation that Dapr would never find is an error.", "entity 6", []Level{Load, Graph, Policy, Live}},
	{"R-01", "Every policy of a Resiliency is one that the pinned Dapr reads, and as it is written: it drops the rest of an object with one that it cannot read, and silently ignores names, waits and conditions that it does not understand.", "entity 3", []Level{Load, Policy}},
	{"A-01", "An app that somebody invokes, or that takes events, has a `port`. One without a port has no Service, no probes and no `app-port`, and only calls others.", "applications", []Level{Load, Graph}},
	{"A-02", "Each probe of an app asks one thing that is there, and `startup` is a time in whole seconds for an app that is asked something.", "applications", []Level{Load, Graph}},
	{"A-03", "What is said in Kubernetes' own words (volumes, containers, affinity, `podPatch`, …) has fields that the Kubernetes API has, each of its type.", "applications", []Level{Load}},
	{"A-04", "Labels, annotations and `podPatch` leave alone what the stack relies on: its own labels, the annotations of Dapr, the container of the app, and what the stack file has a key for and checks.", "applications", []Level{Load, Graph}},
	{"A-05", "Volumes, containers and ports of a pod have names and numbers of their own, and a mount names a volume of the pod.", "applications", []Level{Load}},
	{"A-06", "Every container of a pod is hardened as that of the app is, unless the stack file says otherwise; whatever weakens it gives a warning.", "applications", []Level{Graph}},
	{"X-01", "Every scope, subscription, publisher, subscriber, invocation target, Configuration and Resiliency reference names something that the stack declares. No dangling reference.", "cross-entity validation", []Level{Load, Policy}},
	{"X-04", "The sidecar's HTTP port is 3500 and cannot be configured.", "cross-entity validation", []Level{Load, Contract}},
	{"X-05", "Secret before Component, control plane before Component, Component before app: real dependency edges.", "cross-entity validation", []Level{Graph}},
	{"X-06", "A secret and the component that reads it share a namespace.", "cross-entity validation", []Level{Load, Graph, Policy}},
	{"X-07", "Every field of a Dapr object is one that the CRD of the pinned Dapr has, and of its type: the API server drops any other field without a word, and refuses an object with a field of another type.", "cross-entity validation", []Level{Policy}},
	{"W-01", "An app has a number of pods or an autoscaler, not both: where something else sets the number, the stack neither sets nor changes it.", "applications", []Level{Load, Graph, Live}},
	{"W-02", "A budget for disruptions leaves a pod that may go: nodes can always be drained.", "applications", []Level{Load, Graph}},
	{"W-03", "Only a StatefulSet has claims. Its volumes go with it, unless data is kept or the stack is a production one.", "applications", []Level{Load, Graph}},
	{"W-04", "A Job, or each Job of a CronJob, ends when its app does: its sidecar is a native one, which Kubernetes ends.", "applications", []Level{Load, Graph, Live}},
	{"W-05", "A Service has the ports of its app, and only keys that its type honours. A load balancer that has no address is not waited for, and is told.", "applications", []Level{Load, Graph, Live}},
	{"W-06", "An Ingress or a route leads to a port of the Service of its app.", "applications", []Level{Load, Graph}},
	{"W-07", "The objects beside a stack are in its namespace, under names that the stack does not use, and hold no secret in clear.", "applications", []Level{Load, Graph}},
	{"C-01", "Nothing in the stack needs a change of application logic: an app finds its peers, its store and its topics by environment variables whose names are the same with Dapr on and off.", "infrastructure constraints", []Level{Graph, Live}},
	{"C-02", "One command deploys everything; no `kubectl apply` by hand, on the first install or on an upgrade (CRDs too).", "infrastructure constraints", []Level{Live}},
	{"C-03", "One command removes everything that it made, CRDs and namespaces too, unless the stack says to keep them.", "infrastructure constraints", []Level{Live}},
	{"C-04", "`dapr.enabled: false` gives the same apps over plain HTTP: not one Dapr object, annotation or sidecar is left.", "infrastructure constraints", []Level{Graph, Live}},
	{"C-05", "Turning Dapr on or off breaks no API: same services, same paths, same variables.", "infrastructure constraints", []Level{Graph, Live}},
}
