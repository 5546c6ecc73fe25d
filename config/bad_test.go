package config_test

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config"
)

// edit is one change of the dev stack file: the value at a path. A nil value
// removes the key.
type edit struct {
	path  string
	value any
}

func one(path string, value any) []edit { return []edit{{path, value}} }

// object is a value of a stack file.
type object = map[string]any

// TestBadStackFiles: each mistake, alone and together, gives exactly these
// errors.
func TestBadStackFiles(t *testing.T) {
	for _, c := range badStackFiles {
		t.Run(c.name, func(t *testing.T) {
			values := apply(t, read(t, "dev"), c.edits)
			stack, err := config.Load(values)
			require.Nil(t, stack)
			var found config.Errors
			require.ErrorAs(t, err, &found)
			var got []string
			for _, v := range found {
				got = append(got, v.String())
			}
			require.Equal(t, c.want, got)
		})
	}
}

var badStackFiles = []struct {
	name  string
	edits []edit
	want  []string
}{
	// Form.
	{"unknown key at the top", one("pubsubs", []any{}),
		[]string{`pubsubs: unknown key; did you mean "pubSubs"?`}},
	{"unknown key in an object", one("dapr.enable", true),
		[]string{`dapr.enable: unknown key; did you mean "enabled"?`}},
	{"unknown key in a list", one("apps[1].sidecar.app-id", "backend-app"),
		[]string{`apps[1].sidecar.app-id: unknown key; did you mean "appId"?`}},
	{"unknown key like no other", one("keep.zzzzzz", true),
		[]string{`keep.zzzzzz: unknown key; the keys here are crds, data, namespaces`}},
	{"the sidecar's port cannot be set", one("apps[0].sidecar.httpPort", 3600),
		[]string{`apps[0].sidecar.httpPort: unknown key; the keys here are appId, appPort, config, enableMetrics, logLevel, metricsPort, resources`}},
	{"text for a number", one("apps[0].port", "3000"),
		[]string{`apps[0].port: "3000": must be a whole number, not text`}},
	{"fraction for a number", one("apps[0].port", 3000.5),
		[]string{`apps[0].port: 3000.5: must be a whole number`}},
	{"number for text", one("dapr.version", 1.18),
		[]string{`dapr.version: 1.18: must be text, not a number`}},
	{"text for a truth value", one("dapr.enabled", "yes"),
		[]string{`dapr.enabled: "yes": must be true or false, not text`}},
	{"text for a list", one("stateStores[0].scopes", "backend-app"),
		[]string{`stateStores[0].scopes: "backend-app": must be a list, not text`}},
	{"list for an object", one("redis", []any{}),
		[]string{`redis: must be an object, not a list`}},
	{"text for an object", one("dapr", "on"),
		[]string{`dapr: "on": must be an object, not text`}},
	{"object for text", one("context", object{"name": "c"}),
		[]string{`context: must be text, not an object`}},
	{"number for a duration", one("pubSubs[0].redeliverInterval", 30),
		[]string{`pubSubs[0].redeliverInterval: 30: must be a duration with its unit, such as "30s", not a number`}},
	{"no duration", one("pubSubs[0].redeliverInterval", "soon"),
		[]string{`pubSubs[0].redeliverInterval: "soon": must be a duration with its unit, such as "30s"`}},
	{"empty item of a list", one("apps[0].invokes[0]", json.RawMessage("null")),
		[]string{`apps[0].invokes[0]: must not be empty`}},
	{"wrong types all at once", []edit{{"apps[0].port", "a"}, {"apps[0].env", object{"A": 1}}, {"keep", 1}},
		[]string{`apps[0].env.A: must be text, not a number`, `apps[0].port: "a": must be a whole number, not text`, `keep: 1: must be an object, not a number`}},

	// Where it goes.
	{"no context", one("context", ""),
		[]string{`context: is required: the kubeconfig context to deploy to, the only cluster that is touched`}},
	{"no namespace", one("namespace", nil),
		[]string{`namespace: is required`}},
	{"namespace of the cluster", one("namespace", "kube-system"),
		[]string{`namespace: "kube-system": must be a namespace of the stack's own: destroy removes it`}},
	{"namespace of the control plane", one("namespace", "dapr-system"),
		[]string{`namespace: "dapr-system": must differ from the namespace of the control plane`}},
	{"bad namespaces", []edit{{"namespace", "To_Do"}, {"dapr.namespace", "default"}},
		[]string{`dapr.namespace: "default": must be a namespace of the stack's own: destroy removes it`,
			`namespace: "To_Do": must be a DNS-1123 label, at most 63 characters`}},
	{"bad pull secret", one("imagePullSecrets", []any{"", "A"}),
		[]string{`imagePullSecrets[0]: is required`, `imagePullSecrets[1]: "A": must be a DNS-1123 name`}},

	// Dapr.
	{"half a version", one("dapr.version", "1.18"),
		[]string{`dapr.version: "1.18": must be a full version such as 1.18.1`}},
	{"two charts", one("dapr.chart", object{"path": "./chart", "repository": "https://example.com"}),
		[]string{`dapr.chart.repository: "https://example.com": must not be given together with path`}},
	{"bad log level of the control plane", one("dapr.logLevel", "loud"),
		[]string{`dapr.logLevel: "loud": must be one of debug, info, warn, error`}},
	{"scheduler in memory and on disk", one("dapr.scheduler", object{"inMemory": true, "storage": "1Gi"}),
		[]string{`dapr.scheduler.inMemory: true: must not be given together with storage or storageClass`}},
	{"bad scheduler storage", one("dapr.scheduler", object{"storage": "0"}),
		[]string{`dapr.scheduler.storage: "0": must be a positive Kubernetes quantity such as 500m or 1Gi`}},
	{"bad configuration name", one("dapr.configuration", object{"name": "App Config"}),
		[]string{`dapr.configuration.name: "App Config" [S-09]: must be a DNS-1123 name: lower-case letters, digits, hyphens and dots, starting and ending with a letter or digit`}},
	{"bad tracing", one("dapr.configuration", object{"tracing": object{"samplingRate": "2", "otel": "collector"}}),
		[]string{`dapr.configuration.tracing.otel: "collector": must be host:port`, `dapr.configuration.tracing.samplingRate: "2": must be text from "0" to "1"`}},

	// Redis.
	{"bad redis", []edit{{"redis.image", "no image"}, {"redis.storage", "big"}, {"redis.fsync", "never"}, {"redis.maxMemory", "1Gi"}},
		[]string{`redis.fsync: "never": must be one of always, everysec`, `redis.image: "no image": must be an image reference`,
			`redis.maxMemory: "1Gi": must be less than the memory limit, 256Mi`, `redis.storage: "big": must be a positive Kubernetes quantity such as 500m or 1Gi`}},
	{"bad redis resources", one("redis.resources", object{"limits": object{"memory": "64Mi", "gpu": "1"}, "requests": object{"memory": "1Gi"}}),
		[]string{`redis.resources.limits.gpu: unknown key; the keys here are cpu, ephemeral-storage, memory`,
			`redis.resources.requests.memory: "1Gi": must not be more than the limit, 64Mi`}},
	{"bad password", one("redis.password", "with space"),
		[]string{`redis.password: [T-06]: must be printable ASCII without spaces, quotes and backslashes`}},
	{"bad address", one("redis", object{"external": object{"host": "redis", "auth": false}}),
		[]string{`redis.external.host: "redis" [T-05]: must be host:port`}},
	{"bad port in an address", one("redis", object{"external": object{"host": "redis:0", "auth": false}}),
		[]string{`redis.external.host: "redis:0" [T-05]: must be host:port, with a port between 1 and 65535`}},
	{"no password", one("redis", object{"external": object{"host": "redis:6379"}}),
		[]string{`redis.external: [T-06]: password or passwordSecret is required, unless auth is false`}},
	{"two passwords", []edit{{"createNamespace", false}, {"redis", object{"external": object{"host": "redis:6379", "password": "a", "passwordSecret": object{"name": "s", "key": "k"}}}}},
		[]string{`redis.external: [T-06]: password and passwordSecret must not be given together`}},
	{"password without authentication", one("redis", object{"external": object{"host": "redis:6379", "auth": false, "password": "a"}}),
		[]string{`redis.external.auth: false [T-06]: must not be false when a user or a password is given`}},
	{"secret that cannot be there yet", one("redis", object{"external": object{"host": "redis:6379", "passwordSecret": object{"name": "s"}}}),
		[]string{`redis.external.passwordSecret: [T-07]: goes with createNamespace: false: the Secret must be in the namespace before the stack`,
			`redis.external.passwordSecret.key: is required`}},
	{"external and in the cluster", one("redis", object{"storage": "1Gi", "resources": object{"limits": object{"cpu": "1"}}, "external": object{"host": "redis:6379", "auth": false}}),
		[]string{`redis.resources: must not be given together with external`, `redis.storage: must not be given together with external`}},

	// Components.
	{"no component name", one("stateStores[0].name", nil),
		[]string{`stateStores[0].name: [T-01]: is required`}},
	{"bad component name", one("stateStores[0].name", "State_Store"),
		[]string{`stateStores[0].name: "State_Store" [T-01]: must be a DNS-1123 name: lower-case letters, digits, hyphens and dots, starting and ending with a letter or digit`}},
	{"two components of one name", one("stateStores[0].name", "pubsub"),
		[]string{`pubSubs[0].name: "pubsub" [T-01]: must be unique, and is declared before`}},
	{"unsupported type", []edit{{"stateStores[0].type", "state.mongodb"}, {"pubSubs[0].type", "state.redis"}},
		[]string{`pubSubs[0].type: "state.redis" [T-02]: must be pubsub.redis`, `stateStores[0].type: "state.mongodb" [T-02]: must be state.redis`}},
	{"unsupported version", one("pubSubs[0].version", "v2"),
		[]string{`pubSubs[0].version: "v2" [T-03]: must be v1`}},
	{"no scopes", one("stateStores[0].scopes", nil),
		[]string{`stateStores[0].scopes: [T-09]: is required: a component without scopes is open to every app of the namespace`}},
	{"unknown app in a scope", one("stateStores[0].scopes[1]", "activty-app"),
		[]string{`stateStores[0].scopes[1]: "activty-app" [T-09]: must be the app-id of an app of the stack that has a sidecar; did you mean "activity-app"?`}},
	{"app named twice in a scope", one("stateStores[0].scopes[1]", "backend-app"),
		[]string{`stateStores[0].scopes: [T-09]: must name each app once`}},
	{"metadata that Dapr does not read", one("stateStores[0].metadata", object{"poolsize": "3", "colour": "red"}),
		[]string{`stateStores[0].metadata.colour: [T-10]: must be a key that Dapr reads for state.redis`,
			`stateStores[0].metadata.poolsize: [T-10]: must be a key that Dapr reads for state.redis; did you mean "poolSize"?`}},
	{"metadata of the other kind", []edit{{"stateStores[0].metadata", object{"queueDepth": "1"}}, {"pubSubs[0].metadata", object{"keyPrefix": "none"}}},
		[]string{`pubSubs[0].metadata.keyPrefix: [T-10]: must not be given: Dapr reads it for state.redis only`,
			`stateStores[0].metadata.queueDepth: [T-10]: must not be given: Dapr reads it for pubsub.redis only`}},
	{"metadata that the stack sets", one("pubSubs[0].metadata", object{"redeliverInterval": "15s", "maxRetries": "3", "redisHost": "x:1"}),
		[]string{`pubSubs[0].metadata.maxRetries: [T-10]: must not be given: it does not mean redelivery there; set maxRetries of the pub/sub, or redisMaxRetries for the client's own retries`,
			`pubSubs[0].metadata.redeliverInterval: [T-10]: must not be given as metadata: set redeliverInterval of the pub/sub`,
			`pubSubs[0].metadata.redisHost: [T-10]: must not be given as metadata: set redis.external.host`}},
	{"metadata in a form that Dapr ignores", one("stateStores[0].metadata", object{"readTimeout": "3", "poolSize": "many", "failover": "yes", "redisType": "ring", "keyPrefix": "{namespace}"}),
		[]string{`stateStores[0].metadata.failover: [T-10]: must be true or false`,
			`stateStores[0].metadata.keyPrefix: [T-10]: must not be a template: {namespace} anywhere in the metadata prefixes every topic`,
			`stateStores[0].metadata.poolSize: [T-10]: must be a whole number`,
			`stateStores[0].metadata.readTimeout: [T-10]: must be a duration with its unit, such as "3s"`,
			`stateStores[0].metadata.redisType: [T-10]: must be one of node, cluster`}},
	{"password as plain metadata", one("pubSubs[0].metadata", object{"redisPassword": "a", "clientKey": "b"}),
		[]string{`pubSubs[0].metadata.clientKey: [T-06]: must not be given as a plain value, only as a secretKeyRef`,
			`pubSubs[0].metadata.redisPassword: [T-06]: must not be given as a plain value: set redis.password, a secret`}},

	// Delivery.
	{"one consumer id for two apps", []edit{
		{"pubSubs[0].consumerID", "todo-consumer"},
		{"events[0].subscribers[1]", object{"app": "backend-app", "path": "/events"}},
	}, []string{`pubSubs[0].consumerID: "todo-consumer" [Q-01]: must be left out: the 2 subscribing apps would compete for the messages; without it each app's group is its app-id`}},
	{"no interval", one("pubSubs[0].redeliverInterval", "0s"),
		[]string{`pubSubs[0].redeliverInterval: 0s [Q-02]: must be a positive duration of at least 1ms`}},
	{"interval too short to be written", one("pubSubs[0].redeliverInterval", "10us"),
		[]string{`pubSubs[0].redeliverInterval: 10µs [Q-02]: must be a positive duration of at least 1ms`}},
	{"negative retries", one("pubSubs[0].maxRetries", -1),
		[]string{`pubSubs[0].maxRetries: -1 [Q-03]: must be 0 or more`}},
	{"unknown retry policy", one("pubSubs[0].retryPolicy", "linear"),
		[]string{`pubSubs[0].retryPolicy: "linear" [Q-03]: must be one of constant, exponential`}},
	{"no retry interval", one("pubSubs[0].retryInterval", "-1s"),
		[]string{`pubSubs[0].retryInterval: -1s [Q-03]: must be a positive duration of at least 1ms`}},
	{"no handler timeout", one("pubSubs[0].handlerTimeout", "0s"),
		[]string{`pubSubs[0].handlerTimeout: 0s [Q-04]: must be a positive duration of at least 1ms`}},
	{"no processing timeout", one("pubSubs[0].processingTimeout", "0s"),
		[]string{`pubSubs[0].processingTimeout: 0s [Q-04]: must be a positive duration of at least 1ms`}},
	{"retries longer than the processing timeout", one("pubSubs[0].maxRetries", 5),
		[]string{`pubSubs[0].processingTimeout: 1m0s [Q-04]: must be longer than the retry budget of 1m5s ((maxRetries + 1) × handlerTimeout + maxRetries × longest wait), or messages are handled twice`}},
	{"two bounds of a stream", []edit{{"pubSubs[0].streamTTL", "1h"}, {"pubSubs[0].maxLenApprox", 1000}},
		[]string{`pubSubs[0].maxLenApprox: 1000 [Q-05]: must not be given together with streamTTL: Dapr applies only one of them`}},
	{"stream without end", one("pubSubs[0].maxLenApprox", 0),
		[]string{`pubSubs[0].maxLenApprox: 0 [Q-05]: must be 1 or more: a stream must not grow for ever`}},
	{"no retention", one("pubSubs[0].streamTTL", "0s"),
		[]string{`pubSubs[0].streamTTL: 0s [E-10]: must be a positive duration of at least 1ms`}},

	// Events.
	{"no event type", one("events[0].type", nil),
		[]string{`events[0].type: [E-02]: is required`}},
	{"event type with one part", one("events[0].type", "created"),
		[]string{`events[0].type: "created" [E-02]: must be lower-case {entity}.{action} or {domain}.{entity}.{action}`}},
	{"event type with four parts", one("events[0].type", "a.b.c.d"),
		[]string{`events[0].type: "a.b.c.d" [E-02]: must be lower-case {entity}.{action} or {domain}.{entity}.{action}`}},
	{"event type in capitals", one("events[0].type", "Task.Created"),
		[]string{`events[0].type: "Task.Created" [E-02]: must be lower-case {entity}.{action} or {domain}.{entity}.{action}`}},
	{"two events of one type", one("events[1].type", "task.created"),
		[]string{`apps[1]: [C-01]: the names of its peers, stores and events must give different variables: EVENT_TASK_CREATED_URL stands for two`,
			`events[1].type: "task.created" [E-08]: must be unique in its pub/sub`}},
	{"no event source", one("events[0].source", nil),
		[]string{`events[0].source: [E-03]: is required`}},
	{"app-id as source", one("events[0].source", "backend-app"),
		[]string{`events[0].source: "backend-app" [E-03]: must be the event's own source such as /backend/tasks, not an app-id`}},
	{"no URI as source", one("events[0].source", "the backend"),
		[]string{`events[0].source: "the backend" [E-03]: must be a URI-reference such as /backend/tasks`}},
	{"unknown pub/sub", one("events[0].pubSub", "pubsup"),
		[]string{`events[0].pubSub: "pubsup" [X-01]: must be a pub/sub of the stack; did you mean "pubsub"?`}},
	{"no publisher", one("events[0].publishers", nil),
		[]string{`events[0].publishers: [E-08]: is required: an event has at least one publisher`}},
	{"unknown publisher", one("events[0].publishers[0]", "backed-app"),
		[]string{`events[0].publishers[0]: "backed-app" [X-01]: must be the app-id of an app of the stack that has a sidecar; did you mean "backend-app"?`}},
	{"publisher out of scope", one("events[0].publishers[0]", "frontend-app"),
		[]string{`events[0].publishers[0]: "frontend-app" [X-01]: must be in the scopes of "pubsub"`}},
	{"publisher twice", one("events[0].publishers[1]", "backend-app"),
		[]string{`events[0].publishers[1]: "backend-app" [E-08]: must be named once`}},
	{"unknown subscriber", one("events[0].subscribers[0].app", "nobody"),
		[]string{`events[0].subscribers[0].app: "nobody" [X-01]: must be the app-id of an app of the stack that has a sidecar`}},
	{"subscriber twice", one("events[0].subscribers[1]", object{"app": "activity-app", "path": "/again"}),
		[]string{`events[0].subscribers[1].app: "activity-app" [E-08]: must be named once`}},
	{"no handler path", one("events[0].subscribers[0].path", nil),
		[]string{`events[0].subscribers[0].path: [E-08]: is required`}},
	{"relative handler path", one("events[0].subscribers[0].path", "events"),
		[]string{`events[0].subscribers[0].path: "events" [E-08]: must be an absolute path such as /events/task-created`}},

	// Apps.
	{"no apps", []edit{{"apps", nil}, {"stateStores", nil}, {"pubSubs", nil}, {"events", nil}},
		[]string{`apps: is required: a stack has at least one app`}},
	{"no name and no image", []edit{{"apps[1].name", nil}, {"apps[1].image", nil}},
		[]string{`apps[1].image: is required`, `apps[1].name: is required`}},
	{"bad app name", one("apps[1].name", "1backend"),
		[]string{`apps[1].name: "1backend": must be a DNS-1035 label: lower-case letters, digits and hyphens, starting with a letter, at most 63 characters`}},
	{"name of another Service", one("apps[1].name", "redis-master"),
		[]string{`apps[1].name: "redis-master": must not be the name of another Service of the stack`}},
	{"two apps of one name", one("apps[2].name", "backend"),
		[]string{`apps[0]: [C-01]: the names of its peers, stores and events must give different variables: BACKEND_URL stands for two`,
			`apps[2].name: "backend": must be unique, and is declared before`}},
	{"bad pull policy", one("apps[0].imagePullPolicy", "Sometimes"),
		[]string{`apps[0].imagePullPolicy: "Sometimes": must be one of Always, IfNotPresent, Never`}},
	{"port 0", one("apps[1].port", 0),
		[]string{`apps[1].port: 0: must be between 1 and 65535`}},
	{"no port", one("apps[1].port", nil),
		[]string{`apps[1].port: 0: must be between 1 and 65535`}},
	{"port too high", one("apps[1].port", 70000),
		[]string{`apps[1].port: 70000: must be between 1 and 65535`}},
	{"port of the sidecar", []edit{{"apps[0].port", 3500}, {"apps[1].port", 50001}},
		[]string{`apps[0].port: 3500 [X-04]: must not be 3500, the sidecar's HTTP port`,
			`apps[1].port: 50001 [S-08]: must differ from the sidecar's own ports (3500, 3501, 50001, 50002, 8080)`}},
	{"bad further ports", one("apps[0].ports", []any{object{"name": "http", "port": 3000}, object{"name": "A_", "port": 0}}),
		[]string{`apps[0].ports[0].name: "http": must be unique in the app; http is its main port`, `apps[0].ports[0].port: 3000: must be unique in the app`,
			`apps[0].ports[1].name: "A_": must be lower-case letters, digits and hyphens, at most 15 characters`, `apps[0].ports[1].port: 0: must be between 1 and 65535`}},
	{"bad ways of running", []edit{{"apps[0].replicas", -1}, {"apps[0].user", 0}, {"apps[0].healthPath", "healthz"}, {"apps[0].writablePaths", []any{"tmp", "/"}}},
		[]string{`apps[0].healthPath: "healthz": must be an absolute path such as /healthz`, `apps[0].replicas: -1: must be 0 or more`, `apps[0].user: 0: must be a user other than root`,
			`apps[0].writablePaths[0]: "tmp": must be an absolute directory`, `apps[0].writablePaths[1]: "/": must be an absolute directory`}},
	{"variable that the stack sets", one("apps[0].env", object{"BACKEND_URL": "x", "1A": "y"}),
		[]string{`apps[0].env.1A: must be named with letters, digits and underscores, not starting with a digit`,
			`apps[0].env.BACKEND_URL: [C-01]: must not be given: the stack sets it, or it is given twice`}},
	{"variable given twice", []edit{{"apps[0].env", object{"TOKEN": "x"}}, {"apps[0].secretEnv", object{"TOKEN": object{"name": "s"}}}},
		[]string{`apps[0].secretEnv.TOKEN: [C-01]: must not be given: the stack sets it, or it is given twice`, `apps[0].secretEnv.TOKEN.key: is required`}},
	{"unknown target", one("apps[0].invokes[0]", "backend"),
		[]string{`apps[0].invokes[0]: "backend" [I-01]: must be the app-id of an app of the stack that has a sidecar`}},
	{"target twice, and itself", one("apps[0].invokes", []any{"backend-app", "backend-app", "frontend-app"}),
		[]string{`apps[0]: [C-01]: the names of its peers, stores and events must give different variables: BACKEND_URL stands for two`,
			`apps[0].invokes[1]: "backend-app" [I-01]: must be named once`, `apps[0].invokes[2]: "frontend-app" [I-01]: must be another app`}},

	// Sidecars.
	{"no app-id", one("apps[0].sidecar", object{}),
		[]string{`apps[0].sidecar.appId: [S-01]: is required`}},
	{"app-id with capitals", one("apps[0].sidecar.appId", "Frontend-App"),
		[]string{`apps[0].sidecar.appId: "Frontend-App" [S-01]: must be lower-case letters, digits and hyphens, starting and ending with a letter or digit, at most 58 characters`}},
	{"app-id too long for its Service", one("apps[0].sidecar.appId", strings.Repeat("a", 59)),
		[]string{`apps[0].sidecar.appId: "` + strings.Repeat("a", 59) + `" [S-01]: must be lower-case letters, digits and hyphens, starting and ending with a letter or digit, at most 58 characters`}},
	{"two apps with one app-id", one("apps[0].sidecar.appId", "backend-app"),
		[]string{`apps[0].invokes[0]: "backend-app" [I-01]: must be another app`, `apps[1].sidecar.appId: "backend-app" [S-03]: must be unique, and is declared before`}},
	{"app-port 0", one("apps[0].sidecar.appPort", 0),
		[]string{`apps[0].sidecar.appPort: 0 [S-04]: must be between 1 and 65535`}},
	{"app-port too high", one("apps[1].sidecar.appPort", 70000),
		[]string{`apps[1].sidecar.appPort: 70000 [S-04]: must be between 1 and 65535`}},
	{"app-port that the container does not expose", one("apps[0].sidecar.appPort", 3001),
		[]string{`apps[0].sidecar.appPort: 3001 [S-05]: must be a port of the app's container (3000)`}},
	{"unknown log level", one("apps[0].sidecar.logLevel", "trace"),
		[]string{`apps[0].sidecar.logLevel: "trace" [S-06]: must be one of debug, info, warn, error`}},
	{"metrics port of the app", one("apps[0].sidecar.metricsPort", 3000),
		[]string{`apps[0].sidecar.metricsPort: 3000 [S-08]: must differ from the ports of the app's container (3000)`}},
	{"metrics port of the sidecar", one("apps[0].sidecar.metricsPort", 8080),
		[]string{`apps[0].sidecar.metricsPort: 8080 [S-08]: must differ from the sidecar's own ports (3500, 3501, 50001, 50002, 8080)`}},
	{"metrics port out of range", one("apps[0].sidecar.metricsPort", 0),
		[]string{`apps[0].sidecar.metricsPort: 0 [S-08]: must be between 1 and 65535`}},
	{"unknown Configuration", one("apps[0].sidecar.config", "tracing"),
		[]string{`apps[0].sidecar.config: "tracing" [S-09]: must be the name of the stack's Configuration`}},

	// Many at once, in the order of the paths.
	{"everything at once", []edit{
		{"context", ""}, {"apps[0].port", 0}, {"apps[2].sidecar.appId", "Activity"}, {"stateStores[0].scopes", []any{"ghost-app"}},
	}, []string{
		`apps[0].invokes[1]: "activity-app" [I-01]: must be the app-id of an app of the stack that has a sidecar; did you mean "Activity"?`,
		`apps[0].port: 0: must be between 1 and 65535`,
		`apps[2].sidecar.appId: "Activity" [S-01]: must be lower-case letters, digits and hyphens, starting and ending with a letter or digit, at most 58 characters`,
		`context: is required: the kubeconfig context to deploy to, the only cluster that is touched`,
		`events[0].subscribers[0].app: "activity-app" [X-01]: must be the app-id of an app of the stack that has a sidecar; did you mean "Activity"?`,
		`events[1].subscribers[0].app: "activity-app" [X-01]: must be the app-id of an app of the stack that has a sidecar; did you mean "Activity"?`,
		`events[2].subscribers[0].app: "activity-app" [X-01]: must be the app-id of an app of the stack that has a sidecar; did you mean "Activity"?`,
		`events[3].subscribers[0].app: "activity-app" [X-01]: must be the app-id of an app of the stack that has a sidecar; did you mean "Activity"?`,
		`pubSubs[0].scopes[1]: "activity-app" [T-09]: must be the app-id of an app of the stack that has a sidecar; did you mean "Activity"?`,
		`stateStores[0].scopes[0]: "ghost-app" [T-09]: must be the app-id of an app of the stack that has a sidecar`,
	}},
}

