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
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/daprstack/daprstack/config/rules"
	live "github.com/daprstack/daprstack/internal/cluster"
	"github.com/daprstack/daprstack/internal/progress"
	"github.com/daprstack/daprstack/local"
	"github.com/daprstack/daprstack/toolchain"
)

// TestYAML uses the component provider from Pulumi YAML, as programs in every
// language but Go do: the components one by one, and beside them a whole stack on
// their control plane. The steps build on each other.
func TestYAML(t *testing.T) {
	run(t, "local", "up")
	run(t, "destroy", "--yes")
	y := newYAML(t)
	for _, step := range []struct {
		name string
		run  func(*yamlUser, *testing.T)
	}{
		{"bad input is refused whole, before anything is made", (*yamlUser).badInput},
		{"the components come up", (*yamlUser).components},
		{"an event, a state and an invocation", func(y *yamlUser, t *testing.T) { y.works(t, market) }},
		{"who is no caller is refused", (*yamlUser).noCaller},
		{"a whole stack comes up", (*yamlUser).stack},
		{"it works too", func(y *yamlUser, t *testing.T) { y.works(t, bazaar) }},
		{"its secret is nowhere in clear", (*yamlUser).secret},
		{"a program in Go uses the components as a library", (*yamlUser).library},
		{"the provider runs from a folder too", (*yamlUser).folder},
		{"nothing is left to do", (*yamlUser).nothingToDo},
		{"destroy leaves nothing", (*yamlUser).destroy},
		{"a whole stack comes up with a control plane of its own", (*yamlUser).alone},
	} {
		if !t.Run(step.name, func(t *testing.T) { y.shop.t = t; step.run(y, t) }) {
			t.FailNow()
		}
	}
}

// The programs, in the checkout.
const (
	components = "e2e/testdata/yaml/components"
	wholeStack = "e2e/testdata/yaml/stack"
	library    = "examples/library"
)

// The namespaces of the two programs. The first one is there before: the provider
// for Kubernetes that the toolchain builds has no schema for programs in YAML.
const (
	market = "market"
	bazaar = "bazaar"
)

// yamlUser is a person who writes programs in Pulumi YAML.
type yamlUser struct {
	shop  *shop
	dir   string // a copy of the checkout, in which the CLI may write
	chart string
}

func newYAML(t *testing.T) *yamlUser {
	t.Helper()
	y := &yamlUser{dir: copyOfCheckout(t), shop: &shop{t: t}}
	y.shop.collector = newCollector(t, thisMachine(t))
	y.shop.loadImage()
	tc, err := toolchain.New(checkout(t), progress.New(os.Stderr))
	require.NoError(t, err)
	tools, err := tc.Ensure(t.Context(), append(slices.Clone(toolchain.Engine), toolchain.YAMLHost, toolchain.Provider)...)
	require.NoError(t, err)
	y.chart, err = tc.DaprChart(t.Context())
	require.NoError(t, err)
	bin := t.TempDir()
	command(t, checkout(t), "go", "build", "-o", filepath.Join(bin, "pulumi-language-go"), "./e2e/langhost")
	for name, path := range tools {
		require.NoError(t, os.Symlink(path, filepath.Join(bin, name)))
	}
	for name, value := range map[string]string{
		"PATH":                     bin + string(os.PathListSeparator) + os.Getenv("PATH"),
		"PULUMI_HOME":              t.TempDir(),
		"PULUMI_BACKEND_URL":       "file://" + t.TempDir(),
		"PULUMI_CONFIG_PASSPHRASE": "of the team",
		"PULUMI_SKIP_UPDATE_CHECK": "true",
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
		"KUBECONFIG": local.Kubeconfig(),
		// As the toolchain builds, so that the copy of the checkout finds its packages
		// compiled.
		"CGO_ENABLED": "0", "GOFLAGS": "-trimpath -buildvcs=false -gcflags=all=-dwarf=false -ldflags=-s",
	} {
		t.Setenv(name, value)
	}
	y.shop.client, err = live.New(localCluster(t).config)
	require.NoError(t, err)
	y.makeNamespace(t)
	for _, program := range []string{components, wholeStack, library} {
		y.pulumi(t, program, "stack", "init", "test")
	}
	for _, program := range []string{components, wholeStack} {
		y.pulumi(t, program, "config", "set", "collector", y.shop.URL)
	}
	y.pulumi(t, components, "config", "set", "chart", y.chart)
	y.pulumi(t, wholeStack, "config", "set", "--secret", "token", yamlToken)
	y.pulumi(t, wholeStack, "config", "set", "--path", "dapr.install", "false")
	y.pulumi(t, library, "config", "set", "context", local.Context)
	y.pulumi(t, library, "config", "set", "image", "localhost/todo-activity:dev")
	y.pulumi(t, library, "config", "set", "redisImage", "localhost/redis:7.0.15-debian")
	t.Cleanup(func() {
		if t.Failed() {
			collect(t)
		}
	})
	return y
}

