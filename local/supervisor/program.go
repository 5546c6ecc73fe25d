package supervisor

import (
	"context"
	"time"
)

// Program describes a program to keep running.
type Program struct {
	// Name identifies the program in states, in After and by its log. It is also
	// its argument 0, so that one executable can be several programs.
	Name string
	// Path is the absolute path of the executable.
	Path string
	// Args are the arguments after argument 0.
	Args []string
	// Env is the whole environment, as NAME=value.
	Env []string
	// After names the programs that must have been ready before this one is first
	// started. Restarts do not wait: a program that loses a peer must cope.
	After []string
	// Ready returns nil once the program serves. Default: it serves as soon as it
	// runs.
	Ready func(context.Context) error
}

// Phase is a phase in the life of a program.
type Phase string

// The phases of a program.
const (
	Waiting    Phase = "waiting"    // for the programs that it is started after
	Starting   Phase = "starting"   // it runs but does not serve yet
	Running    Phase = "running"    // it serves
	Restarting Phase = "restarting" // it has ended and is restarted after a back-off
)

// State is the state of one program.
type State struct {
	Name string `json:"name"`
	// PID is the process ID in the supervisor's process namespace, 0 while the
	// program does not run.
	PID   int   `json:"pid"`
	Phase Phase `json:"phase"`
	// Restarts is the number of starts after the first.
	Restarts int `json:"restarts"`
	// Since is when the phase began.
	Since time.Time `json:"since"`
	// Reason says how the program last ended, "" if it never has.
	Reason string `json:"reason,omitempty"`
}
