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
	"github.com/daprstack/daprstack/internal/streams"
)

// Options say what is verified and how.
type Options struct {
	// Stack is what the cluster should have, with its defaults. Required.
	Stack *config.Stack
	// Cluster is where it runs. Required.
	Cluster *cluster.Client
	// Wait makes the checks run too that have to wait for what a component does
	// by itself, up to twice its redeliverInterval. Default false.
	Wait bool
	// Settle is for how long a check that fails is made again, for a stack that has
	// only just come up. Default not at all.
	Settle time.Duration
	// Done is told of each check that has ended. Default nobody is.
	Done func(Result)
}

const (
	// sideBySide is how many checks run at once.
	sideBySide = 6
	// patience is how long one check may take, but for those that wait.
	patience = 45 * time.Second
)

// check is one thing to prove.
type check struct {
	entity string
	rules  []string // the numbers of what it proves
	what   string
	prove  func(context.Context) error // says everything that is wrong, or skipped
	takes  time.Duration               // at most; default patience
}

// skipped is the error of a check that can't be made here.
type skipped string

func (s skipped) Error() string { return string(s) }

// verifier has what the checks share.
type verifier struct {
	stack   *config.Stack
	cluster *cluster.Client
	wait    bool

	redis     sync.Mutex
	openRedis map[string]*streams.Client // by component
}

// Run makes every check and reports them in a fixed order. The error is only that
// of ctx: what is wrong with the stack is in the report.
func Run(ctx context.Context, o Options) (Report, error) {
	v := &verifier{stack: o.Stack, cluster: o.Cluster, wait: o.Wait, openRedis: map[string]*streams.Client{}}
	defer v.close()
	checks := v.checks()
	report := Report{Started: time.Now(), Results: make([]Result, len(checks))}
	var (
		group errgroup.Group
		say   sync.Mutex
	)
	group.SetLimit(sideBySide)
	for i, c := range checks {
		group.Go(func() error {
			result := c.run(ctx, o.Settle)
			report.Results[i] = result
			if o.Done != nil {
				say.Lock()
				defer say.Unlock()
				o.Done(result)
			}
			return nil
		})
	}
	_ = group.Wait() // no check returns an error
	report.Took = time.Since(report.Started)
	return report, ctx.Err()
}

// checks are all that apply to the stack, the longest first in their entity.
func (v *verifier) checks() []check {
	if !*v.stack.Dapr.Enabled {
		return slices.Concat(v.plainApps(), v.withoutDapr())
	}
	return slices.Concat(v.sidecars(), v.components(), v.states(), v.pubSubs(), v.events(), v.invocations(), v.objects())
}

func (c check) run(ctx context.Context, settle time.Duration) Result {
	takes := c.takes
	if takes == 0 {
		takes = patience
	}
	ctx, cancel := context.WithTimeout(ctx, takes)
	defer cancel()
	start := time.Now()
	err := c.prove(ctx)
	for c.failed(err) && ctx.Err() == nil && time.Since(start) < settle {
		pause(ctx, time.Second)
		err = c.prove(ctx)
	}
	r := Result{Entity: c.entity, Rules: c.rules, Check: c.what, Status: Passed, Took: time.Since(start)}
	switch {
	case c.failed(err):
		r.Status, r.Details = Failed, details(err)
	case err != nil:
		r.Status, r.Details = Skipped, []string{err.Error()}
	}
	return r
}

func (check) failed(err error) bool {
	var why skipped
	return err != nil && !errors.As(err, &why)
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// details are the single errors of a joined one.
func details(err error) (all []string) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			all = append(all, details(e)...)
		}
		return all
	}
	return []string{err.Error()}
}

// until tries something again and again until it succeeds, or ctx ends; then the
// error is the last one.
func until(ctx context.Context, try func() error) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	var last error
	for {
		err := try()
		if err == nil {
			return nil
		}
		if last == nil || ctx.Err() == nil { // else it says only that the time is over
			last = err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("timed out: %w", last)
		case <-tick.C:
		}
	}
}

// streams is the connection to the Redis behind a component, one for all checks.
func (v *verifier) streams(ctx context.Context, component string) (*streams.Client, error) {
	v.redis.Lock()
	defer v.redis.Unlock()
	if client := v.openRedis[component]; client != nil {
		return client, nil
	}
	client, err := streams.Open(ctx, v.cluster, v.stack, component)
	switch {
	case err == nil:
		v.openRedis[component] = client
	case v.stack.Redis.External != nil:
		err = skipped("the external Redis cannot be reached from this machine: " + err.Error())
	}
	return client, err
}

func (v *verifier) close() {
	for _, client := range v.openRedis {
		_ = client.Close()
	}
}
