// Package app runs one application: Deployment, Service and ServiceAccount, with
// or without a Dapr sidecar.
//
// The application itself is the same either way; a sidecar is annotations and a
// label on its pods.
package app
