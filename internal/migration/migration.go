package migration

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules"
)

// Object is a Kubernetes object that is there already.
type Object struct {
	Fields map[string]any
	// Place is where it is written, such as "deploy/web.yaml:12"; empty for one of a
	// cluster.
	Place string
}

// Kind returns the kind of the object.
func (o Object) Kind() string { return getText(o.Fields, "kind") }

// Name returns the name of the object.
func (o Object) Name() string { return getText(o.Fields, "metadata", "name") }

// Namespace returns the namespace that the object names, which may be none.
func (o Object) Namespace() string { return getText(o.Fields, "metadata", "namespace") }

func (o Object) group() string {
	group, _, named := strings.Cut(getText(o.Fields, "apiVersion"), "/")
	if !named {
		return ""
	}
	return group
}

// is reports whether the object is of a kind, given as "Kind" or "Kind.group".
func (o Object) is(kind string) bool {
	kind, group, _ := strings.Cut(kind, ".")
	return o.Kind() == kind && o.group() == group
}

// Key returns the kind and the name, as the stack file lists what is adopted.
func (o Object) Key() string { return o.Kind() + "/" + o.Name() }

// Plane is a control plane that is there already.
type Plane struct {
	Version string // empty if it is not known
	MTLS    bool
}

// Options say where the stack goes.
type Options struct {
	// Context is the kubeconfig context. Required.
	Context string
	// Namespace of the stack. Default that of the objects, if they name one.
	Namespace string
	// Live means that the objects, and so the namespace, are in the cluster.
	Live bool
	// Plane is the control plane that is there, nil if none is known.
	Plane *Plane
}

// NoteKind says what a [Note] is about.
type NoteKind string

// The kinds of notes.
const (
	// ToFill is a placeholder in the stack file.
	ToFill NoteKind = "to fill in"
	// Lost was not taken over.
	Lost NoteKind = "not taken over"
	// Differs is something that the stack does in another way.
	Differs NoteKind = "different"
)

// Note is one thing that whoever takes over the stack file has to know.
type Note struct {
	Kind    NoteKind
	Object  string // "Deployment shop/web"
	Path    string // of the entry in the object
	Value   string // of the entry, unless it may be secret
	Why     string
	Instead string // what to do, empty for nothing
}

// Result is a stack that was made from objects.
type Result struct {
	// Stack is valid, with its defaults.
	Stack *config.Stack
	// Notes are what could not be taken over, and what is different.
	Notes []Note
	// Replaced are the objects that the stack has under other names, as Kind/name.
	Replaced []string
	// Left are the objects that the stack has nothing to do with.
	Left []string

	marks map[string]string // comments of the stack file, by path
}

// converter makes a stack from objects.
type converter struct {
	opts      Options
	namespace string
	objects   []Object // of the namespace
	stack     config.Stack
	notes     []Note
	replaced  []replacement
	dropped   []string // the parts of the stack that were taken out again, by the keys of origin
	left      []string
	used      map[string]bool // what stands around an app, by group and key
	marks     map[string]string

	origin   map[string]string      // the objects of apps and components, by the path of their list and their name
	configs  map[string]string      // the Configuration of an app, by its app-id
	access   map[string]topicAccess // by the name of a pub/sub
	secrets  bool                   // a component needs a Secret that is there
	mainPort string                 // the name of the main port of the app that is taken over
}

// replacement is an object that a part of the stack replaces.
type replacement struct{ key, by string }

