//go:build linux

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

	"github.com/daprstack/daprstack/internal/proc"
	"github.com/daprstack/daprstack/local/supervisor"
)

// SuperviseCommand is the command with which Up runs its own executable as the
// node's supervisor: `<executable> local supervise <root> <run>`. A program that
// calls Up must call Supervise when it is given these arguments.
var SuperviseCommand = []string{"local", "supervise"}

// goFD is the file descriptor on which Up tells the supervisor to go on, because
// it has connected it to this machine's network.
const goFD = 3

// Supervise runs the node as its process 1: it sets up the node's namespaces from
// the inside, then runs its programs until ctx ends. It fails in any other
// process: only Up may start it.
func Supervise(ctx context.Context, o Options) error {
	if os.Getpid() != 1 {
		return errors.New("local supervise runs inside the local node only: start the node with `daprstack local up`")
	}
	l := o.layout()
	if err := awaitConnection(); err != nil {
		return err
	}
	var p plan
	if err := readJSON(l.plan(), &p); err != nil {
		return fmt.Errorf("reading the node's plan: %w", err)
	}
	if err := isolate(l); err != nil {
		return err
	}
	if err := connectNode(); err != nil {
		return err
	}
	return supervisor.Run(ctx, p.programs(l), l.logs(), func(states []supervisor.State) {
		if err := writeJSON(l.states(), states); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	})
}

// awaitConnection waits until Up has connected the node to this machine. It fails
// if Up ends before that: a supervisor that nobody waits for must not stay.
func awaitConnection() error {
	pipe := os.NewFile(goFD, "go")
	defer pipe.Close()
	if _, err := io.ReadFull(pipe, make([]byte, 1)); err != nil {
		return fmt.Errorf("waiting to be connected to this machine's network: %w", err)
	}
	return nil
}

// identity tells a process from all others that ever had the same process ID.
type identity struct {
	PID int `json:"pid"`
	// Start is when it started, in clock ticks since Boot.
	Start uint64 `json:"start"`
	// Boot is the kernel's boot ID.
	Boot string `json:"boot"`
	// Namespace is its process namespace, such as pid:[4026531836].
	Namespace string    `json:"namespace"`
	Since     time.Time `json:"since"`
}

// identify returns the identity of a running process.
func identify(pid int) (identity, error) {
	stat, err := proc.Stat(pid)
	if err != nil {
		return identity{}, err
	}
	boot, err := proc.BootID()
	if err != nil {
		return identity{}, err
	}
	namespace, err := processNamespace(pid)
	if err != nil {
		return identity{}, err
	}
	return identity{PID: pid, Start: stat.Starttime, Boot: boot, Namespace: namespace, Since: time.Now()}, nil
}

// alive reports whether the process still runs.
func (i identity) alive() bool {
	now, err := identify(i.PID)
	return err == nil && now.Start == i.Start && now.Boot == i.Boot && now.Namespace == i.Namespace
}

// runningNode returns the identity of the node's supervisor and whether it runs.
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

// startSupervisor starts this executable as process 1 of new namespaces, records
// its identity, connects it to this machine's network and lets it go on.
func startSupervisor(l layout, mtu int) (*node, error) {
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
		err = connectHost(id.PID, mtu)
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
