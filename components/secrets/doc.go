// Package secrets makes passwords and the Kubernetes Secrets that hold them.
//
// A password goes random or configuration → secret output → Kubernetes Secret →
// secretKeyRef. It is never in plain text in a component, an annotation, an
// argument list, a log, a preview or the state file.
package secrets
