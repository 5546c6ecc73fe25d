// Command policy is the policy pack: see package pack. The Pulumi engine starts it
// and talks to it.
package main

import (
	"fmt"
	"os"

	"github.com/daprstack/daprstack/policy/pack"
)

func main() {
	if err := pack.Serve(); err != nil {
		fmt.Fprintln(os.Stderr, "policy:", err)
		os.Exit(1)
	}
}
