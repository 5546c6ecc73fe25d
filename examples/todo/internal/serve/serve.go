// Package serve is what the three applications have in common: a server with
// limits that shuts down gracefully, its log, and JSON responses.
package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const (
	maxBody = 64 << 10         // of a request, in bytes
	grace   = 10 * time.Second // for requests under way on shutdown
)

// An App is one application, ready to serve.
type App struct {
	Handler http.Handler
	// Run does the application's work outside of requests, if any. When its
	// context ends, it may take a moment to finish.
	Run func(context.Context)
}

// Main builds the application from its environment and serves it until the
// process is told to stop. It listens on PORT, or on port if PORT is not set.
func Main(name, port string, build func(Env, *slog.Logger) (App, error)) {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil)).With("app", name)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.LookupEnv, log, port, build)
	stop()
	if err != nil {
		log.Error("stopped", "error", err)
		os.Exit(1)
	}
	log.Info("stopped")
}

func run(ctx context.Context, env Env, log *slog.Logger, port string, build func(Env, *slog.Logger) (App, error)) error {
	app, err := build(env, log)
	if err != nil {
		return err
	}
	if p, _ := env("PORT"); p != "" {
		port = p
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", ":"+port)
	if err != nil {
		return fmt.Errorf("listening on port %s (set PORT to use another): %w", port, err)
	}
	log.Info("serving", "address", listener.Addr().String())
	return Serve(ctx, listener, log, app)
}

// Serve serves app on listener until ctx ends, then finishes the requests under
// way, and returns once the application's own work has finished too.
func Serve(ctx context.Context, listener net.Listener, log *slog.Logger, app App) error {
	server := &http.Server{
		Handler:           Handler(log, app.Handler),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	// The application's own work outlives the last request, which may add to it.
	background, cancel := context.WithCancel(context.WithoutCancel(ctx))
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		if app.Run != nil {
			app.Run(background)
		}
	}()

	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()

	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
		deadline, done := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer done()
		err = server.Shutdown(deadline)
	}
	cancel()
	<-finished
	if err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving: %w", err)
	}
	return nil
}

// Client returns a client for requests to other services, with a timeout.
// Callers in a chain wait for each other, so each service needs a shorter
// timeout than the client that calls it: only then can it still report what is
// wrong.
func Client(timeout time.Duration) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 32
	return &http.Client{Timeout: timeout, Transport: transport}
}
