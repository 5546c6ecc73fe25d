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
	// sweepEvery is how often all outboxes are looked through for what another
	// process left behind when it ended.
	sweepEvery = 15 * time.Second
	// flushTime bounds one look at an outbox, also the last one at the end.
	flushTime = 20 * time.Second
	// flushes is how many outboxes are looked at side by side.
	flushes = 16
)

type publisher interface {
	Publish(ctx context.Context, e event.Event) error
}

// relay publishes what is in the outboxes. For each user at most one goroutine
// is at work; it ends when the outbox is empty.
type relay struct {
	store     store.Store
	publisher publisher
	log       *slog.Logger

	ctx  context.Context // ends when no more retries are wanted
	stop context.CancelFunc
	work sync.WaitGroup
	slot chan struct{}

	mu    sync.Mutex
	users map[int64]bool // those at work; true when there is more to do by now
	done  bool
}

func newRelay(s store.Store, p publisher, log *slog.Logger) *relay {
	ctx, stop := context.WithCancel(context.Background())
	return &relay{store: s, publisher: p, log: log, ctx: ctx, stop: stop, slot: make(chan struct{}, flushes), users: map[int64]bool{}}
}

// run looks for what was left behind until ctx ends, and then waits for what is
// being published. What cannot be published then stays in its outbox.
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

// wake says that the user's outbox has something in it.
func (r *relay) wake(user int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.done {
		return // it stays in the outbox
	}
	_, working := r.users[user]
	r.users[user] = working
	if !working {
		r.work.Go(func() { r.empty(user) })
	}
}

// empty flushes the outbox of a user until nothing is left in it.
func (r *relay) empty(user int64) {
	retry := firstRetry
	for {
		if err := r.flush(user); err != nil {
			r.log.Warn("events wait to be published", "user", user, "retry", retry.String(), "error", err)
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

// flush publishes the events of a user's outbox and takes those out that
// arrived. One that does not arrive holds up no other.
func (r *relay) flush(user int64) error {
	r.slot <- struct{}{}
	defer func() { <-r.slot }()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), flushTime)
	defer cancel()
	l, err := store.Load[list](ctx, r.store, listKey(user))
	if err != nil {
		return err
	}
	var told []string
	var errs []error
	for _, e := range l.Outbox {
		if err := r.publisher.Publish(ctx, e); err != nil {
			errs = append(errs, err)
			continue
		}
		r.log.Info("event published", "event", e.ID(), "type", e.Type())
		told = append(told, e.ID())
	}
	if told != nil {
		_, err := store.Update(ctx, r.store, listKey(user), func(l *list) error {
			l.told(told)
			return nil
		})
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// sweep looks at every outbox, for what other processes left behind.
func (r *relay) sweep(ctx context.Context) {
	users, err := store.Load[[]int64](ctx, r.store, usersKey)
	if err != nil && ctx.Err() == nil {
		r.log.Warn("outboxes cannot be looked through", "retry", sweepEvery.String(), "error", err)
	}
	for _, user := range users {
		r.wake(user)
	}
}
