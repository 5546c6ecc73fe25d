package provider

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/stacks"
)

// A Resource is a component that programs can make.
type Resource struct {
	Name string // of its type, daprstack:index:Name
	Doc  string
	// Base is where its inputs stand in the stack file, except those of Inputs.
	// Empty for the whole of the stack file.
	Base string
	// Only lists the keys at Base that are inputs. Default all but Without.
	Only, Without []string
	Inputs        []Input
	Outputs       []Output

	make func(*stacks.Part) (pulumi.Map, error)
	// fill completes the stack file with what the inputs leave to others.
	fill func(*file)
}

// Token returns the token of the resource's type.
func (r *Resource) Token() string { return Package + ":index:" + r.Name }

// An Input is an input of a resource that does not stand at its Base.
type Input struct {
	Name     string
	Place    string // in the stack file; empty for what no stack file has
	Type     Type   // without a Place
	Doc      string // default that of the stack file
	Required bool   // also where the stack file has a default
}

// An Output is an output of a resource.
type Output struct {
	Name string
	Type Type
	Doc  string
}

// Type is the type of what no stack file has.
type Type string

// The types.
const (
	Text       Type = "string"
	Texts      Type = "list of strings"
	Entries    Type = "map of strings"
	ListOfMaps Type = "list of maps of strings"
	Structure  Type = "any"
	Connection Type = "ExternalRedis" // an object of the stack file
)

// What several resources have.
var (
	namespace   = Input{Name: "namespace", Place: "namespace", Doc: "The Kubernetes namespace, which exists already. Required."}
	redis       = Input{Name: "redis", Place: "redis.external", Required: true, Doc: "The Redis behind it: the output connection of a Redis, or any other. Required."}
	daprVersion = Input{Name: "daprVersion", Place: "dapr.version"}
	mtls        = Input{Name: "mtls", Place: "dapr.mtls"}
	production  = Input{Name: "production", Place: "production"}
	keep        = Input{Name: "keep", Place: "keep"}
	pullSecrets = Input{Name: "imagePullSecrets", Place: "imagePullSecrets"}
	peers       = Input{Name: "peers", Place: "peers"}
	settings    = Output{"settings", Entries, "A digest, by app-id, of what the sidecar of an app reads of it when it starts. Give it to the reads of an App."}
	name        = Output{"name", Text, "The name of the object."}
)

