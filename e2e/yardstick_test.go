//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/internal/progress"
	"github.com/daprstack/daprstack/toolchain"
)

// TestYardstick compares up with helm and kubectl creating the same objects: in
// turns, on the same empty, ready node with the images loaded, from the command
// until the last pod is ready. YARDSTICK is the number of pairs; without it the
// test is skipped.
func TestYardstick(t *testing.T) {
	pairs, err := strconv.Atoi(os.Getenv("YARDSTICK"))
	if err != nil || pairs < 1 {
		t.Skip("set YARDSTICK=<pairs> to measure: make bench")
	}
	run(t, "local", "up")
	run(t, "destroy", "--yes")
	run(t, "up", "--yes")
	y := newYardstick(t)
	run(t, "destroy", "--yes")

	var ours, theirs []time.Duration
	for i := range pairs {
		ours = append(ours, timed(func() {
			run(t, "up", "--yes", "--no-verify") // helm and kubectl verify nothing either
			y.awaitApps(t)
		}))
		run(t, "destroy", "--yes")
		theirs = append(theirs, timed(func() {
			y.up(t)
			y.awaitApps(t)
		}))
		y.down(t)
		t.Logf("pair %d: up %.1f s, helm and kubectl %.1f s", i+1, ours[i].Seconds(), theirs[i].Seconds())
	}
	t.Logf("median of %d: up %.1f s, helm and kubectl %.1f s, ratio %.2f", pairs,
		median(ours).Seconds(), median(theirs).Seconds(), median(ours).Seconds()/median(theirs).Seconds())
}

func timed(do func()) time.Duration {
	start := time.Now()
	do()
	return time.Since(start)
}

func median(d []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(d))
	return sorted[len(sorted)/2]
}

// yardstick is what the dev stack deploys, as files for helm and kubectl.
type yardstick struct {
	chart     string
	values    string
	objects   string
	workloads []string

	helm, kubectl string
}

const daprNamespace = "dapr-system"

// helmValues are the values that the stack gives the chart; see chartValues in
// components/dapr.
const helmValues = `{
  "global": {"tag": "` + toolchain.DaprVersion + `", "seccompProfile": "RuntimeDefault"},
  "dapr_rbac": {"secretReader": {"enabled": false}},
  "dapr_scheduler": {"cluster": {"storageSize": "1Gi"}},
  "dapr_sidecar_injector": {
    "webhookFailurePolicy": "Fail", "sidecarDropALLCapabilities": true,
    "objectSelector": {"matchLabels": {"daprstack.io/sidecar": "true"}}
  }
}`

// newHelm returns helm and kubectl, with Dapr's chart.
func newHelm(t *testing.T) yardstick {
	t.Helper()
	tc, err := toolchain.New(checkout(t), progress.New(os.Stderr))
	require.NoError(t, err)
	tools, err := tc.Ensure(t.Context(), toolchain.Helm, toolchain.Node)
	require.NoError(t, err)
	kubectl := filepath.Join(t.TempDir(), "kubectl") // the node's binary, under that name
	require.NoError(t, os.Symlink(tools[toolchain.Node], kubectl))

	chart, err := tc.DaprChart(t.Context())
	require.NoError(t, err)
	return yardstick{chart: chart, helm: tools[toolchain.Helm], kubectl: kubectl}
}

// newYardstick takes the objects from the state of the stack, which must be up.
func newYardstick(t *testing.T) yardstick {
	t.Helper()
	y, dir := newHelm(t), t.TempDir()
	y.values, y.objects = dir+"/values.json", dir+"/objects.json"
	var items []any
	for _, r := range stateResources(t) {
		inputs, _ := withoutMarks(r.Inputs).(map[string]any)
		metadata, _ := inputs["metadata"].(map[string]any)
		switch {
		case strings.Contains(r.URN, "::dapr-chart:"), inputs["kind"] == nil: // helm's
		case metadata["name"] == daprNamespace, metadata["namespace"] == daprNamespace: // helm's too
		default:
			items = append(items, inputs)
			if kind := inputs["kind"]; kind == "Deployment" || kind == "StatefulSet" {
				y.workloads = append(y.workloads, fmt.Sprintf("%s/%s", kind, metadata["name"]))
			}
		}
	}
	require.NotEmpty(t, y.workloads)
	require.NoError(t, os.WriteFile(y.values, []byte(helmValues), 0o600))
	// Namespaces first, or their objects cannot be applied.
	slices.SortStableFunc(items, func(a, b any) int {
		return applyOrder(a) - applyOrder(b)
	})
	content, err := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "List", "items": items})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(y.objects, content, 0o600))
	return y
}

