//go:build linux

package local

import (
	"fmt"
	"os"

	"github.com/daprstack/daprstack/internal/proc"
	"github.com/prometheus/procfs"
)

// processNamespace returns the process namespace of a process, such as
// pid:[4026531836].
func processNamespace(pid int) (string, error) {
	return os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", pid))
}

// members returns the running processes of a process namespace: their process
// IDs on this machine by those in the namespace.
func members(namespace string) (map[int]int, error) {
	all, err := procfs.AllProcs()
	if err != nil {
		return nil, err
	}
	found := map[int]int{}
	for _, p := range all {
		// A process may end at any time and then cannot be read.
		if ns, err := processNamespace(p.PID); err != nil || ns != namespace {
			continue
		}
		if _, err := proc.Stat(p.PID); err != nil {
			continue
		}
		status, err := p.NewStatus()
		if err != nil || len(status.NSpids) == 0 {
			continue
		}
		found[int(status.NSpids[len(status.NSpids)-1])] = p.PID
	}
	return found, nil
}
