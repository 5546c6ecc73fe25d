//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/daprstack/daprstack/internal/engine"
	"github.com/daprstack/daprstack/internal/progress"
	"github.com/daprstack/daprstack/local"
	"github.com/daprstack/daprstack/toolchain"
)

// TestStock works as a user of a stock Pulumi does, in a project of another name
// that pulumi new has made of this repository. The driver and the stock CLI make the
// same state, and each goes on where the other stopped. The steps build on each
// other.
func TestStock(t *testing.T) {
	t.Cleanup(func() {
		if t.Failed() {
			collect(t)
		}
	})
	run(t, "local", "up")
	run(t, "destroy", "--yes")
	s := newStock(t)
	for _, step := range []struct {
		name string
		run  func(*stock, *testing.T)
	}{
		{"bad configuration is refused whole", (*stock).badConfiguration},
		{"a violation of the policy pack is refused", (*stock).badName},
		{"up brings everything up", (*stock).up},
		{"the driver finds nothing to change, and goes on", (*stock).driverGoesOn},
		{"both make the same state", (*stock).sameState},
		{"drift is seen and mended", (*stock).drift},
		{"destroy leaves nothing", (*stock).destroy},
	} {
		if !t.Run(step.name, func(t *testing.T) { step.run(s, t) }) {
			t.FailNow()
		}
	}
}

// stock is a project in which a stock Pulumi works: its CLI is on the PATH, and so is
// the language host.
type stock struct {
	dir    string
	policy string // the pack as a binary
	made   []apitype.ResourceV3
}

func newStock(t *testing.T) *stock {
	t.Helper()
	s := &stock{dir: t.TempDir()}
	tc, err := toolchain.New(checkout(t), progress.New(os.Stderr))
	require.NoError(t, err)
	tools, err := tc.Ensure(t.Context(), append(slices.Clone(toolchain.Engine), toolchain.Policy)...)
	require.NoError(t, err)
	s.policy = tools[toolchain.Policy]
	chart, err := tc.DaprChart(t.Context())
	require.NoError(t, err)

	home := t.TempDir()
	require.NoError(t, engine.InstallTools(home, tools))
	bin := filepath.Join(home, "bin")
	command(t, checkout(t), "go", "build", "-o", filepath.Join(bin, "pulumi-language-go"), "./e2e/langhost")
	for name, value := range map[string]string{
		"PATH":                     bin + string(os.PathListSeparator) + os.Getenv("PATH"),
		"PULUMI_HOME":              home,
		"PULUMI_BACKEND_URL":       "file://" + t.TempDir(),
		"PULUMI_CONFIG_PASSPHRASE": "of the team",
		"PULUMI_SKIP_UPDATE_CHECK": "true",
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
	} {
		t.Setenv(name, value)
	}
	ownKubeconfig(t, "my-cluster", "other")
	s.pulumi(t, "new", copyOfCheckout(t), "--dir", s.dir, "--name", "shop", "--stack", "first", "--yes", "--config", "context="+local.Context)
	s.readme(t, 0, 2) // makes the stack dev
	// The node has Dapr's images and Debian's Redis, and nothing is downloaded.
	s.set(t, "dapr.chart.path", chart)
	s.set(t, "redis.image", "localhost/redis:7.0.15-debian")
	return s
}

// copyOfCheckout copies the files of the checkout that git knows, or would.
func copyOfCheckout(t *testing.T) string {
	t.Helper()
	from, to := checkout(t), t.TempDir()
	files := command(t, from, "git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
	for file := range strings.SplitSeq(strings.TrimRight(files, "\x00"), "\x00") {
		info, err := os.Stat(filepath.Join(from, file))
		require.NoError(t, err)
		content, err := os.ReadFile(filepath.Join(from, file))
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(to, file)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(to, file), content, info.Mode()))
	}
	return to
}

func command(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err, "%s %s", name, strings.Join(args, " "))
	return string(out)
}

