//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const namespace = "todo"

// TestDevStack goes through the life of the dev stack. The steps build on each
// other, so the first failure ends the test.
func TestDevStack(t *testing.T) {
	t.Cleanup(func() {
		if t.Failed() {
			collect(t)
		}
	})

	steps := []struct {
		name string
		run  func(*testing.T)
	}{
		{"start from nothing", func(t *testing.T) { run(t, "local", "down") }},
		{"disk full", fullDisk},
		{"node comes up", func(t *testing.T) { run(t, "local", "up") }},
		{"local up again changes nothing", func(t *testing.T) { run(t, "local", "up") }},
		{"bad input changes nothing", badInput},
		{"interrupted up continues", interruptedUp},
		{"stack comes up", func(t *testing.T) { run(t, "up", "--yes") }},
		{"README leads around", readmeTryIt},
		{"the manifests are those of up", manifestsAreThoseOfUp},
		{"every app has its sidecar", func(t *testing.T) { everyAppReady(t, "2/2") }},
		{"a task reaches the feed", taskReachesFeed},
		{"page works in a browser", pageInBrowser},
		{"verify proves the stack", verifyProvesTheStack},
		{"verify finds what is broken", verifyFindsWhatIsBroken},
		{"a dead letter is put back once", deadLetter},
		{"second up has nothing to do", func(t *testing.T) { run(t, "preview", "--expect-no-changes") }},
		{"refresh finds no drift", func(t *testing.T) { run(t, "refresh", "--expect-no-changes") }},
		{"no secret in plain text in the state", noSecretInState},
		{"an interrupted change is taken back", interruptedChange},
		{"certificates are renewed", certificatesAreRenewed},
		{"Dapr off", daprOff},
		{"Dapr on again", func(t *testing.T) {
			run(t, "up", "--yes")
			everyAppReady(t, "2/2")
			taskReachesFeed(t)
		}},
		{"killed node recovers with its data", killedNode},
		{"destroy leaves nothing", destroyLeavesNothing},
		{"own cluster by its context", ownCluster},
		{"local down leaves no trace", nodeGoes},
		{"checkout is clean", func(t *testing.T) {
			out, err := exec.CommandContext(t.Context(), "git", "-C", checkout(t), "status", "--porcelain").Output()
			require.NoError(t, err)
			assert.Empty(t, string(out))
		}},
	}
	for _, step := range steps {
		if !t.Run(step.name, step.run) {
			t.FailNow()
		}
	}
}

// collect logs what a person would look at first after a failure.
func collect(t *testing.T) {
	t.Helper()
	if out, err := driver(t, "local", "status").CombinedOutput(); err == nil {
		t.Logf("local status:\n%s", out)
	}
}

func badInput(t *testing.T) {
	cases := []struct {
		name string
		args []string
		want []string
	}{
		{"unknown key", []string{"-c", "dapr.enabledd=true"}, []string{"dapr.enabledd", "enabled"}},
		{"wrong type", []string{"-c", "apps[0].port=http"}, []string{"apps[0].port"}},
		{"unknown app in a scope", []string{"-c", "stateStores[0].scopes[0]=nobody-app"}, []string{"stateStores[0].scopes[0]", "[T-09]"}},
		{"port out of range", []string{"-c", "apps[0].port=70000"}, []string{"apps[0].port"}},
		{"app-id with capitals", []string{"-c", "apps[0].sidecar.appId=Frontend-App"}, []string{"apps[0].sidecar.appId", "[S-01]"}},
		{"two apps, one app-id", []string{"-c", "apps[0].sidecar.appId=backend-app"}, []string{"backend-app", "[S-03]"}},
		{"no context named", []string{"-c", "context="}, []string{"no cluster is named", "daprstack:context"}},
		{"context that is not there", []string{"--context", "nowhere"}, []string{"nowhere"}},
		{"missing chart", []string{"-c", "dapr.chart.path=/nonexistent/chart"}, []string{"/nonexistent/chart"}},
		{"no such stack", []string{"-s", "nosuch"}, []string{"nosuch"}},
	}
	c := localCluster(t)
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			out, err := try(t, append([]string{"up", "--yes"}, tc.args...)...)
			require.Error(t, err, out)
			for _, want := range tc.want {
				assert.Contains(t, out, want)
			}
			assert.NotContains(t, out, "goroutine ", "a stack trace")
		})
	}
	assert.Empty(t, c.names(namespaces, namespace))
	assert.Empty(t, c.names(crds, "dapr.io"))

	t.Run("unreachable cluster", func(t *testing.T) {
		kubeconfig := t.TempDir() + "/config"
		content := strings.NewReplacer("NAME", "far").Replace(`{"apiVersion":"v1","kind":"Config",
"clusters":[{"name":"NAME","cluster":{"server":"https://127.0.0.1:1"}}],
"users":[{"name":"NAME","user":{}}],
"contexts":[{"name":"NAME","context":{"cluster":"NAME","user":"NAME"}}]}`)
		require.NoError(t, os.WriteFile(kubeconfig, []byte(content), 0o600))
		out, err := try(t, "up", "--yes", "--context", "far", "--kubeconfig", kubeconfig)
		require.Error(t, err)
		assert.Contains(t, out, `cluster of context "far" can't be used`)
	})
}

