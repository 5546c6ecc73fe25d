package dapr

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// Existing is a control plane that the cluster has already. Nothing of it is made,
// and nothing waits for it: what is known about it is what the stack file says.
type Existing struct {
	// Version of Dapr that the stack is written for. A change replaces the pods, so
	// that they get the sidecars of a control plane that was upgraded.
	Version string
	// MTLS tells whether sidecars have certificates.
	MTLS bool
}

// Ready returns nothing: it is there already.
func (Existing) Ready() []pulumi.Resource { return nil }

func (e Existing) readBy(string) (pulumi.Input, bool) {
	return pulumi.Map{"version": pulumi.String(e.Version), "mtls": pulumi.Bool(e.MTLS)}, true
}
