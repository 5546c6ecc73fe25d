//go:build !linux

package local

import (
	"context"
	"fmt"
	"io"
	"runtime"
)

// State is whether the node runs. Default: it does not.
type State struct{}

var errOtherSystem = fmt.Errorf("this is %s: the local node runs on Linux only; %s", runtime.GOOS, WayOut)

// Up fails: the node runs on Linux only.
func Up(context.Context, Options) error { return errOtherSystem }

// Down fails: the node runs on Linux only.
func Down(context.Context, Options) error { return errOtherSystem }

// Status fails: the node runs on Linux only.
func Status(context.Context, Options) (State, error) { return State{}, errOtherSystem }

// Load fails: the node runs on Linux only.
func Load(context.Context, Options, ...string) error { return errOtherSystem }

// Logs fails: the node runs on Linux only.
func Logs(context.Context, Options, io.Writer, string, bool) error { return errOtherSystem }

// Supervise fails: the node runs on Linux only.
func Supervise(context.Context, Options) error { return errOtherSystem }