// pulumi runs the stock CLI, which must succeed, and returns its output.
func (s *stock) pulumi(t *testing.T, args ...string) string {
	t.Helper()
	out, status := s.tryPulumi(t, args...)
	require.Zero(t, status, "pulumi %s:\n%s", strings.Join(args, " "), out)
	return out
}

func (s *stock) tryPulumi(t *testing.T, args ...string) (string, int) {
	t.Helper()
	return s.try(t, "pulumi", append(args, "--non-interactive")...)
}

// readme runs commands of README, from one to before another, and returns the output
// of the last.
func (s *stock) readme(t *testing.T, from, to int) (out string) {
	t.Helper()
	commands := commandsOf(t, "pulumi stack init dev")
	require.Len(t, commands, 4)
	for _, command := range commands[from:to] {
		args := strings.Fields(command)[1:]
		if args[0] == "up" {
			args = append(args, "--yes")
		}
		out = s.pulumi(t, args...)
	}
	return out
}

// driver runs daprstack in the same folder, which must succeed.
func (s *stock) driver(t *testing.T, args ...string) string {
	t.Helper()
	out, status := s.try(t, filepath.Join(checkout(t), "bin", "daprstack"), append(args, "-s", "dev")...)
	require.Zero(t, status, "daprstack %s:\n%s", strings.Join(args, " "), out)
	return out
}

