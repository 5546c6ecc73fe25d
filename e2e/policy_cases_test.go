//go:build e2e

package e2e

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"sigs.k8s.io/yaml"

	"github.com/daprstack/daprstack/components/kube"
)

// policyNamespace is where the objects of these programs would go.
const policyNamespace = "policy"

// goodObjects are valid. They are hand-written, as if by somebody who has never
// heard of the stack.
var goodObjects = `
{apiVersion: v1, kind: Namespace, metadata: {name: policy}}
---
{apiVersion: v1, kind: Secret, metadata: {name: redis, namespace: policy}, stringData: {password: sesame}}
---
{apiVersion: dapr.io/v1alpha1, kind: Configuration, metadata: {name: appconfig, namespace: policy}, spec: {tracing: {samplingRate: "0"}}}
---
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {name: statestore, namespace: policy}
spec:
  type: state.redis
  version: v1
  metadata:
    - {name: redisHost, value: "redis:6379"}
    - {name: redisPassword, secretKeyRef: {name: redis, key: password}}
scopes: [backend-app]
---
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {name: pubsub, namespace: policy}
spec:
  type: pubsub.redis
  version: v1
  metadata:
    - {name: redisHost, value: "redis:6379"}
    - {name: redisPassword, secretKeyRef: {name: redis, key: password}}
    - {name: redeliverInterval, value: "30000"}
    - {name: streamTTL, value: 168h}
scopes: [backend-app, activity-app]
---
apiVersion: dapr.io/v2alpha1
kind: Subscription
metadata: {name: created, namespace: policy}
spec: {pubsubname: pubsub, topic: task.created, routes: {default: /events}, deadLetterTopic: dead-letter.activity-app.task.created}
scopes: [activity-app]
---
apiVersion: dapr.io/v1alpha1
kind: Resiliency
metadata: {name: delivery, namespace: policy}
spec:
  policies: {retries: {often: {policy: constant, duration: 1s, maxRetries: 3}}}
  targets: {components: {pubsub: {inbound: {retry: often}}}}
---
` + backendObject + "\n---\n" + strings.NewReplacer("backend", "activity", "8000", "8001").Replace(backendObject)

const backendObject = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: backend, namespace: policy}
spec:
  selector: {matchLabels: {app: backend}}
  template:
    metadata:
      labels: {app: backend}
      annotations: {dapr.io/enabled: "true", dapr.io/app-id: backend-app, dapr.io/app-port: "8000", dapr.io/config: appconfig}
    spec: {containers: [{name: app, image: "localhost/app:dev", ports: [{containerPort: 8000}]}]}
