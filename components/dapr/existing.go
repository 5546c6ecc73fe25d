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

// Elsewhere is what sidecars read of components that are made in another place,
// such as another component of a program in another language. It is a digest of
// [Reads]; a change replaces the pods.
type Elsewhere struct{ Digest pulumi.StringInput }

// Ready returns nothing: whoever has the digest has waited.
func (Elsewhere) Ready() []pulumi.Resource { return nil }

func (e Elsewhere) readBy(string) (pulumi.Input, bool) { return e.Digest, true }

func (e Existing) readBy(string) (pulumi.Input, bool) {
	return pulumi.Map{"version": pulumi.String(e.Version), "mtls": pulumi.Bool(e.MTLS)}, true
}
