package supervisor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"
)

const (
	// firstDelay is how long a restart is delayed. It doubles each time the program
	// ends, up to longestDelay, until the program has run for steadyAfter.
	firstDelay   = 200 * time.Millisecond
	longestDelay = 15 * time.Second
	steadyAfter  = 30 * time.Second

	// probeEvery is the interval at which a starting program's Ready is called.
	probeEvery = 50 * time.Millisecond
	// grace is how long a program may take to end before it is killed.
	grace = 5 * time.Second
)

// Run starts the programs and keeps them running until ctx ends, then ends them.
// Each writes to <logs>/<name>.log. publish is called after every change with the
// states of all programs, in their order, and never concurrently. Run fails only if
// two programs have the same name or one is listed before those it comes after.
func Run(ctx context.Context, programs []Program, logs string, publish func([]State)) error {
	if err := check(programs); err != nil {
		return err
	}
	s := &supervisor{logs: logs, reaper: newReaper(), publish: publish, ready: map[string]chan struct{}{}}
	defer s.reaper.stop()
	now := time.Now()
	for _, p := range programs {
		s.states = append(s.states, State{Name: p.Name, Phase: Waiting, Since: now})
		s.ready[p.Name] = make(chan struct{})
	}
	var all sync.WaitGroup
	for i, p := range programs {
		all.Go(func() { s.keep(ctx, i, p) })
	}
	all.Wait()
	return nil
}

// check returns an error if a program would wait forever.
func check(programs []Program) error {
	var known []string
	for _, p := range programs {
		for _, before := range p.After {
			if !slices.Contains(known, before) {
				return fmt.Errorf("program %s comes after %s, which is not listed before it", p.Name, before)
			}
		}
		if slices.Contains(known, p.Name) {
			return fmt.Errorf("two programs are named %s", p.Name)
		}
		known = append(known, p.Name)
	}
	return nil
}

type supervisor struct {
	logs    string
	reaper  *reaper
	publish func([]State)
	ready   map[string]chan struct{} // closed when the program first serves

	mu     sync.Mutex
	states []State
}

// keep runs one program again and again until ctx ends.
func (s *supervisor) keep(ctx context.Context, i int, p Program) {
	for _, before := range p.After {
		select {
		case <-s.ready[before]:
		case <-ctx.Done():
			return
		}
	}
	delay := firstDelay
	for first := true; ctx.Err() == nil; first = false {
		began := time.Now()
		reason := s.once(ctx, i, p, first)
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > steadyAfter {
			delay = firstDelay
		}
		s.set(i, func(st *State) { st.PID, st.Phase, st.Reason = 0, Restarting, reason })
		if !wait(ctx, delay) {
			return
		}
		delay = min(2*delay, longestDelay)
	}
}

// once runs the program until it ends and returns how it ended.
func (s *supervisor) once(ctx context.Context, i int, p Program, first bool) string {
	pid, ended, err := s.start(p)
	if err != nil {
		return err.Error()
	}
	s.set(i, func(st *State) {
		st.PID, st.Phase = pid, Starting
		if !first {
			st.Restarts++
		}
	})
	running, stop := context.WithCancel(ctx)
	defer stop()
	go s.watch(running, i, p)

	select {
	case status := <-ended:
		return describe(status)
	case <-ctx.Done():
	}
	_ = syscall.Kill(pid, syscall.SIGTERM)
	select {
	case status := <-ended:
		return describe(status)
	case <-time.After(grace):
	}
	_ = syscall.Kill(pid, syscall.SIGKILL)
	return describe(<-ended)
}

// watch marks the program as running once it serves.
func (s *supervisor) watch(ctx context.Context, i int, p Program) {
	for p.Ready != nil && p.Ready(ctx) != nil {
		if !wait(ctx, probeEvery) {
			return
		}
	}
	if ctx.Err() != nil {
		return
	}
	s.set(i, func(st *State) {
		if st.Phase == Starting {
			st.Phase = Running
		}
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.ready[p.Name]:
	default:
		close(s.ready[p.Name])
	}
}

// start starts the program with its log as output.
func (s *supervisor) start(p Program) (int, <-chan syscall.WaitStatus, error) {
	log, err := os.OpenFile(filepath.Join(s.logs, p.Name+".log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return 0, nil, fmt.Errorf("opening its log: %w", err)
	}
	defer log.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return 0, nil, err
	}
	defer null.Close()
	pid, ended, err := s.reaper.start(p.Path, append([]string{p.Name}, p.Args...), &syscall.ProcAttr{
		Dir:   "/",
		Env:   p.Env,
		Files: []uintptr{null.Fd(), log.Fd(), log.Fd()},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return 0, nil, fmt.Errorf("starting %s: %w", p.Path, err)
	}
	return pid, ended, nil
}

// set changes one state and publishes all of them.
func (s *supervisor) set(i int, change func(*State)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	phase := s.states[i].Phase
	change(&s.states[i])
	if s.states[i].Phase != phase {
		s.states[i].Since = time.Now()
	}
	s.publish(slices.Clone(s.states))
}

// wait waits for d. It returns false if ctx ends before.
func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// describe returns how a program ended.
func describe(status syscall.WaitStatus) string {
	if status.Signaled() {
		return "killed by signal " + status.Signal().String()
	}
	return fmt.Sprintf("ended with status %d", status.ExitStatus())
}
