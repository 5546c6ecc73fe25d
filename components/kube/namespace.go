package kube

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Namespace is a namespace of the stack.
type Namespace struct {
	*corev1.Namespace

	// Name of the namespace. What uses it waits for the namespace. Even the first
	// preview knows it.
	Name pulumi.StringOutput
}

// NewNamespace makes the namespace called namespace. Its field manager is not
// [Manager] but the provider's default, a new one for each state: a second
// deployment of the stack, from another state, then conflicts on
// [DeploymentLabel], and fails before it makes anything else.
func NewNamespace(ctx *pulumi.Context, name, namespace string, opts ...pulumi.ResourceOption) (*Namespace, error) {
	made, err := corev1.NewNamespace(ctx, name, &corev1.NamespaceArgs{
		Metadata: &metav1.ObjectMetaArgs{Name: pulumi.String(namespace)},
	}, opts...)
	if err != nil {
		return nil, err
	}
	known := pulumi.OutputWithDependencies(ctx.Context(), pulumi.String(namespace).ToStringOutput(), made)
	return &Namespace{Namespace: made, Name: known.(pulumi.StringOutput)}, nil
}
