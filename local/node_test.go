//go:build linux

package local

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/daprstack/daprstack/internal/proc"
	"github.com/daprstack/daprstack/local/supervisor"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestIdentity(t *testing.T) {
	id, err := identify(os.Getpid())
	require.NoError(t, err)
	assert.True(t, id.alive())
	for name, change := range map[string]func(*identity){
		"the number was taken over": func(i *identity) { i.Start++ },
		"the machine booted since":  func(i *identity) { i.Boot = "another" },
		"another namespace":         func(i *identity) { i.Namespace = "pid:[1]" },
		"no such process":           func(i *identity) { i.PID = 1 << 30 },
	} {
		other := id
		change(&other)
		assert.False(t, other.alive(), name)
	}
}

func TestNoNodeRunsWithoutARecord(t *testing.T) {
	l := newLayout(t)
	_, running := runningNode(l)
	assert.False(t, running)
	id, err := identify(os.Getpid())
	require.NoError(t, err)
	require.NoError(t, writeJSON(l.supervisor(), id))
	found, running := runningNode(l)
	assert.True(t, running)
	assert.Equal(t, id.PID, found.PID)
	write(t, l.supervisor(), "{")
	_, running = runningNode(l)
	assert.False(t, running, "an unreadable record")
}

func TestMembersFindsThisProcess(t *testing.T) {
	id, err := identify(os.Getpid())
	require.NoError(t, err)
	found, err := members(id.Namespace)
	require.NoError(t, err)
	assert.Equal(t, os.Getpid(), found[os.Getpid()])
	found, err = members("pid:[1]")
	require.NoError(t, err)
	assert.Empty(t, found)
}

func TestMembersOfAnotherNamespace(t *testing.T) {
	child := exec.Command("cat")
	child.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}
	stdin, err := child.StdinPipe()
	require.NoError(t, err)
	if err := child.Start(); errors.Is(err, os.ErrPermission) {
		t.Skip("only root can make process namespaces")
	}
	id, err := identify(child.Process.Pid)
	require.NoError(t, err)
	found, err := members(id.Namespace)
	require.NoError(t, err)
	assert.Equal(t, map[int]int{1: child.Process.Pid}, found)

	require.NoError(t, stdin.Close())
	require.Eventually(t, func() bool { return !id.alive() }, 10*time.Second, 5*time.Millisecond, "a zombie does not run")
	found, err = members(id.Namespace)
	require.NoError(t, err)
	assert.Empty(t, found, "a zombie")
	_, err = identify(child.Process.Pid)
	assert.ErrorIs(t, err, proc.ErrEnded)
	require.NoError(t, child.Wait())
}

func TestLockIsForOne(t *testing.T) {
	l := newLayout(t)
	release, err := takeLock(t.Context(), l)
	require.NoError(t, err)
	_, err = takeLock(t.Context(), l)
	assert.EqualError(t, err, "another `daprstack local up` or `down` is at work on this node: wait for it to end and try again")

	// Down removes the lock with its directory; the next file is another lock.
	require.NoError(t, os.RemoveAll(l.run))
	again, err := takeLock(t.Context(), l)
	require.NoError(t, err)
	again()
	release()
	last, err := takeLock(t.Context(), l)
	require.NoError(t, err)
	last()
}

func TestReadiness(t *testing.T) {
	began := time.Date(2026, 1, 1, 12, 0, 0, 500, time.UTC)
	condition := func(status corev1.ConditionStatus, heartbeat time.Time) *corev1.Node {
		return &corev1.Node{Status: corev1.NodeStatus{Conditions: []corev1.NodeCondition{
			{Type: corev1.NodeMemoryPressure, Status: corev1.ConditionTrue, LastHeartbeatTime: metav1.NewTime(heartbeat)},
			{Type: corev1.NodeReady, Status: status, Message: "because", LastHeartbeatTime: metav1.NewTime(heartbeat)},
		}}}
	}
	for name, c := range map[string]struct {
		node *corev1.Node
		want bool
		why  string
	}{
		"ready":              {condition(corev1.ConditionTrue, began.Add(time.Second)), true, "because"},
		"in the same second": {condition(corev1.ConditionTrue, began.Truncate(time.Second)), true, "because"},
		"of an earlier life": {condition(corev1.ConditionTrue, began.Add(-time.Second)), false, "the kubelet has not reported yet"},
		"not ready":          {condition(corev1.ConditionFalse, began.Add(time.Second)), false, "because"},
		"new":                {&corev1.Node{}, false, "the kubelet has not reported yet"},
	} {
		ready, why := readiness(c.node, began)
		assert.Equal(t, c.want, ready, name)
		assert.Equal(t, c.why, why, name)
	}
}

