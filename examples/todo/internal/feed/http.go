package feed

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/daprstack/daprstack/contracts"
	"github.com/daprstack/daprstack/examples/todo/internal/events"
	"github.com/daprstack/daprstack/examples/todo/internal/serve"
	"github.com/daprstack/daprstack/examples/todo/internal/store"
)

// New returns the activity service. STATESTORE_URL is the address of its store,
// in memory if empty.
func New(env serve.Env, log *slog.Logger) (serve.App, error) {
	documents, err := store.FromEnv(env, serve.Client(3*time.Second), log)
	if err != nil {
		return serve.App{}, err
	}
	s := &service{store: documents, log: log}
	return serve.App{Handler: s.routes()}, nil
}

type service struct {
	store store.Store
	log   *slog.Logger
}

// routes returns the API: one path for each event, and the feed. The user is
// the query's user_id, 1 by default.
func (s *service) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /events/task-created", events.Handle(s.log, func(ctx context.Context, e event.Event, t contracts.TaskCreated) error {
		return s.take(ctx, e, t.UserID, t.TaskID, t.Title)
	}))
	mux.Handle("POST /events/task-updated", events.Handle(s.log, func(ctx context.Context, e event.Event, t contracts.TaskUpdated) error {
		return s.take(ctx, e, t.UserID, t.TaskID, *t.UpdatedFields.Title)
	}))
	mux.Handle("POST /events/task-completed", events.Handle(s.log, func(ctx context.Context, e event.Event, t contracts.TaskCompleted) error {
		return s.take(ctx, e, t.UserID, t.TaskID, "")
	}))
	mux.Handle("POST /events/task-deleted", events.Handle(s.log, func(ctx context.Context, e event.Event, t contracts.TaskDeleted) error {
		return s.take(ctx, e, t.UserID, t.TaskID, "")
	}))
	mux.Handle("POST /", events.Unrouted(s.log))

	mux.HandleFunc("GET /feed", func(w http.ResponseWriter, r *http.Request) {
		user, err := strconv.ParseInt(cmp.Or(r.URL.Query().Get("user_id"), "1"), 10, 64)
		if err != nil || user < 1 {
			serve.Error(w, http.StatusBadRequest, "user_id must be a number, 1 or more")
			return
		}
		feed, err := store.Load[[]Entry](r.Context(), s.store, feedKey(user))
		if err != nil {
			s.log.Error("request failed", "error", err)
			serve.Error(w, http.StatusServiceUnavailable, "the store of the activity does not answer")
			return
		}
		serve.JSON(w, http.StatusOK, map[string][]Line{"entries": lines(feed)})
	})
	return mux
}

// take adds an event to its user's feed.
func (s *service) take(ctx context.Context, e event.Event, user, task int64, title string) error {
	_, err := store.Update(ctx, s.store, feedKey(user), func(feed *[]Entry) error {
		*feed = add(*feed, Entry{ID: e.ID(), Type: e.Type(), TaskID: task, Title: title, Time: e.Time()})
		return nil
	})
	if err == nil {
		s.log.Info("event handled", "event", e.ID(), "type", e.Type(), "user", user, "task", task)
	}
	return err
}

// feedKey returns the key of a user's feed; any number makes a valid key.
func feedKey(user int64) contracts.Key {
	key, err := contracts.NewKey("activity", "feed", strconv.FormatInt(user, 10), 0)
	if err != nil {
		panic(err)
	}
	return key
}