// TestErrorsAreSorted: apps[2] comes before apps[10].
func TestErrorsAreSorted(t *testing.T) {
	var apps []any
	for range 11 {
		apps = append(apps, object{"name": "", "image": "i", "port": 1})
	}
	_, err := config.Load(apply(t, map[string]string{"daprstack:context": "c", "daprstack:namespace": "n"}, one("apps", apps)))
	var found config.Errors
	require.True(t, errors.As(err, &found))
	for i, v := range found {
		require.Equal(t, "apps["+strconv.Itoa(i)+"].name", v.Path)
	}
	require.Contains(t, err.Error(), "the stack file has 11 problems:\n  apps[0].name: is required\n")
}

// apply returns the configuration values with some edits.
func apply(t testing.TB, values map[string]string, edits []edit) map[string]string {
	t.Helper()
	tree := map[string]any{}
	for key, raw := range values {
		var v any
		if err := json.Unmarshal([]byte(raw), &v); err != nil {
			v = raw
		}
		tree[strings.TrimPrefix(key, "daprstack:")] = v
	}
	for _, e := range edits {
		set(tree, steps(e.path), e.value)
	}
	out := map[string]string{}
	for key, v := range tree {
		if text, ok := v.(string); ok {
			out["daprstack:"+key] = text
			continue
		}
		raw, err := json.Marshal(v)
		require.NoError(t, err)
		out["daprstack:"+key] = string(raw)
	}
	return out
}

// steps splits "apps[0].port" into its keys and indices.
func steps(path string) []any {
	var all []any
	for part := range strings.SplitSeq(path, ".") {
		key, rest, _ := strings.Cut(part, "[")
		all = append(all, key)
		for index := range strings.SplitSeq(strings.TrimSuffix(rest, "]"), "][") {
			if n, err := strconv.Atoi(index); err == nil {
				all = append(all, n)
			}
		}
	}
	return all
}

// set changes one value of a tree, and returns the tree.
func set(tree any, path []any, value any) any {
	if len(path) == 0 {
		return value
	}
	switch step := path[0].(type) {
	case string:
		m, _ := tree.(map[string]any)
		if m == nil {
			m = map[string]any{}
		}
		if len(path) == 1 && value == nil {
			delete(m, step)
		} else {
			m[step] = set(m[step], path[1:], value)
		}
		return m
	case int:
		list, _ := tree.([]any)
		for len(list) <= step {
			list = append(list, nil)
		}
		list[step] = set(list[step], path[1:], value)
		return list
	}
	return tree
}