func TestPollTellsWhyItFailed(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	tries := 0
	err := poll(ctx, func(ctx context.Context) error {
		if tries++; tries == 1 {
			return errors.New("connection refused")
		}
		cancel(errors.New("too late"))
		return ctx.Err()
	})
	assert.EqualError(t, err, "too late: connection refused")
	assert.NoError(t, poll(t.Context(), func(context.Context) error { return nil }))
}

func TestTroubles(t *testing.T) {
	l := newLayout(t)
	assert.Empty(t, troubles(l))
	require.NoError(t, writeJSON(l.states(), []supervisor.State{
		{Name: etcd, Phase: supervisor.Running},
		{Name: kubelet, Phase: supervisor.Restarting, Reason: "ended with status 1"},
		{Name: coredns, Phase: supervisor.Waiting},
	}))
	assert.Equal(t, "\n  - kubelet is restarting (ended with status 1; see: daprstack local logs kubelet)\n  - coredns is waiting", troubles(l))
	assert.EqualError(t, programsRun(l), "kubelet is restarting")
}

func TestStatusOfNoNode(t *testing.T) {
	l := newLayout(t)
	o := Options{Root: l.root, Run: l.run}
	s, err := Status(t.Context(), o)
	require.NoError(t, err)
	assert.Equal(t, "The local node is not running. Start it with: daprstack local up\n", s.String())

	write(t, filepath.Join(l.etcd(), "member"), "")
	s, err = Status(t.Context(), o)
	require.NoError(t, err)
	assert.Equal(t, "The local node is not running; its data is in "+l.root+". Start it with: daprstack local up\n", s.String())
}

func TestStateForPeople(t *testing.T) {
	since := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	text := State{
		Running: true, PID: 99, Since: since, Ready: true, APIServer: apiURL, Kubeconfig: "/k", Context: Context,
		Programs: []Program{
			{Name: etcd, PID: 100, State: "running", Since: since},
			{Name: kubelet, State: "restarting", Restarts: 2, Since: since, Reason: "ended with status 1"},
		},
	}.String()
	assert.Contains(t, text, "daprstack-local, ready\n")
	assert.Regexp(t, `(?m)^etcd +100 +running +0 `, text)
	assert.Regexp(t, `(?m)^kubelet +0 +restarting +2 .* ended with status 1$`, text)
	assert.Contains(t, State{Running: true, Reason: "too new"}.String(), "not ready: too new")
}

func TestLogs(t *testing.T) {
	l := newLayout(t)
	o := Options{Root: l.root, Run: l.run}
	var out bytes.Buffer
	assert.ErrorContains(t, Logs(t.Context(), o, &out, etcd, false), "the local node has no logs")

	write(t, l.log(etcd), "one\ntwo\n")
	write(t, l.log(kubelet), "three\n")
	require.NoError(t, Logs(t.Context(), o, &out, etcd, false))
	assert.Equal(t, "one\ntwo\n", out.String())
	assert.EqualError(t, Logs(t.Context(), o, &out, "etdc", false), `there is no log "etdc"; there are: etcd, kubelet`)
	assert.Equal(t, "two", tail(l.log(etcd), 1))
	assert.Empty(t, tail(l.log("none"), 1))
}

func TestOnlyLargeLogsArePutAside(t *testing.T) {
	l := newLayout(t)
	write(t, l.log(etcd), "small")
	write(t, l.log(kubelet), "large")
	require.NoError(t, os.Truncate(l.log(kubelet), logLimit))
	require.NoError(t, rotateLogs(l))
	assert.FileExists(t, l.log(etcd))
	assert.NoFileExists(t, l.log(kubelet))
	assert.FileExists(t, l.log(kubelet)+".1")
	names, err := logNames(l)
	require.NoError(t, err)
	assert.Equal(t, []string{etcd}, names, "an old log is not a program's")
}

func TestMountsUnder(t *testing.T) {
	info := strings.Join([]string{
		"43 42 254:0 / / rw - ext4 /dev/vda rw",
		"44 43 0:25 / /root/x rw - tmpfs t rw",
		"45 43 0:25 / /root rw - tmpfs t rw",
		"46 43 0:25 / /rooted/x rw - tmpfs t rw",
		"47 43 0:25 / /run/y/z rw - tmpfs t rw",
		"cut short",
	}, "\n")
	assert.Equal(t, []string{"mount /root/x", "mount /run/y/z"}, mountsUnder(info, "/root", "/run"))
}