// From makes a stack of objects. The error says that there is nothing to make one of,
// or what has to be decided first.
func From(objects []Object, opts Options) (*Result, error) {
	c := &converter{opts: opts, origin: map[string]string{}, configs: map[string]string{}, access: map[string]topicAccess{}, marks: map[string]string{}}
	if err := c.place(objects); err != nil {
		return nil, err
	}
	c.apps()
	if len(c.stack.Apps) == 0 {
		return nil, errors.Join(errors.New("there is no workload with dapr.io/enabled that a stack could run"), c.reasons())
	}
	c.components()
	c.events()
	c.resiliency()
	c.configurations()
	c.others()
	c.surroundings()
	stack, err := c.valid()
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(c.notes, func(a, b Note) int { return cmp.Compare(rank(a.Kind), rank(b.Kind)) })
	r := &Result{Stack: stack, Notes: c.notes, Left: c.left, marks: c.marks}
	for _, one := range c.replaced {
		if !slices.Contains(c.dropped, one.by) {
			r.Replaced = append(r.Replaced, one.key)
		}
	}
	return r, nil
}

func rank(kind NoteKind) int { return slices.Index([]NoteKind{ToFill, Lost, Differs}, kind) }

// reasons returns the notes as an error: why nothing was left.
func (c *converter) reasons() error {
	var all []error
	for _, n := range c.notes {
		all = append(all, errors.New(n.String()))
	}
	return errors.Join(all...)
}

// String returns the note on one line.
func (n Note) String() string {
	text := n.Object
	for _, more := range []string{n.Path, n.Value, n.Why} {
		if more != "" {
			text += ": " + more
		}
	}
	if n.Instead != "" {
		text += "; " + n.Instead
	}
	return text
}

func (c *converter) note(n Note) { c.notes = append(c.notes, n) }

// part returns a copy of an object to take entries out of.
func (c *converter) part(o Object) part {
	fields, _ := copied(o.Fields).(map[string]any)
	Strip(fields)
	p := part{c, c.describe(o), "", fields}
	p.drop("apiVersion", "kind")
	return p
}

// metadata takes the metadata of an object.
func (p part) metadata() part {
	m := p.below("metadata")
	m.drop("name", "namespace")
	annotations := m.below("annotations")
	for key := range annotations.fields {
		if strings.HasPrefix(key, "pulumi.com/") {
			annotations.drop(key)
		}
	}
	annotations.rest(nil)
	m.drop("labels") // the stack marks what is its own
	return m
}

func (c *converter) describe(o Object) string {
	name := strings.TrimPrefix(cmp.Or(o.Namespace(), c.namespace)+"/"+o.Name(), "/")
	if o.is("Namespace") {
		name = o.Name()
	}
	if o.Place != "" {
		return o.Kind() + " " + name + " (" + o.Place + ")"
	}
	return o.Kind() + " " + name
}

// place settles the namespace, and keeps the objects that are in it.
func (c *converter) place(objects []Object) error {
	named := map[string]bool{}
	for _, o := range objects {
		if o.Namespace() != "" && (o.group() == "dapr.io" && o.Name() != "daprsystem" || sidecar(o)) {
			named[o.Namespace()] = true
		}
	}
	names := slices.Sorted(maps.Keys(named))
	c.namespace = c.opts.Namespace
	switch {
	case c.namespace != "":
	case len(names) == 1:
		c.namespace = names[0]
	case len(names) > 1:
		return fmt.Errorf("there are objects with Dapr in the namespaces %s, and a stack has one: choose it with --namespace", strings.Join(names, ", "))
	default:
		return ErrNoNamespace
	}
	elsewhere := map[string]int{}
	for _, o := range objects {
		if o.is("Deployment.apps") && o.Name() == "dapr-operator" && c.opts.Plane == nil {
			c.opts.Plane = planeOf(o)
		}
		switch {
		case o.Namespace() == "" || o.Namespace() == c.namespace || o.is("Namespace"):
			c.objects = append(c.objects, o)
		case named[o.Namespace()]:
			elsewhere[o.Namespace()]++
		}
	}
	for _, name := range slices.Sorted(maps.Keys(elsewhere)) {
		c.note(Note{Lost, "Namespace " + name, "", "", fmt.Sprintf("objects are in it too (%d), and a stack has one namespace", elsewhere[name]),
			"write another stack file with --namespace " + name})
	}
	slices.SortStableFunc(c.objects, func(a, b Object) int {
		return cmp.Or(cmp.Compare(a.Kind(), b.Kind()), cmp.Compare(a.Name(), b.Name()))
	})
	seen := map[string]bool{}
	c.objects = slices.DeleteFunc(c.objects, func(o Object) bool {
		key := o.group() + " " + o.Key()
		again := seen[key] && o.Name() != ""
		seen[key] = true
		if again {
			c.note(Note{Lost, c.describe(o), "", "", "an object of this kind and name is there already, and the first one counts", ""})
		}
		return again
	})
	return nil
}

