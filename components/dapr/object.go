package dapr

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/components/kube"
)

// The API versions of Dapr's objects.
const (
	v1alpha1 = "dapr.io/v1alpha1"
	v2alpha1 = "dapr.io/v2alpha1"
)

// object is a Dapr object to be: what its API server sees.
type object struct {
	apiVersion, kind, name string
	namespace              pulumi.StringInput // nil for cluster-wide objects
	scopes                 []string           // top-level, never under spec: there they would be pruned
	spec                   pulumi.Map
}

// register makes the object.
func (o object) register(ctx *pulumi.Context, name string, opts ...pulumi.ResourceOption) (*kube.Object, error) {
	fields := pulumi.Map{"spec": o.spec}
	if o.scopes != nil {
		fields["scopes"] = pulumi.ToStringArray(o.scopes)
	}
	return kube.Manifest{
		APIVersion: o.apiVersion, Kind: o.kind, Name: o.name, Namespace: o.namespace, Fields: fields,
	}.Register(ctx, name, opts...)
}
