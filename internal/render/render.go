package render

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/components/app"
	"github.com/daprstack/daprstack/components/dapr"
	"github.com/daprstack/daprstack/components/kube"
	"github.com/daprstack/daprstack/components/redis"
	"github.com/daprstack/daprstack/components/secrets"
	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/graph"
	"github.com/daprstack/daprstack/stacks"
)

// Object is one Kubernetes object of a stack.
type Object struct {
	// Fields of the object, as the API server gets them.
	Fields map[string]any
	// Owner is the part of the stack that the object belongs to, such as "app
	// backend", "control plane" or "pub/sub pubsub".
	Owner string
	// Generated tells that the engine appends random characters to the name, so that
	// a change of the content makes an object of a new name. Here there are none.
	Generated bool
	// Kept objects stay in the cluster when the stack no longer has them.
	Kept bool
	// Protected objects are never deleted or replaced: an up that would do it fails.
	Protected bool

	// URN of the object.
	URN string

	level int // how many others the engine makes before it, one after the other
}

// ID returns what tells the objects of a cluster apart, apart from the version of
// their API: "Deployment todo/backend".
func (o *Object) ID() string {
	id := o.Kind() + " " + strings.TrimPrefix(o.Namespace()+"/"+o.Name(), "/")
	if group, _, ok := strings.Cut(o.APIVersion(), "/"); ok && !builtIn(group) {
		return id + " (" + group + ")"
	}
	return id
}

// builtIn reports whether an API group is one of Kubernetes or Dapr, in which the
// kind says enough.
func builtIn(group string) bool {
	return !strings.Contains(group, ".") || strings.HasSuffix(group, ".k8s.io") || group == "dapr.io"
}

// APIVersion returns the group and version of the object's API.
func (o *Object) APIVersion() string { return o.text("apiVersion") }

// Kind returns the kind of the object.
func (o *Object) Kind() string { return o.text("kind") }

// Name returns the name of the object, without what the engine appends to it if it
// is [Object.Generated].
func (o *Object) Name() string { return o.text("metadata", "name") }

// Namespace returns the namespace of the object, "" for one of the whole cluster.
func (o *Object) Namespace() string { return o.text("metadata", "namespace") }

// At returns the value at a path of keys, or nil if there is none.
func (o *Object) At(path ...string) any {
	var value any = o.Fields
	for _, key := range path {
		below, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = below[key]
	}
	return value
}

func (o *Object) text(path ...string) string {
	s, _ := o.At(path...).(string)
	return s
}

// Stack returns the objects of a stack in the order in which they can be applied:
// namespaces, CRDs, then each after what it needs. All secrets of cfg, which it
// changes, become placeholders.
func Stack(ctx context.Context, project, stack string, cfg *config.Stack, charts *Charts) ([]*Object, error) {
	if parts := cfg.EncryptedParts(); len(parts) > 0 {
		return nil, fmt.Errorf("%s is encrypted as a whole, so what is in it cannot be rendered: encrypt single values instead (pulumi config set --path --secret)",
			strings.Join(parts, ", "))
	}
	cfg.HideSecrets(SecretOf)
	r := &recorder{ctx: ctx, project: project, stack: stack, charts: charts}
	if err := pulumi.RunErr(stacks.ProgramOf(cfg), pulumi.WithMocks(project, stack, r)); err != nil {
		return nil, only(err)
	}
	return objects(r.found, ownersOf(cfg)), nil
}

// only returns the one error of a list of one.
func only(err error) error {
	var list interface{ WrappedErrors() []error } // that of the SDK
	if errors.As(err, &list) && len(list.WrappedErrors()) == 1 {
		return list.WrappedErrors()[0]
	}
	return err
}

// SecretOf returns the placeholder that stands for the secret at a path of the stack
// file, as [config.Stack.HideSecrets] names it.
func SecretOf(path string) string { return placeholder("secret " + path) }

// Objects returns the Kubernetes objects among resources of a stack, in order. Those
// without inputs are left out.
func Objects(found []*graph.Resource, cfg *config.Stack) []*Object {
	return objects(found, ownersOf(cfg))
}

