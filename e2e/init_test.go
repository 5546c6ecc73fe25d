//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	live "github.com/daprstack/daprstack/internal/cluster"
	"github.com/daprstack/daprstack/internal/progress"
	"github.com/daprstack/daprstack/toolchain"
)

const byHand = "byhand"

// TestInitFrom: applications that were applied with kubectl become a stack by the
// commands that init --from prints. Their data stays, and events go on. Redis and the
// control plane are those of the dev stack. Without INIT it is skipped.
func TestInitFrom(t *testing.T) {
	if os.Getenv("INIT") == "" {
		t.Skip("set INIT=1: make e2e-init")
	}
	run(t, "local", "up")
	run(t, "up", "--yes", "--no-verify")
	c := localCluster(t)
	kubectl := kubectl(t)
	c.create(namespaces, newObject("Namespace", "", byHand))
	file := filepath.Join(checkout(t), "Pulumi."+byHand+".yaml")
	t.Cleanup(func() { _ = os.Remove(file) })
	c.create(secrets, c.redisSecret())
	kubectl("apply", "-n", byHand, "-f", filepath.Join("testdata", "byhand.yaml"))
	notes, feed := c.address("notes", 80), c.address("feed", 8001)
	title := "by hand " + time.Now().Format(time.RFC3339Nano)
	eventually(t, "a note is kept", func(ctx context.Context) string {
		status, err := call(ctx, http.MethodPost, notes+"/tasks", map[string]string{"title": title}, nil)
		if err != nil || status != http.StatusCreated {
			return fmt.Sprint(status, err)
		}
		return ""
	})
	shows(t, feed+"/feed", title)

	out := run(t, "init", "--from", "daprstack-local/"+byHand, "-s", byHand)
	require.Contains(t, out, "2 apps, 1 state store, 1 pub/sub, 1 event")
	_, command, found := strings.Cut(out, "\n  kubectl ")
	require.True(t, found, out)
	command, _, _ = strings.Cut(command, "\n")
	kubectl(strings.Fields(command)...)
	require.Equal(t, "--context daprstack-local -n byhand delete deployment/feed deployment/notes service/feed service/notes subscription/created", command)
	run(t, "up", "-s", byHand, "--adopt", "--yes", "--no-verify")
	run(t, "preview", "-s", byHand, "--expect-no-changes")

	notes, feed = c.address("notes", 8000), c.address("feed", 8001)
	shows(t, notes+"/tasks", title)
	shows(t, feed+"/feed", title)
	status, err := call(t.Context(), http.MethodPost, notes+"/tasks", map[string]string{"title": "by the stack"}, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, status)
	shows(t, feed+"/feed", "by the stack")

	run(t, "destroy", "-s", byHand, "--yes")
	require.Len(t, c.list(live.Components, byHand), 2, "what was adopted stays")
	require.NoError(t, c.Resource(namespaces).Delete(t.Context(), byHand, metav1.DeleteOptions{}))
	eventually(t, "the namespace is gone", func(context.Context) string { return strings.Join(c.names(namespaces, byHand), " ") })
}

// kubectl returns a function that runs the kubectl of the toolchain on the local node.
func kubectl(t *testing.T) func(args ...string) {
	t.Helper()
	tc, err := toolchain.New(checkout(t), progress.New(os.Stderr))
	require.NoError(t, err)
	tools, err := tc.Ensure(t.Context(), toolchain.Node)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "kubectl") // the node's binary, under that name
	require.NoError(t, os.Symlink(tools[toolchain.Node], path))
	return func(args ...string) {
		cmd := exec.CommandContext(t.Context(), path, args...)
		cmd.Env = append(os.Environ(), "KUBECONFIG="+localKubeconfig(t))
		out, err := cmd.CombinedOutput()
		require.NoErrorf(t, err, "kubectl %s:\n%s", strings.Join(args, " "), out)
	}
}

// redisSecret returns a Secret with the password of the stack's Redis.
func (c cluster) redisSecret() *unstructured.Unstructured {
	c.t.Helper()
	store, err := c.Resource(live.Components).Namespace(namespace).Get(c.t.Context(), "statestore", metav1.GetOptions{})
	require.NoError(c.t, err)
	items, _, err := unstructured.NestedSlice(store.Object, "spec", "metadata")
	require.NoError(c.t, err)
	for _, item := range items {
		name, found, _ := unstructured.NestedString(item.(map[string]any), "secretKeyRef", "name")
		if !found {
			continue
		}
		secret, err := c.Resource(secrets).Namespace(namespace).Get(c.t.Context(), name, metav1.GetOptions{})
		require.NoError(c.t, err)
		made := newObject("Secret", byHand, "redis")
		made.Object["data"] = secret.Object["data"]
		return made
	}
	c.t.Fatal("the state store has no password")
	return nil
}

// address returns the address of a port of a Service.
func (c cluster) address(service string, port int) string {
	c.t.Helper()
	found, err := c.Resource(services).Namespace(byHand).Get(c.t.Context(), service, metav1.GetOptions{})
	require.NoError(c.t, err)
	ip, _, err := unstructured.NestedString(found.Object, "spec", "clusterIP")
	require.NoError(c.t, err)
	return fmt.Sprintf("http://%s:%d", ip, port)
}

// shows waits until a page has a text.
func shows(t *testing.T, url, text string) {
	t.Helper()
	eventually(t, url+" shows "+text, func(ctx context.Context) string {
		var page any
		status, err := call(ctx, http.MethodGet, url, nil, &page)
		if err != nil || status != http.StatusOK || !strings.Contains(fmt.Sprint(page), text) {
			return fmt.Sprint(status, err, page)
		}
		return ""
	})
}
