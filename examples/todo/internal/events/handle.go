package events

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/daprstack/daprstack/contracts"
	"github.com/daprstack/daprstack/examples/todo/internal/serve"
)

// patience is how long taking an event may last before it is asked for again.
const patience = 10 * time.Second

// Handle takes the event that T belongs to. An event may come more than once, so
// take must be idempotent by its id. When take fails, the answer asks for the
// event again.
//
// What is no such event is refused with 400: a broker tries again and in the end
// puts it aside where a person finds it. DROP would lose it.
func Handle[T contracts.Payload](log *slog.Logger, take func(context.Context, event.Event, T) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e, data, err := read[T](r)
		if err != nil {
			log.Error("event refused", "path", r.URL.Path, "error", err)
			serve.Error(w, http.StatusBadRequest, err.Error())
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		defer cancel()
		status := contracts.Success
		if err := take(ctx, e, data); err != nil {
			log.Warn("event not taken", "event", e.ID(), "type", e.Type(), "error", err)
			status = contracts.Retry
		}
		serve.JSON(w, http.StatusOK, contracts.Reply{Status: status})
	})
}

func read[T contracts.Payload](r *http.Request) (e event.Event, data T, err error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return e, data, err
	}
	if e, err = contracts.ParseEvent(body); err != nil {
		return e, data, err
	}
	data, err = contracts.DataAs[T](e)
	return e, data, err
}

// Unrouted answers what is posted to a path that nobody handles. The usual 404
// tells a broker to forget the event; this one keeps it until the path is put
// right.
func Unrouted(log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		log.Error("event without a handler", "path", r.URL.Path)
		serve.Error(w, http.StatusNotImplemented, "no event is handled at "+r.URL.Path)
	})
}
