package tasks

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/daprstack/daprstack/examples/todo/internal/serve"
)

// requestTimeout limits a request, retries after conflicts included.
const requestTimeout = 5 * time.Second

// routes returns the API. The user is the query's user_id, 1 by default.
func (s *service) routes(log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, do func(r *http.Request, user int64) (status int, body any, err error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
			defer cancel()
			user, err := number(cmp.Or(r.URL.Query().Get("user_id"), "1"), "user_id")
			var status int
			var body any
			if err == nil {
				status, body, err = do(r.WithContext(ctx), user)
			}
			answer(w, log, status, body, err)
		})
	}

	handle("GET /tasks", func(r *http.Request, user int64) (int, any, error) {
		tasks, err := s.tasks(r.Context(), user)
		return http.StatusOK, map[string][]Task{"tasks": tasks}, err
	})
	handle("POST /tasks", func(r *http.Request, user int64) (int, any, error) {
		title, err := readTitle(r)
		if err != nil {
			return 0, nil, err
		}
		task, err := s.change(r.Context(), user, func(l *list, id string) (Task, error) {
			return l.create(id, user, title, time.Now().UTC())
		})
		return http.StatusCreated, task, err
	})
	handle("PUT /tasks/{id}", func(r *http.Request, user int64) (int, any, error) {
		title, err := readTitle(r)
		if err != nil {
			return 0, nil, err
		}
		return s.changeOne(r, user, func(l *list, id string, task int64) (Task, error) {
			return l.rename(id, user, task, title)
		})
	})
	handle("PATCH /tasks/{id}/complete", func(r *http.Request, user int64) (int, any, error) {
		return s.changeOne(r, user, func(l *list, id string, task int64) (Task, error) {
			return l.complete(id, user, task, time.Now().UTC())
		})
	})
	handle("DELETE /tasks/{id}", func(r *http.Request, user int64) (int, any, error) {
		_, _, err := s.changeOne(r, user, func(l *list, id string, task int64) (Task, error) {
			return l.delete(id, user, task, time.Now().UTC())
		})
		return http.StatusNoContent, nil, err
	})
	return mux
}

// changeOne changes the task that the path names.
func (s *service) changeOne(r *http.Request, user int64, apply func(l *list, id string, task int64) (Task, error)) (int, any, error) {
	task, err := number(r.PathValue("id"), "the task's id")
	if err != nil {
		return 0, nil, err
	}
	changed, err := s.change(r.Context(), user, func(l *list, id string) (Task, error) { return apply(l, id, task) })
	return http.StatusOK, changed, err
}

// number parses an id: 1 or more.
func number(s, what string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 1 {
		return 0, refuse(http.StatusBadRequest, "%s must be a number, 1 or more", what)
	}
	return n, nil
}

func readTitle(r *http.Request) (string, error) {
	var body struct {
		Title string `json:"title"`
	}
	if err := serve.Decode(r, &body); err != nil {
		return "", refuse(http.StatusBadRequest, "%v", err)
	}
	return body.Title, nil
}

// answer writes the response. A refusal is for the caller to act on; any other
// error is ours, and its details go to the log only.
func answer(w http.ResponseWriter, log *slog.Logger, status int, body any, err error) {
	var refusal *Refusal
	switch {
	case errors.As(err, &refusal):
		serve.Error(w, refusal.Status, refusal.Message)
	case err != nil:
		log.Error("request failed", "error", err)
		w.Header().Set("Retry-After", "2")
		serve.Error(w, http.StatusServiceUnavailable, "the store of the tasks does not answer")
	case body == nil:
		w.WriteHeader(status)
	default:
		serve.JSON(w, status, body)
	}
}
