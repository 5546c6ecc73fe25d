package serve

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"
)

// Handler wraps an application's handler with what all of them need: GET
// /healthz, a log line for each request that changes something or fails, a
// limit on the request's size, and a response if the handler panics.
func Handler(log *slog.Logger, app http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		JSON(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	mux.Handle("/", http.MaxBytesHandler(logged(log, recovered(log, app)), maxBody))
	return mux
}

func logged(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		answer := &recorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(answer, r)
		level := slog.LevelInfo
		if r.Method == http.MethodGet && answer.status < http.StatusBadRequest {
			level = slog.LevelDebug // the page polls
		}
		log.Log(r.Context(), level, "request", "method", r.Method, "path", r.URL.Path, "status", answer.status, "took", time.Since(start).String())
	})
}

func recovered(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if p := recover(); p != nil {
				log.Error("panic", "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
				Error(w, http.StatusInternalServerError, "something went wrong; the log has the details")
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// recorder remembers the status of a response for the log.
type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// JSON writes v as the response.
func JSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may be gone
}

// Error responds with {"error": message}. The message is shown to people.
func Error(w http.ResponseWriter, status int, message string) {
	JSON(w, status, map[string]string{"error": message})
}

// Decode reads the JSON object in the request's body into v. The error is shown
// to people.
func Decode(r *http.Request, v any) error {
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	err := decoder.Decode(v)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return fmt.Errorf("the body must be at most %d bytes", tooLarge.Limit)
	case errors.Is(err, io.EOF):
		return errors.New("the body must be a JSON object")
	case err != nil:
		return fmt.Errorf("the body cannot be read: %w", err)
	case decoder.More():
		return errors.New("the body must be one JSON object and nothing more")
	}
	return nil
}
