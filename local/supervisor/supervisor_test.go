package supervisor

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// patience limits how long a test waits for what must happen.
const patience = 20 * time.Second

// shell returns a program that runs a script.
func shell(name, script string) Program {
	return Program{Name: name, Path: "/bin/sh", Args: []string{"-c", script}, Env: []string{"PATH=/usr/bin:/bin"}}
}

// supervised is a supervisor that runs programs during a test.
type supervised struct {
	t      *testing.T
	logs   string
	states chan []State
	stop   context.CancelFunc
	ended  chan error
}

func supervise(t *testing.T, programs ...Program) *supervised {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	s := &supervised{t: t, logs: t.TempDir(), states: make(chan []State, 1000), stop: stop, ended: make(chan error, 1)}
	go func() { s.ended <- Run(ctx, programs, s.logs, func(states []State) { s.states <- states }) }()
	t.Cleanup(s.end)
	return s
}

func (s *supervised) end() {
	s.stop()
	select {
	case err := <-s.ended:
		require.NoError(s.t, err)
		s.ended <- nil
	case <-time.After(patience):
		s.t.Error("the supervisor does not end")
	}
}

// until waits for states that fit and returns them.
func (s *supervised) until(what string, fits func([]State) bool) []State {
	s.t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case states := <-s.states:
			if fits(states) {
				return states
			}
		case <-timeout:
			require.FailNow(s.t, "never: "+what)
		}
	}
}

func TestAProgramThatEndsIsStartedAgain(t *testing.T) {
	s := supervise(t, shell("short", "echo once; exit 3"))
	states := s.until("a second restart", func(states []State) bool { return states[0].Restarts == 2 })
	assert.Equal(t, "ended with status 3", states[0].Reason)
	assert.NotZero(t, states[0].PID)
	s.end()
	log, err := os.ReadFile(filepath.Join(s.logs, "short.log"))
	require.NoError(t, err)
	assert.Contains(t, string(log), "once\nonce\n")
}

func TestAProgramThatIsKilledIsStartedAgain(t *testing.T) {
	s := supervise(t, shell("long", "exec sleep 1000"))
	states := s.until("running", func(states []State) bool { return states[0].Phase == Running })
	require.NoError(t, syscall.Kill(states[0].PID, syscall.SIGKILL))
	states = s.until("running again", func(states []State) bool { return states[0].Phase == Running && states[0].Restarts == 1 })
	assert.Equal(t, "killed by signal killed", states[0].Reason)
}

func TestNoProgramStartsBeforeTheOnesItNeeds(t *testing.T) {
	gate := make(chan struct{})
	first := shell("first", "exec sleep 1000")
	first.Ready = func(context.Context) error {
		select {
		case <-gate:
			return nil
		default:
			return errors.New("not yet")
		}
	}
	second := shell("second", "exec sleep 1000")
	second.After = []string{"first"}
	s := supervise(t, first, second)

	states := s.until("the first starts", func(states []State) bool { return states[0].Phase == Starting })
	assert.Equal(t, Waiting, states[1].Phase)
	close(gate)
	states = s.until("the second runs", func(states []State) bool { return states[1].Phase == Running })
	assert.Equal(t, Running, states[0].Phase)
}

func TestAllProgramsEndWithTheSupervisor(t *testing.T) {
	s := supervise(t, shell("long", "exec sleep 1000"))
	states := s.until("running", func(states []State) bool { return states[0].Phase == Running })
	s.end()
	assert.ErrorIs(t, syscall.Kill(states[0].PID, 0), syscall.ESRCH)
}

func TestAProgramThatCannotStartSaysWhy(t *testing.T) {
	s := supervise(t, Program{Name: "absent", Path: "/does/not/exist"})
	states := s.until("a reason", func(states []State) bool { return states[0].Reason != "" })
	assert.Equal(t, "starting /does/not/exist: no such file or directory", states[0].Reason)
	assert.Equal(t, Restarting, states[0].Phase)
}

func TestOrphansAreBuried(t *testing.T) {
	r := newReaper()
	defer r.stop()
	// To process 1 an orphan is a child that nobody registered.
	pid, err := syscall.ForkExec("/bin/true", []string{"true"}, &syscall.ProcAttr{})
	require.NoError(t, err)
	assert.Eventually(t, func() bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }, patience, time.Millisecond)
}

func TestMistakesInTheList(t *testing.T) {
	after := func(name string, others ...string) Program { return Program{Name: name, After: others} }
	for name, c := range map[string]struct {
		programs []Program
		want     string
	}{
		"good":    {[]Program{after("a"), after("b", "a"), after("c", "a", "b")}, ""},
		"unknown": {[]Program{after("a", "z")}, "program a comes after z, which is not listed before it"},
		"later":   {[]Program{after("a", "b"), after("b")}, "program a comes after b, which is not listed before it"},
		"itself":  {[]Program{after("a", "a")}, "program a comes after a, which is not listed before it"},
		"twice":   {[]Program{after("a"), after("a")}, "two programs are named a"},
	} {
		t.Run(name, func(t *testing.T) {
			err := check(slices.Clone(c.programs))
			if c.want == "" {
				assert.NoError(t, err)
			} else {
				assert.EqualError(t, err, c.want)
			}
		})
	}
}
