package kube

import (
	"fmt"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/utilities"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Cluster is the provider of one cluster.
type Cluster struct {
	pulumi.ProviderResourceState
}

// NewCluster makes the provider of the cluster behind a kubeconfig context. The
// provider itself reads the kubeconfig, from where its environment points; it
// never enters the state. The provider of the Kubernetes SDK would copy
// KUBECONFIG into its inputs: another machine, or another place for the file,
// would then be taken for another cluster.
func NewCluster(ctx *pulumi.Context, name, context string, opts ...pulumi.ResourceOption) (*Cluster, error) {
	c := &Cluster{}
	err := ctx.RegisterResource("pulumi:providers:kubernetes", name,
		pulumi.Map{"context": pulumi.String(context)}, c, utilities.PkgResourceDefaultOpts(opts)...)
	if err != nil {
		return nil, fmt.Errorf("using the cluster of context %q: %w", context, err)
	}
	return c, nil
}
