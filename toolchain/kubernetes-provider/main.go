// Command pulumi-resource-kubernetes is Pulumi's Kubernetes provider 4.25.0.
// Upstream's own main package embeds generated files that its module lacks;
// programs in Go bring the schema with their SDK, so a minimal one serves.
package main

import "github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"

const version = "4.25.0"

func main() {
	provider.Serve("kubernetes", version, []byte(`{"name":"kubernetes","version":"`+version+`"}`), []byte(`{}`))
}