// ErrNoNamespace says that no object names a namespace.
var ErrNoNamespace = errors.New("no object names a namespace: give --namespace")

// planeOf returns the control plane that an operator belongs to.
func planeOf(operator Object) *Plane {
	p := &Plane{MTLS: true}
	p.Version = getText(operator.Fields, "metadata", "labels", "app.kubernetes.io/version")
	return p
}

// of returns the objects of a kind, given as "Kind.group".
func (c *converter) of(kind string) (found []Object) {
	for _, o := range c.objects {
		if o.is(kind) {
			found = append(found, o)
		}
	}
	return found
}

// sidecar reports whether a workload has Dapr's sidecar.
func sidecar(o Object) bool {
	text := get(podTemplate(o), "metadata", "annotations", "dapr.io/enabled")
	return rules.Truthy(textOf(text))
}

// podTemplate returns the template of a workload's pods, nil if it has none.
func podTemplate(o Object) any {
	switch o.Kind() {
	case "Pod":
		return o.Fields
	case "CronJob":
		return get(o.Fields, "spec", "jobTemplate", "spec", "template")
	default:
		return get(o.Fields, "spec", "template")
	}
}

// others notes the objects that no stack has.
func (c *converter) others() {
	for _, o := range c.objects {
		switch {
		case slices.ContainsFunc(c.workloads(), func(w Object) bool { return w.is(o.Kind()+"."+o.group()) && w.Name() == o.Name() }), c.used[o.group()+" "+o.Key()], o.is("Component.dapr.io"), o.is("Subscription.dapr.io"), o.is("Resiliency.dapr.io"),
			o.is("Configuration.dapr.io"), o.is("Namespace"), o.is("Service") && c.serves(o):
		case o.group() == "dapr.io":
			c.note(Note{Lost, c.describe(o), "", "", "the stack file has no key for objects of this kind", "leave it beside the stack: it goes on working"})
		case podTemplate(o) != nil && sidecar(o):
			c.note(Note{Lost, c.describe(o), "", "", "a stack runs its applications as Deployments, StatefulSets, Jobs or CronJobs",
				"leave it beside the stack; its app-id has to be added to the scopes of the components that it uses by hand"})
		default:
			c.left = append(c.left, o.Key())
		}
	}
}

// surroundings says what is there already around the stack.
func (c *converter) surroundings() {
	s := &c.stack
	s.Context, s.Namespace = c.opts.Context, c.namespace
	if c.opts.Live || c.secrets || c.namespace == "default" {
		s.CreateNamespace = new(false)
	}
	p := c.opts.Plane
	if p == nil {
		return
	}
	s.Dapr.Install = new(false)
	if !p.MTLS {
		s.Dapr.MTLS = new(false)
	}
	switch {
	case p.Version == "":
		c.note(Note{ToFill, "Dapr's control plane", "", "", "its version is not known; the default stands for it", "set dapr.version to its version"})
	case rules.DaprVersion(p.Version) != nil:
		c.note(Note{ToFill, "Dapr's control plane", "", p.Version, "its version " + rules.DaprVersion(p.Version)[0].Allowed, "upgrade it first"})
	case p.Version != config.DefaultDaprVersion:
		s.Dapr.Version = p.Version
	}
}
