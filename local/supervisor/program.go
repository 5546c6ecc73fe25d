package supervisor

import (
	"context"
	"time"
)

// Program is one program to keep running.
type Program struct {
	// Name is what states, logs and After call it.
	Name string
	// Path is the executable, absolute; Args its arguments, without the program's
	// own name: that is Name, so one executable can be several programs.
	Path string
	Args []string
	// Env is the whole environment, as NAME=value.
	Env []string
	// After are the programs that must be ready before the first start of this
	// one. It does not order restarts: what loses a peer waits for it by itself.
	After []string
	// Ready returns nil once the program serves; nil means as soon as it runs.
	Ready func(context.Context) error
}

// Phase is where a program is in its life.
type Phase string

// The phases of a program.
const (
	Waiting    Phase = "waiting"    // for the programs it comes after
	Starting   Phase = "starting"   // runs, does not serve yet
	Running    Phase = "running"    // serves
	Restarting Phase = "restarting" // ended, starts again after its back-off
)

// State is what is known of one program.
type State struct {
	Name string `json:"name"`
	// PID is as the supervisor's process namespace numbers it; 0 while the
	// program does not run.
	PID   int   `json:"pid"`
	Phase Phase `json:"phase"`
	// Restarts counts the starts after the first.
	Restarts int `json:"restarts"`
	// Since is when the phase began.
	Since time.Time `json:"since"`
	// Reason says how the program last ended; empty if it never did.
	Reason string `json:"reason,omitempty"`
}
