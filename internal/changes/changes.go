package changes

import (
	"fmt"
	"slices"
	"strings"

	"github.com/daprstack/daprstack/internal/render"
)

// Kind says what happens to an object.
type Kind string

// The kinds of change. A [Restarted] object is the same, but what its pods read when
// they start is not.
const (
	Added     Kind = "new"
	Changed   Kind = "changed"
	Removed   Kind = "removed"
	Restarted Kind = "restarted"
)

// Object is one object that a change concerns.
type Object struct {
	ID       string   `json:"id"`
	Owner    string   `json:"owner"`
	Kind     Kind     `json:"change"`
	Fields   []Field  `json:"fields,omitempty"`   // of a changed object
	Restarts string   `json:"restarts,omitempty"` // how pods restart, "" if none does
	Replaced string   `json:"replaced,omitempty"` // why it is deleted and made anew
	Risks    []string `json:"risks,omitempty"`    // what can be lost

	object *render.Object // as it will be, or as it was
}

// Stack is what a change does to one stack.
type Stack struct {
	Name string `json:"stack"`
	// Note says why there is no comparison, or what it leaves out. Default none.
	Note string `json:"note,omitempty"`
	// Objects is how many objects the stack has after the change.
	Objects int `json:"objects"`
	// Values of the stack file that differ, defaults included.
	Values []Field `json:"values"`
	// Changes are the objects that the change concerns, by owner.
	Changes []*Object `json:"changes"`
}

// Count returns how many objects there are of a kind of change.
func (s *Stack) Count(kind Kind) int {
	n := 0
	for _, o := range s.Changes {
		if o.Kind == kind {
			n++
		}
	}
	return n
}

// Compare returns what happens to the objects of a stack when it goes from one
// render to another. The paths in rotated are secrets of the stack file that were
// encrypted anew.
func Compare(from, to []*render.Object, rotated []string) []*Object {
	c := comparison{from: byID(from), to: byID(to), changes: map[string]*Object{}}
	for id, o := range c.to {
		if _, there := c.from[id]; !there {
			c.add(o, Added)
		}
	}
	for id, old := range c.from {
		o, still := c.to[id]
		if !still {
			c.remove(old)
			continue
		}
		if fields := fieldsOf("", old.Fields, o.Fields); len(fields) > 0 {
			c.add(o, Changed).Fields = fields
		}
	}
	for _, change := range c.changes {
		if change.Kind == Changed {
			c.judge(change)
		}
	}
	c.rotate(rotated)
	c.follow()
	all := make([]*Object, 0, len(c.changes))
	for _, change := range c.changes {
		all = append(all, change)
	}
	slices.SortFunc(all, func(a, b *Object) int {
		return strings.Compare(a.Owner+"\n"+a.ID, b.Owner+"\n"+b.ID)
	})
	return all
}

type comparison struct {
	from, to map[string]*render.Object
	changes  map[string]*Object
}

func byID(objects []*render.Object) map[string]*render.Object {
	all := make(map[string]*render.Object, len(objects))
	for _, o := range objects {
		all[o.ID()] = o
	}
	return all
}

// add notes a change of an object, or returns the one that is noted already.
func (c *comparison) add(o *render.Object, kind Kind) *Object {
	change, ok := c.changes[o.ID()]
	if !ok {
		change = &Object{ID: o.ID(), Owner: o.Owner, Kind: kind, object: o}
		c.changes[o.ID()] = change
	}
	return change
}

// remove notes that an object is gone, and what goes with it.
func (c *comparison) remove(old *render.Object) {
	change := c.add(old, Removed)
	what, holds := lost[old.Kind()]
	switch old.Kind() {
	case "Component":
		what, holds = lostComponent(old)
	case "StatefulSet":
		what, holds = lostVolumes(old)
	}
	switch {
	case old.Protected:
		change.Risks = []string{"it is protected: up fails and deletes nothing"}
	case !holds || c.goes(old.Namespace()):
	case old.Kept:
		change.Risks = []string{"it stays in the cluster, with what it holds, and is no longer the stack's"}
	default:
		change.Risks = []string{what}
	}
}

