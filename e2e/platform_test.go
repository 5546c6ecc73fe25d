//go:build e2e

package e2e

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config/rules"
	"github.com/daprstack/daprstack/toolchain"
	"github.com/daprstack/daprstack/verify"
)

// platform selects the stack that is the control plane alone; onPlatform makes an
// environment of the dev stack, which uses it.
var (
	platform   = []string{"--stack", "platform"}
	onPlatform = []string{
		"-c", "dapr.install=false", "-c", "apps[1].callers[0].app=till-app", "-c", "apps[1].callers[0].namespace=shop",
		"-c", "apps[1].callers[0].operations[0].path=/healthz",
	}
)

func with(command string, args ...[]string) []string {
	all := []string{command}
	for _, more := range args {
		all = append(all, more...)
	}
	return all
}

// destroyedAtTheEnd destroys a stack when the test ends, however it does.
func destroyedAtTheEnd(t *testing.T, args ...[]string) {
	t.Helper()
	t.Cleanup(func() {
		out, err := exec.Command(filepath.Join(checkout(t), "bin", "daprstack"), with("destroy", append(args, []string{"--yes"})...)...).CombinedOutput() // t.Context has ended
		require.NoError(t, err, string(out))
	})
}

// TestPlatform: one control plane and two environments of other applications, in
// namespaces of their own. One goes while requests and events run on the other.
func TestPlatform(t *testing.T) {
	run(t, "local", "up")
	run(t, "destroy", "--yes")
	out, err := try(t, with("up", onPlatform, []string{"--yes"})...)
	require.Error(t, err)
	require.Contains(t, out, "the cluster has no Dapr control plane: bring up the stack that installs it")

	destroyedAtTheEnd(t, platform)
	run(t, with("up", platform, []string{"--yes"})...)
	c := localCluster(t)
	require.Empty(t, c.names(namespaces, namespace), "it has no namespace of applications")
	s := newShop(t)
	run(t, with("up", onPlatform, []string{"--yes"})...)
	s.open(shopFile, "dapr.install=false", "apps[0].invokes[1]=backend-app.todo")
	for _, step := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"all three verify", func(t *testing.T) {
			for _, stack := range [][]string{platform, onPlatform, s.args} {
				failed, report := verified(t, append(stack, "--quick")...)
				require.Empty(t, lines(failed))
				require.Contains(t, notes(report), "Dapr "+toolchain.DaprVersion+" in namespace "+daprNamespace+", installed by the stack daprstack-platform, mTLS on, trust domain cluster.local")
			}
		}},
		{"an app calls one of the other environment, what that lets it", func(t *testing.T) {
			for path, want := range map[string]int{
				"backend-app.todo/method/healthz":      http.StatusOK,
				"backend-app.todo/method/tasks":        http.StatusForbidden,
				"activity-app.todo/method/healthz":     http.StatusForbidden,
				"no-such-app.todo/method/healthz":      http.StatusInternalServerError,
				"backend-app.todo/method/healthz/../x": http.StatusForbidden,
			} {
				answer, err := s.sidecarOf("till").Get("http://localhost/v1.0/invoke/" + path)
				require.NoError(t, err)
				answer.Body.Close()
				require.Equal(t, want, answer.StatusCode, path)
			}
		}},
		{"the platform stays while it is used", func(t *testing.T) {
			out, err := try(t, with("destroy", platform, []string{"--yes"})...)
			require.Error(t, err)
			require.Contains(t, out, "namespace shop, made by the stack daprstack-shop: "+toolchain.DaprVersion+" of kitchen-app, ledger-app, till-app")
			require.Contains(t, out, "namespace todo, made by the stack daprstack-dev: "+toolchain.DaprVersion+" of activity-app, backend-app, frontend-app")
		}},
		{"an upgraded platform says whose sidecars are older", func(t *testing.T) { upgradedPlatform(t, s) }},
		{"what it cannot work with is refused, all at once", func(t *testing.T) {
			out, err := try(t, with("preview", []string{"-c", "dapr.install=false", "-c", "dapr.mtls=false", "-c", "dapr.version=1.17.5", "-c", "dapr.namespace=elsewhere"})...)
			require.Error(t, err)
			require.Contains(t, out, "it is in namespace dapr-system, the stack file says dapr.namespace: elsewhere")
			require.Contains(t, out, "it is of Dapr "+upgraded+", and the stack file was checked against 1.17.5")
			require.Contains(t, out, "its mTLS is on, the stack file says dapr.mtls: false")
		}},
		{"one environment goes under the load of the other", func(t *testing.T) {
			s.t = t
			requests, failed := s.underLoad(func() { run(t, with("destroy", onPlatform, []string{"--yes"})...) })
			require.Greater(t, requests, 50)
			require.Zero(t, failed, "requests that failed")
			require.Empty(t, c.names(namespaces, namespace))
		}},
		{"the other one is as it was", func(t *testing.T) {
			s.t = t
			run(t, with("preview", platform, toUpgraded, []string{"--expect-no-changes"})...)
			s.run("preview", "--expect-no-changes")
			failed, _ := verified(t, append(s.args, "--quick")...)
			require.Equal(t, "till-app → backend-app.todo: it has a ready sidecar there: no sidecar with the app-id backend-app is ready in the namespace todo", lines(failed))
		}},
	} {
		if !t.Run(step.name, step.run) {
			t.FailNow()
		}
	}
}