// try runs a program and returns its output and its exit status.
func (s *stock) try(t *testing.T, name string, args ...string) (string, int) {
	t.Helper()
	start := time.Now()
	cmd := exec.CommandContext(t.Context(), name, args...)
	var out bytes.Buffer
	cmd.Dir, cmd.Stdout = s.dir, io.MultiWriter(&out, os.Stderr)
	cmd.Stderr = cmd.Stdout
	err := cmd.Run()
	t.Logf("%s %s: %s", filepath.Base(name), strings.Join(args, " "), time.Since(start).Round(100*time.Millisecond))
	if cmd.ProcessState == nil {
		require.NoError(t, err)
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

func (s *stock) set(t *testing.T, path, value string) {
	t.Helper()
	s.pulumi(t, "config", "set", "--path", path, value)
}

// badConfiguration: all problems are there, whole, and nothing was made.
func (s *stock) badConfiguration(t *testing.T) {
	s.set(t, "namespaces", "todo")
	s.set(t, "redis.storage", "much")
	out, status := s.tryPulumi(t, "preview")
	assert.NotZero(t, status)
	assert.Contains(t, out, `did you mean "namespace"?`)
	assert.Contains(t, out, "redis.storage")
	assert.NotContains(t, out, "goroutine ")
	assert.NotContains(t, out, "kubernetes:")
	s.pulumi(t, "config", "rm", "namespaces")
	s.pulumi(t, "config", "rm", "--path", "redis.storage")
}

// badName: the pack is a folder or a binary.
func (s *stock) badName(t *testing.T) {
	file := filepath.Join(s.dir, "Pulumi.yaml")
	good, err := os.ReadFile(file)
	require.NoError(t, err)
	bad := bytes.ReplaceAll(good, []byte("appId: frontend-app"), []byte("appId: web"))
	require.NoError(t, os.WriteFile(file, bad, 0o600))
	for _, pack := range []string{"policy", s.policy} {
		out, status := s.tryPulumi(t, "preview", "--policy-pack", pack)
		assert.NotZero(t, status)
		assert.Contains(t, out, "[S-02] Deployment todo/frontend")
	}
	require.NoError(t, os.WriteFile(file, good, 0o600))
}

func (s *stock) up(t *testing.T) {
	assert.Contains(t, s.readme(t, 2, 4), "Outputs:")
	s.nothingToChange(t)
	everyAppReady(t, "2/2")
	taskReachesFeed(t)
	s.made = s.state(t)
}

// nothingToChange, either way.
func (s *stock) nothingToChange(t *testing.T) {
	t.Helper()
	s.pulumi(t, "preview", "--expect-no-changes", "--policy-pack", s.policy)
	s.driver(t, "preview", "--expect-no-changes")
}

func (s *stock) driverGoesOn(t *testing.T) {
	assert.Contains(t, s.driver(t, "verify", "--quick"), " 0 failed")
	s.set(t, "overlay.apps.activity.replicas", "2")
	s.driver(t, "up", "--yes")
	s.nothingToChange(t)
	s.pulumi(t, "config", "rm", "--path", "overlay")
	s.driver(t, "destroy", "--yes")
	assert.Empty(t, localCluster(t).names(namespaces, namespace))
	assert.Empty(t, s.state(t))
}

func (s *stock) sameState(t *testing.T) {
	s.driver(t, "up", "--yes")
	s.nothingToChange(t)
	assert.Equal(t, likeness(t, s.made), likeness(t, s.state(t)))
}

// state returns the resources of the stack's state.
func (s *stock) state(t *testing.T) []apitype.ResourceV3 {
	t.Helper()
	var deployment apitype.DeploymentV3
	var exported apitype.UntypedDeployment
	require.NoError(t, json.Unmarshal([]byte(command(t, s.dir, "pulumi", "stack", "export")), &exported))
	require.NoError(t, json.Unmarshal(exported.Deployment, &deployment))
	return deployment.Resources
}

// likeness returns what two states have in common if they were made by the same
// program: everything but ids, times, and what is random.
func likeness(t *testing.T, resources []apitype.ResourceV3) map[string]any {
	t.Helper()
	same := map[string]any{}
	for _, r := range resources {
		provider := r.Provider[:max(0, strings.LastIndex(r.Provider, "::"))]
		slices.Sort(r.Dependencies)
		same[string(r.URN)] = map[string]any{
			"type": r.Type, "custom": r.Custom, "parent": r.Parent, "provider": provider, "protect": r.Protect,
			"retained": r.RetainOnDelete, "after": r.Dependencies, "inputs": withoutRandom(r.Inputs),
		}
	}
	require.Greater(t, len(same), 90)
	return same
}

// different lists the keys of what differs between two deployments.
var different = []string{
	"ciphertext", "ca.crt", "caBundle", "caCertPem", "certRequestPem", "pulumi.com/patchFieldManager",
	"daprstack.io/deployment", "daprstack.io/root", "daprstack.io/settings",
}

func withoutRandom(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for key := range value {
			if slices.Contains(different, key) {
				value[key] = nil
			} else {
				value[key] = withoutRandom(value[key])
			}
		}
	case []any:
		for i := range value {
			value[i] = withoutRandom(value[i])
		}
	case string:
		return autoNamed.ReplaceAllString(value, "-random")
	}
	return value
}

// autoNamed matches what the engine ends a name with that it makes up.
var autoNamed = regexp.MustCompile("-[0-9a-f]{8}$")

// drift: a plain preview does not look at the cluster, one with --refresh says what
// somebody changed by hand, by its exit code too, and up puts it back.
func (s *stock) drift(t *testing.T) {
	const drifted = 7 // the exit code
	_, err := localCluster(t).Resource(deployments).Namespace(namespace).Patch(t.Context(), "activity", types.MergePatchType,
		[]byte(`{"spec":{"replicas":2}}`), metav1.PatchOptions{FieldManager: "somebody"})
	require.NoError(t, err)
	s.pulumi(t, "preview", "--expect-no-changes")
	_, status := s.tryPulumi(t, "preview", "--refresh", "--expect-no-changes")
	assert.Equal(t, drifted, status)
	s.pulumi(t, "refresh", "--yes")
	s.pulumi(t, "up", "--yes")
	s.pulumi(t, "preview", "--refresh", "--expect-no-changes")
	everyAppReady(t, "2/2")
}

func (s *stock) destroy(t *testing.T) {
	s.pulumi(t, "destroy", "--yes")
	assert.Empty(t, s.state(t))
	nothingIsLeft(t)
	for _, stack := range []string{"dev", "first"} {
		s.pulumi(t, "stack", "rm", stack, "--yes")
	}
}
