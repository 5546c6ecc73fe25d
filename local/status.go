//go:build linux

package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/daprstack/daprstack/local/supervisor"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Program is the state of one of the node's programs.
type Program struct {
	Name string
	// PID is the process ID on this machine, 0 if the program does not run.
	PID      int
	State    string
	Restarts int
	Since    time.Time
	// Reason says how the program last ended, "" if it never has.
	Reason string
}

// State describes the local node.
type State struct {
	// Running reports whether the supervisor runs. If not, Since, Programs, Ready
	// and Reason are not set.
	Running bool
	// Data reports whether there is data that Up would start the node on.
	Data       bool
	Root       string
	PID        int // the supervisor's
	Since      time.Time
	Programs   []Program
	Ready      bool
	Reason     string // why it is not ready
	Kubeconfig string
	Context    string
	APIServer  string
	NodeIP     string
	Pods       string // address range
	Services   string // address range
}

// Status returns the state of the node. It changes nothing.
func Status(ctx context.Context, o Options) (State, error) {
	l := o.layout()
	s := State{
		Root: l.root, Kubeconfig: l.kubeconfig(), Context: Context, APIServer: apiURL,
		NodeIP: nodeIP.String(), Pods: podRange.String(), Services: serviceRange.String(),
	}
	if entries, err := os.ReadDir(l.etcd()); err == nil {
		s.Data = len(entries) > 0
	} else if errors.Is(err, os.ErrPermission) {
		return s, fmt.Errorf("looking at the local node: %w: run this as root", err)
	}
	id, running := runningNode(l)
	if !running {
		return s, nil
	}
	s.Running, s.PID, s.Since = true, id.PID, id.Since
	var err error
	if s.Programs, err = programStates(l, id); err != nil {
		return s, err
	}
	client, err := clientset(l.kubeconfig())
	if err != nil {
		return s, err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if n, err := client.CoreV1().Nodes().Get(ctx, NodeName, metav1.GetOptions{}); err != nil {
		s.Reason = err.Error()
	} else {
		s.Ready, s.Reason = readiness(n, id.Since)
	}
	return s, nil
}

// programStates returns the states that the supervisor published, with this
// machine's process IDs.
func programStates(l layout, id identity) ([]Program, error) {
	var states []supervisor.State
	if err := readJSON(l.states(), &states); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	here, err := members(id.Namespace)
	if err != nil {
		return nil, err
	}
	var programs []Program
	for _, s := range states {
		programs = append(programs, Program{
			Name: s.Name, PID: here[s.PID], State: string(s.Phase),
			Restarts: s.Restarts, Since: s.Since, Reason: s.Reason,
		})
	}
	return programs, nil
}

// String returns the state as text for people.
func (s State) String() string {
	var b strings.Builder
	if !s.Running {
		b.WriteString("The local node is not running")
		if s.Data {
			fmt.Fprintf(&b, "; its data is in %s", s.Root)
		}
		b.WriteString(". Start it with: daprstack local up\n")
		return b.String()
	}
	ready := "ready"
	if !s.Ready {
		ready = "not ready: " + s.Reason
	}
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "node\t%s, %s\n", NodeName, ready)
	fmt.Fprintf(w, "running since\t%s (supervisor %d)\n", s.Since.Format(time.DateTime), s.PID)
	fmt.Fprintf(w, "API server\t%s\n", s.APIServer)
	fmt.Fprintf(w, "node and DNS\t%s\n", s.NodeIP)
	fmt.Fprintf(w, "pods\t%s\n", s.Pods)
	fmt.Fprintf(w, "services\t%s\n", s.Services)
	fmt.Fprintf(w, "kubeconfig\t%s (context %s)\n", s.Kubeconfig, s.Context)
	fmt.Fprintf(w, "data\t%s\n\n", s.Root)
	w.Flush()
	w = tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "PROGRAM\tPROCESS\tSTATE\tRESTARTS\tSINCE\tLAST END")
	for _, p := range s.Programs {
		fmt.Fprintf(w, "%s\t%d\t%s\t%d\t%s\t%s\n", p.Name, p.PID, p.State, p.Restarts, p.Since.Format(time.DateTime), p.Reason)
	}
	w.Flush()
	return b.String()
}
