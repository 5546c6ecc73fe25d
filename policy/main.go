// Command policy is the policy pack: it applies the rules of the data model to
// the resolved properties of Dapr objects and of workloads with a sidecar,
// whoever wrote them. The Pulumi engine starts it and talks to it; see
// docs/reference/policy.md.
package main

import (
	"fmt"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
)

func main() {
	err := policyx.Main(func(*pulumi.Context) (policyx.PolicyPack, error) { return newPack() })
	if err != nil {
		fmt.Fprintln(os.Stderr, "policy:", err)
		os.Exit(1)
	}
}
