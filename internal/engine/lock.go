package engine

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/daprstack/daprstack/internal/proc"
)

// releaseDeadLocks removes the locks of a stack in a file backend whose process
// is of this machine and gone, and reports whether there was one. A lock of
// another machine, or of a living process, stays.
func releaseDeadLocks(backend, stack string) (bool, error) {
	// The backend keeps a file a lock: pkg/backend/diy/lock.go.
	files, err := filepath.Glob(filepath.Join(backend, ".pulumi", "locks", "organization", "*", stack, "*.json"))
	if err != nil {
		return false, err
	}
	host, err := os.Hostname()
	if err != nil {
		return false, err
	}
	released := false
	for _, file := range files {
		content, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return released, err
		}
		var holder struct {
			Pid      int    `json:"pid"`
			Hostname string `json:"hostname"`
		}
		if err := json.Unmarshal(content, &holder); err != nil {
			return released, err
		}
		if holder.Hostname != host || alive(holder.Pid) {
			continue
		}
		if err := os.Remove(file); err != nil {
			return released, err
		}
		released = true
	}
	return released, nil
}

// alive reports whether pid is a running pulumi. After a reboot the number can be
// another program's. Where there is no /proc to tell, every process counts.
func alive(pid int) bool {
	stat, err := proc.Stat(pid)
	switch {
	case err == nil:
		return stat.Comm == "pulumi"
	case errors.Is(err, proc.ErrEnded):
		return false
	default:
		return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
	}
}
