package upstream_test

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// minor returns the minor version of Dapr that these tests are built with: that of
// this module, or that of another go.mod (make test-upstream).
func minor(t *testing.T) string {
	t.Helper()
	version := listModule(t, "github.com/dapr/dapr", "{{.Version}}")
	return strings.TrimPrefix(version[:strings.LastIndex(version, ".")], "v")
}

// has reports whether this version has what is there since a minor version, empty
// for every one.
func has(t *testing.T, since string) bool {
	t.Helper()
	return minor(t) >= since // two digits each
}

// TestCertificateOfRedis: why TLS with an older Dapr is a warning.
func TestCertificateOfRedis(t *testing.T) {
	s, err := load(component(stateRedis, map[string]string{"enableTLS": "true"}))
	require.NoError(t, err)
	skips := s.options.FieldByName("TLSConfig").Elem().FieldByName("InsecureSkipVerify").Bool()
	require.Equal(t, !has(t, "1.18"), skips)
}

// TestChartValues: the chart has every value that a stack sets. Helm ignores
// others.
func TestChartValues(t *testing.T) {
	graph, err := os.Open(filepath.Join("..", "..", "..", "stacks", "testdata", "dev.graph"))
	require.NoError(t, err)
	defer graph.Close()
	chart, checked := filepath.Join(moduleDir(t, "github.com/dapr/dapr"), "charts", "dapr"), 0
	for lines := bufio.NewScanner(graph); lines.Scan(); {
		path, _, _ := strings.Cut(lines.Text(), " = ")
		path, ours := strings.CutPrefix(path, "  values.")
		if !ours {
			continue
		}
		checked++
		file := filepath.Join(chart, "values.yaml")
		if part, rest, _ := strings.Cut(path, "."); part != "global" {
			file, path = filepath.Join(chart, "charts", part, "values.yaml"), rest
		}
		require.True(t, hasValue(t, file, strings.Split(path, ".")), "%s has no %s", file, path)
	}
	require.Greater(t, checked, 10)
}

// hasValue reports whether a file of Helm values has one at a path. An empty map
// may hold anything.
func hasValue(t *testing.T, file string, path []string) bool {
	t.Helper()
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	var value any
	require.NoError(t, yaml.Unmarshal(raw, &value))
	for _, key := range path {
		m, _ := value.(map[string]any)
		next, there := m[key]
		if !there {
			return m != nil && len(m) == 0
		}
		value = next
	}
	return true
}
