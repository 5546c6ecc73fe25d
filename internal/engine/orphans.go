package engine

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// endOrphans ends the plugins of an engine that was killed, and returns when
// they are gone. They notice only after minutes, and until then they go on with
// what they were told: beside the next update, which is told the same. Plugins
// whose engine lives are left alone. Where there is no /proc it does nothing.
func endOrphans(ctx context.Context, home string) error {
	var orphans []int
	for _, pid := range processes() {
		if isPlugin(pid, home) && comm(parent(pid)) != "pulumi" {
			orphans = append(orphans, pid)
		}
	}
	for _, pid := range orphans {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended meanwhile
	}
	for _, pid := range orphans {
		for isPlugin(pid, home) {
			select {
			case <-ctx.Done():
				return fmt.Errorf("waiting for process %d of the last update to end: %w", pid, ctx.Err())
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
	return nil
}

// isPlugin says whether a process is a plugin that an engine with that home
// started: it inherits the engine's environment.
func isPlugin(pid int, home string) bool {
	env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil || !bytes.Contains(append([]byte{0}, env...), []byte("\x00PULUMI_HOME="+home+"\x00")) {
		return false
	}
	exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	return err == nil && strings.HasPrefix(filepath.Base(exe), "pulumi-")
}

func processes() []int {
	entries, _ := os.ReadDir("/proc")
	var pids []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// parent returns the parent of a process, and 0 when it is gone.
func parent(pid int) int {
	_, fields := stat(pid)
	if len(fields) < 2 {
		return 0
	}
	ppid, _ := strconv.Atoi(fields[1])
	return ppid
}

func comm(pid int) string {
	name, _ := stat(pid)
	return name
}

// stat returns the name of a process and what follows it in proc(5): state,
// parent and more; nothing when the process is gone.
func stat(pid int) (name string, fields []string) {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", nil
	}
	_, rest, _ := strings.Cut(string(line), " (")
	i := strings.LastIndex(rest, ") ")
	if i < 0 {
		return "", nil
	}
	return rest[:i], strings.Fields(rest[i+2:])
}
