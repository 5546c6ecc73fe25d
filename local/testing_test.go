//go:build linux

package local

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// newLayout returns a node's layout in temporary directories.
func newLayout(t *testing.T) layout {
	t.Helper()
	dir := t.TempDir()
	return layout{root: filepath.Join(dir, "root"), run: filepath.Join(dir, "run")}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
}