// goes reports whether a namespace is removed, with everything that is in it.
func (c *comparison) goes(namespace string) bool {
	old, was := c.from["Namespace "+namespace]
	_, still := c.to["Namespace "+namespace]
	return was && !still && !old.Kept && !old.Protected
}

// lost says what goes with objects that hold something.
var lost = map[string]string{
	"Namespace":                "everything in the namespace is deleted",
	"CustomResourceDefinition": "every object of this kind in the cluster is deleted",
	"PersistentVolumeClaim":    "the data on the volume is deleted",
	"Subscription":             "the app no longer gets these events",
}

// lostVolumes says what becomes of the volumes of a StatefulSet.
func lostVolumes(o *render.Object) (string, bool) {
	if o.At("spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted") == "Delete" {
		return "the data on its volumes is deleted", true
	}
	return "its volumes stay, but nothing reads them any more", o.At("spec", "volumeClaimTemplates") != nil
}

func lostComponent(o *render.Object) (string, bool) {
	typ, _, _ := strings.Cut(componentType(o), ".")
	switch typ {
	case "state":
		return "the apps lose this store; what is in it stays where it is", true
	case "pubsub":
		return "the apps lose this pub/sub; events that are not handled yet stay in the broker", true
	default:
		return "", false
	}
}

// judge finds out what the change of an object means.
func (c *comparison) judge(change *Object) {
	old, o := c.from[change.ID], change.object
	if why := reasons(change.Fields); why != "" {
		if manner, ok := restarts(o); ok {
			change.Restarts = manner + ": " + why
		}
	}
	for _, path := range immutable[o.Kind()] {
		if slices.ContainsFunc(change.Fields, func(f Field) bool { return below(f.Path, path) }) {
			change.Replaced = path + " cannot be changed"
		}
	}
	if change.Replaced != "" {
		switch o.Kind() {
		case "PersistentVolumeClaim":
			change.Risks = append(change.Risks, lost[o.Kind()])
		case "StatefulSet":
			if what, deleted := lostVolumes(old); deleted && strings.HasPrefix(o.Owner, "app ") {
				change.Risks = append(change.Risks, what)
			} else if !strings.HasPrefix(o.Owner, "app ") {
				change.Risks = append(change.Risks, "up refuses this on a control plane that runs, and says how it is made anew")
			}
		case "Job":
			change.Risks = append(change.Risks, "it runs again")
		}
		if old.Protected {
			change.Risks = []string{"it is protected: up fails and replaces nothing"}
		}
	}
	change.Risks = append(change.Risks, risks(old, o, change.Fields)...)
}

// reasons names what changes in the template of pods, "" if nothing does.
func reasons(fields []Field) string {
	var found []string
	for _, f := range fields {
		rest, ok := strings.CutPrefix(f.Path, "spec.template.")
		if !ok {
			continue
		}
		reason, _, _ := strings.Cut(rest[strings.LastIndexByte(rest, '.')+1:], "[")
		switch quoted := strings.IndexByte(rest, '"'); {
		case strings.Contains(rest, `"daprstack.io/settings"`):
			reason = "what its sidecar reads at its start"
		case quoted >= 0: // a label or an annotation
			reason = rest[quoted:]
		case strings.Contains(rest, ".env["):
			reason = "env"
		}
		if !slices.Contains(found, reason) {
			found = append(found, reason)
		}
	}
	const most = 4
	if more := len(found) - most; more > 0 {
		found = append(found[:most], fmt.Sprintf("%d more", more))
	}
	return strings.Join(found, ", ")
}

