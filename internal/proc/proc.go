// Package proc tells running processes from those that have ended, and one boot
// from the next. For everything else in /proc, use procfs itself.
package proc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"github.com/prometheus/procfs"
)

// ErrEnded means that a process is gone, or a zombie: it has ended, and only its
// parent has not asked for its exit status yet.
var ErrEnded = errors.New("the process has ended")

// Stat returns the status of a running process, among it its name (Comm), its
// parent (PPID) and when it started, in clock ticks since boot (Starttime). The
// error is [ErrEnded] when the process does not run, and another one where there
// is no /proc.
func Stat(pid int) (procfs.ProcStat, error) {
	mount, err := procfs.NewDefaultFS()
	if err != nil {
		return procfs.ProcStat{}, err
	}
	process, err := mount.Proc(pid)
	if err != nil {
		return procfs.ProcStat{}, failure(pid, err)
	}
	stat, err := process.Stat()
	if err != nil {
		return procfs.ProcStat{}, failure(pid, err)
	}
	if stat.State == "Z" || stat.State == "X" {
		return procfs.ProcStat{}, fmt.Errorf("process %d: %w", pid, ErrEnded)
	}
	return stat, nil
}

func failure(pid int, err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		err = ErrEnded
	}
	return fmt.Errorf("process %d: %w", pid, err)
}

// BootID returns the kernel's boot ID. Process IDs and start times mean something
// only together with it.
func BootID() (string, error) {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(id)), err
}
