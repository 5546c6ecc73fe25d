package engine

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/prometheus/procfs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestOnlyOrphansOfThisDirAreEnded: a plugin of this state whose engine is gone ends;
// one of another state, and one whose parent is a pulumi, do not.
func TestOnlyOrphansOfThisDirAreEnded(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs /proc")
	}
	sleep, err := exec.LookPath("sleep")
	require.NoError(t, err)
	content, err := os.ReadFile(sleep)
	require.NoError(t, err)
	dir := t.TempDir()
	plugin := filepath.Join(dir, "pulumi-resource-test")
	require.NoError(t, os.WriteFile(plugin, content, 0o700))
	sh, err := exec.LookPath("sh")
	require.NoError(t, err)
	require.NoError(t, os.Symlink(sh, filepath.Join(dir, "pulumi")))

	start := func(dir, path string, args ...string) *exec.Cmd {
		t.Helper()
		cmd := exec.Command(path, args...)
		cmd.Env = []string{dirVariable + "=" + dir}
		stdout, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
		if path != plugin {
			// Its child is there when it says so.
			_, err = stdout.Read(make([]byte, 1))
			require.NoError(t, err)
		}
		return cmd
	}
	orphan := start("/ours", plugin, "60")
	other := start("/other", plugin, "60")
	engine := start("/ours", filepath.Join(dir, "pulumi"), "-c", plugin+" 60 & echo; wait")

	require.NoError(t, endOrphans(t.Context(), "/ours"))
	assert.Error(t, orphan.Wait(), "killed")
	processes, err := procfs.AllProcs()
	require.NoError(t, err)
	var othersLives, childLives bool
	for _, p := range processes {
		if p.PID == other.Process.Pid {
			othersLives = isPlugin(p, "/other")
		}
		if stat, err := p.Stat(); err == nil && stat.PPID == engine.Process.Pid {
			childLives = isPlugin(p, "/ours")
			t.Cleanup(func() { _ = syscall.Kill(p.PID, syscall.SIGKILL) })
		}
	}
	assert.True(t, othersLives, "the plugin of another state lives")
	assert.True(t, childLives, "the plugin of a living engine lives")
}
