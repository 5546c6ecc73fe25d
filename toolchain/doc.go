// Package toolchain builds the pinned tools that a machine lacks: the Pulumi CLI and
// its providers, the programs of Kubernetes, CoreDNS and Dapr. Each folder beside
// this file is a Go module that pins one of them, checksums included.
//
// A tool is built once, into a cache outside the checkout, under a key made of
// everything that goes into the build. A build becomes visible by the rename that
// ends it, so what is in the cache is complete.
//
// The package uses only the standard library, so that bootstrap, which builds
// everything else, builds in no time.
package toolchain
