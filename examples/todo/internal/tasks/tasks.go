// Package tasks is the backend: it keeps each user's tasks and announces their
// changes as the events task.created, task.updated, task.completed and
// task.deleted.
//
// No event is lost. A change and its event are written together, in the user's
// single document, so there is never one without the other (a transactional
// outbox). A request is answered once that is done; then the relay publishes
// the event and removes it from the document. If publishing fails, the event
// stays and is retried: soon by the process that made it, and after a crash by
// any process that serves, because each scans all users' documents. An event
// may therefore be published more than once, and its subscribers go by its id.
// If too many events wait for one user, further changes are refused rather than
// forgotten.
//
// Several processes may serve at once: a write names the version that it is
// based on, and starts over if another write came first.
package tasks

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/daprstack/daprstack/contracts"
	"github.com/daprstack/daprstack/examples/todo/internal/events"
	"github.com/daprstack/daprstack/examples/todo/internal/serve"
	"github.com/daprstack/daprstack/examples/todo/internal/store"
)

// New returns the backend. STATESTORE_URL is the address of its store, in
// memory if empty; EVENT_TASK_…_URL are the addresses of its events.
func New(env serve.Env, log *slog.Logger) (serve.App, error) {
	documents, err := store.FromEnv(env, serve.Client(3*time.Second), log)
	if err != nil {
		return serve.App{}, err
	}
	publisher, err := events.NewPublisher(env, serve.Client(10*time.Second), log, contracts.Catalogue()...)
	if err != nil {
		return serve.App{}, err
	}
	relay := newRelay(documents, publisher, log)
	s := &service{store: documents, wake: relay.wake}
	return serve.App{Handler: s.routes(log), Run: relay.run}, nil
}

// service reads and changes the lists of all users.
type service struct {
	store store.Store
	wake  func(user int64) // tells the relay that a user's outbox is not empty
	known sync.Map         // users that are known to be in the index
}

func (s *service) tasks(ctx context.Context, user int64) ([]Task, error) {
	l, err := store.Load[list](ctx, s.store, listKey(user))
	return append([]Task{}, l.Tasks...), err
}

// change makes one change to a user's list and announces it. It may call apply
// several times.
func (s *service) change(ctx context.Context, user int64, apply func(l *list, id string) (Task, error)) (task Task, err error) {
	if err := s.index(ctx, user); err != nil {
		return Task{}, err
	}
	id := uuid.NewString()
	_, err = store.Update(ctx, s.store, listKey(user), func(l *list) (err error) {
		var made bool
		if task, made = l.made(id); made {
			return nil
		}
		task, err = apply(l, id)
		return err
	})
	// Even after an error: a write that was not confirmed may have been made.
	if refusal := (*Refusal)(nil); !errors.As(err, &refusal) {
		s.wake(user)
	}
	return task, err
}

// index adds the user to the index of all users before the first change. The
// relay uses it to find outboxes after a crash.
func (s *service) index(ctx context.Context, user int64) error {
	if _, ok := s.known.Load(user); ok {
		return nil
	}
	_, err := store.Update(ctx, s.store, usersKey, func(users *[]int64) error {
		if i, found := slices.BinarySearch(*users, user); !found {
			*users = slices.Insert(*users, i, user)
		}
		return nil
	})
	if err == nil {
		s.known.Store(user, true)
	}
	return err
}

// usersKey is the key of the index of all users.
var usersKey = must(contracts.NewKey("todo", "users", "all", 0))

// listKey returns the key of a user's list.
func listKey(user int64) contracts.Key {
	return must(contracts.NewKey("todo", "tasks", strconv.FormatInt(user, 10), 0))
}

// must is for keys that are valid for any user.
func must(key contracts.Key, err error) contracts.Key {
	if err != nil {
		panic(err)
	}
	return key
}