func (y *yamlUser) makeNamespace(t *testing.T) {
	namespace := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": market},
	}}
	_, err := localCluster(t).Resource(namespaces).Create(t.Context(), namespace, metav1.CreateOptions{})
	require.NoError(t, err)
}

// yamlToken is a secret of the configuration, to be found nowhere in clear.
const yamlToken = "a-token-of-the-yaml-program"

// pulumi runs the CLI on a program, which must succeed, and returns its output.
func (y *yamlUser) pulumi(t *testing.T, program string, args ...string) string {
	t.Helper()
	out, err := y.tryPulumi(t, program, args...)
	require.NoErrorf(t, err, "pulumi %s:\n%s", strings.Join(args, " "), out)
	return out
}

func (y *yamlUser) tryPulumi(t *testing.T, program string, args ...string) (string, error) {
	t.Helper()
	start := time.Now()
	cmd := exec.CommandContext(t.Context(), "pulumi", append(args, "--non-interactive")...)
	var out bytes.Buffer
	cmd.Dir = filepath.Join(y.dir, program)
	cmd.Stdout = io.MultiWriter(&out, os.Stderr)
	cmd.Stderr = cmd.Stdout
	err := cmd.Run()
	t.Logf("%s: pulumi %s: %s", program, strings.Join(args, " "), time.Since(start).Round(100*time.Millisecond))
	return out.String(), err
}

func (y *yamlUser) badInput(t *testing.T) {
	y.pulumi(t, components, "config", "set", "chart", "/nowhere")
	out, err := y.tryPulumi(t, components, "up", "--yes", "--skip-preview")
	require.Error(t, err)
	assert.Contains(t, out, `chart.path: "/nowhere": must be a Helm chart`)
	assert.Contains(t, out, `ControlPlane "dapr" has 1 problem`)
	assert.Empty(t, localCluster(t).names(namespaces, "dapr"))
	y.pulumi(t, components, "config", "set", "chart", y.chart)
}

func (y *yamlUser) components(t *testing.T) { y.up(t, components, market) }
func (y *yamlUser) stack(t *testing.T)      { y.up(t, wholeStack, bazaar) }

// up brings a program up. The app that publishes is then reached at its Service.
func (y *yamlUser) up(t *testing.T, program, namespace string) {
	y.pulumi(t, program, "up", "--yes")
	service, err := y.shop.client.Kube.CoreV1().Services(namespace).Get(t.Context(), "till", metav1.GetOptions{})
	require.NoError(t, err)
	y.shop.till = fmt.Sprintf("http://%s:%d", service.Spec.ClusterIP, service.Spec.Ports[0].Port)
	containers := localCluster(t).containers(namespace)
	assert.Equal(t, "2/2", containers["till"])
	assert.Equal(t, "2/2", containers["kitchen"])
}

func (y *yamlUser) works(t *testing.T, namespace string) {
	id := uuid.NewString()
	require.NoError(t, y.shop.publish(t.Context(), "order.placed", id))
	_, err := y.shop.await(t.Context(), delivery{"kitchen", id})
	require.NoError(t, err)

	state := "/v1.0/state/baskets"
	status, _ := y.sidecar(t, namespace, "till", http.MethodPost, state, `[{"key":"basket:b:1","value":{"apples":3}}]`)
	require.Equal(t, http.StatusNoContent, status)
	status, body := y.sidecar(t, namespace, "till", http.MethodGet, state+"/basket:b:1", "")
	require.Equal(t, http.StatusOK, status)
	require.JSONEq(t, `{"apples":3}`, body)

	status, body = y.sidecar(t, namespace, "till", http.MethodGet, "/v1.0/invoke/kitchen-app/method/echo", "")
	require.Equal(t, http.StatusOK, status, body)
}

func (y *yamlUser) noCaller(t *testing.T) {
	status, body := y.sidecar(t, market, "kitchen", http.MethodGet, "/v1.0/invoke/till-app/method/echo", "")
	require.Equal(t, http.StatusForbidden, status, body)
}

