package engine

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
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

// alive reports whether pid is a pulumi that runs. After a reboot the number can
// be another program's, and a killed one stays as a zombie until its parent
// looks; where the system tells (proc(5), stat), that counts.
func alive(pid int) bool {
	name, fields := stat(pid)
	if name == "" {
		return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
	}
	return name == "pulumi" && fields[0] != "Z"
}
