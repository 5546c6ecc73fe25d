package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/cluster"
)

// Options configure a run.
type Options struct {
	// Stack is the expected stack, with its defaults. Required.
	Stack *config.Stack
	// Cluster is where the stack runs. Required.
	Cluster *cluster.Client
	// Wait also runs the checks that have to wait for something a component
	// does by itself, for up to twice its redeliverInterval. Default false.
	Wait bool
	// Settle is how long a failing check is retried, for a stack that has only
	// just come up. Default 0: not at all.
	Settle time.Duration
	// Done is called after each check, never concurrently. Optional.
	Done func(Result)
}

const (
	// maxParallel is how many checks run at the same time.
	maxParallel = 6
	// checkTimeout is the default timeout of a check.
	checkTimeout = 45 * time.Second
)

// check is one check of the running stack.
type check struct {
	entity  string
	rules   []string // the numbers of the rules that it proves
	what    string
	prove   func(context.Context) error // returns all that is wrong, or skipped
	timeout time.Duration               // default checkTimeout
}

// skipped is the error of a check that cannot be made here; it says why.
type skipped string

func (s skipped) Error() string { return string(s) }

// noted is the error of a check that passed with something worth saying.
type noted string

func (n noted) Error() string { return string(n) }

// verifier holds what the checks share.
type verifier struct {
	stack   *config.Stack
	cluster *cluster.Client
	wait    bool
	podApps sync.Map // of the pods that were looked at: the config.App of each name

	opening  sync.Mutex
	opened   map[string]backend // by component
	unopened map[string]error   // those that are not looked at from here
}

// Run makes all checks and reports them in a fixed order. It returns an error
// only if ctx ends; problems of the stack are in the report.
func Run(ctx context.Context, o Options) (Report, error) {
	v := &verifier{stack: o.Stack, cluster: o.Cluster, wait: o.Wait, opened: map[string]backend{}, unopened: map[string]error{}}
	defer v.close()
	checks := v.checks()
	report := Report{Started: time.Now(), Results: make([]Result, len(checks))}
	var (
		group errgroup.Group
		mu    sync.Mutex
	)
	group.SetLimit(maxParallel)
	for i, c := range checks {
		group.Go(func() error {
			result := c.run(ctx, o.Settle)
			report.Results[i] = result
			if o.Done != nil {
				mu.Lock()
				defer mu.Unlock()
				o.Done(result)
			}
			return nil
		})
	}
	_ = group.Wait() // no check returns an error
	report.Took = time.Since(report.Started)
	return report, ctx.Err()
}

// checks returns all checks that apply to the stack, the slowest of each entity
// first.
func (v *verifier) checks() []check {
	if !*v.stack.Dapr.Enabled {
		return slices.Concat(v.plainApps(), v.withoutDapr())
	}
	return slices.Concat(v.controlPlane(), v.certificates(), v.sidecars(), v.components(), v.states(), v.pubSubs(), v.events(), v.invocations(), v.objects())
}

func (c check) run(ctx context.Context, settle time.Duration) Result {
	timeout := c.timeout
	if timeout == 0 {
		timeout = checkTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	start := time.Now()
	err := c.prove(ctx)
	for failed(err) && ctx.Err() == nil && time.Since(start) < settle {
		pause(ctx, time.Second)
		err = c.prove(ctx)
	}
	r := Result{Entity: c.entity, Rules: c.rules, Check: c.what, Status: Passed, Took: time.Since(start)}
	var passed noted
	switch {
	case errors.As(err, &passed):
		r.Details = []string{err.Error()}
	case failed(err):
		r.Status, r.Details = Failed, details(err)
	case err != nil:
		r.Status, r.Details = Skipped, []string{err.Error()}
	}
	return r
}

func failed(err error) bool {
	var (
		why    skipped
		passed noted
	)
	return err != nil && !errors.As(err, &why) && !errors.As(err, &passed)
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// details splits joined errors.
func details(err error) (all []string) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			all = append(all, details(e)...)
		}
		return all
	}
	return []string{err.Error()}
}

// until calls try until it succeeds or ctx ends. It then returns try's last
// error.
func until(ctx context.Context, try func() error) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	var last error
	for {
		err := try()
		if err == nil {
			return nil
		}
		if last == nil || ctx.Err() == nil { // otherwise it only says that the time is up
			last = err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("timed out: %w", last)
		case <-tick.C:
		}
	}
}
