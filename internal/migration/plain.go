package migration

// What the API server writes into the metadata of every object, and what tools that
// apply manifests write there.
var (
	serverKeys      = []string{"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink", "ownerReferences"}
	toolAnnotations = []string{
		"kubectl.kubernetes.io/last-applied-configuration", "deployment.kubernetes.io/revision",
		"meta.helm.sh/release-name", "meta.helm.sh/release-namespace",
	}
)

// Strip removes from an object what the API server and the tools that apply manifests
// write.
func Strip(fields map[string]any) {
	delete(fields, "status")
	metadata, _ := fields["metadata"].(map[string]any)
	for _, key := range serverKeys {
		delete(metadata, key)
	}
	annotations, _ := metadata["annotations"].(map[string]any)
	for _, key := range toolAnnotations {
		delete(annotations, key)
	}
	if len(annotations) == 0 {
		delete(metadata, "annotations")
	}
}
