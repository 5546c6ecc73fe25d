//go:build linux

package proc_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/internal/proc"
)

func TestStat(t *testing.T) {
	child := exec.Command("cat")
	stdin, err := child.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())

	self, err := proc.Stat(os.Getpid())
	require.NoError(t, err)
	stat, err := proc.Stat(child.Process.Pid)
	require.NoError(t, err)
	require.Equal(t, os.Getpid(), stat.PPID)
	require.Equal(t, os.Getppid(), self.PPID)
	require.GreaterOrEqual(t, stat.Starttime, self.Starttime)
	require.NotZero(t, self.Starttime)

	require.NoError(t, stdin.Close())
	require.Eventually(t, func() bool {
		_, err := proc.Stat(child.Process.Pid)
		return errors.Is(err, proc.ErrEnded)
	}, 10*time.Second, 5*time.Millisecond)
	require.DirExists(t, fmt.Sprintf("/proc/%d", child.Process.Pid), "it was a zombie that counted as ended")

	require.NoError(t, child.Wait())
	_, err = proc.Stat(child.Process.Pid)
	require.ErrorIs(t, err, proc.ErrEnded)
}

func TestBootID(t *testing.T) {
	first, err := proc.BootID()
	require.NoError(t, err)
	require.Regexp(t, `^[0-9a-f-]{36}$`, first)
}
