package upstream

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// clusterWide lists the kinds of the stacks that are in no namespace.
var clusterWide = []string{
	"Namespace", "CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding", "MutatingWebhookConfiguration",
	"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
}

// TestOrder: namespaces come first, then CRDs, and every other object after the
// Deployments of the control plane that it needs; each in its namespace.
func TestOrder(t *testing.T) {
	for _, stack := range stacks {
		all := objects(t, stack)
		ranks := make([]int, len(all))
		serves := -1 // where the injector is, without which no pod gets a sidecar
		for i, o := range all {
			require.Equal(t, slices.Contains(clusterWide, o.GetKind()), o.GetNamespace() == "", "stack %s: %s %s", stack, o.GetKind(), o.GetName())
			switch {
			case o.GetKind() == "CustomResourceDefinition":
				ranks[i] = 1
			case o.GetKind() != "Namespace":
				ranks[i] = 2
			}
			if o.GetName() == "dapr-sidecar-injector" && o.GetKind() == "Deployment" {
				serves = i
			}
			if strings.HasPrefix(o.GetAPIVersion(), "dapr.io/") && o.GetName() != "daprsystem" {
				require.Greater(t, i, serves, "stack %s: %s %s", stack, o.GetKind(), o.GetName())
				require.NotEqual(t, -1, serves, stack)
			}
		}
		require.True(t, slices.IsSorted(ranks), stack)
	}
}

// TestSameBytes: a second render, with the chart, is the first one.
func TestSameBytes(t *testing.T) {
	path, err := filepath.Abs(driver)
	require.NoError(t, err)
	cmd := exec.Command(path, "render", "-s", "prod")
	cmd.Dir = checkout
	again, err := cmd.Output()
	require.NoError(t, err)
	require.True(t, bytes.Equal(render(t, "prod"), again))
}
