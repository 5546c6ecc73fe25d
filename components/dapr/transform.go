package dapr

import (
	"context"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/components/kube"
)

// The types of the chart's objects that the transform treats specially.
const (
	deploymentType  = "kubernetes:apps/v1:Deployment"
	statefulSetType = "kubernetes:apps/v1:StatefulSet"
	clusterRoleType = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"
	crdType         = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"
)

// gates are the Deployments that are waited for: nothing of ours can be made
// before they serve.
var gates = []string{"dapr-operator", "dapr-sidecar-injector"}

// chartTransform adapts each object of the chart on its way to the engine.
//
//   - Only the gates are waited for. Awaiting every Deployment and Service fills
//     all slots of a small machine, while what they wait for stands in the queue.
//   - Workloads start after the system Configuration and what else has to be there
//     first: see [ControlPlane].
//   - Two differences that are none are ignored: an empty list of rules, and the
//     conversion webhook that the operator completes at run time.
//
// Each gets the field manager of the stack. It calls seen when the CRD of Configurations passes by.
func chartTransform(manager string, first []pulumi.Resource, seen func(), retainCRDs bool) pulumi.ResourceTransform {
	return func(_ context.Context, args *pulumi.ResourceTransformArgs) *pulumi.ResourceTransformResult {
		a := adapt(args.Type, args.Name)
		if a.seen {
			seen()
		}
		props, opts := annotate(args.Props, kube.ManagerAnnotation, manager), args.Opts
		if a.skipAwait {
			props = annotate(props, "pulumi.com/skipAwait", "true")
		}
		if a.afterFirst {
			opts.DependsOn = slices.Concat(opts.DependsOn, first)
		}
		opts.IgnoreChanges = append(slices.Clone(opts.IgnoreChanges), a.ignore...)
		if args.Type == crdType && retainCRDs {
			opts.RetainOnDelete = true
		}
		return &pulumi.ResourceTransformResult{Props: props, Opts: opts}
	}
}

// adaptation is what the transform changes of one object.
type adaptation struct {
	skipAwait, afterFirst bool
	seen                  bool // it is what the system Configuration waits for
	ignore                []string
}

// adapt decides by the type and the resource name, which ends in the name of
// the object: "dapr:dapr-system/dapr-operator".
func adapt(typ, resource string) adaptation {
	name := resource[strings.LastIndexAny(resource, ":/")+1:]
	a := adaptation{
		skipAwait:  typ != deploymentType || !slices.Contains(gates, name),
		afterFirst: typ == deploymentType || typ == statefulSetType,
		seen:       typ == crdType && name == "configurations.dapr.io",
	}
	switch {
	case typ == clusterRoleType && name == "dapr-placement":
		a.ignore = []string{"rules"}
	case typ == crdType && name == "subscriptions.dapr.io":
		a.ignore = []string{"spec.conversion"}
	}
	return a
}

// annotate returns the object with one more annotation.
func annotate(object pulumi.Map, key, value string) pulumi.Map {
	object = clone(object)
	meta := clone(asMap(object["metadata"]))
	annotations := clone(asMap(meta["annotations"]))
	annotations[key] = pulumi.String(value)
	meta["annotations"] = annotations
	object["metadata"] = meta
	return object
}

func asMap(in pulumi.Input) pulumi.Map {
	m, _ := in.(pulumi.Map)
	return m
}

func clone(m pulumi.Map) pulumi.Map {
	c := make(pulumi.Map, len(m)+1)
	for k, v := range m {
		c[k] = v
	}
	return c
}