// upgraded is a version that the node has by name only: its images are those of the
// pinned one.
const upgraded = "1.18.99"

var toUpgraded = []string{"-c", "dapr.version=" + upgraded}

// upgradedPlatform upgrades the control plane, and then one of the environments.
func upgradedPlatform(t *testing.T, s *shop) {
	for _, name := range []string{"operator", "injector", "sentry", "placement", "scheduler", "daprd"} {
		image := "ghcr.io/dapr/" + name + ":"
		out, err := exec.CommandContext(t.Context(), "ctr", "--address", containerd, "--namespace", "k8s.io",
			"images", "tag", "--force", image+toolchain.DaprVersion, image+upgraded).CombinedOutput()
		require.NoError(t, err, string(out))
	}
	const (
		older = "Sidecars older than the control plane, Dapr " + upgraded + ": namespace "
		shop  = "shop, made by the stack daprstack-shop: " + toolchain.DaprVersion + " of kitchen-app, ledger-app, till-app"
		todo  = "todo, made by the stack daprstack-dev: " + toolchain.DaprVersion + " of activity-app, backend-app, frontend-app"
	)
	for _, command := range []string{"preview", "up"} {
		args := with(command, platform, toUpgraded)
		if command == "up" {
			args = append(args, "--yes")
		}
		out := run(t, args...)
		require.Contains(t, out, older+shop)
		require.Contains(t, out, older+todo)
	}
	failed, report := verified(t, append(s.args, "--quick")...)
	require.Empty(t, lines(failed), "older sidecars work")
	require.Contains(t, notes(report), "older than Dapr "+upgraded+": namespace "+shop+
		"; to replace the pods, set dapr.version: "+upgraded+" in their stack and run up")

	// The binary still calls itself by the pinned version, so it is not verified.
	run(t, with("up", onPlatform, toUpgraded, []string{"--yes", "--no-verify"})...)
	out := run(t, with("preview", platform, toUpgraded, []string{"--expect-no-changes"})...)
	require.Contains(t, out, older+shop)
	require.NotContains(t, out, "namespace todo", "its pods were replaced")
}

// sidecarOf returns a client of the sidecar of an app.
func (s *shop) sidecarOf(app string) *http.Client {
	return s.client.HTTP(s.stack.Namespace, s.pods(s.stack.Namespace, app)[0].Name, rules.SidecarPorts[0])
}

// underLoad publishes events and invokes an app through the sidecars while do runs.
// No event may be refused or lost; it returns how many invocations there were, and
// how many of them failed.
func (s *shop) underLoad(do func()) (requests, failed int) {
	s.t.Helper()
	sidecar := s.sidecarOf("till")
	invoke := func() bool {
		answer, err := sidecar.Get("http://localhost/v1.0/invoke/kitchen-app/method/echo")
		if err != nil {
			s.t.Log(err)
			return false
		}
		answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	}
	ctx, cancel := context.WithCancel(s.t.Context())
	var invoking sync.WaitGroup
	invoking.Go(func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			requests++
			if !invoke() {
				failed++
			}
			<-tick.C
		}
	})
	events, stop := s.start([]string{"one environment goes"})
	do()
	stop()
	cancel()
	invoking.Wait()
	s.settled()
	events.dead = s.deadLetters()
	s.t.Logf("%d requests, %d failed\n%s", requests, failed, events.table())
	sum := events.sum()
	require.Zero(s.t, sum.refused, "events that were refused")
	require.Zero(s.t, sum.lost, "lost events")
	require.Greater(s.t, sum.acknowledged, 100)
	return requests, failed
}

// notes returns what the checks of a report say beside that they passed.
func notes(r verify.Report) (all []string) {
	for _, result := range r.Results {
		all = append(all, result.Details...)
	}
	return all
}

// TestHelmControlPlane: Dapr is there already, from Helm, with the values that its
// chart has by default.
func TestHelmControlPlane(t *testing.T) {
	run(t, "local", "up")
	run(t, "destroy", "--yes")
	y := newHelm(t)
	y.values = filepath.Join(t.TempDir(), "values.json")
	require.NoError(t, os.WriteFile(y.values, []byte(`{"global": {"tag": "`+toolchain.DaprVersion+`"}, "dapr_scheduler": {"cluster": {"storageSize": "1Gi"}}}`), 0o600))
	defer y.uninstall(t)
	y.install(t)
	t.Run("a stack uses it", func(t *testing.T) {
		s := openShop(t, "dapr.install=false")
		failed, report := verified(t, append(s.args, "--quick")...)
		require.Empty(t, lines(failed))
		require.Contains(t, notes(report), "Dapr "+toolchain.DaprVersion+" in namespace "+daprNamespace+", installed by the Helm release dapr, mTLS on, trust domain cluster.local")
		s.eventArrives(t)
		s.run("preview", "--expect-no-changes")
	})
}
