// Package tasks is the backend: it keeps each user's tasks and announces their
// changes as the events task.created, task.updated, task.completed and
// task.deleted.
//
// No event is lost. A change and its event are written together, as one document
// of the user, so that there is never one without the other (a transactional
// outbox). A request is answered once that is done; the relay then publishes the
// event and takes it out of the document. When publishing fails, the event stays
// and is tried again: soon by the process that made it, and after a crash by any
// process that serves, which looks through all users' documents. An event may so
// be published more than once, and its subscribers go by its id. When too many
// wait for one user, further changes are refused instead of being forgotten.
//
// Several processes may serve at once: a write names the version that it is
// based on and starts again when it comes second.
package tasks

import (
	"context"
	"errors"
	"fmt"
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

// New builds the backend. STATESTORE_URL is its store, memory when it is empty;
// EVENT_TASK_…_URL are the addresses of its events.
func New(env serve.Env, log *slog.Logger) (serve.App, error) {
	address, _ := env("STATESTORE_URL")
	documents, err := store.Open(address, serve.Client(3*time.Second))
	if err != nil {
		return serve.App{}, fmt.Errorf("STATESTORE_URL: %w", err)
	}
	if address == "" {
		log.Warn("STATESTORE_URL is empty: tasks are kept in memory and end with this process")
	}
	publisher, err := events.NewPublisher(env, serve.Client(10*time.Second), log, contracts.Catalogue()...)
	if err != nil {
		return serve.App{}, err
	}
	relay := newRelay(documents, publisher, log)
	s := &service{store: documents, wake: relay.wake}
	return serve.App{Handler: s.routes(log), Run: relay.run}, nil
}

// service changes the lists of all users.
type service struct {
	store store.Store
	wake  func(user int64) // tells the relay that there is something to publish
	known sync.Map         // users that are in the index for sure
}

func (s *service) tasks(ctx context.Context, user int64) ([]Task, error) {
	l, err := store.Load[list](ctx, s.store, listKey(user))
	return append([]Task{}, l.Tasks...), err
}

// change makes one change to a user's list and announces it.
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
	// After an error too: what could not be confirmed may have been written.
	if refusal := (*Refusal)(nil); !errors.As(err, &refusal) {
		s.wake(user)
	}
	return task, err
}

// index enters the user, before the first change, in the index of all users, by
// which the relay finds outboxes after a crash.
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

// usersKey is where the index of all users is.
var usersKey = must(contracts.NewKey("todo", "users", "all", 0))

// listKey is where the list of one user is.
func listKey(user int64) contracts.Key {
	return must(contracts.NewKey("todo", "tasks", strconv.FormatInt(user, 10), 0))
}

// must is for keys that are valid whatever the user.
func must(key contracts.Key, err error) contracts.Key {
	if err != nil {
		panic(err)
	}
	return key
}
