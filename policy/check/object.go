package check

import (
	"cmp"
	"slices"
	"strings"
)

// Object is one Kubernetes object, as far as it concerns the rules.
type Object struct {
	Kind   string         // "Component"
	Fields map[string]any // the manifest; values may be [Unknown] or [Secret]
}

// podTemplates says where each kind of workload keeps its pods.
var podTemplates = map[string][]string{
	"Pod":                   nil,
	"Deployment":            {"spec", "template"},
	"StatefulSet":           {"spec", "template"},
	"DaemonSet":             {"spec", "template"},
	"ReplicaSet":            {"spec", "template"},
	"ReplicationController": {"spec", "template"},
	"Job":                   {"spec", "template"},
	"CronJob":               {"spec", "jobTemplate", "spec", "template"},
}

// groups are the API groups of the kinds that concern the rules.
var groups = map[string][]string{
	"dapr.io": {"Component", "Configuration", "Subscription", "Resiliency"},
	"core":    {"Pod", "ReplicationController", "Secret"},
	"apps":    {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"},
	"batch":   {"Job", "CronJob"},
}

// KindOf returns the kind of a Pulumi type such as
// "kubernetes:apps/v1:Deployment", and "" for one that concerns no rule.
func KindOf(pulumiType string) string {
	rest, ok := strings.CutPrefix(pulumiType, "kubernetes:")
	if !ok {
		return ""
	}
	version, kind, _ := strings.Cut(rest, ":")
	group, _, _ := strings.Cut(version, "/")
	if !slices.Contains(groups[group], kind) {
		return ""
	}
	return kind
}

func (o Object) name() text { return textOf(field(o.Fields, "metadata", "name")) }

// namespace is where the object goes; the one that Kubernetes takes without one
// is "default".
func (o Object) namespace() text {
	t := textOf(field(o.Fields, "metadata", "namespace"))
	if !t.given || t.ready() && t.value == "" {
		return text{value: "default", given: true, known: true, quoted: true}
	}
	return t
}

// Namespace returns the namespace of the object, "" while it is not known.
func (o Object) Namespace() string { return o.namespace().value }

// String names the object for people: "Component todo/pubsub".
func (o Object) String() string {
	visible := func(t text) string {
		if t.secret {
			return "[secret]"
		}
		return cmp.Or(t.value, "?")
	}
	return o.Kind + " " + visible(o.namespace()) + "/" + visible(o.name())
}