// interruptedUp ends up halfway through, by Ctrl-C and by killing the driver
// and the engine. Twice, destroy must then find everything that was created;
// after the last interruption the next step, a plain up, must continue from
// there.
func interruptedUp(t *testing.T) {
	c := localCluster(t)
	interrupt := func(what string, end func(pid int), exists func() bool) {
		t.Helper()
		cmd := driver(t, "up", "--yes")
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		require.NoError(t, cmd.Start())
		eventually(t, what, func(context.Context) string {
			if exists() {
				return ""
			}
			return "not there yet"
		})
		end(cmd.Process.Pid)
		hangs := time.AfterFunc(patience, func() {
			t.Errorf("up is still running %s after it was interrupted; stack traces:", patience)
			_ = syscall.Kill(cmd.Process.Pid, syscall.SIGQUIT)
		})
		require.Error(t, cmd.Wait(), "up finished before it was interrupted")
		hangs.Stop()
	}
	interrupt("the namespace appears", func(pid int) {
		require.NoError(t, syscall.Kill(pid, syscall.SIGINT))
	}, func() bool { return len(c.names(namespaces, namespace)) > 0 })

	kill := func(pid int) {
		// The engine first, so that it gets no chance to notice.
		for _, child := range children(t, pid) {
			require.NoError(t, syscall.Kill(child, syscall.SIGKILL))
		}
		require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	}
	interrupt("the control plane is being installed", kill, func() bool { return len(c.names(roles, "dapr-")) > 0 })
	destroyLeavesNothing(t)
	interrupt("a pod holds the volume of Redis", kill, func() bool { return len(c.names(pods, "redis-master-")) > 0 })
	destroyLeavesNothing(t)
	interrupt("the control plane appears", kill, func() bool { return len(c.names(crds, "components.dapr.io")) > 0 })
}

// interruptedChange kills up while it waits for an image that nobody has and for a
// program that does not listen on the port of its app, after it has said so. The next
// up notices, though the state does not know of the change.
func interruptedChange(t *testing.T) {
	out := &sharedBuffer{}
	cmd := driver(t, "up", "--yes", "-c", "apps[1].image=localhost/nobody-has-it:1", "-c", "apps[2].image=localhost/redis:7.0.15-debian")
	cmd.Stdout, cmd.Stderr = out, out
	require.NoError(t, cmd.Start())
	eventually(t, "up says which image is missing, and where nothing listens", func(context.Context) string {
		if said := out.String(); !strings.Contains(said, "ErrImagePull") || !strings.Contains(said, "is it the port of the application?") {
			return "so far: " + said
		}
		return ""
	})
	for _, child := range children(t, cmd.Process.Pid) {
		require.NoError(t, syscall.Kill(child, syscall.SIGKILL))
	}
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())
	assert.Contains(t, out.String(), "app backend: updating Deployment backend")

	assert.Contains(t, run(t, "up", "--yes"), "The last run was interrupted")
	everyAppReady(t, "2/2")
	c := localCluster(t)
	for _, d := range c.list(deployments, namespace) {
		text, err := json.Marshal(d.Object)
		require.NoError(t, err)
		assert.NotContains(t, string(text), "nobody-has-it")
	}
}

// children returns the processes that a process started itself.
func children(t *testing.T, pid int) []int {
	t.Helper()
	out, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	require.NoError(t, err)
	var pids []int
	for field := range strings.FieldsSeq(string(out)) {
		var child int
		_, err := fmt.Sscan(field, &child)
		require.NoError(t, err)
		pids = append(pids, child)
	}
	return pids
}

func everyAppReady(t *testing.T, want string) {
	t.Helper()
	c := localCluster(t)
	eventually(t, "every app "+want, func(context.Context) string {
		found := c.containers(namespace)
		for _, app := range []string{"frontend", "backend", "activity"} {
			if found[app] != want {
				return fmt.Sprint(found)
			}
		}
		return ""
	})
}

// taskList is the response of the page's API.
type taskList struct {
	Tasks []struct {
		Title string `json:"title"`
	} `json:"tasks"`
}

