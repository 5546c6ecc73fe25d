// Package lint applies the rules of the policy pack to Kubernetes manifests,
// whoever wrote them: files, folders, charts and standard input. It needs
// neither Pulumi nor a cluster.
//
// [Read] turns files into objects that know their lines, [Check] judges the
// objects, and the Write functions print what it found. Nothing of Kubernetes
// or Dapr is contacted.
package lint
