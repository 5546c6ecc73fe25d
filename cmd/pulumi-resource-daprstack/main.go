// Command pulumi-resource-daprstack offers the components to Pulumi programs in
// other languages: see package provider. The engine starts it.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/daprstack/daprstack/internal/version"
	"github.com/daprstack/daprstack/provider"
)

func main() {
	if err := provider.New().Run(context.Background(), provider.Package, version.Get().Number()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
