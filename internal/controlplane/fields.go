package controlplane

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/cluster"
)

var crdResource = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}

// daprObject is a kind of Dapr object of a stack, with the fields that the program
// sets: the API server drops a field that the CRD lacks, without a word. Helm
// never upgrades CRDs, so those of an old installation may lack some.
type daprObject struct {
	resource schema.GroupVersionResource
	used     func(*config.Stack) bool
	fields   []string // [] stands for any item, * for any key
}

func (o daprObject) crd() string { return o.resource.Resource + "." + o.resource.Group }

// objects are all kinds of the program. A test holds the fields against the graph
// of a stack that has every key.
var objects = []daprObject{
	{cluster.Components, func(s *config.Stack) bool { return len(s.StateStores)+len(s.PubSubs) > 0 }, []string{
		"scopes[]", "spec.type", "spec.version",
		"spec.metadata[].name", "spec.metadata[].value", "spec.metadata[].secretKeyRef.name", "spec.metadata[].secretKeyRef.key",
	}},
	{cluster.Configurations, func(s *config.Stack) bool {
		return slices.ContainsFunc(s.Apps, func(a config.App) bool { return a.Sidecar != nil })
	}, []string{
		"spec.features[].name", "spec.features[].enabled", "spec.tracing.samplingRate",
		"spec.tracing.otel.endpointAddress", "spec.tracing.otel.isSecure", "spec.tracing.otel.protocol",
		"spec.accessControl.defaultAction", "spec.accessControl.trustDomain",
		"spec.accessControl.policies[].appId", "spec.accessControl.policies[].namespace",
		"spec.accessControl.policies[].trustDomain", "spec.accessControl.policies[].defaultAction",
		"spec.accessControl.policies[].operations[].name", "spec.accessControl.policies[].operations[].httpVerb[]",
		"spec.accessControl.policies[].operations[].action",
	}},
	{cluster.Resiliencies, func(s *config.Stack) bool { return len(s.PubSubs) > 0 || s.HasPolicies() }, []string{
		"spec.policies.retries.*.policy", "spec.policies.retries.*.duration", "spec.policies.retries.*.maxInterval",
		"spec.policies.retries.*.maxRetries", "spec.policies.timeouts.*",
		"spec.policies.retries.*.matching.httpStatusCodes", "spec.policies.retries.*.matching.gRPCStatusCodes",
		"spec.policies.circuitBreakers.*.maxRequests", "spec.policies.circuitBreakers.*.interval",
		"spec.policies.circuitBreakers.*.timeout", "spec.policies.circuitBreakers.*.trip",
		"spec.targets.components.*.inbound.retry", "spec.targets.components.*.inbound.timeout", "spec.targets.components.*.inbound.circuitBreaker",
		"spec.targets.components.*.outbound.retry", "spec.targets.components.*.outbound.timeout", "spec.targets.components.*.outbound.circuitBreaker",
		"spec.targets.apps.*.retry", "spec.targets.apps.*.timeout", "spec.targets.apps.*.circuitBreaker", "spec.targets.apps.*.circuitBreakerCacheSize",
		"spec.targets.actors.*.retry", "spec.targets.actors.*.timeout", "spec.targets.actors.*.circuitBreaker",
		"spec.targets.actors.*.circuitBreakerScope", "spec.targets.actors.*.circuitBreakerCacheSize",
	}},
	{cluster.Subscriptions, func(s *config.Stack) bool {
		return slices.ContainsFunc(s.Events, func(e config.Event) bool { return len(e.Subscribers) > 0 })
	}, []string{
		"scopes[]", "spec.pubsubname", "spec.topic", "spec.routes.default", "spec.deadLetterTopic",
	}},
}

// lacking returns the fields that a CRD does not have, and an error if it does not
// serve the version at all.
func (o daprObject) lacking(crd *unstructured.Unstructured) (fields []string, err error) {
	versions, _, _ := unstructured.NestedSlice(crd.Object, "spec", "versions")
	for _, item := range versions {
		v, _ := item.(map[string]any)
		if v["name"] != o.resource.Version || v["served"] != true {
			continue
		}
		root, _, _ := unstructured.NestedMap(v, "schema", "openAPIV3Schema")
		for _, f := range o.fields {
			if !has(root, steps(f)) {
				fields = append(fields, f)
			}
		}
		return fields, nil
	}
	return nil, fmt.Errorf("the CRD %s does not serve %s", o.crd(), o.resource.Version)
}

// steps splits a path: "scopes[].a" is scopes, [], a.
func steps(path string) []string { return strings.Split(strings.ReplaceAll(path, "[]", ".[]"), ".") }

// has reports whether a schema has the field at a path.
func has(node map[string]any, path []string) bool {
	if len(path) == 0 || node["x-kubernetes-preserve-unknown-fields"] == true {
		return node != nil
	}
	var next any
	switch path[0] {
	case "[]":
		next = node["items"]
	case "*":
		next = node["additionalProperties"]
	default:
		properties, _ := node["properties"].(map[string]any)
		next = properties[path[0]]
	}
	below, ok := next.(map[string]any)
	return ok && has(below, path[1:])
}
