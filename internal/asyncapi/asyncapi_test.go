package asyncapi_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/asyncapi"
	"github.com/daprstack/daprstack/internal/stackfile"
)

var update = flag.Bool("update", false, "write the golden file anew")

// TestDocument: two pub/subs, one event with a schema, subscribers with their
// dead letters. The file was checked with the AsyncAPI project's own parser.
func TestDocument(t *testing.T) {
	got, err := yaml.Marshal(asyncapi.Document(load(t, everything), "shop", "1.2.3"))
	require.NoError(t, err)
	const golden = "testdata/everything.asyncapi.yaml"
	if *update {
		require.NoError(t, os.WriteFile(golden, got, 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err, "run the test with -update to write it")
	require.Empty(t, cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")))
}

// TestReferences: every $ref leads somewhere, in the document of the dev stack.
func TestReferences(t *testing.T) {
	document := asyncapi.Document(load(t, dev), "todo", "1")
	require.Len(t, document["operations"], 4*3)
	seen := 0
	var visit func(any)
	visit = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if target, ok := v["$ref"].(string); ok {
				seen++
				at := any(document)
				for step := range strings.SplitSeq(strings.TrimPrefix(target, "#/"), "/") {
					at = at.(map[string]any)[step]
				}
				require.NotNil(t, at, target)
			}
			for _, inner := range v {
				visit(inner)
			}
		case []any:
			for _, inner := range v {
				visit(inner)
			}
		}
	}
	visit(document)
	require.Greater(t, seen, 20)
}

func everything() (map[string]string, error) {
	return stackfile.Read(filepath.Join("..", "..", "config", "testdata", "everything.yaml"))
}

func dev() (map[string]string, error) {
	return stackfile.Load(filepath.Join("..", "..", "Pulumi.yaml"), filepath.Join("..", "..", "Pulumi.dev.yaml"))
}

func load(t *testing.T, read func() (map[string]string, error)) *config.Stack {
	t.Helper()
	values, err := read()
	require.NoError(t, err)
	stack, err := config.Load(values)
	require.NoError(t, err)
	return stack
}