`

// policyCase is a violation that no stack file can express.
type policyCase struct {
	name      string
	objects   string                                                // hand-written, beside the good ones
	transform func(typ string, props pulumi.Map)                    // changes the good ones
	program   func(*pulumi.Context, ...pulumi.ResourceOption) error // creates an object with unknown values
	update    bool                                                  // refused by the update, when the value is known
	want      string
}

var policyCases = []policyCase{
	{
		name: "component without scopes", objects: component("other", "state.redis", "v1", "", ""),
		want: "[T-09] Component policy/other: scopes; is required",
	},
	{
		name: "scopes below spec", objects: component("other", "state.redis", "v1", "", "") + "  scopes: [backend-app]\n",
		want: "[T-09] Component policy/other: spec.scopes; is required",
	},
	{
		name: "unknown app in a scope", objects: component("other", "state.redis", "v1", "", "backnd-app"),
		want: `[T-09] Component policy/other: scopes[0]: "backnd-app"; must be the app-id of an app of the stack that has a sidecar; did you mean "backend-app"?`,
	},
	{
		name: "component of a type that Dapr lacks", objects: component("other", "state.rediss", "v1", "", "backend-app"),
		want: `[T-02] Component policy/other: spec.type: "state.rediss"; must be one that Dapr 1.18.2 has; did you mean "state.redis"?`,
	},
	{
		name: "component of another version", objects: component("other", "state.redis", "v2", "", "backend-app"),
		want: `[T-03] Component policy/other: spec.version: "v2"; must be v1`,
	},
	{
		name: "component named by the provider", objects: component("", "state.redis", "v1", "", "backend-app"),
		want: "metadata.name; is required",
	},
	{
		name: "transform adds a plain password", transform: item("redisPassword", "hunter2"),
		want: "[T-06] Component policy/statestore: spec.metadata[redisPassword]; must not be given as a plain value",
	},
	{
		name: "interval that Dapr ignores", transform: item("redeliverInterval", "30s"),
		want: "spec.metadata[redeliverInterval]; must be",
	},
	{
		name: "key that Dapr does not read", objects: component("other", "state.redis", "v1", "{name: readTimeot, value: 3s}", "backend-app"),
		want: `[T-10] Component policy/other: spec.metadata[readTimeot]; must be a key that Dapr reads for state.redis; did you mean "readTimeout"?`,
	},
	{
		name: "prefix with a colon", objects: component("other", "state.redis", "v1", `{name: keyPrefix, value: "chat:session"}`, "backend-app"),
		want: "[N-02] Component policy/other: spec.metadata[keyPrefix]; must be appid",
	},
	{
		name: "one consumer group for two apps", transform: item("consumerID", "todo"), objects: subscription("task.created", "pubsub"),
		want: "[Q-01] Component policy/pubsub: spec.metadata[consumerID]",
	},
	{
		name: "topic that is not an event type", objects: subscription("Task_Created", "pubsub"),
		want: `[E-02] Subscription policy/old: spec.topic: "Task_Created"; must be lower-case`,
	},
	{
		name: "subscription to a state store", objects: subscription("task.created", "statestore"),
		want: `[X-01] Subscription policy/old: spec.pubsubname: "statestore"; must be a pub/sub of the stack`,
	},
	{
		name: "resiliency with an unknown policy", transform: func(typ string, props pulumi.Map) {
			if strings.HasSuffix(typ, ":Resiliency") {
				inside(props, "spec", "policies")["retries"] = pulumi.Map{}
			}
		},
		want: `[X-01] Resiliency policy/delivery: spec.targets.components.pubsub.inbound.retry: "often"; must be a policy of the object`,
	},
	{
		name: "secret in another namespace", transform: func(typ string, props pulumi.Map) {
			if strings.HasSuffix(typ, ":Secret") {
				inside(props, "metadata")["namespace"] = pulumi.String("default")
			}
		},
		want: `[X-06] Component policy/statestore: spec.metadata[redisPassword].secretKeyRef.name: "redis"; must be the namespace of the component, "policy"`,
	},
	{
		name: "transform sets an app-id in capitals", transform: annotation("app-id", pulumi.String("Backend-App")),
		want: `dapr.io/app-id]: "Backend-App"; must be lower-case letters`,
	},
	{
		name: "transform sets the same app-id twice", transform: annotation("app-id", pulumi.String("backend-app")),
		want: `dapr.io/app-id]: "backend-app"; must be unique`,
	},
	{
		name: "app-id of a CronJob", objects: cronJob,
		want: `[S-02] CronJob policy/report: spec.jobTemplate.spec.template.metadata.annotations[dapr.io/app-id]: "report"; must follow {service}-app`,
	},
	{
		name: "port out of range", transform: annotation("app-port", pulumi.String("70000")),
		want: `dapr.io/app-port]: "70000"; must be between 1 and 65535`,
	},
	{
		name: "port in words", transform: annotation("app-port", pulumi.String("http")),
		want: `dapr.io/app-port]: "http"; must be a whole number`,
	},
	{
		name: "port that is not exposed", transform: annotation("app-port", pulumi.String("8080")),
		want: `dapr.io/app-port]: "8080"; must be a port of the app's container (8000)`,
	},
	{
		name: "unknown log level", transform: annotation("log-level", pulumi.String("verbose")),
		want: `dapr.io/log-level]: "verbose"; must be one of debug, info, warn, error`,
	},
	{
		name: "metrics on the sidecar's port", transform: annotation("metrics-port", pulumi.String("3500")),
		want: `dapr.io/metrics-port]: "3500"; must differ from the sidecar's own ports`,
	},
	{
		name: "no such Configuration", transform: annotation("config", pulumi.String("tracing")),
		want: `dapr.io/config]: "tracing"; must be the name of the stack's Configuration`,
	},
	{
		name: "app-id from a random name", update: true, program: func(ctx *pulumi.Context, opts ...pulumi.ResourceOption) error {
			pet, err := random.NewRandomPet(ctx, "pet", &random.RandomPetArgs{Separator: pulumi.String("_")})
			if err != nil {
				return err
			}
			return register(ctx, "backend", decode(backendObject)[0], func(_ string, props pulumi.Map) {
				annotations := inside(props, "spec", "template", "metadata", "annotations")
				annotations["dapr.io/app-id"] = pet.ID()
				delete(annotations, "dapr.io/config")
			}, opts...)
		},
		want: "dapr.io/app-id]: ",
	},
	{
		name: "secret item from a random password", update: true, program: func(ctx *pulumi.Context, opts ...pulumi.ResourceOption) error {
			password, err := random.NewRandomPassword(ctx, "password", &random.RandomPasswordArgs{Length: pulumi.Int(16)})
			if err != nil {
				return err
			}
			return register(ctx, "other", decode(component("other", "state.redis", "v1", "", "backend-app"))[0], func(_ string, props pulumi.Map) {
				props["scopes"] = pulumi.Array{password.Result}
				inside(props, "spec")["metadata"] = pulumi.Array{pulumi.Map{"name": pulumi.String("readTimeout"), "value": password.Result}}
			}, opts...)
		},
		want: `[T-10] Component policy/other: spec.metadata[readTimeout]; must be a duration with its unit`,
	},
}

