// Package progress shows what long-running work is doing, how long it has taken so
// far and what it is waiting for. It writes whole lines only, so that it reads the
// same on a terminal, in a log file and in CI.
package progress

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// heartbeat is how often a running step repeats its line.
const heartbeat = 10 * time.Second

// Reporter writes the progress of steps, which may run concurrently.
type Reporter struct {
	mu    sync.Mutex
	w     io.Writer
	start time.Time
}

// New returns a Reporter that writes to w; elapsed time counts from now.
func New(w io.Writer) *Reporter { return &Reporter{w: w, start: time.Now()} }

// Say writes one line.
func (r *Reporter) Say(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintf(r.w, "%7s  %s\n", Short(time.Since(r.start)), fmt.Sprintf(format, args...))
}

// Start announces a step. A step that takes long repeats its line, with what it is
// waiting for, until Done or Fail is called; exactly one of them must be.
func (r *Reporter) Start(format string, args ...any) *Step {
	s := &Step{r: r, what: fmt.Sprintf(format, args...), start: time.Now(), stop: make(chan struct{})}
	r.Say("%s …", s.what)
	go s.beat()
	return s
}

// Step is one piece of work in progress.
type Step struct {
	r     *Reporter
	what  string
	start time.Time
	stop  chan struct{}

	mu      sync.Mutex
	waiting string
}

// Waiting sets what the step is waiting for, as in "for the API server". The next
// heartbeat shows it.
func (s *Step) Waiting(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = fmt.Sprintf(format, args...)
}

// Done ends a step that succeeded.
func (s *Step) Done() { s.end("done") }

// Fail ends a step that failed, and returns err for the caller to return.
func (s *Step) Fail(err error) error {
	s.end("failed")
	return err
}

func (s *Step) end(how string) {
	close(s.stop)
	s.r.Say("%s: %s in %s", s.what, how, Short(time.Since(s.start)))
}

func (s *Step) beat() {
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-tick.C:
			s.mu.Lock()
			waiting := s.waiting
			s.mu.Unlock()
			if waiting != "" {
				waiting = ", waiting " + waiting
			}
			s.r.Say("%s … %s%s", s.what, Short(time.Since(s.start)), waiting)
		}
	}
}

// Short formats a duration for people: 0.4s, 12s, 3m05s.
func Short(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.0fs", d.Seconds())
	default:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
}
