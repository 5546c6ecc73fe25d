// Package web is the frontend: it serves the page and, under /api/, forwards
// the page's requests to the backend and the activity service. It passes their
// responses on unchanged, and says so in plain words if one of them does not
// respond.
package web

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/daprstack/daprstack/contracts"
	"github.com/daprstack/daprstack/examples/todo/internal/serve"
)

//go:embed static
var static embed.FS

// New returns the frontend. BACKEND_URL and ACTIVITY_URL are the addresses of
// the other two applications.
func New(env serve.Env, log *slog.Logger) (serve.App, error) {
	backend, noBackend := env.URL("BACKEND_URL", "the backend, which keeps the tasks")
	activity, noActivity := env.URL("ACTIVITY_URL", "the activity service, which keeps the feed")
	page, noPage := fs.Sub(static, "static")
	if err := errors.Join(noBackend, noActivity, noPage); err != nil {
		return serve.App{}, err
	}
	client := serve.Client(6 * time.Second)
	tasks := upstream{backend, "The task service does not answer.", client, log}
	feed := upstream{activity, "The activity service does not answer.", client, log}

	mux := http.NewServeMux()
	mux.Handle("GET /api/tasks", tasks.at("/tasks"))
	mux.Handle("POST /api/tasks", tasks.at("/tasks"))
	mux.Handle("PUT /api/tasks/{id}", tasks.at("/tasks/{id}"))
	mux.Handle("DELETE /api/tasks/{id}", tasks.at("/tasks/{id}"))
	mux.Handle("PATCH /api/tasks/{id}/complete", tasks.at("/tasks/{id}/complete"))
	mux.Handle("GET /api/feed", feed.at("/feed"))
	mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		serve.Error(w, http.StatusNotFound, "There is no "+r.Method+" "+r.URL.Path+".")
	})
	mux.Handle("/", http.FileServerFS(page))
	return serve.App{Handler: protected(mux)}, nil
}

// protected keeps other sites from using a visitor's browser against the API,
// and the page from loading anything but its own files.
func protected(next http.Handler) http.Handler {
	return http.NewCrossOriginProtection().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("Cache-Control", "no-cache")
		next.ServeHTTP(w, r)
	}))
}

// upstream is a service that requests are forwarded to.
type upstream struct {
	address string
	silence string // the error message when it does not respond
	client  *http.Client
	log     *slog.Logger
}

// forwarded are the request headers that are forwarded on. The others concern this
// hop only.
var forwarded = []string{"Accept", "Content-Type", "Traceparent", "Tracestate"}

// at returns a handler that forwards requests to a path of the service. {id} in
// the path is replaced by that of the request.
func (u upstream) at(path string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.PathValue("id")
		if _, err := strconv.ParseUint(cmp.Or(id, "0"), 10, 63); err != nil {
			serve.Error(w, http.StatusNotFound, "There is no such task.")
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			serve.Error(w, http.StatusBadRequest, "The request could not be read: "+err.Error()+".")
			return
		}
		res, err := u.ask(r, strings.ReplaceAll(path, "{id}", id), body)
		if err != nil {
			u.log.Warn("no response", "service", u.address, "error", err)
			serve.Error(w, http.StatusBadGateway, u.silence)
			return
		}
		defer res.Body.Close()
		for _, name := range []string{"Content-Type", "Retry-After"} {
			if value := res.Header.Get(name); value != "" {
				w.Header().Set(name, value)
			}
		}
		w.WriteHeader(res.StatusCode)
		if _, err := io.Copy(w, res.Body); err != nil {
			u.log.Warn("response cut short", "service", u.address, "error", err)
		}
	})
}

func (u upstream) ask(r *http.Request, path string, body []byte) (*http.Response, error) {
	req, err := contracts.InvokeRequest(r.Context(), u.address, r.Method, path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for _, name := range forwarded {
		if value := r.Header.Get(name); value != "" {
			req.Header.Set(name, value)
		}
	}
	req.URL.RawQuery = r.URL.RawQuery
	return u.client.Do(req)
}
