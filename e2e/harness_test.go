//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// patience limits every wait; what is waited for normally takes seconds.
const patience = 3 * time.Minute

func checkout(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("..")
	require.NoError(t, err)
	return dir
}

// run runs the driver and returns its output. The driver must succeed.
func run(t *testing.T, args ...string) string {
	t.Helper()
	out, err := try(t, args...)
	require.NoErrorf(t, err, "daprstack %s:\n%s", strings.Join(args, " "), out)
	return out
}

// try runs the driver and returns its output, which is also shown as it comes.
func try(t *testing.T, args ...string) (string, error) {
	t.Helper()
	start := time.Now()
	cmd := driver(t, args...)
	var out bytes.Buffer
	cmd.Stdout = io.MultiWriter(&out, os.Stderr)
	cmd.Stderr = cmd.Stdout
	err := cmd.Run()
	t.Logf("daprstack %s: %s", strings.Join(args, " "), time.Since(start).Round(100*time.Millisecond))
	return out.String(), err
}

func driver(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	root := checkout(t)
	cmd := exec.CommandContext(t.Context(), filepath.Join(root, "bin", "daprstack"), args...)
	cmd.Dir = root
	return cmd
}

// sharedBuffer can be read while a program writes to it.
type sharedBuffer struct {
	mu      sync.Mutex
	content bytes.Buffer
}

func (b *sharedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.content.Write(p)
}

func (b *sharedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.content.String()
}

// cluster is a client of the local node.
type cluster struct {
	t *testing.T
	dynamic.Interface
	config *rest.Config
}

// localKubeconfig returns the path of the local node's kubeconfig.
func localKubeconfig(t *testing.T) string {
	t.Helper()
	path, err := driver(t, "local", "kubeconfig").Output()
	require.NoError(t, err)
	return strings.TrimSpace(string(path))
}

func localCluster(t *testing.T) cluster {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", localKubeconfig(t))
	require.NoError(t, err)
	client, err := dynamic.NewForConfig(config)
	require.NoError(t, err)
	return cluster{t, client, config}
}

var (
	pods       = schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	services   = schema.GroupVersionResource{Version: "v1", Resource: "services"}
	namespaces = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}
	volumes    = schema.GroupVersionResource{Version: "v1", Resource: "persistentvolumes"}
	crds       = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
	roles      = schema.GroupVersionResource{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterroles"}
	bindings   = schema.GroupVersionResource{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterrolebindings"}
	webhooks   = schema.GroupVersionResource{Group: "admissionregistration.k8s.io", Version: "v1", Resource: "mutatingwebhookconfigurations"}
)

func (c cluster) list(what schema.GroupVersionResource, namespace string) []unstructured.Unstructured {
	c.t.Helper()
	list, err := c.Resource(what).Namespace(namespace).List(c.t.Context(), metav1.ListOptions{})
	require.NoError(c.t, err)
	return list.Items
}

// names returns the names of all objects that contain part.
func (c cluster) names(what schema.GroupVersionResource, part string) []string {
	c.t.Helper()
	var names []string
	for _, item := range c.list(what, "") {
		if strings.Contains(item.GetName(), part) {
			names = append(names, item.GetName())
		}
	}
	return names
}

// containers returns, by app, the "ready/all" containers of every running pod
// of a namespace.
func (c cluster) containers(namespace string) map[string]string {
	c.t.Helper()
	found := make(map[string]string)
	for _, pod := range c.list(pods, namespace) {
		if pod.GetDeletionTimestamp() != nil {
			continue
		}
		statuses, _, err := unstructured.NestedSlice(pod.Object, "status", "containerStatuses")
		require.NoError(c.t, err)
		ready := 0
		for _, status := range statuses {
			if status.(map[string]any)["ready"] == true {
				ready++
			}
		}
		name := pod.GetLabels()["app.kubernetes.io/name"]
		found[name] = fmt.Sprintf("%d/%d", ready, len(statuses))
	}
	return found
}

// page returns the address of the page, as a browser on this machine would use
// it.
func (c cluster) page() string {
	c.t.Helper()
	service, err := c.Resource(services).Namespace(namespace).Get(c.t.Context(), "frontend", metav1.GetOptions{})
	require.NoError(c.t, err)
	ip, _, err := unstructured.NestedString(service.Object, "spec", "clusterIP")
	require.NoError(c.t, err)
	ports, _, err := unstructured.NestedSlice(service.Object, "spec", "ports")
	require.NoError(c.t, err)
	return fmt.Sprintf("http://%s:%d", ip, ports[0].(map[string]any)["port"])
}

// eventually waits until condition returns "". On timeout it fails with what
// condition returned last.
func eventually(t *testing.T, what string, condition func(context.Context) string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		problem := condition(ctx)
		if problem == "" {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: timed out after %s: %s", what, patience, problem)
		case <-tick.C:
		}
	}
}

// call makes a request and decodes the JSON response into into, unless that is
// nil.
func call(ctx context.Context, method, url string, body, into any) (int, error) {
	var reader io.Reader
	if body != nil {
		content, err := json.Marshal(body)
		if err != nil {
			return 0, err
		}
		reader = bytes.NewReader(content)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, url, reader)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return response.StatusCode, err
	}
	if into != nil && response.StatusCode < 300 {
		if err := json.Unmarshal(content, into); err != nil {
			return response.StatusCode, fmt.Errorf("%s %s: %w in %q", method, url, err, content)
		}
	}
	return response.StatusCode, nil
}