// Resources are the resources of the provider.
var Resources = []*Resource{
	{
		Name:    "Stack",
		Doc:     "Stack is a whole stack: what Pulumi.<stack>.yaml describes, with the same keys. A Pulumi stack has at most one.",
		Without: []string{"overlay"},
		Outputs: []Output{
			{"context", Text, "The kubeconfig context of the cluster."},
			{"namespace", Text, "The namespace of the applications."},
			{"apps", Structure, "Of each app its app-id, its address in the cluster, and the command that opens it on this machine."},
			{"page", Text, "The command that opens the first app."},
			{"components", Structure, "The names of the state stores and of the pub/subs."},
			{"dapr", Structure, "Whether there is Dapr and whether the stack installs it, its version and its namespace."},
		},
		make: (*stacks.Part).Stack,
	},
	{
		Name: "ControlPlane", Base: "dapr", Without: []string{"enabled", "install", "configuration"},
		Doc:    "ControlPlane is Dapr's control plane, from its Helm chart, with its certificate authority and a namespace of its own.",
		Inputs: []Input{keep, production},
		Outputs: []Output{
			{"namespace", Text, "Its namespace."}, {"version", Text, "The version of Dapr."}, settings,
		},
		make: (*stacks.Part).ControlPlane,
		fill: func(f *file) { f.put("apps", []any{}) },
	},
	{
		Name: "Redis", Base: "redis", Without: []string{"external"},
		Doc:     "Redis is a Redis in the cluster for state stores and pub/subs: one server with a volume and a password, which never evicts data. A namespace has at most one.",
		Inputs:  []Input{namespace, pullSecrets, keep, production},
		Outputs: []Output{{"connection", Connection, "How state stores and pub/subs reach it, for their input redis."}},
		make:    (*stacks.Part).Redis,
	},
	{
		Name: "StateStore", Base: "stateStores[0]",
		Doc:     "StateStore is a Dapr state store.",
		Inputs:  []Input{namespace, redis, daprVersion},
		Outputs: []Output{name, settings},
		make:    (*stacks.Part).StateStore,
		fill:    func(f *file) { f.standIns("scopes") },
	},
	{
		Name: "PubSub", Base: "pubSubs[0]",
		Doc: "PubSub is a Dapr pub/sub, with the Resiliency by which its events are delivered.",
		Inputs: []Input{namespace, redis, daprVersion, {
			Name: "events", Place: "events",
			Doc: "The events that it carries. With any, each app can publish and receive its own only. The subscriptions themselves are resources. Default none, which restricts nothing.",
		}},
		Outputs: []Output{name, settings},
		make:    (*stacks.Part).PubSub,
		fill:    func(f *file) { f.standIns("scopes") },
	},
	{
		Name: "Subscription", Base: "events[0].subscribers[0]",
		Doc: "Subscription delivers a topic to an app. What the app cannot handle goes to a dead-letter topic of its own.",
		Inputs: []Input{
			namespace,
			{Name: "pubSub", Place: "pubSubs[0].name", Doc: "The name of the pub/sub. Required."},
			{Name: "topic", Place: "events[0].type", Doc: "The topic, which is the type of the event. Required."},
		},
		Outputs: []Output{name, settings},
		make:    (*stacks.Part).Subscription,
		fill: func(f *file) {
			if f.inputs["app"] == nil {
				f.problem("app", "is required")
			}
			for _, app := range f.texts("app") {
				f.standIn(app.text, app.path)
				f.put("pubSubs[0].scopes", []any{app.text})
				f.put("events[0].publishers", []any{app.text})
			}
			f.put("events[0].source", "/")
		},
	},
	{
		Name: "Resiliency", Base: "pubSubs[0]",
		Only:    []string{"name", "scopes", "processingTimeout", "maxRetries", "retryPolicy", "retryInterval", "handlerTimeout"},
		Doc:     "Resiliency is how the events of a pub/sub are delivered that is no PubSub of this package, which has its own. Its name is that of the pub/sub.",
		Inputs:  []Input{namespace},
		Outputs: []Output{name, settings},
		make:    (*stacks.Part).Resiliency,
		fill:    func(f *file) { f.standIns("scopes") },
	},
	{
		Name: "Configuration", Base: "dapr.configuration",
		Doc: "Configuration is the Dapr Configuration of an app's sidecar, for an App that names it by sidecar.config; otherwise an App has its own.",
		Inputs: []Input{
			namespace,
			{Name: "appId", Place: "apps[0].sidecar.appId", Doc: "The app-id of the app. Required (S-01)."},
			{Name: "callers", Place: "apps[0].callers", Doc: "The apps that may invoke the app through its sidecar; all others get a 403. Default none."},
			mtls,
		},
		Outputs: []Output{name, settings},
		make:    (*stacks.Part).Configuration,
		fill: func(f *file) {
			f.app(0, "stand-in", "")
			f.callers("appId")
			f.configured("name")
		},
	},
	{
		Name: "App", Base: "apps[0]",
		Doc: "App is one application: Deployment, Service and ServiceAccount, with or without a Dapr sidecar. It has the variables PORT and, of each app that it invokes, <APP>_URL, named by the app-id without -app.",
		Inputs: []Input{
			namespace, pullSecrets, peers, mtls, daprVersion,
			{Name: "reads", Type: ListOfMaps, Doc: "The settings of everything that its sidecar reads when it starts: of the control plane, state stores, pub/subs, subscriptions and the Configuration. It starts after them, and its pods are replaced when they change. Default none."},
		},
		Outputs: []Output{
			{"name", Text, "Its name."}, {"appId", Text, "Its app-id, if it has a sidecar."}, {"url", Text, "Its URL in the cluster."},
		},
		make: (*stacks.Part).App,
		fill: func(f *file) {
			f.standIns("invokes")
			f.callers("sidecar.appId")
			f.configured("sidecar.config")
		},
	},
}