// below reports whether a path is that of a field or below it.
func below(path, field string) bool {
	rest, ok := strings.CutPrefix(path, field)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// immutable lists what the engine replaces an object for (forceNew in the diff.go of
// pulumi-kubernetes).
var immutable = map[string][]string{
	"Deployment":            {"spec.selector"},
	"DaemonSet":             {"spec.selector"},
	"StatefulSet":           {"spec.podManagementPolicy", "spec.revisionHistoryLimit", "spec.selector", "spec.serviceName", "spec.volumeClaimTemplates"},
	"Job":                   {"spec.completions", "spec.parallelism", "spec.selector", "spec.template"},
	"PersistentVolumeClaim": {"spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName"},
	"Secret":                {"type", "stringData", "data"},
	"ConfigMap":             {"binaryData", "data"},
	"Service":               {"spec.clusterIP"},
	"RoleBinding":           {"roleRef"},
	"ClusterRoleBinding":    {"roleRef"},
}

// restarts says how the pods of an object restart, and false if it has none.
func restarts(o *render.Object) (string, bool) {
	switch o.Kind() {
	case "Deployment", "StatefulSet":
	case "DaemonSet":
		return "its pods, one after the other", true
	default:
		return "", false
	}
	if o.At("spec", "replicas") == nil {
		return "its pods, a few at a time", true // as many as an autoscaler has made
	}
	replicas := 1
	if n, ok := o.At("spec", "replicas").(float64); ok {
		replicas = int(n)
	}
	switch {
	case replicas == 0:
		return "", false
	case o.At("spec", "strategy", "type") == "Recreate":
		return pods(replicas) + ", down until the new one is ready", true
	case o.Kind() == "StatefulSet" && replicas == 1:
		return pods(replicas) + ", down until the new one is ready", true
	case o.Kind() == "StatefulSet":
		return pods(replicas) + ", one after the other", true
	case replicas == 1:
		return pods(replicas) + ", once the new one is ready", true
	default:
		return pods(replicas) + ", a few at a time", true
	}
}

func pods(n int) string {
	if n == 1 {
		return "1 pod"
	}
	return fmt.Sprintf("%d pods", n)
}

// rotate notes the Secrets with values that were encrypted anew.
func (c *comparison) rotate(paths []string) {
	for _, path := range paths {
		for _, o := range c.to {
			if o.Kind() == "Secret" && mentions(o.Fields, render.SecretOf(path)) {
				change := c.add(o, Changed)
				change.Replaced = path + " was encrypted anew"
			}
		}
	}
}

// follow notes the pods that restart because a Secret of theirs, or of a component
// that they use, gets a new name with its new content.
func (c *comparison) follow() {
	for _, o := range c.to {
		change := c.changes[o.ID()]
		if change == nil || !o.Generated || change.Replaced == "" {
			continue
		}
		for _, reader := range c.readers(o) {
			if manner, ok := restarts(reader); ok {
				if reading := c.add(reader, Restarted); reading.Restarts == "" {
					reading.Restarts = manner + ": a Secret that it reads, " + o.Name()
				}
			}
		}
	}
}

// readers returns the workloads that refer to a Secret, themselves or by a component.
func (c *comparison) readers(secret *render.Object) []*render.Object {
	var found []*render.Object
	for _, o := range c.to {
		if o.Namespace() != secret.Namespace() || !mentions(o.Fields["spec"], secret.Name()) {
			continue
		}
		if o.Kind() != "Component" {
			found = append(found, o)
			continue
		}
		scopes, _ := o.Fields["scopes"].([]any)
		for _, app := range c.to {
			id := app.At("spec", "template", "metadata", "annotations", "dapr.io/app-id")
			if id != nil && app.Namespace() == o.Namespace() && slices.Contains(scopes, id) {
				found = append(found, app)
			}
		}
	}
	return found
}

// mentions reports whether a text occurs in a value as a word.
func mentions(value any, word string) bool {
	switch v := value.(type) {
	case string:
		for rest := v; ; {
			before, after, found := strings.Cut(rest, word)
			if !found {
				return false
			}
			if !strings.HasSuffix(before, "-") && !strings.HasPrefix(after, "-") {
				return true
			}
			rest = after
		}
	case []any:
		return slices.ContainsFunc(v, func(item any) bool { return mentions(item, word) })
	case map[string]any:
		for _, item := range v {
			if mentions(item, word) {
				return true
			}
		}
	}
	return false
}