// subscription returns a manifest in the version that older manifests use.
func subscription(topic, pubSub string) string {
	return "apiVersion: dapr.io/v1alpha1\nkind: Subscription\nmetadata: {name: old, namespace: policy}\n" +
		"spec: {pubsubname: " + pubSub + ", topic: " + topic + ", route: /events}\nscopes: [backend-app]\n"
}

const cronJob = `
apiVersion: batch/v1
kind: CronJob
metadata: {name: report, namespace: policy}
spec:
  schedule: "0 0 * * *"
  jobTemplate:
    spec:
      template:
        metadata: {annotations: {dapr.io/enabled: "yes", dapr.io/app-id: report}}
        spec: {restartPolicy: Never, containers: [{name: app, image: "localhost/app:dev"}]}
`

// component returns the manifest of a component; empty parts are left out.
func component(name, typ, version, item, scope string) string {
	items := "{name: redisHost, value: 'redis:6379'}"
	if item != "" {
		items += ", " + item
	}
	scopes := ""
	if scope != "" {
		scopes = "scopes: [" + scope + "]\n"
	}
	named := ""
	if name != "" {
		named = "name: " + name + ", "
	}
	return "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {" + named + "namespace: policy}\n" + scopes +
		"spec:\n  type: " + typ + "\n  version: " + version + "\n  metadata: [" + items + "]\n"
}

// annotation returns a transform that sets an annotation on every Deployment's
// pods, as a team's own well-meant rule could.
func annotation(name string, value pulumi.Input) func(string, pulumi.Map) {
	return func(typ string, props pulumi.Map) {
		if strings.HasSuffix(typ, ":Deployment") {
			inside(props, "spec", "template", "metadata", "annotations")["dapr.io/"+name] = value
		}
	}
}

// item returns a transform that adds an item to the metadata of every
// component.
func item(name, value string) func(string, pulumi.Map) {
	return func(typ string, props pulumi.Map) {
		if strings.HasSuffix(typ, ":Component") {
			spec := inside(props, "spec")
			list, _ := spec["metadata"].(pulumi.Array)
			spec["metadata"] = append(list, pulumi.Map{"name": pulumi.String(name), "value": pulumi.String(value)})
		}
	}
}

// inside returns a map inside an object, creating what is missing.
func inside(props pulumi.Map, path ...string) pulumi.Map {
	for _, key := range path {
		below, ok := props[key].(pulumi.Map)
		if !ok {
			below = pulumi.Map{}
			props[key] = below
		}
		props = below
	}
	return props
}

// decode parses the objects of a manifest.
func decode(manifest string) []map[string]any {
	var objects []map[string]any
	for document := range strings.SplitSeq(manifest, "\n---\n") {
		object := map[string]any{}
		if err := yaml.Unmarshal([]byte(document), &object); err != nil {
			panic(fmt.Sprintf("%s in %s", err, document))
		}
		objects = append(objects, object)
	}
	return objects
}

// register creates a hand-written object without any of our components.
func register(ctx *pulumi.Context, name string, object map[string]any, change func(string, pulumi.Map), opts ...pulumi.ResourceOption) error {
	version, _ := object["apiVersion"].(string)
	kind, _ := object["kind"].(string)
	typ := kube.Token(version, kind)
	props, _ := input(object).(pulumi.Map)
	if change != nil {
		change(typ, props)
	}
	return ctx.RegisterResource(typ, name, props, &pulumi.CustomResourceState{}, opts...)
}

// input converts plain values into inputs.
func input(v any) pulumi.Input {
	switch v := v.(type) {
	case map[string]any:
		m := pulumi.Map{}
		for key, value := range v {
			m[key] = input(value)
		}
		return m
	case []any:
		list := pulumi.Array{}
		for _, value := range v {
			list = append(list, input(value))
		}
		return list
	default:
		return pulumi.Any(v)
	}
}
