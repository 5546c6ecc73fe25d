//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/daprstack/daprstack/internal/engine"
	"github.com/daprstack/daprstack/internal/progress"
	"github.com/daprstack/daprstack/internal/stackfile"
	"github.com/daprstack/daprstack/stacks"
	"github.com/daprstack/daprstack/toolchain"
)

// TestSharedCluster: nothing is taken over that others made, nothing of theirs is
// removed, and what is to be kept is found again. The steps build on each other.
func TestSharedCluster(t *testing.T) {
	t.Cleanup(func() {
		if t.Failed() {
			collect(t)
		}
	})
	run(t, "local", "up")
	run(t, "destroy", "--yes")
	for _, step := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"a namespace of others is refused, adopted and left", namespaceOfOthers},
		{"an app of others is refused", appOfOthers},
		{"what others put into the namespace stays", thingsOfOthers},
		{"a second machine is refused", secondMachine},
		{"the data is found after Dapr off and on, and after destroy and up", dataIsKept},
		{"production is protected", production},
		{"a lost state is rebuilt", lostState},
		{"destroy leaves nothing", destroyLeavesNothing},
	} {
		if !t.Run(step.name, step.run) {
			t.FailNow()
		}
	}
}

var configMaps = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}

// create makes an object as somebody else would.
func (c cluster) create(what schema.GroupVersionResource, object *unstructured.Unstructured) {
	c.t.Helper()
	_, err := c.Resource(what).Namespace(object.GetNamespace()).Create(c.t.Context(), object, metav1.CreateOptions{FieldManager: "somebody"})
	require.NoError(c.t, err)
}

func newObject(kind, namespace, name string) *unstructured.Unstructured {
	o := &unstructured.Unstructured{}
	o.SetAPIVersion("v1")
	o.SetKind(kind)
	o.SetNamespace(namespace)
	o.SetName(name)
	if kind == "ConfigMap" { // without a field of its own, nobody manages it
		o.Object["data"] = map[string]any{"some": "thing"}
	}
	return o
}

// plain runs a command on the stack without Dapr, which comes up sooner.
func plain(args ...string) []string { return append(args, "--yes", "-c", "dapr.enabled=false") }

func namespaceOfOthers(t *testing.T) {
	c := localCluster(t)
	c.create(namespaces, newObject("Namespace", "", namespace))
	c.create(configMaps, newObject("ConfigMap", namespace, "theirs"))
	for _, command := range [][]string{plain("up"), {"preview", "-c", "dapr.enabled=false"}} {
		out, err := try(t, command...)
		require.Error(t, err)
		assert.Contains(t, out, "1 object exists on context daprstack-local that stack dev did not make; nothing was changed:\n"+
			"  Namespace todo: made with somebody, since ")
	}
	require.Empty(t, c.list(deployments, namespace))

	out := run(t, append(plain("up"), "--adopt")...)
	assert.Contains(t, out, "For stock Pulumi, add to Pulumi.dev.yaml: daprstack:adopt: [Namespace/todo]")
	everyAppReady(t, "1/1")
	run(t, plain("up")...) // it stays adopted
	run(t, plain("destroy")...)
	assert.Len(t, c.names(configMaps, "theirs"), 1)
	assert.Empty(t, c.list(deployments, namespace))
	left, err := c.Resource(namespaces).Get(t.Context(), namespace, metav1.GetOptions{})
	require.NoError(t, err)
	for label := range left.GetLabels() {
		assert.NotContains(t, label, "daprstack.io/")
	}
}

// appOfOthers: in a namespace that stays, an object of the same name is not the
// stack's either.
func appOfOthers(t *testing.T) {
	c := localCluster(t)
	account := newObject("ServiceAccount", namespace, "backend")
	c.create(serviceAccounts, account)
	out, err := try(t, append(plain("up"), "-c", "createNamespace=false")...)
	require.Error(t, err)
	assert.Contains(t, out, "ServiceAccount todo/backend: unknown, since ")
	require.Empty(t, c.list(deployments, namespace))
	require.NoError(t, c.Resource(namespaces).Delete(t.Context(), namespace, metav1.DeleteOptions{}))
	eventually(t, "the namespace is gone", func(context.Context) string { return strings.Join(c.names(namespaces, namespace), " ") })
}