// objects returns the Kubernetes objects among the resources, in order.
func objects(found []*graph.Resource, owners owners) []*Object {
	byURN := make(map[string]*graph.Resource, len(found))
	for _, r := range found {
		byURN[r.URN] = r
	}
	levels := levels{byURN, map[string]int{}}
	var all []*Object
	for _, r := range found {
		if !strings.HasPrefix(r.Type, "kubernetes:") || r.Inputs == nil {
			continue
		}
		o := &Object{URN: r.URN, Fields: r.Input().(map[string]any), Kept: r.Retain, Protected: r.Protect, level: levels.of(r.URN)}
		o.clean()
		if o.Name() == "" {
			o.Generated = true
			metadata, _ := o.Fields["metadata"].(map[string]any)
			metadata["name"] = r.Name
		}
		o.Owner = owners.of(o, top(r, byURN))
		all = append(all, o)
	}
	slices.SortFunc(all, func(a, b *Object) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(a.level, b.level), cmp.Compare(a.ID(), b.ID()))
	})
	return all
}

// clean removes what is for the provider, and the id of the deployment, which no two
// deployments share: it makes objects those of this deployment, and a manifest is of
// none.
func (o *Object) clean() {
	metadata, ok := o.Fields["metadata"].(map[string]any)
	if !ok {
		metadata = map[string]any{}
		o.Fields["metadata"] = metadata
	}
	forUs := map[string]func(string) bool{
		"annotations": func(key string) bool { return strings.HasPrefix(key, "pulumi.com/") },
		"labels":      func(key string) bool { return key == kube.DeploymentLabel },
	}
	for field, drop := range forUs {
		entries, ok := metadata[field].(map[string]any)
		if !ok {
			continue
		}
		maps.DeleteFunc(entries, func(key string, _ any) bool { return drop(key) })
		if len(entries) == 0 {
			delete(metadata, field)
		}
	}
}

// rank puts first what others cannot even be applied without.
func (o *Object) rank() int {
	switch o.Kind() {
	case "Namespace":
		return 0
	case "CustomResourceDefinition":
		return 1
	default:
		return 2
	}
}

// levels computes how many resources the engine makes before one, one after the
// other. A resource also waits for what its parents wait for.
type levels struct {
	resources map[string]*graph.Resource
	known     map[string]int
}

func (l levels) of(urn string) int {
	r, ok := l.resources[urn]
	if !ok {
		return 0
	}
	if level, ok := l.known[urn]; ok {
		return level
	}
	level := l.of(r.Parent)
	for _, d := range r.Dependencies {
		level = max(level, l.of(d)+1)
	}
	l.known[urn] = level
	return level
}

// top returns the outermost component that a resource is part of, or nil.
func top(r *graph.Resource, byURN map[string]*graph.Resource) *graph.Resource {
	var found *graph.Resource
	for parent := byURN[r.Parent]; parent != nil; parent = byURN[parent.Parent] {
		found = parent
	}
	return found
}

// owners names the parts of a stack.
type owners struct {
	apps           map[string]string // names of apps by app-id
	configurations map[string]string // by the name of their Configuration
	given          map[string]string // by the name of the component of their Secret
}

func ownersOf(cfg *config.Stack) owners {
	o := owners{map[string]string{}, map[string]string{}, map[string]string{}}
	for _, a := range cfg.Apps {
		o.given[a.Name+"-env"] = a.Name
		if a.Sidecar != nil {
			o.apps[a.Sidecar.AppID], o.configurations[cfg.ConfigurationOf(a.Sidecar.AppID)] = a.Name, a.Name
		}
	}
	return o
}

// of returns the owner of an object of a component. What only one app reads is that
// app's.
func (o owners) of(object *Object, component *graph.Resource) string {
	if component == nil {
		return "the stack"
	}
	ofApp := func(name, other string) string {
		if name != "" {
			return "app " + name
		}
		return other
	}
	name := component.Name
	switch component.Type {
	case app.Type:
		return "app " + name
	case dapr.ControlPlaneType:
		return "control plane"
	case dapr.SidecarGuardType:
		return "sidecar guard"
	case dapr.StateStoreType:
		return "state store " + name
	case dapr.PubSubType:
		return "pub/sub " + name
	case dapr.ResiliencyType:
		return "delivery of events"
	case dapr.ConfigurationType:
		return ofApp(o.configurations[object.Name()], "configuration "+name)
	case dapr.SubscriptionType:
		scopes, _ := object.Fields["scopes"].([]any)
		if len(scopes) != 1 {
			return "subscription " + name
		}
		id, _ := scopes[0].(string)
		return ofApp(o.apps[id], "subscription "+name)
	case redis.Type:
		return "Redis"
	case secrets.GivenType, secrets.PasswordType:
		if strings.HasPrefix(name, "redis-") {
			return ofApp(o.given[name], "Redis")
		}
		return ofApp(o.given[name], "secret "+name)
	default:
		return "secret " + name
	}
}
