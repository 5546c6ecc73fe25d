package engine

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/daprstack/daprstack/internal/proc"
)

// releaseDeadLocks removes the locks of a stack in a file backend whose process ran
// on this machine and has ended. It reports whether there were any. The locks of
// other machines and of running processes stay.
func releaseDeadLocks(ctx context.Context, backend, stack string) (bool, error) {
	// The backend keeps each lock in a file: pkg/backend/diy/lock.go.
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
		if holder.Hostname != host || !ends(ctx, holder.Pid) {
			continue
		}
		if err := os.Remove(file); err != nil {
			return released, err
		}
		released = true
	}
	return released, nil
}

// dying is how long an engine whose driver is gone may take to end.
const dying = 10 * time.Second

// ends reports whether pid is no running pulumi, or one that has lost its parent and
// ends while it is watched: it has been killed, or notices that its driver is gone.
func ends(ctx context.Context, pid int) bool {
	for end := time.Now().Add(dying); alive(pid); {
		stat, err := proc.Stat(pid)
		if err == nil && stat.PPID != 1 || time.Now().After(end) || ctx.Err() != nil {
			return false
		}
		time.Sleep(20 * time.Millisecond)
	}
	return true
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