var serviceAccounts = schema.GroupVersionResource{Version: "v1", Resource: "serviceaccounts"}

func thingsOfOthers(t *testing.T) {
	run(t, plain("up")...)
	c := localCluster(t)
	c.create(configMaps, newObject("ConfigMap", namespace, "theirs"))
	out, err := try(t, plain("destroy")...)
	require.Error(t, err)
	assert.Contains(t, out, "namespace todo would go with 1 object that stack dev did not make; nothing was changed:\n  ConfigMap todo/theirs: made with somebody")
	everyAppReady(t, "1/1")
	run(t, append(plain("destroy"), "--with-what-others-put-there")...)
	assert.Empty(t, c.names(namespaces, namespace))
}

// secondMachine works on the same cluster by another name, with a state of its
// own.
func secondMachine(t *testing.T) {
	run(t, plain("up")...)
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	config, err := clientcmd.LoadFromFile(localKubeconfig(t))
	require.NoError(t, err)
	config.Contexts["same"] = config.Contexts["daprstack-local"]
	kubeconfig := filepath.Join(t.TempDir(), "config")
	require.NoError(t, clientcmd.WriteToFile(*config, kubeconfig))
	for _, command := range []string{"up", "destroy"} {
		out, err := try(t, append(plain(command), "--context", "same", "--kubeconfig", kubeconfig)...)
		require.Error(t, err)
		assert.Contains(t, out, "stack dev is deployed on context same, and this state does not know it")
		assert.Contains(t, out, "PULUMI_BACKEND_URL")
		assert.Contains(t, out, "daprstack recover -s dev")
	}
	everyAppReady(t, "1/1")

	// Nor can a stock Pulumi, which does not ask: the API server refuses it.
	stack := stockStack(t)
	_, err = stack.Up(t.Context())
	require.ErrorContains(t, err, "Apply failed with 1 conflict")
	require.ErrorContains(t, err, ".metadata.labels.daprstack.io/deployment")
	_, err = stack.Destroy(t.Context())
	require.NoError(t, err)
	everyAppReady(t, "1/1")
	run(t, plain("destroy")...)
}

// stockStack returns the stack without Dapr on the engine as a stock Pulumi runs
// it, with a state of its own.
func stockStack(t *testing.T) *auto.Stack {
	t.Helper()
	root := checkout(t)
	project, err := workspace.LoadProject(filepath.Join(root, "Pulumi.yaml"))
	require.NoError(t, err)
	settings, err := workspace.LoadProjectStack(nil, project, filepath.Join(root, "Pulumi.dev.yaml"))
	require.NoError(t, err)
	values, err := stackfile.Load(filepath.Join(root, "Pulumi.yaml"), filepath.Join(root, "Pulumi.dev.yaml"))
	require.NoError(t, err)
	values["daprstack:dapr"] = `{"enabled": false}`
	tc, err := toolchain.New(root, progress.New(os.Stderr))
	require.NoError(t, err)
	tools, err := tc.Ensure(t.Context(), toolchain.Engine...)
	require.NoError(t, err)
	stack, err := engine.Open(t.Context(), engine.Options{
		Project: project, Stack: "dev", Settings: settings, Tools: tools,
		Program: func(map[string]string, ...string) pulumi.RunFunc { return stacks.Program(values) },
		Dir:     t.TempDir(), Kubeconfig: localKubeconfig(t),
	})
	require.NoError(t, err)
	return stack
}

// keep keeps everything that can be kept.
var keep = []string{"--yes", "-c", "keep.namespaces=true", "-c", "keep.crds=true", "-c", "keep.data=true"}