// cgroupTree makes control group hierarchies as the kernel shows them.
func cgroupTree(t *testing.T, files ...string) string {
	t.Helper()
	root := t.TempDir()
	for _, f := range files {
		write(t, filepath.Join(root, f), "0-3\n")
	}
	return root
}

func TestControlGroupsOfVersion1(t *testing.T) {
	root := cgroupTree(t, "cpuset/cpuset.cpus", "cpuset/cpuset.mems", "memory/tasks", "cpu,cpuacct/tasks")
	require.NoError(t, os.Symlink("cpu,cpuacct", filepath.Join(root, "cpu")))
	require.NoError(t, makeCgroups(root, "daprstack"))
	require.NoError(t, makeCgroups(root, "daprstack"), "twice")
	dirs, err := cgroupDirs(root, "daprstack")
	require.NoError(t, err)
	assert.Equal(t, []string{
		filepath.Join(root, "cpu,cpuacct/daprstack"), filepath.Join(root, "cpuset/daprstack"), filepath.Join(root, "memory/daprstack"),
	}, dirs)
	cpus, err := os.ReadFile(filepath.Join(root, "cpuset/daprstack/cpuset.cpus"))
	require.NoError(t, err)
	assert.Equal(t, "0-3\n", string(cpus))
	assert.NoFileExists(t, filepath.Join(root, "memory/daprstack/cpuset.cpus"))
}

func TestControlGroupsOfVersion2(t *testing.T) {
	root := cgroupTree(t, "cgroup.controllers", "cgroup.subtree_control", "system.slice/x")
	require.NoError(t, makeCgroups(root, "daprstack"))
	dirs, err := cgroupDirs(root, "daprstack")
	require.NoError(t, err)
	assert.Equal(t, []string{filepath.Join(root, "daprstack")}, dirs)
	enabled, err := os.ReadFile(filepath.Join(root, "cgroup.subtree_control"))
	require.NoError(t, err)
	assert.Equal(t, "+pids", string(enabled), "the last one written")
}

func TestNoControlGroups(t *testing.T) {
	dirs, err := cgroupDirs(cgroupTree(t, "memory/tasks"), "daprstack")
	require.NoError(t, err)
	assert.Empty(t, dirs)
}

func TestMissingPackages(t *testing.T) {
	var names []string
	for _, p := range missing(packages, func(program string) bool { return program != "ctr" && !strings.HasPrefix(program, "/usr/lib/cni/") }) {
		names = append(names, p.name)
	}
	assert.Equal(t, []string{"containerd", "containernetworking-plugins"}, names)
	assert.Empty(t, missing(packages, func(string) bool { return true }))
}

func TestServicePolicy(t *testing.T) {
	read := func(p policy) string {
		data, err := os.ReadFile(p.file)
		if errors.Is(err, os.ErrNotExist) {
			return ""
		}
		require.NoError(t, err)
		return string(data)
	}
	for name, before := range map[string]string{"none before": "", "one before": "#!/bin/sh\nexit 0\n"} {
		t.Run(name, func(t *testing.T) {
			p := policy{filepath.Join(t.TempDir(), "policy-rc.d")}
			if before != "" {
				write(t, p.file, before)
			}
			require.NoError(t, p.hold())
			assert.Equal(t, policyText, read(p))
			require.NoError(t, p.restore())
			assert.Equal(t, before, read(p))
			assert.NoFileExists(t, p.saved())
			require.NoError(t, p.restore(), "twice")
			assert.Equal(t, before, read(p))
		})
	}
}

func TestWriteFileIsWholeAndPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b")
	require.NoError(t, writeFile(path, []byte("one")))
	require.NoError(t, writeFile(path, []byte("two")))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "two", string(data))
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	assert.NoFileExists(t, path+".next")
}

func TestRemoveDir(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a")
	write(t, filepath.Join(dir, "b", "c"), "")
	require.NoError(t, removeDir(dir))
	assert.NoDirExists(t, dir)
	require.NoError(t, removeDir(dir), "twice")
}

func TestRolesNameOnlyOurUsers(t *testing.T) {
	known := map[string]bool{}
	for _, u := range users {
		known[u.CommonName] = true
	}
	for user, rules := range roles {
		assert.True(t, known[user], user)
		for _, r := range rules {
			assert.NotContains(t, r.Verbs, "*", user)
			assert.NotContains(t, r.Resources, "*", user)
			assert.NotContains(t, r.Resources, "secrets", user)
		}
	}
}
