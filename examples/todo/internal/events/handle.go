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

// takeTimeout limits the handling of an event before it is asked for again.
const takeTimeout = 10 * time.Second

// Handle returns a handler of the event that T belongs to. An event may be
// delivered more than once, so take must be idempotent by the event's id. If
// take fails, the response asks for the event again.
//
// An invalid event is refused with 400, after which a broker retries and
// finally puts it into the dead-letter topic, where a person finds it. DROP
// would lose it.
func Handle[T contracts.Payload](log *slog.Logger, take func(context.Context, event.Event, T) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e, data, err := read[T](r)
		if err != nil {
			log.Error("event refused", "path", r.URL.Path, "error", err)
			serve.Error(w, http.StatusBadRequest, err.Error())
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), takeTimeout)
		defer cancel()
		status := contracts.Success
		if err := take(ctx, e, data); err != nil {
			log.Warn("event not handled", "event", e.ID(), "type", e.Type(), "error", err)
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

// Unrouted responds to events posted to a path without a handler. The usual 404
// would tell a broker to drop the event; this response keeps it until the path
// is corrected.
func Unrouted(log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		log.Error("event without a handler", "path", r.URL.Path)
		serve.Error(w, http.StatusNotImplemented, "no event is handled at "+r.URL.Path)
	})
}
