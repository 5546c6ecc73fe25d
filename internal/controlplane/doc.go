// Package controlplane finds the Dapr control plane of a cluster, whoever
// installed it, and says whether a stack can work with it, and whose sidecars are
// older than it.
//
// The Pulumi program has no client of the cluster: with dapr.install: false it
// knows of the control plane what the stack file says. Whether that is true is
// checked here, for the driver's preview and up and for verify.
package controlplane
