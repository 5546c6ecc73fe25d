//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/daprstack/daprstack/internal/progress"
	"github.com/daprstack/daprstack/toolchain"
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

// daprChart returns the folder of Dapr's chart on this machine.
func daprChart(t *testing.T) string {
	t.Helper()
	tc, err := toolchain.New(checkout(t), progress.New(os.Stderr))
	require.NoError(t, err)
	chart, err := tc.DaprChart(t.Context())
	require.NoError(t, err)
	return chart
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
	r.run(t, "CGO_ENABLED=0 go build -trimpath -o web ./examples/greeter && daprstack local load "+image+"=web")
	// The chart of a stack on another cluster is downloaded, and here there is no network.
	local := " -c dapr.chart.path=" + daprChart(t)
	r.types("preview -s web", "preview -s web"+local)
	r.types("up -s web", "up -s web"+local)
	var said string // by up
	r.read(t, func(output string) { said = output }, "your-own-app-on-your-own-cluster")
	assert.Contains(t, said, "Open the page with: kubectl --context my-cluster -n web port-forward svc/web 8080:8080")

	out := r.run(t, "! daprstack up --yes -s web --context other"+local)
	assert.Contains(t, out, `stack web is deployed on context "my-cluster", not "other": destroy it there first`)
	assert.Len(t, localCluster(t).list(deployments, "web"), 1)
	r.run(t, "daprstack destroy --yes -s web")
	nothingIsLeft(t)
	assert.Empty(t, localCluster(t).names(namespaces, "web"))

	state, err := os.ReadDir(filepath.Join(os.Getenv("XDG_STATE_HOME"), "daprstack"))
	require.NoError(t, err)
	assert.NotEmpty(t, state, "the state is in the user's folder, not the node's")
}
