package eventpage

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/stackfile"
)

var update = flag.Bool("update", false, "write the golden file")

// TestPage: everything that the catalogue says is on the page.
func TestPage(t *testing.T) {
	values, err := stackfile.Read(filepath.Join("..", "..", "config", "testdata", "everything.yaml"))
	require.NoError(t, err)
	stack, err := config.Load(values)
	require.NoError(t, err)
	var got strings.Builder
	require.NoError(t, Write(&got, stack))
	path := filepath.Join("testdata", "everything.md")
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got.String()), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run the test with -update to write it")
	require.Empty(t, cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")))
	for _, e := range stack.Events {
		for _, text := range append([]string{e.Type, e.Source, e.Trigger, e.PubSub}, e.Publishers...) {
			require.Contains(t, got.String(), text)
		}
	}
}
