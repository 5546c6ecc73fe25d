package check

import (
	"cmp"
	"slices"
	"strings"
)

// Object is a Kubernetes object, as far as the rules are concerned.
type Object struct {
	Kind   string         // "Component"
	Fields map[string]any // the manifest; values may be [Unknown] or [Secret]
	// Unit is what the object is certainly applied together with. Two objects of
	// different units may be alternatives, of which a cluster has one.
	Unit string
	// Anywhere means that a sidecar outside Kubernetes may read the object from a
	// file: what only the API of Kubernetes refuses is not reported.
	Anywhere bool
}

// podTemplates maps each kind of workload to the path of its pod template.
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

// groups maps API groups to the kinds that the rules are about.
var groups = map[string][]string{
	"dapr.io": {"Component", "Configuration", "HTTPEndpoint", "Subscription", "Resiliency"},
	"core":    {"Pod", "ReplicationController", "Secret"},
	"apps":    {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"},
	"batch":   {"Job", "CronJob"},
}

// KindOf returns the kind of a Pulumi type such as
// "kubernetes:apps/v1:Deployment", or "" if no rule is about it.
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

// KindOfManifest returns the kind of an object of a manifest, by its apiVersion
// and kind, or "" if no rule is about it.
func KindOfManifest(apiVersion, kind string) string {
	group, _, named := strings.Cut(apiVersion, "/")
	if !named {
		group = "core"
	}
	if !slices.Contains(groups[group], kind) {
		return ""
	}
	return kind
}

func (o Object) name() text { return textOf(field(o.Fields, "metadata", "name")) }

// namespace returns the namespace of the object, "default" if it names none.
func (o Object) namespace() text {
	t := textOf(field(o.Fields, "metadata", "namespace"))
	if !t.given || t.ready() && t.value == "" {
		return text{value: "default", given: true, known: true, quoted: true}
	}
	return t
}

// Namespace returns the namespace of the object, or "" while it is unknown.
func (o Object) Namespace() string { return o.namespace().value }

// String returns the kind and name of the object, such as "Component
// todo/pubsub".
func (o Object) String() string {
	visible := func(t text) string {
		if t.secret {
			return "[secret]"
		}
		return cmp.Or(t.value, "?")
	}
	return o.Kind + " " + visible(o.namespace()) + "/" + visible(o.name())
}
