package local

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// zombie is the state of a process that has ended and not been buried.
const zombie = 'Z'

// processStat returns when a process started, in clock ticks since boot, and
// its state letter.
func processStat(pid int) (start uint64, state byte, err error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0, err
	}
	return parseStat(data)
}

// parseStat reads /proc/<pid>/stat: the fields count from after the last
// parenthesis, because the name before it may hold anything.
func parseStat(data []byte) (start uint64, state byte, err error) {
	end := bytes.LastIndexByte(data, ')')
	fields := strings.Fields(string(data[end+1:]))
	const startField = 22 - 3 // proc(5) counts from 1, and these fields from the third
	if end < 0 || len(fields) <= startField {
		return 0, 0, fmt.Errorf("cannot read process status %q", data)
	}
	start, err = strconv.ParseUint(fields[startField], 10, 64)
	return start, fields[0][0], err
}

func bootID() (string, error) {
	data, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(data)), err
}

// members returns the processes of a process namespace by the number that they
// have in it: the value is the number that they have here.
func members(namespace string) (map[int]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	found := map[int]int{}
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		// A process that ends meanwhile, or has and is not buried yet, is none.
		if ns, err := os.Readlink("/proc/" + entry.Name() + "/ns/pid"); err != nil || ns != namespace {
			continue
		}
		if _, state, err := processStat(pid); err != nil || state == zombie {
			continue
		}
		status, err := os.ReadFile("/proc/" + entry.Name() + "/status")
		if err != nil {
			continue
		}
		if inner, ok := innerPID(status); ok {
			found[inner] = pid
		}
	}
	return found, nil
}

// innerPID reads the innermost number of the line NSpid of /proc/<pid>/status.
func innerPID(status []byte) (int, bool) {
	for line := range strings.Lines(string(status)) {
		if numbers, ok := strings.CutPrefix(line, "NSpid:"); ok {
			fields := strings.Fields(numbers)
			if len(fields) == 0 {
				return 0, false
			}
			pid, err := strconv.Atoi(fields[len(fields)-1])
			return pid, err == nil
		}
	}
	return 0, false
}
