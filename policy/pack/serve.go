// Package pack is the policy pack as the Pulumi engine talks to it: it applies the
// rules of the data model to the resolved properties of Dapr objects and of workloads
// with a sidecar, whoever wrote them; see docs/reference/policy.md. Command policy serves it,
// and so does the driver.
package pack

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
)

// Serve serves the pack to the engine that started this program.
func Serve() error {
	return policyx.Main(func(*pulumi.Context) (policyx.PolicyPack, error) { return newPack() })
}
