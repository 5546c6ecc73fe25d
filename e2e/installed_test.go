//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/daprstack/daprstack/internal/engine"
	"github.com/daprstack/daprstack/internal/progress"
	"github.com/daprstack/daprstack/local"
	"github.com/daprstack/daprstack/toolchain"
)

// TestInstalled uses the driver as a person has it who downloaded it: the binary
// alone, in a folder of nothing, with a stock pulumi on PATH that keeps its plugins at
// home. For it the local node is a cluster like any other. The steps build on each
// other.
func TestInstalled(t *testing.T) {
	t.Cleanup(func() {
		if t.Failed() {
			collect(t)
		}
	})
	run(t, "local", "up")
	run(t, "destroy", "--yes")
	i := newInstalled(t)
	for _, step := range []struct {
		name string
		run  func(*installed, *testing.T)
	}{
		{"init writes a stack file", (*installed).init},
		{"without a pulumi the error says what to install", (*installed).noPulumi},
		{"render and lint, without a cluster", (*installed).render},
		{"the policy pack is there", (*installed).policies},
		{"up, and everything there is to look at it", (*installed).up},
		{"nothing to change", (*installed).nothingToDo},
		{"destroy leaves nothing", (*installed).destroy},
	} {
		if !t.Run(step.name, func(t *testing.T) { step.run(i, t) }) {
			t.FailNow()
		}
	}
}

// elsewhere is the context of the local node, under which nobody knows what it is.
const elsewhere = "elsewhere"

type installed struct {
	dir, driver string
	kubeconfig  string
	chart       string
}

func newInstalled(t *testing.T) *installed {
	t.Helper()
	i := &installed{dir: t.TempDir(), driver: filepath.Join(t.TempDir(), "daprstack"), kubeconfig: filepath.Join(t.TempDir(), "config")}
	content, err := os.ReadFile(filepath.Join(checkout(t), "bin", "daprstack"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(i.driver, content, 0o755))

	config, err := clientcmd.LoadFromFile(localKubeconfig(t))
	require.NoError(t, err)
	config.Contexts[elsewhere] = config.Contexts[local.Context]
	delete(config.Contexts, local.Context)
	config.CurrentContext = ""
	require.NoError(t, clientcmd.WriteToFile(*config, i.kubeconfig))

	tc, err := toolchain.New(checkout(t), progress.New(os.Stderr))
	require.NoError(t, err)
	tools, err := tc.Ensure(t.Context(), toolchain.Engine...)
	require.NoError(t, err)
	// Nothing is downloaded here: the chart of the repository is this one.
	i.chart, err = tc.DaprChart(t.Context())
	require.NoError(t, err)
	home := t.TempDir()
	require.NoError(t, engine.InstallTools(home, tools))
	for name, value := range map[string]string{
		"PATH":           filepath.Join(home, "bin") + string(os.PathListSeparator) + "/usr/bin:/bin",
		"HOME":           t.TempDir(),
		"XDG_STATE_HOME": t.TempDir(),
		"XDG_CACHE_HOME": t.TempDir(),
		"PULUMI_HOME":    home,
		"KUBECONFIG":     i.kubeconfig,
	} {
		t.Setenv(name, value)
	}
	return i
}

func (i *installed) run(t *testing.T, args ...string) string {
	t.Helper()
	out, err := i.try(t, args...)
	require.NoErrorf(t, err, "daprstack %s:\n%s", strings.Join(args, " "), out)
	return out
}

func (i *installed) try(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), i.driver, args...)
	cmd.Dir = i.dir
	out, err := cmd.CombinedOutput()
	t.Logf("daprstack %s\n%s", strings.Join(args, " "), out)
	return string(out), err
}

func (i *installed) init(t *testing.T) {
	i.run(t, "init", "-s", "dev", "--context", elsewhere, "--namespace", "shop", "--app", "web", "--image", "localhost/todo-activity:dev", "--port", "8001")
	// What the node has instead of a registry and the repository of charts.
	file := filepath.Join(i.dir, "Pulumi.dev.yaml")
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	more := "  dapr: { chart: { path: " + i.chart + " } }\n  redis: { image: 'localhost/redis:7.0.15-debian' }\n" +
		"  stateStores: [{ name: statestore, scopes: [web-app] }]\n"
	require.NoError(t, os.WriteFile(file, append(content, more...), 0o600))
	entries, err := os.ReadDir(i.dir)
	require.NoError(t, err)
	require.Len(t, entries, 1, "the stack file is all there is")
	assert.Contains(t, i.run(t, "version"), toolchain.DaprVersion)
}

func (i *installed) noPulumi(t *testing.T) {
	t.Setenv("PATH", "/usr/bin:/bin")
	out, err := i.try(t, "up", "--yes")
	require.Error(t, err)
	require.Contains(t, out, "no pulumi on PATH, and daprstack needs version "+toolchain.PulumiVersion)
	require.Empty(t, localCluster(t).names(namespaces, "shop"))
}

func (i *installed) render(t *testing.T) {
	t.Setenv("KUBECONFIG", os.DevNull)
	i.run(t, "render", "-o", "manifests")
	rendered, err := filepath.Glob(filepath.Join(i.dir, "manifests", "*", "*"))
	require.NoError(t, err)
	require.Greater(t, len(rendered), 50, "Dapr's chart is among them")
	i.run(t, "lint", "--complete", "manifests")
	require.NoError(t, os.RemoveAll(filepath.Join(i.dir, "manifests")))
}

func (i *installed) policies(t *testing.T) {
	out, err := i.try(t, "up", "--yes", "-c", "apps[0].sidecar.appId=web", "-c", "stateStores[0].scopes[0]=web")
	require.Error(t, err)
	require.Contains(t, out, `[S-02] Deployment shop/web`)
	require.Empty(t, localCluster(t).names(namespaces, "shop"))
}

func (i *installed) up(t *testing.T) {
	require.Contains(t, i.run(t, "preview"), "web")
	i.run(t, "up", "--yes") // and verify
	require.Equal(t, "2/2", localCluster(t).containers("shop")["web"])
	var outputs map[string]any
	require.NoError(t, json.Unmarshal([]byte(i.run(t, "outputs")), &outputs))
	require.Equal(t, "shop", outputs["namespace"])
	i.run(t, "events")
	require.Contains(t, i.run(t, "refresh"), "0 objects drifted")
}

func (i *installed) nothingToDo(t *testing.T) {
	i.run(t, "preview", "--expect-no-changes")
	// A folder of another stack, which for the state is the same one.
	out, err := i.try(t, "up", "--yes", "-c", "namespace=bank")
	require.Error(t, err)
	require.Contains(t, out, `stack dev of project daprstack is deployed in namespace "shop", not "bank"`)
}

func (i *installed) destroy(t *testing.T) {
	i.run(t, "destroy", "--yes")
	node := localCluster(t)
	eventually(t, "the namespaces are gone", func(context.Context) string {
		return strings.Join(append(node.names(namespaces, "shop"), node.names(namespaces, "dapr")...), ", ")
	})
	require.Empty(t, node.names(crds, "dapr.io"))
}
