package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/daprstack/daprstack/local/supervisor"
)

// SuperviseCommand is how Up starts this very executable as the node's
// supervisor: `<executable> local supervise <root> <run>`. The program that
// calls Up must answer these arguments with Supervise.
var SuperviseCommand = []string{"local", "supervise"}

// goFD is the file descriptor on which the supervisor is told that its network
// cable is there.
const goFD = 3

// Supervise is the node's process 1: it makes the inside of the node's
// namespaces, then runs its programs until ctx ends. Only Up starts it.
func Supervise(ctx context.Context, o Options) error {
	if os.Getpid() != 1 {
		return errors.New("local supervise runs inside the local node only: start the node with `daprstack local up`")
	}
	l := o.layout()
	if err := awaitCable(); err != nil {
		return err
	}
	var p plan
	if err := readJSON(l.plan(), &p); err != nil {
		return fmt.Errorf("reading the node's plan: %w", err)
	}
	if err := isolate(l); err != nil {
		return err
	}
	if err := connectNode(ctx); err != nil {
		return err
	}
	return supervisor.Run(ctx, p.programs(l), l.logs(), func(states []supervisor.State) {
		if err := writeJSON(l.states(), states); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	})
}

// awaitCable returns once Up says that the cable is there, and fails if Up ends
// without saying so: a supervisor that nobody waits for must not stay.
func awaitCable() error {
	pipe := os.NewFile(goFD, "go")
	defer pipe.Close()
	if _, err := io.ReadFull(pipe, make([]byte, 1)); err != nil {
		return fmt.Errorf("waiting for the node's network cable: %w", err)
	}
	return nil
}

// identity tells one process from every other that ever had its number.
type identity struct {
	PID int `json:"pid"`
	// Start is when it started, in the kernel's clock ticks since Boot.
	Start uint64 `json:"start"`
	// Boot is the kernel's boot ID.
	Boot string `json:"boot"`
	// Namespace is its process namespace, as /proc names it.
	Namespace string    `json:"namespace"`
	Since     time.Time `json:"since"`
}

// identify returns the identity of a live process.
func identify(pid int) (identity, error) {
	start, state, err := processStat(pid)
	if err != nil {
		return identity{}, err
	}
	if state == zombie {
		return identity{}, fmt.Errorf("process %d has ended", pid)
	}
	boot, err := bootID()
	if err != nil {
		return identity{}, err
	}
	namespace, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", pid))
	if err != nil {
		return identity{}, err
	}
	return identity{PID: pid, Start: start, Boot: boot, Namespace: namespace, Since: time.Now()}, nil
}

// alive reports whether the process still runs.
func (i identity) alive() bool {
	now, err := identify(i.PID)
	return err == nil && now.Start == i.Start && now.Boot == i.Boot && now.Namespace == i.Namespace
}

// runningNode returns the identity of the supervisor that runs, if one does.
func runningNode(l layout) (identity, bool) {
	var id identity
	if err := readJSON(l.supervisor(), &id); err != nil || !id.alive() {
		return identity{}, false
	}
	return id, true
}

// node is a supervisor that Up has just started.
type node struct {
	id    identity
	ended <-chan error
}

// startSupervisor starts this executable as process 1 of new namespaces, gives
// it its network cable and records who it is.
func startSupervisor(ctx context.Context, l layout, mtu int) (*node, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program's own file: %w", err)
	}
	log, err := os.OpenFile(l.log("supervisor"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the supervisor's log: %w", err)
	}
	defer log.Close()
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer write.Close()
	cmd := exec.Command(self, append(append([]string{}, SuperviseCommand...), l.root, l.run)...)
	cmd.Dir = "/"
	cmd.Env = environment(os.LookupEnv)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{read} // goFD
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setsid:     true,
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC,
	}
	err = cmd.Start()
	read.Close()
	if err != nil {
		return nil, fmt.Errorf("starting the node's supervisor in namespaces of its own: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()

	id, err := identify(cmd.Process.Pid)
	if err == nil {
		err = writeJSON(l.supervisor(), id)
	}
	if err == nil {
		err = connectHost(ctx, id.PID, mtu)
	}
	if err == nil {
		_, err = write.Write([]byte{1})
	}
	if err != nil {
		_ = cmd.Process.Kill()
		<-ended
		return nil, err
	}
	return &node{id: id, ended: ended}, nil
}