// sidecar makes a request of the sidecar of an app.
func (y *yamlUser) sidecar(t *testing.T, namespace, app, method, path, body string) (int, string) {
	t.Helper()
	client := y.shop.client.HTTP(namespace, y.shop.pods(namespace, app)[0].Name, rules.SidecarPorts[0])
	request, err := http.NewRequestWithContext(t.Context(), method, "http://localhost"+path, strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(request)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(text)
}

func (y *yamlUser) secret(t *testing.T) {
	assert.NotContains(t, command(t, filepath.Join(y.dir, wholeStack), "pulumi", "stack", "export"), yamlToken)
	pod := y.shop.pods(bazaar, "till")[0]
	assert.NotContains(t, pod.String(), yamlToken)
	for _, variable := range pod.Spec.Containers[0].Env {
		if variable.Name == "TOKEN" {
			require.NotNil(t, variable.ValueFrom)
			secret, err := y.shop.client.Kube.CoreV1().Secrets(bazaar).Get(t.Context(), variable.ValueFrom.SecretKeyRef.Name, metav1.GetOptions{})
			require.NoError(t, err)
			assert.Equal(t, yamlToken, string(secret.Data[variable.ValueFrom.SecretKeyRef.Key]))
			return
		}
	}
	t.Error("no TOKEN")
}

// library runs examples/library on the control plane of the components.
func (y *yamlUser) library(t *testing.T) {
	y.pulumi(t, library, "up", "--yes")
	assert.Equal(t, "2/2", localCluster(t).containers("carts")["cart"])
	status, body := y.sidecar(t, "carts", "cart", http.MethodPost, "/v1.0/state/carts", `[{"key":"cart:c:1","value":1}]`)
	require.Equal(t, http.StatusNoContent, status, body)
	y.pulumi(t, library, "preview", "--expect-no-changes")
}

// folder gets the schema from the provider as pulumi package add does of a
// repository: its folder has a PulumiPlugin.yaml, and the language host builds it.
func (y *yamlUser) folder(t *testing.T) {
	out := command(t, y.dir, "pulumi", "package", "get-schema", "./cmd/pulumi-resource-daprstack")
	var got, want map[string]any
	require.NoError(t, json.Unmarshal([]byte(out), &got))
	committed, err := os.ReadFile(filepath.Join(y.dir, "provider", "schema.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(committed, &want))
	require.Equal(t, want["resources"], got["resources"])
}

func (y *yamlUser) nothingToDo(t *testing.T) {
	y.pulumi(t, components, "preview", "--expect-no-changes")
	y.pulumi(t, wholeStack, "preview", "--expect-no-changes")
	y.pulumi(t, components, "preview", "--refresh", "--expect-no-changes")
}

func (y *yamlUser) destroy(t *testing.T) {
	y.pulumi(t, library, "destroy", "--yes")
	y.pulumi(t, wholeStack, "destroy", "--yes")
	y.pulumi(t, components, "destroy", "--yes")
	y.nothingIsLeft(t)
	require.NoError(t, localCluster(t).Resource(namespaces).Delete(t.Context(), market, metav1.DeleteOptions{}))
}

// alone: with a control plane of its own, the stack needs nothing else.
func (y *yamlUser) alone(t *testing.T) {
	y.pulumi(t, wholeStack, "config", "set", "--path", "dapr.install", "true")
	y.pulumi(t, wholeStack, "config", "set", "--path", "dapr.namespace", "dapr")
	y.pulumi(t, wholeStack, "config", "set", "--path", "dapr.chart.path", y.chart)
	y.stack(t)
	y.works(t, bazaar)
	y.pulumi(t, wholeStack, "destroy", "--yes")
	y.nothingIsLeft(t)
	for _, program := range []string{components, wholeStack, library} {
		y.pulumi(t, program, "stack", "rm", "--yes", "test")
	}
}

func (y *yamlUser) nothingIsLeft(t *testing.T) {
	t.Helper()
	c := localCluster(t)
	eventually(t, "pods and volumes are gone", func(context.Context) string {
		return strings.Join(append(c.names(volumes, ""), names(c.list(pods, market))...), " ")
	})
	assert.Empty(t, names(c.list(services, market)))
	assert.Empty(t, c.names(namespaces, bazaar))
	assert.Empty(t, c.names(namespaces, "dapr"))
	assert.Empty(t, c.names(crds, "dapr.io"))
	assert.Empty(t, c.names(roles, "dapr-"))
	assert.Empty(t, c.names(webhooks, "dapr"))
}

func names(items []unstructured.Unstructured) (all []string) {
	for _, item := range items {
		all = append(all, item.GetName())
	}
	return all
}