func dataIsKept(t *testing.T) {
	up, destroy := append([]string{"up"}, keep...), append([]string{"destroy"}, keep...)
	run(t, up...)
	title := addTask(t)
	run(t, append(up, "-c", "dapr.enabled=false")...)
	run(t, up...)
	hasTask(t, title)
	run(t, destroy...)
	c := localCluster(t)
	require.Len(t, c.names(crds, "subscriptions.dapr.io"), 1)
	require.Empty(t, c.list(deployments, namespace))
	run(t, up...) // the kept CRDs are no conflict
	hasTask(t, title)
}

// lostState goes on from what the steps before it left, and leaves a rebuilt state
// that was updated and can be destroyed.
func lostState(t *testing.T) {
	title := addTask(t)
	lost := filepath.Join(engineDir, "state")
	require.NoError(t, os.Rename(lost, filepath.Join(t.TempDir(), "state")))
	out, err := try(t, "up", "--yes")
	require.Error(t, err)
	assert.Contains(t, out, "daprstack recover -s dev")

	before := localCluster(t).versions()
	out = run(t, "recover", "--yes")
	assert.Contains(t, out, "0 are not there")
	assert.Equal(t, before, localCluster(t).versions(), "recover changes nothing on the cluster")
	noSecretInState(t)
	everyAppReady(t, "2/2")

	out, err = try(t, "recover", "--yes")
	require.Error(t, err)
	assert.Contains(t, out, "the state knows stack dev already: nothing is lost")

	// The authority is made anew, and everything that trusted the lost one with it.
	run(t, "up", "--yes")
	everyAppReady(t, "2/2")
	hasTask(t, title)
	assert.Contains(t, run(t, "verify", "--quick"), " 0 failed")
	run(t, "preview", "--expect-no-changes")
}

// versions returns the versions of what recover might touch.
func (c cluster) versions() map[string]string {
	c.t.Helper()
	found := map[string]string{}
	for _, what := range []schema.GroupVersionResource{namespaces, deployments, secrets, crds} {
		for _, o := range c.list(what, "") {
			if what != deployments { // their status changes by itself
				found[o.GetKind()+o.GetNamespace()+"/"+o.GetName()] = o.GetResourceVersion()
			} else {
				found[o.GetKind()+o.GetNamespace()+"/"+o.GetName()] = strconv.FormatInt(o.GetGeneration(), 10)
			}
		}
	}
	return found
}

// production: what holds data is refused to go until the stack file says so.
func production(t *testing.T) {
	run(t, "up", "--yes", "-c", "production=true")
	out, err := try(t, "destroy", "--yes")
	require.Error(t, err)
	assert.Contains(t, out, "PersistentVolumeClaim todo/redis-data")
	assert.Contains(t, out, "set production: false and run daprstack up -s dev first")
	everyAppReady(t, "2/2")
	run(t, "up", "--yes")
}

func addTask(t *testing.T) string {
	t.Helper()
	page := localCluster(t).page()
	title := "kept " + time.Now().Format(time.RFC3339Nano)
	eventually(t, "a task is created", func(ctx context.Context) string {
		status, err := call(ctx, http.MethodPost, page+"/api/tasks", map[string]string{"title": title}, nil)
		if err != nil || status != http.StatusCreated {
			return fmt.Sprint(status, err)
		}
		return ""
	})
	return title
}

func hasTask(t *testing.T, title string) {
	t.Helper()
	page := localCluster(t).page()
	eventually(t, "the task is there", func(ctx context.Context) string {
		var tasks any
		status, err := call(ctx, http.MethodGet, page+"/api/tasks", nil, &tasks)
		if err != nil || status != http.StatusOK || !strings.Contains(fmt.Sprint(tasks), title) {
			return fmt.Sprint(status, err, tasks)
		}
		return ""
	})
}
