// Package kube registers Kubernetes objects from small typed descriptions, and
// holds the habits that all of them share: pods without root, without a token,
// with a read-only file system and without capabilities; Services that nobody
// waits for.
//
// It stands in for the API groups of the Kubernetes SDK, of which core/v1 alone
// takes a third of a cold build of the program. The engine sees the same types
// and the same inputs.
package kube
