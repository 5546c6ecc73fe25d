package kube

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// Fields converts an object to inputs, so that any field can be set to an output.
// Empty lists are left out: the cluster does not keep them, and every refresh would
// find a difference.
func Fields(object map[string]any) pulumi.Map {
	in := make(pulumi.Map, len(object))
	for key, value := range object {
		switch value := value.(type) {
		case nil:
		case string: // Mark reads the name
			in[key] = pulumi.String(value)
		case map[string]any:
			in[key] = Fields(value)
		case []any:
			if len(value) > 0 {
				in[key] = pulumi.Any(value)
			}
		default:
			in[key] = pulumi.Any(value)
		}
	}
	return in
}
