package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules/rulestest"
	"github.com/daprstack/daprstack/internal/stackfile"
)

type tree = map[string]any

func one(path string, value any) []rulestest.Edit {
	return []rulestest.Edit{{Path: path, Value: value}}
}

// The good stack file that the tables change.
const good = "config/testdata/everything.yaml"

// misformed are stack files with a value whose form is wrong: the schema refuses
// them, and so does the program.
var misformed = map[string][]rulestest.Edit{
	"no context":                    one("context", nil),
	"unknown top-level key":         one("pubsubs", []any{}),
	"unknown key":                   one("dapr.versoin", "1.18.2"),
	"unknown key of an app":         one("apps[0].replcias", 2),
	"unknown key of a sidecar":      one("apps[0].sidecar.app-id", "a-app"),
	"unknown key of a resource":     one("apps[0].resources.limits.gpu", "1"),
	"unknown metadata item":         one("pubSubs[0].metadata.redeliverinterval", "1"),
	"metadata of the other kind":    one("stateStores[0].metadata.queueDepth", "1"),
	"metadata with a key of ours":   one("pubSubs[0].metadata.consumerID", "a"),
	"sensitive metadata":            one("stateStores[0].metadata.redisPassword", "a"),
	"metadata that is a number":     one("pubSubs[0].metadata.queueDepth", 10),
	"text for a list":               one("apps", "web"),
	"text for an object":            one("keep", "all"),
	"list for an object":            one("redis", []any{}),
	"object for a list":             one("stateStores", tree{}),
	"number for an object":          one("dapr", 1),
	"text for a number":             one("apps[0].replicas", "2"),
	"text for a truth value":        one("dapr.ha", "yes"),
	"top-level text that is no":     one("createNamespace", "no"),
	"number for a text":             one("dapr.configuration.tracing.samplingRate", 0.5),
	"fraction for a whole number":   one("pubSubs[0].maxRetries", 1.5),
	"null in a list":                one("stateStores[0].scopes[0]", json.RawMessage("null")),
	"null for a required key":       one("apps[0].name", json.RawMessage("null")),
	"upper-case namespace":          one("namespace", "Todo"),
	"namespace that is too long":    one("namespace", "n234567890123456789012345678901234567890123456789012345678901234"),
	"version without a patch":       one("dapr.version", "1.18"),
	"log level":                     one("dapr.logLevel", "trace"),
	"chart repository without host": one("dapr.chart.repository", "charts"),
	"negative quantity":             one("redis.storage", "-1Gi"),
	"quantity with a wrong unit":    one("redis.maxMemory", "128MB"),
	"resource that is no quantity":  one("apps[0].resources.requests.cpu", "a lot"),
	"fsync":                         one("redis.fsync", "never"),
	"image with a space":            one("redis.image", "redis 7"),
	"tracing without a port":        one("dapr.configuration.tracing.otel", "collector"),
	"sampling rate":                 one("dapr.configuration.tracing.samplingRate", "all"),
	"component name":                one("stateStores[0].name", "state_store"),
	"component type":                one("stateStores[0].type", "state.postgresql"),
	"component version":             one("pubSubs[0].version", "v2"),
	"no scopes":                     one("pubSubs[0].scopes", nil),
	"empty scopes":                  one("pubSubs[0].scopes", []any{}),
	"a scope twice":                 one("stateStores[0].scopes", []any{"orders-app", "orders-app"}),
	"duration without a unit":       one("pubSubs[0].redeliverInterval", "30"),
	"duration as a number":          one("pubSubs[0].redeliverInterval", 30),
	"negative duration":             one("pubSubs[0].retryInterval", "-1s"),
	"negative retries":              one("pubSubs[0].maxRetries", -1),
	"retry policy":                  one("pubSubs[0].retryPolicy", "linear"),
	"stream of no length":           one("overlay.pubSubs.queue.maxLenApprox", 0),
	"event type with a space":       one("events[0].type", "order placed"),
	"event type with a comma":       one("events[0].type", "a,b"),
	"event type with a dot last":    one("events[0].type", "order."),
	"no event source":               one("events[0].source", nil),
	"event source with a space":     one("events[0].source", "/my orders"),
	"no publishers":                 one("events[0].publishers", []any{}),
	"subscriber as a text":          one("events[0].subscribers[0]", "mail-app"),
	"relative handler":              one("events[0].subscribers[0].path", "events"),
	"handler with a query":          one("events[0].subscribers[0].path", "/events?x=1"),
	"app-id in upper case":          one("apps[0].sidecar.appId", "Orders-app"),
	"app-id that is too long":       one("apps[0].sidecar.appId", "o2345678901234567890123456789012345678901234567890123456789"),
	"app name with a digit first":   one("apps[0].name", "1orders"),
	"no image":                      one("apps[0].image", nil),
	"pull policy":                   one("apps[0].imagePullPolicy", "always"),
	"port 0":                        one("apps[0].port", 0),
	"port 65536":                    one("apps[0].sidecar.appPort", 65536),
	"metrics port":                  one("apps[0].sidecar.metricsPort", -1),
	"port without a name":           one("apps[0].ports[0].name", nil),
	"port with a long name":         one("apps[0].ports[0].name", "administration-x"),
	"negative replicas":             one("apps[0].replicas", -1),
	"root":                          one("apps[0].user", 0),
	"relative health path":          one("apps[0].healthPath", "healthz"),
	"relative directory":            one("apps[0].writablePaths[0]", "tmp"),
	"variable with a hyphen":        one("apps[0].env.a-b", "c"),
	"secret variable with a hyphen": one("apps[0].secretEnv.a-b", tree{"name": "a", "key": "b"}),
	"secret without a key":          one("apps[0].secretEnv.TOKEN", tree{"name": "a"}),
	"key of a secret":               one("apps[0].secretEnv.TOKEN.key", "a b"),
	"peer that is no app-id":        one("apps[0].invokes[0]", "mail app"),
	"overlay of events":             one("overlay.events", tree{}),
	"overlay as a list":             one("overlay.apps", []any{}),
	"unknown key of an overlay":     one("overlay.apps.mail.port", 80),
	"negative replicas overlaid":    one("overlay.apps.mail.replicas", -1),
	"app-id in an overlay":          one("overlay.apps.mail.sidecar.appId", "mail-app"),
	"log level in an overlay":       one("overlay.apps.mail.sidecar.logLevel", "loud"),
	"tag with a colon":              one("overlay.apps.mail.tag", "a:b"),
	"digest that is too short":      one("overlay.apps.orders.digest", "sha256:0123"),
	"overlay of scopes":             one("overlay.stateStores.store.scopes", []any{"mail-app"}),
	"duration in an overlay":        one("overlay.pubSubs.bus.streamTTL", "7d"),
}

