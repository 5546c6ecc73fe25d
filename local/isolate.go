//go:build linux

package local

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// kernelSettings are the settings that the kubelet insists on and would otherwise
// change for the whole machine. Inside the node they only look changed.
var kernelSettings = map[string]string{
	"vm/overcommit_memory":      "1",
	"vm/panic_on_oom":           "0",
	"kernel/panic":              "10",
	"kernel/panic_on_oops":      "1",
	"kernel/keys/root_maxkeys":  "1000000",
	"kernel/keys/root_maxbytes": "25000000",
}

// isolate sets up the node's view of the file system, in the supervisor's own
// mount namespace: it shows all of the machine's files, but whatever the node
// writes outside its own directories ends with the namespace.
func isolate(l layout) error {
	// The machine's mounts still come and go here; the node's do not show there.
	if err := mount("", "/", "", unix.MS_REC|unix.MS_SLAVE, ""); err != nil {
		return err
	}
	if err := mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return err
	}
	own, err := openDirs(l.root, l.run)
	if err != nil {
		return err
	}
	defer own.close()
	resolver, err := filepath.EvalSymlinks("/etc/resolv.conf")
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}

	if err := os.MkdirAll(l.scratch(), 0o700); err != nil {
		return err
	}
	if err := mount("tmpfs", l.scratch(), "tmpfs", 0, "mode=0700"); err != nil {
		return err
	}
	for _, dir := range []string{"/var/lib", "/var/log"} {
		if err := shadow(dir, filepath.Join(l.scratch(), strings.ReplaceAll(dir, "/", "-"))); err != nil {
			return err
		}
	}
	for name, value := range kernelSettings {
		file := filepath.Join(l.scratch(), strings.ReplaceAll(name, "/", "-"))
		if err := os.WriteFile(file, []byte(value+"\n"), 0o644); err != nil {
			return err
		}
		if err := mount(file, "/proc/sys/"+name, "", unix.MS_BIND, ""); err != nil {
			return err
		}
	}
	// /run comes last, because it hides the scratch directory.
	if err := mount("tmpfs", "/run", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0755"); err != nil {
		return err
	}
	if err := own.bind(); err != nil {
		return err
	}
	return showResolver(l, resolver)
}

// shadow mounts a writable overlay on a directory.
func shadow(dir, scratch string) error {
	upper, work := filepath.Join(scratch, "upper"), filepath.Join(scratch, "work")
	for _, d := range []string{upper, work} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	return mount("overlay", dir, "overlay", 0, fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", dir, upper, work))
}

// showResolver makes resolver, the file that /etc/resolv.conf leads to, list the
// name servers that the node can reach.
func showResolver(l layout, resolver string) error {
	switch {
	case resolver == "":
		return nil
	case strings.HasPrefix(resolver, "/run/"):
		data, err := os.ReadFile(l.resolvConf())
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(resolver), 0o755); err != nil {
			return err
		}
		return os.WriteFile(resolver, data, 0o644)
	default:
		return mount(l.resolvConf(), resolver, "", unix.MS_BIND, "")
	}
}

// dirs are directories that are kept open, so that they can be mounted again
// after something else was mounted over them.
type dirs []*os.File

func openDirs(paths ...string) (dirs, error) {
	var opened dirs
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			opened.close()
			return nil, err
		}
		opened = append(opened, f)
	}
	return opened, nil
}

func (d dirs) close() {
	for _, f := range d {
		f.Close()
	}
}

// bind mounts each directory at its own path.
func (d dirs) bind() error {
	for _, f := range d {
		if err := os.MkdirAll(f.Name(), 0o700); err != nil {
			return err
		}
		if err := mount(fmt.Sprintf("/proc/self/fd/%d", f.Fd()), f.Name(), "", unix.MS_BIND, ""); err != nil {
			return err
		}
		if err := mount("", f.Name(), "", unix.MS_SHARED, ""); err != nil {
			return err
		}
	}
	return nil
}

func mount(source, target, kind string, flags uintptr, data string) error {
	if err := unix.Mount(source, target, kind, flags, data); err != nil {
		return fmt.Errorf("mounting %s at %s in the node's namespace: %w", cmp.Or(source, kind, "propagation"), target, err)
	}
	return nil
}
