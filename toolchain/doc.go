// Package toolchain builds the pinned tools that a machine lacks: the Pulumi
// CLI and its providers, the Kubernetes programs, CoreDNS and Dapr. Each folder
// beside this file is a Go module that pins one of them, checksums included.
//
// A tool is built once into a cache outside the checkout, under a key made of
// everything that went in; what is in the cache is whole, because a build
// becomes visible only by the rename that ends it.
//
// The package uses the standard library alone, so that bootstrap, which builds
// everything else, is itself built in a moment.
package toolchain