func TestSchemaOfMisformedFiles(t *testing.T) {
	schema := compiled(t)
	for name, edits := range misformed {
		t.Run(name, func(t *testing.T) {
			values := edited(t, edits)
			_, err := config.Load(values)
			require.Error(t, err, "the program")
			require.Error(t, schema.Validate(asFile(t, values)), "the schema")
		})
	}
}

// wellFormed are stack files that the program accepts, so the schema must accept
// them too.
var wellFormed = map[string][]rulestest.Edit{
	"null for what may be absent": {
		{Path: "keep", Value: json.RawMessage("null")}, {Path: "apps[0].replicas", Value: json.RawMessage("null")},
		{Path: "redis.storage", Value: json.RawMessage("null")}, {Path: "apps[1].sidecar.config", Value: json.RawMessage("null")},
	},
	"durations": {
		{Path: "pubSubs[0].redeliverInterval", Value: "1.5m30s"}, {Path: "pubSubs[0].processingTimeout", Value: "+1h"},
		{Path: "pubSubs[0].retryInterval", Value: ".5s"}, {Path: "pubSubs[0].handlerTimeout", Value: "1000000µs"},
	},
	"quantities": {
		{Path: "redis.storage", Value: "1e9"}, {Path: "redis.maxMemory", Value: "1000000"},
		{Path: "apps[0].resources.requests.cpu", Value: ".5"}, {Path: "apps[1].resources", Value: tree{"limits": tree{"memory": "1.5Gi"}}},
	},
	"edges": {
		{Path: "apps[0].port", Value: 1}, {Path: "apps[0].sidecar.appPort", Value: 1}, {Path: "apps[1].port", Value: 65535},
		{Path: "apps[0].replicas", Value: 0}, {Path: "apps[0].user", Value: 1}, {Path: "pubSubs[0].maxRetries", Value: 0},
		{Path: "pubSubs[1].maxLenApprox", Value: 1}, {Path: "apps[0].healthPath", Value: "/"},
	},
	"names": {
		{Path: "namespace", Value: "9"}, {Path: "redis.storageClass", Value: "a.b-c"}, {Path: "dapr.version", Value: "1.18.0-rc.1"},
		{Path: "apps[0].image", Value: "r.example.com:5000/a/b@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}, {Path: "events[0].source", Value: "https://example.com/a?b=%20c#d"},
	},
	"rates":                       one("dapr.configuration.tracing.samplingRate", "1e-3"),
	"a text that is empty":        one("apps[0].env.EMPTY", ""),
	"a whole number for a text":   one("context", json.RawMessage("5")),
	"metadata with all its items": one("stateStores[0].metadata", tree{"keyPrefix": "shop", "actorStateStore": "true", "ttlInSeconds": "60"}),
}

func TestSchemaOfWellFormedFiles(t *testing.T) {
	schema := compiled(t)
	for name, edits := range wellFormed {
		t.Run(name, func(t *testing.T) {
			values := edited(t, edits)
			_, err := config.Load(values)
			require.NoError(t, err, "the program")
			require.NoError(t, schema.Validate(asFile(t, values)), "the schema")
		})
	}
}

// TestSchemaOfOptions: the schema takes the good value of each option of a
// sidecar, and none of another type.
func TestSchemaOfOptions(t *testing.T) {
	schema := compiled(t)
	file := func(edits []rulestest.Edit) tree {
		values, err := stackfile.Load("Pulumi.yaml", "Pulumi.dev.yaml")
		require.NoError(t, err)
		return asFile(t, rulestest.Apply(t, values, edits))
	}
	for _, o := range rulestest.Options() {
		require.NoError(t, schema.Validate(file(o.Edits(o.Value))), o.Key)
		require.NoError(t, schema.Validate(file(o.Edits(json.RawMessage("null")))), o.Key)
		for _, wrong := range []any{[]any{[]any{}}, 7.5} {
			require.Error(t, schema.Validate(file(o.Edits(wrong))), o.Key)
		}
	}
	for _, group := range []string{"appHealthCheck", "livenessProbe", "readinessProbe"} {
		require.NoError(t, schema.Validate(file(one("apps[0].sidecar."+group, tree{}))))
		require.Error(t, schema.Validate(file(one("apps[0].sidecar."+group, tree{"colour": "red"}))))
	}
}

// TestSchemaOfWholeValuesAsText: pulumi config set without --path writes each
// value as a text.
func TestSchemaOfWholeValuesAsText(t *testing.T) {
	schema := compiled(t)
	for text, key := range map[string]string{
		"false": "createNamespace", `{"crds": true}`: "keep", ` ["registry"]`: "imagePullSecrets", "null": "stateStores",
	} {
		file := parse(t, "Pulumi.dev.yaml")
		file["config"].(tree)["daprstack:"+key] = text
		raw, err := yaml.Marshal(file)
		require.NoError(t, err)
		values, err := stackfile.Parse(raw)
		require.NoError(t, err)
		inherited, err := stackfile.Load("Pulumi.yaml", "Pulumi.dev.yaml")
		require.NoError(t, err)
		stackfile.Inherit(values, inherited)
		_, err = config.Load(values)
		require.NoError(t, err, "the program")
		require.NoError(t, schema.Validate(file), "the schema")
	}
}

// TestSchemaOfPulumisOwn: keys of others are none of our business, and Pulumi
// encrypts a text or a whole value where it stands.
func TestSchemaOfPulumisOwn(t *testing.T) {
	schema := compiled(t)
	encrypted := tree{"secure": "v1:abc"}
	for name, change := range map[string]func(file, values, redis tree){
		"other namespaces":  func(_, values, _ tree) { values["kubernetes:context"], values["pulumi:tags"] = 1, tree{} },
		"the file's keys":   func(file, _, _ tree) { file["encryptionsalt"], file["secretsprovider"] = "v1:x", "passphrase" },
		"encrypted text":    func(_, _, redis tree) { redis["password"], redis["storage"] = encrypted, encrypted },
		"encrypted value":   func(_, values, _ tree) { values["daprstack:redis"] = encrypted },
		"encrypted in list": func(_, values, _ tree) { values["daprstack:imagePullSecrets"] = []any{encrypted} },
	} {
		t.Run(name, func(t *testing.T) {
			file := parse(t, good)
			values := file["config"].(tree)
			change(file, values, values["daprstack:redis"].(tree))
			require.NoError(t, schema.Validate(file))
		})
	}
	file := parse(t, good)
	file["config"].(tree)["daprstack:redis"].(tree)["password"] = tree{"secure": "v1:abc", "more": 1}
	require.Error(t, schema.Validate(file))
}

// TestSchemaOfTheProjectFile: the values that stacks inherit, in every form that
// Pulumi takes.
func TestSchemaOfTheProjectFile(t *testing.T) {
	schema := compile(t, "project-file")
	require.NoError(t, schema.Validate(parse(t, "Pulumi.yaml")))
	apps := []any{tree{"name": "web", "image": "web:1", "port": 80.0}}
	for _, good := range []tree{
		{"name": "x", "runtime": "go"},
		{"config": tree{"apps": apps, "namespace": "shop", "createNamespace": false, "aws:region": "north", "kubernetes:x": tree{"value": 1.0}}},
		{"config": tree{"apps": tree{"value": apps}, "keep": tree{"type": "object", "description": "d", "default": tree{"data": true}}}},
		{"config": tree{"context": tree{"type": "string", "secret": false}}},
		{"config": tree{"apps": []any{}}},
	} {
		require.NoError(t, schema.Validate(good), good)
	}
	for _, bad := range []tree{
		{"stateStore": []any{}},
		{"daprstack:apps.": apps, "app": apps},
		{"apps": tree{"default": []any{tree{"name": "web"}}}},
		{"apps": tree{"defaults": apps}},
		{"namespace": tree{"value": "Shop"}},
		{"namespace": "Shop"},
		{"keep": tree{"data": true}},
	} {
		require.Error(t, schema.Validate(tree{"config": bad}), bad)
	}
}

// edited returns the values of the good stack file with some edits.
func edited(t *testing.T, edits []rulestest.Edit) map[string]string {
	t.Helper()
	values, err := stackfile.Read(good)
	require.NoError(t, err)
	return rulestest.Apply(t, values, edits)
}

// asFile turns values back into a stack file.
func asFile(t *testing.T, values map[string]string) tree {
	t.Helper()
	entries := tree{}
	for name, raw := range values {
		var v any
		if json.Unmarshal([]byte(raw), &v) != nil {
			v = raw
		}
		entries[name] = v
	}
	return tree{"config": entries}
}
