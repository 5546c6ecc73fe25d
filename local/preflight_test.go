//go:build linux

package local

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// goodMachine returns a machine on which the node can run.
func goodMachine() machine {
	return machine{
		uid:         0,
		free:        func(string) (uint64, error) { return 10 << 30, nil },
		overlaid:    func(string) bool { return false },
		routes:      func() ([]route, error) { return []route{to("0.0.0.0/0", "eth0")}, nil },
		fileSystems: func() (string, error) { return "nodev\tproc\nnodev\toverlay\n\text4\n", nil },
		controllers: func() (string, error) { return "cpuset cpu io memory pids", nil },
		namespaces:  func(string) bool { return true },
		load:        func(context.Context, string) error { return errors.New("no such module") },
		link:        func(string) bool { return false },
	}
}

func TestPreflight(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*machine)
		want  []string // the lines between the first and the last; none: no error
	}{
		"good": {func(*machine) {}, nil},
		"not root": {func(m *machine) { m.uid = 1000 },
			[]string{"not root (user ID 1000): the local node makes namespaces, mounts and a network interface; run this as root"}},
		"no room": {func(m *machine) { m.free = func(string) (uint64, error) { return 512 << 20, nil } },
			[]string{"no room: PARENT has 0.5 GiB free and the node needs 4.0 GiB; free some, or mount a larger file system at ROOT"}},
		"unknown room": {func(m *machine) { m.free = func(string) (uint64, error) { return 0, errors.New("input/output error") } },
			[]string{"cannot measure the free space for ROOT: input/output error"}},
		"in a container": {func(m *machine) { m.overlaid = func(string) bool { return true } },
			[]string{"PARENT is on an overlay file system, on which those of pods cannot be stacked; mount another one, such as a volume, at ROOT"}},
		"addresses in use": {func(m *machine) {
			m.routes = func() ([]route, error) {
				return []route{to("10.211.7.0/24", "wg0"), to("10.0.0.0/8", "tun0"), to("10.210.0.9/32", "br0")}, nil
			}
		}, []string{
			"the address range 10.211.7.0/24 is in use: this machine routes it through wg0, and the node needs 10.210.0.0/24 and 10.211.0.0/16; take that interface down",
			"the address range 10.210.0.9/32 is in use: this machine routes it through br0, and the node needs 10.210.0.0/24 and 10.211.0.0/16; take that interface down",
		}},
		"routes unreadable": {func(m *machine) {
			m.routes = func() ([]route, error) { return nil, errors.New("reading routes: denied") }
		}, []string{"reading routes: denied"}},
		"interface of that name": {func(m *machine) { m.link = func(name string) bool { return name == "daprstack0" } },
			[]string{"a network interface named daprstack0 exists and is not the node's; remove it with: ip link delete daprstack0"}},
		"no namespaces": {func(m *machine) { m.namespaces = func(kind string) bool { return kind != "pid" } },
			[]string{"the kernel has no pid namespaces; use one that has"}},
		"no overlay": {func(m *machine) { m.fileSystems = func() (string, error) { return "\text4\n", nil } },
			[]string{"the kernel has no overlay file system; load it with: modprobe overlay"}},
		"overlay loaded on demand": {func(m *machine) {
			loaded := false
			m.load = func(_ context.Context, module string) error { loaded = module == "overlay"; return nil }
			m.fileSystems = func() (string, error) {
				if loaded {
					return "nodev\toverlay\n", nil
				}
				return "", nil
			}
		}, nil},
		"no memory controller": {func(m *machine) { m.controllers = func() (string, error) { return "cpuset cpu pids", nil } },
			[]string{"the control group controller memory is not there; boot with it enabled"}},
		"everything at once": {func(m *machine) {
			m.uid = 1
			m.controllers = func() (string, error) { return "", errors.New("not mounted") }
		}, []string{
			"not root (user ID 1): the local node makes namespaces, mounts and a network interface; run this as root",
			"cannot read the control groups: not mounted",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLayout(t)
			m := goodMachine()
			c.spoil(&m)
			err := preflight(t.Context(), m, l)
			if c.want == nil {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			names := strings.NewReplacer(l.root, "ROOT", existingParent(l.root), "PARENT")
			lines := strings.Split(names.Replace(err.Error()), "\n")
			assert.Equal(t, "the local node cannot run here:", lines[0])
			assert.Equal(t, "or use a cluster that you have: make up CONTEXT=<a context of your kubeconfig>", lines[len(lines)-1])
			var want []string
			for _, w := range c.want {
				want = append(want, "  - "+w)
			}
			assert.Equal(t, want, lines[1:len(lines)-1])
		})
	}
}

func TestANodeThatIsThereNeedsLessRoom(t *testing.T) {
	l := newLayout(t)
	m := goodMachine()
	m.free = func(string) (uint64, error) { return 2 << 30, nil }
	assert.ErrorContains(t, preflight(t.Context(), m, l), "no room")
	write(t, l.containerd()+"/x", "")
	assert.NoError(t, preflight(t.Context(), m, l))
}

func TestDirectoriesMustBeItsOwn(t *testing.T) {
	for _, l := range []layout{{"/", "/run/x"}, {"/var/x", "/"}, {"relative", "/run/x"}} {
		assert.ErrorContains(t, preflight(t.Context(), goodMachine(), l), "must be absolute paths of directories of their own", l)
	}
}
