// Package upstream holds what daprstack render writes against the code of others:
// the schemas of Kubernetes and of Dapr's CRDs, the restricted profile of pod
// security, and kube-score.
package upstream

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// checkout is the path of the repository.
var checkout = filepath.Join("..", "..", "..")

// driver is the path of daprstack, which `make test-upstream` builds.
var driver = filepath.Join(checkout, "bin", "daprstack")

// stacks are the ones of the repository, and one with every key that there is.
var stacks = []string{"dev", "staging", "prod", "platform", everything}

const everything = "everything"

// render returns what daprstack prints for a stack.
func render(t *testing.T, stack string) []byte {
	t.Helper()
	cached, _ := renders.LoadOrStore(stack, sync.OnceValues(func() ([]byte, error) {
		path, err := filepath.Abs(driver)
		if err != nil {
			return nil, err
		}
		args := []string{"render", "-s", stack}
		if stack == everything {
			args = append(args, "--config-file", filepath.Join("config", "testdata", "everything.yaml"), // whose chart is not there
				"-c", "dapr.chart.repository=", "-c", "dapr.chart.path="+filepath.Join(moduleDir(t, "dapr", "github.com/dapr/dapr"), "charts", "dapr"))
		}
		cmd := exec.CommandContext(context.Background(), path, args...)
		cmd.Dir, cmd.Stderr = checkout, os.Stderr
		return cmd.Output()
	}))
	stream, err := cached.(func() ([]byte, error))()
	require.NoError(t, err, "daprstack render -s %s", stack)
	return stream
}

var renders sync.Map

// documents returns the documents of a stream.
func documents(stream []byte) [][]byte {
	var all [][]byte
	for _, document := range bytes.Split(stream, []byte("\n---\n")) {
		all = append(all, bytes.TrimPrefix(document, []byte("---\n")))
	}
	return all
}

// objects returns the objects of a stack.
func objects(t *testing.T, stack string) []unstructured.Unstructured {
	t.Helper()
	var all []unstructured.Unstructured
	for _, document := range documents(render(t, stack)) {
		var o unstructured.Unstructured
		require.NoError(t, yaml.UnmarshalStrict(document, &o.Object))
		all = append(all, o)
	}
	require.Greater(t, len(all), 40)
	return all
}

// moduleDir returns the folder of a module that a module beside this one pins.
func moduleDir(t *testing.T, beside, module string) string {
	t.Helper()
	cmd := exec.Command("go", "mod", "download", "-json", module)
	cmd.Dir, cmd.Env = filepath.Join("..", "..", beside), append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	out, err := cmd.Output()
	require.NoError(t, err)
	var answer struct{ Dir string }
	require.NoError(t, yaml.Unmarshal(out, &answer))
	require.NotEmpty(t, strings.TrimSpace(answer.Dir))
	return answer.Dir
}
