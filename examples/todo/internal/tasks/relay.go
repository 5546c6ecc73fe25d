package tasks

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/daprstack/daprstack/examples/todo/internal/store"
)

const (
	firstRetry = 500 * time.Millisecond
	lastRetry  = 10 * time.Second
	// sweepEvery is how often all outboxes are searched for events that another
	// process left behind when it ended.
	sweepEvery = 15 * time.Second
	// flushTimeout limits one flush of an outbox, including the last one on
	// shutdown.
	flushTimeout = 20 * time.Second
	// flushes is how many outboxes are flushed at the same time.
	flushes = 16
)

type publisher interface {
	Publish(ctx context.Context, e event.Event) error
}

// relay publishes the events in the outboxes. At most one goroutine works for
// each user; it ends when the outbox is empty.
type relay struct {
	store     store.Store
	publisher publisher
	log       *slog.Logger

	ctx  context.Context // ends on shutdown: no more retries
	stop context.CancelFunc
	work sync.WaitGroup
	slot chan struct{}

	mu    sync.Mutex
	users map[int64]bool // users with a goroutine; true if woken again since
	done  bool
}

func newRelay(s store.Store, p publisher, log *slog.Logger) *relay {
	ctx, stop := context.WithCancel(context.Background())
	return &relay{store: s, publisher: p, log: log, ctx: ctx, stop: stop, slot: make(chan struct{}, flushes), users: map[int64]bool{}}
}

// run sweeps the outboxes until ctx ends and then waits for the flushes under
// way. Events that cannot be published by then stay in their outbox.
func (r *relay) run(ctx context.Context) {
	sweep := time.NewTicker(sweepEvery)
	defer sweep.Stop()
	for {
		r.sweep(ctx)
		select {
		case <-sweep.C:
			continue
		case <-ctx.Done():
		}
		break
	}
	r.mu.Lock()
	r.done = true
	r.mu.Unlock()
	r.stop()
	r.work.Wait()
}

// wake is called when the user's outbox has something in it.
func (r *relay) wake(user int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.done {
		return // the event stays in the outbox
	}
	_, working := r.users[user]
	r.users[user] = working
	if !working {
		r.work.Go(func() { r.empty(user) })
	}
}

// empty flushes a user's outbox until nothing is left in it.
func (r *relay) empty(user int64) {
	retry := firstRetry
	for {
		if err := r.flush(user); err != nil {
			r.log.Warn("events could not be published yet", "user", user, "retry", retry.String(), "error", err)
			select {
			case <-r.ctx.Done():
				return
			case <-time.After(retry):
				retry = min(2*retry, lastRetry)
				continue
			}
		}
		retry = firstRetry

		r.mu.Lock()
		again := r.users[user]
		if r.users[user] = false; !again {
			delete(r.users, user)
		}
		r.mu.Unlock()
		if !again {
			return
		}
	}
}

// flush publishes the events in a user's outbox and removes those that arrived.
// One that does not arrive does not hold up the others.
func (r *relay) flush(user int64) error {
	r.slot <- struct{}{}
	defer func() { <-r.slot }()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), flushTimeout)
	defer cancel()
	l, err := store.Load[list](ctx, r.store, listKey(user))
	if err != nil {
		return err
	}
	var published []string
	var errs []error
	for _, e := range l.Outbox {
		if err := r.publisher.Publish(ctx, e); err != nil {
			errs = append(errs, err)
			continue
		}
		r.log.Info("event published", "event", e.ID(), "type", e.Type())
		published = append(published, e.ID())
	}
	if published != nil {
		_, err := store.Update(ctx, r.store, listKey(user), func(l *list) error {
			l.drop(published)
			return nil
		})
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// sweep wakes every user, to find the events that other processes left behind.
func (r *relay) sweep(ctx context.Context) {
	users, err := store.Load[[]int64](ctx, r.store, usersKey)
	if err != nil && ctx.Err() == nil {
		r.log.Warn("the outboxes could not be swept", "retry", sweepEvery.String(), "error", err)
	}
	for _, user := range users {
		r.wake(user)
	}
}
