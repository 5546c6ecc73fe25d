//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/tools/clientcmd"
)

// ownCluster deploys as a person with a cluster does: to a context of their
// kubeconfig, which here names the same node. Once the stack is there, it
// refuses to move to another context, where up would delete it from the first.
func ownCluster(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	config, err := clientcmd.LoadFromFile(localKubeconfig(t))
	require.NoError(t, err)
	node := config.Contexts["daprstack-local"]
	require.NotNil(t, node)
	config.Contexts["mine"], config.Contexts["other"] = node, node
	config.CurrentContext = "other" // must not matter
	kubeconfig := filepath.Join(t.TempDir(), "config")
	require.NoError(t, clientcmd.WriteToFile(*config, kubeconfig))
	on := func(context string, args ...string) []string {
		return append(args, "--yes", "--context", context, "--kubeconfig", kubeconfig)
	}
	plain := []string{"up", "-c", "dapr.enabled=false"}

	run(t, on("mine", plain...)...)
	everyAppReady(t, "1/1")
	out, err := try(t, on("other", plain...)...)
	require.Error(t, err)
	assert.Contains(t, out, `stack dev is deployed on context "mine", not "other": destroy it there first`)
	everyAppReady(t, "1/1")
	run(t, on("mine", "destroy")...)
	assert.Empty(t, localCluster(t).names(namespaces, namespace))

	state, err := os.ReadDir(filepath.Join(os.Getenv("XDG_STATE_HOME"), "daprstack"))
	require.NoError(t, err)
	assert.NotEmpty(t, state, "the state is in the user's folder, not the node's")
}