// stateResource is a resource in the state of the stack.
type stateResource struct {
	URN    string
	Inputs map[string]any
}

// stateResources returns the resources of the dev stack, secrets included.
func stateResources(t *testing.T) []stateResource {
	t.Helper()
	state := exec.CommandContext(t.Context(), filepath.Join(engineDir, "home", "bin", "pulumi"),
		"stack", "export", "--show-secrets", "--stack", "dev")
	state.Dir = filepath.Join(engineDir, "work")
	state.Env = append(os.Environ(), "PULUMI_HOME="+engineDir+"/home", "PULUMI_BACKEND_URL=file://"+engineDir+"/state",
		"PULUMI_CONFIG_PASSPHRASE_FILE="+engineDir+"/passphrase", "PULUMI_SKIP_UPDATE_CHECK=true")
	out, err := state.Output()
	require.NoError(t, err)
	var export struct {
		Deployment struct{ Resources []stateResource }
	}
	require.NoError(t, json.Unmarshal(out, &export))
	return export.Deployment.Resources
}

func applyOrder(item any) int {
	if item.(map[string]any)["kind"] == "Namespace" {
		return 0
	}
	return 1
}

// withoutMarks removes the engine's marks from a value and reveals its secrets.
func withoutMarks(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if text, ok := v["plaintext"].(string); ok && len(v) == 2 {
			var opened any
			if json.Unmarshal([]byte(text), &opened) == nil {
				return withoutMarks(opened)
			}
		}
		clean := make(map[string]any, len(v))
		for key, value := range v {
			if !strings.HasPrefix(key, "__") {
				clean[key] = withoutMarks(value)
			}
		}
		return clean
	case []any:
		for i := range v {
			v[i] = withoutMarks(v[i])
		}
	}
	return v
}

func (y yardstick) up(t *testing.T) {
	t.Helper()
	y.install(t)
	y.command(t, y.kubectl, "apply", "--server-side", "--filename", y.objects)
}

func (y yardstick) awaitApps(t *testing.T) {
	t.Helper()
	for _, workload := range y.workloads {
		y.command(t, y.kubectl, "rollout", "status", workload, "--namespace", namespace, "--timeout", patience.String())
	}
}

func (y yardstick) down(t *testing.T) {
	t.Helper()
	y.command(t, y.kubectl, "delete", "--wait", "--filename", y.objects)
	y.uninstall(t)
}

// install installs Dapr with helm.
func (y yardstick) install(t *testing.T) {
	t.Helper()
	y.command(t, y.helm, "upgrade", "--install", "dapr", y.chart, "--namespace", daprNamespace, "--create-namespace", "--values", y.values, "--wait")
}

// uninstall removes what helm installed, and what it leaves behind.
func (y yardstick) uninstall(t *testing.T) {
	t.Helper()
	y.command(t, y.helm, "uninstall", "dapr", "--namespace", daprNamespace, "--wait")
	y.command(t, y.kubectl, "delete", "--wait", "--ignore-not-found", "namespace", daprNamespace)
	for _, crd := range localCluster(t).names(crds, "dapr.io") {
		y.command(t, y.kubectl, "delete", "--wait", "crd", crd)
	}
}

// command runs helm or kubectl against the local node.
func (y yardstick) command(t *testing.T, path string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+localKubeconfig(t))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	require.NoErrorf(t, cmd.Run(), "%s %s:\n%s", filepath.Base(path), strings.Join(args, " "), &out)
}
