// Command main is the Pulumi program of the stack: see package stacks.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/stacks"
)

func main() { pulumi.Run(stacks.Deploy) }