// taskReachesFeed creates a task through the page's API. With Dapr on, it
// passes the sidecars of frontend and backend, and its event passes Redis
// Streams and the sidecar of activity before the feed shows it.
func taskReachesFeed(t *testing.T) {
	t.Helper()
	page := localCluster(t).page()
	title := "e2e " + time.Now().Format(time.RFC3339Nano)
	eventually(t, "a task is created", func(ctx context.Context) string {
		status, err := call(ctx, http.MethodPost, page+"/api/tasks", map[string]string{"title": title}, nil)
		if err != nil || status != http.StatusCreated {
			return fmt.Sprint(status, err)
		}
		return ""
	})
	eventually(t, "the task is in the feed", func(ctx context.Context) string {
		var feed any
		status, err := call(ctx, http.MethodGet, page+"/api/feed", nil, &feed)
		if err != nil || status != http.StatusOK || !strings.Contains(fmt.Sprint(feed), title) {
			return fmt.Sprint(status, err, feed)
		}
		return ""
	})
}

// noSecretInState searches every file of the engine's folder and the node's
// logs for the password of Redis and the key of Dapr's certificate authority.
// The node's etcd, which holds Secrets by nature, is not among them.
func noSecretInState(t *testing.T) {
	c := localCluster(t)
	var found []string
	for _, key := range []string{"password", "issuer.key"} {
		for _, secret := range append(c.list(secrets, namespace), c.list(secrets, "dapr-system")...) {
			value := secretValue(t, secret, key)
			if value == "" {
				continue
			}
			found = append(found, key)
			longest := slices.MaxFunc(strings.Split(value, "\n"), func(a, b string) int { return len(a) - len(b) })
			out, err := exec.CommandContext(t.Context(), "grep", "-rlF", "--", longest, engineDir, nodeLogs).Output()
			var exit *exec.ExitError
			require.ErrorAs(t, err, &exit, "%s of %s in plain text in:\n%s", key, secret.GetName(), out)
			require.Equal(t, 1, exit.ExitCode())
		}
	}
	require.Equal(t, []string{"password", "issuer.key"}, found)
}

func daprOff(t *testing.T) {
	run(t, "up", "--yes", "-c", "dapr.enabled=false")
	c := localCluster(t)
	everyAppReady(t, "1/1")
	taskReachesFeed(t)
	failed, _ := verified(t, "-c", "dapr.enabled=false")
	assert.Empty(t, failed)
	assert.Empty(t, c.names(crds, "dapr.io"))
	assert.Empty(t, c.names(namespaces, "dapr"))
	assert.Empty(t, c.names(webhooks, "dapr"))
	for _, pod := range c.list(pods, namespace) {
		for name := range pod.GetAnnotations() {
			assert.NotContains(t, name, "dapr.io/")
		}
		assert.NotContains(t, pod.GetName(), "redis")
	}
	breakEach(t, []breakage{
		{name: "a Dapr annotation", resource: deployments, object: "frontend",
			change: set("true", "spec", "template", "metadata", "annotations", "dapr.io/enabled"),
			want:   []string{"no Dapr object, annotation or sidecar is left: pod frontend-"}},
		{name: "a peer at another address, without Dapr", resource: deployments, object: "frontend", change: otherPeer,
			want: []string{"frontend: it finds its peers by its variables: pod frontend-"}},
	}, "-c", "dapr.enabled=false")
}

// killedNode kills everything that the node runs, as a crash of the machine
// would, and expects the tasks to be there afterwards.
func killedNode(t *testing.T) {
	page := localCluster(t).page()
	var before taskList
	_, err := call(t.Context(), http.MethodGet, page+"/api/tasks", nil, &before)
	require.NoError(t, err)
	require.NotEmpty(t, before.Tasks)

	for _, pid := range nodeProcesses(t) {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may be gone already: one ends the next
	}
	run(t, "local", "up")
	everyAppReady(t, "2/2")
	eventually(t, "the tasks are there again", func(ctx context.Context) string {
		var after taskList
		status, err := call(ctx, http.MethodGet, page+"/api/tasks", nil, &after)
		if err != nil || len(after.Tasks) != len(before.Tasks) {
			return fmt.Sprint(status, err, after)
		}
		return ""
	})
}

func destroyLeavesNothing(t *testing.T) {
	run(t, "destroy", "--yes")
	nothingIsLeft(t)
}

func nothingIsLeft(t *testing.T) {
	t.Helper()
	c := localCluster(t)
	assert.Empty(t, c.names(namespaces, namespace))
	assert.Empty(t, c.names(namespaces, "dapr"))
	assert.Empty(t, c.names(crds, "dapr.io"))
	assert.Empty(t, c.names(roles, "dapr-"))
	assert.Empty(t, c.names(bindings, "dapr-"))
	assert.Empty(t, c.names(webhooks, "dapr"))
	eventually(t, "volumes are gone", func(context.Context) string {
		return strings.Join(c.names(volumes, ""), " ")
	})
}
