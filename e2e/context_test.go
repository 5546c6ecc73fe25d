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

// ownKubeconfig sets a kubeconfig as a person has one: with contexts, all of which
// name the local node here, and another one of them as the current.
func ownKubeconfig(t *testing.T, contexts ...string) {
	t.Helper()
	config, err := clientcmd.LoadFromFile(localKubeconfig(t))
	require.NoError(t, err)
	node := config.Contexts["daprstack-local"]
	require.NotNil(t, node)
	for _, name := range contexts {
		config.Contexts[name] = node
		config.CurrentContext = name // must not matter
	}
	path := filepath.Join(t.TempDir(), "config")
	require.NoError(t, clientcmd.WriteToFile(*config, path))
	t.Setenv("KUBECONFIG", path)
}

// ownCluster deploys as README says to a person with an application and a cluster.
// Once the stack is there, it refuses to move to another context, where up would
// delete it from the first.
func ownCluster(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	ownKubeconfig(t, "my-cluster", "other")
	r := newReader(t, "README.md")
	const image = "localhost/web:1.0.0"
	r.types("registry.example.com/web:1.0.0", image)
	r.run(t, "CGO_ENABLED=0 go build -trimpath -o web ./examples/greeter && bin/daprstack local load "+image+"=web")
	var said string // by up
	r.read(t, func(output string) { said = output }, "your-own-app-on-your-own-cluster")
	assert.Contains(t, said, "Open the page with: kubectl --context my-cluster -n web port-forward svc/web 8080:8080")

	out := r.run(t, "! bin/daprstack up -s web --context other --yes")
	assert.Contains(t, out, `stack web is deployed on context "my-cluster", not "other": destroy it there first`)
	assert.Len(t, localCluster(t).list(deployments, "web"), 1)
	r.run(t, "bin/daprstack destroy -s web --yes")
	nothingIsLeft(t)
	assert.Empty(t, localCluster(t).names(namespaces, "web"))

	state, err := os.ReadDir(filepath.Join(os.Getenv("XDG_STATE_HOME"), "daprstack"))
	require.NoError(t, err)
	assert.NotEmpty(t, state, "the state is in the user's folder, not the node's")
}
