// Package kube holds what all Kubernetes objects of a stack share: the provider
// of the one cluster that is touched, the field manager, and the hardening of
// pods. The objects themselves are the typed resources of the Kubernetes SDK.
package kube
