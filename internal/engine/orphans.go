package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/procfs"

	"github.com/daprstack/daprstack/internal/proc"
)

// endOrphans kills the plugins of an engine that was killed, and returns when
// they are gone. They notice only after minutes, and until then they go on with
// what they were told: beside the next update, which is told the same. Plugins
// whose engine lives are left alone. Without /proc, endOrphans does nothing.
func endOrphans(ctx context.Context, dir string) error {
	processes, err := procfs.AllProcs()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking for processes of the last update: %w", err)
	}
	orphans := slices.DeleteFunc(processes, func(p procfs.Proc) bool { return !isPlugin(p, dir) || engineLives(p) })
	for _, p := range orphans {
		_ = syscall.Kill(p.PID, syscall.SIGKILL) // it may have ended meanwhile
	}
	for _, p := range orphans {
		for isPlugin(p, dir) {
			select {
			case <-ctx.Done():
				return fmt.Errorf("waiting for process %d of the last update to end: %w", p.PID, ctx.Err())
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
	return nil
}

// dirVariable is in the environment of every engine. It tells those that have their
// state in one folder from all others.
const dirVariable = "DAPRSTACK_ENGINE_DIR"

// isPlugin reports whether a process is a plugin that was started by an engine with
// its state in dir: it inherits the engine's environment.
func isPlugin(p procfs.Proc, dir string) bool {
	env, err := p.Environ()
	if err != nil || !slices.Contains(env, dirVariable+"="+dir) {
		return false
	}
	args, err := p.CmdLine() // the executable of the policy pack is the driver's
	return err == nil && len(args) > 0 && strings.HasPrefix(filepath.Base(args[0]), "pulumi-")
}

// engineLives reports whether the parent of a plugin is still the engine.
func engineLives(p procfs.Proc) bool {
	stat, err := p.Stat()
	if err != nil {
		return false
	}
	parent, err := proc.Stat(stat.PPID)
	return err == nil && parent.Comm == "pulumi"
}
