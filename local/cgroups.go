//go:build linux

package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// cgroupMount is where control groups are mounted: a single hierarchy in
// version 2, a directory of hierarchies in version 1.
const cgroupMount = "/sys/fs/cgroup"

// controllers are the control group controllers that the kubelet insists on.
var controllers = []string{"cpu", "cpuset", "memory", "pids"}

// hierarchies returns the roots of the hierarchies below mount.
func hierarchies(mount string) ([]string, error) {
	if unified(mount) {
		return []string{mount}, nil
	}
	entries, err := os.ReadDir(mount)
	if err != nil {
		return nil, fmt.Errorf("reading the control groups: %w", err)
	}
	var roots []string
	for _, e := range entries { // not links: cpu may be one to cpu,cpuacct
		if e.IsDir() {
			roots = append(roots, filepath.Join(mount, e.Name()))
		}
	}
	return roots, nil
}

// unified reports whether the control groups are of version 2.
func unified(mount string) bool {
	_, err := os.Stat(filepath.Join(mount, "cgroup.controllers"))
	return err == nil
}

// readControllers returns the available controllers, separated by spaces.
func readControllers() (string, error) {
	if unified(cgroupMount) {
		data, err := os.ReadFile(filepath.Join(cgroupMount, "cgroup.controllers"))
		return strings.TrimSpace(string(data)), err
	}
	entries, err := os.ReadDir(cgroupMount)
	var names []string
	for _, e := range entries {
		names = append(names, strings.Split(e.Name(), ",")...)
	}
	return strings.Join(names, " "), err
}

// makeCgroups makes the parent of all pods' control groups, which the kubelet
// expects to exist.
func makeCgroups(mount, name string) error {
	roots, err := hierarchies(mount)
	if err != nil {
		return err
	}
	for _, root := range roots {
		dir := filepath.Join(root, name)
		if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
			return fmt.Errorf("making the control group %s: %w", dir, err)
		}
		// In version 1 a new cpuset has no CPUs and no memory.
		for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
			data, err := os.ReadFile(filepath.Join(root, file))
			if err != nil {
				continue // not the cpuset hierarchy
			}
			if err := os.WriteFile(filepath.Join(dir, file), data, 0o644); err != nil {
				return fmt.Errorf("setting up the control group %s: %w", dir, err)
			}
		}
	}
	if !unified(mount) {
		return nil
	}
	for _, controller := range controllers {
		if err := os.WriteFile(filepath.Join(mount, "cgroup.subtree_control"), []byte("+"+controller), 0o644); err != nil {
			return fmt.Errorf("enabling the control group controller %s: %w", controller, err)
		}
	}
	return nil
}

// cgroupDirs returns the directories of the node's control groups, parents
// before children.
func cgroupDirs(mount, name string) ([]string, error) {
	roots, err := hierarchies(mount)
	if err != nil {
		return nil, err
	}
	var dirs []string
	for _, root := range roots {
		err := filepath.WalkDir(filepath.Join(root, name), func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				dirs = append(dirs, path)
			}
			if errors.Is(err, os.ErrNotExist) {
				return nil
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("listing the control groups: %w", err)
		}
	}
	return dirs, nil
}

// removeCgroups removes the node's control groups and returns how many there
// were. It waits for the kernel to empty them, which happens a moment after the
// last process has ended.
func removeCgroups(ctx context.Context, name string) (int, error) {
	dirs, err := cgroupDirs(cgroupMount, name)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, endTimeout)
	defer cancel()
	for i := len(dirs) - 1; i >= 0; i-- {
		err := poll(ctx, func(context.Context) error {
			if err := os.Remove(dirs[i]); !errors.Is(err, os.ErrNotExist) {
				return err
			}
			return nil
		})
		if err != nil {
			return 0, fmt.Errorf("removing the control group %s: %w", dirs[i], err)
		}
	}
	return len(dirs), nil
}
