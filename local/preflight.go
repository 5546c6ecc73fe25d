//go:build linux

package local

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// The free space that the file system of the node's root must have: for a new
// node, and for one that has its images already.
const (
	newNodeNeeds = 4 << 30
	oldNodeNeeds = 1 << 30
)

// machine is what preflight needs to know about this machine. Tests replace it.
type machine struct {
	uid         int
	free        func(dir string) (uint64, error)
	overlaid    func(dir string) bool
	routes      func() ([]route, error)
	fileSystems func() (string, error)
	controllers func() (string, error)
	namespaces  func(kind string) bool
	load        func(ctx context.Context, module string) error
	link        func(name string) bool
}

func thisMachine() machine {
	return machine{
		uid:  os.Getuid(),
		free: freeSpace,
		overlaid: func(dir string) bool {
			var s unix.Statfs_t
			return unix.Statfs(existingParent(dir), &s) == nil && s.Type == unix.OVERLAYFS_SUPER_MAGIC
		},
		routes: readRoutes,
		fileSystems: func() (string, error) {
			data, err := os.ReadFile("/proc/filesystems")
			return string(data), err
		},
		controllers: readControllers,
		namespaces: func(kind string) bool {
			_, err := os.Stat("/proc/self/ns/" + kind)
			return err == nil
		},
		load: func(ctx context.Context, module string) error {
			_, err := run(ctx, "", "modprobe", module)
			return err
		},
		link: linkExists,
	}
}

// preflight reports everything that will keep the node from running here, all at
// once. It must not be called while the node runs.
func preflight(ctx context.Context, m machine, l layout) error {
	var problems []string
	add := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }

	if m.uid != 0 {
		add("not root (user ID %d): the local node makes namespaces, mounts and a network interface; run this as root", m.uid)
	}
	if !filepath.IsAbs(l.root) || !filepath.IsAbs(l.run) || l.root == "/" || l.run == "/" {
		add("root %q and run %q must be absolute paths of directories of their own", l.root, l.run)
	} else if free, err := m.free(l.root); err != nil {
		add("cannot measure the free space for %s: %v", l.root, err)
	} else if needed := roomNeeded(l); free < needed {
		add("no room: %s has %s free and the node needs %s; free some, or mount a larger file system at %s", existingParent(l.root), gib(free), gib(needed), l.root)
	}
	if m.overlaid(l.root) {
		add("%s is on an overlay file system, on which those of pods cannot be stacked; mount another one, such as a volume, at %s", existingParent(l.root), l.root)
	}
	if routes, err := m.routes(); err != nil {
		add("%v", err)
	} else {
		for _, r := range overlapping(routes) {
			add("the address range %s is in use: this machine routes it through %s, and the node needs %s and %s; take that interface down", r.Destination, r.Device, podRange, serviceRange)
		}
	}
	if m.link(hostVeth) {
		add("a network interface named %s exists and is not the node's; remove it with: ip link delete %[1]s", hostVeth)
	}
	for _, kind := range []string{"pid", "mnt", "net", "ipc"} {
		if !m.namespaces(kind) {
			add("the kernel has no %s namespaces; use one that has", kind)
		}
	}
	if !hasFileSystem(m, "overlay") && (m.load(ctx, "overlay") != nil || !hasFileSystem(m, "overlay")) {
		add("the kernel has no overlay file system; load it with: modprobe overlay")
	}
	if found, err := m.controllers(); err != nil {
		add("cannot read the control groups: %v", err)
	} else {
		for _, name := range controllers {
			if !slices.Contains(strings.Fields(found), name) {
				add("the control group controller %s is not there; boot with it enabled", name)
			}
		}
	}
	if len(problems) > 0 {
		return refusal(problems)
	}
	return nil
}

// refusal returns an error with one line for each problem, then the way out.
func refusal(problems []string) error {
	return fmt.Errorf("the local node cannot run here:\n  - %s\n%s", strings.Join(problems, "\n  - "), WayOut)
}

func hasFileSystem(m machine, name string) bool {
	list, err := m.fileSystems()
	return err == nil && strings.Contains(list, "\t"+name+"\n")
}

// freeSpace returns how many bytes can still be written where dir is or will be.
func freeSpace(dir string) (uint64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(existingParent(dir), &s); err != nil {
		return 0, err
	}
	return s.Bavail * uint64(s.Bsize), nil
}

func roomNeeded(l layout) uint64 {
	if exists(l.containerd()) {
		return oldNodeNeeds
	}
	return newNodeNeeds
}

// existingParent returns dir or, if it does not exist, the closest parent that
// does.
func existingParent(dir string) string {
	for {
		if exists(dir) || dir == "/" || dir == "." {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}

func gib(n uint64) string { return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30)) }
