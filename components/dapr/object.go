package dapr

import (
	"fmt"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apiextensions"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/components/kube"
)

// The API versions of Dapr's objects.
const (
	v1alpha1 = "dapr.io/v1alpha1"
	v2alpha1 = "dapr.io/v2alpha1"
)

// object describes a Dapr object as the API server sees it.
type object struct {
	apiVersion, kind, name string
	namespace              pulumi.StringInput
	scopes                 []string // top-level, never under spec: there they would be pruned
	spec                   pulumi.Map
}

// register registers the object as a resource.
func (o object) register(ctx *pulumi.Context, name string, opts ...pulumi.ResourceOption) (*apiextensions.CustomResource, error) {
	fields := kubernetes.UntypedArgs{"spec": o.spec}
	if o.scopes != nil {
		fields["scopes"] = pulumi.ToStringArray(o.scopes)
	}
	made, err := apiextensions.NewCustomResource(ctx, name, &apiextensions.CustomResourceArgs{
		ApiVersion: pulumi.String(o.apiVersion), Kind: pulumi.String(o.kind),
		Metadata:    kube.Meta{Name: o.name, Namespace: o.namespace}.Args(ctx),
		OtherFields: fields,
	}, opts...)
	if err != nil {
		return nil, fmt.Errorf("making the %s %q: %w", o.kind, o.name, err)
	}
	return made, nil
}

// single is what all components with one Dapr object share.
type single struct {
	object   object
	resource *apiextensions.CustomResource
}

// make registers the component self, and its object as the child name-role,
// which depends on after.
func (s *single) make(ctx *pulumi.Context, self pulumi.ComponentResource, token, name, role string, o object,
	after []pulumi.Resource, opts []pulumi.ResourceOption,
) error {
	if err := ctx.RegisterComponentResource(token, name, self, opts...); err != nil {
		return fmt.Errorf("registering the %s %q: %w", o.kind, name, err)
	}
	made, err := o.register(ctx, name+"-"+role, pulumi.Parent(self), pulumi.DependsOn(after))
	if err != nil {
		return err
	}
	s.object, s.resource = o, made
	return ctx.RegisterResourceOutputs(self, pulumi.Map{"name": pulumi.String(o.name)})
}

// Ready returns the resources that exist once the object can be used.
func (s *single) Ready() []pulumi.Resource { return []pulumi.Resource{s.resource} }
