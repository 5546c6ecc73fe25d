//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// collector is what the shop's applications ask about each event that they
// receive. It records what became of it.
type collector struct {
	*httptest.Server

	mu    sync.Mutex
	given map[delivery]int         // how often an app received an event
	taken map[delivery][]time.Time // when it said SUCCESS
	news  chan struct{}            // closed when an event is taken
	// answer returns an app's response to an event that it receives for the nth
	// time, and the delay before it. Default: SUCCESS at once.
	answer func(d delivery, n int) (status int, after time.Duration)
}

// delivery is one event at one app.
type delivery struct{ app, event string }

// newCollector starts a collector on an address of this machine.
func newCollector(t *testing.T, address string) *collector {
	t.Helper()
	c := &collector{given: map[delivery]int{}, taken: map[delivery][]time.Time{}, news: make(chan struct{})}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", net.JoinHostPort(address, "0"))
	require.NoError(t, err)
	c.Server = httptest.NewUnstartedServer(c)
	c.Listener.Close()
	c.Listener = listener
	c.Start()
	t.Cleanup(c.Close)
	return c
}

// ServeHTTP implements http.Handler for /<app>/on/….
func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	app, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	body, err := io.ReadAll(r.Body)
	var e struct{ ID string }
	if err == nil {
		err = json.Unmarshal(body, &e)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	d := delivery{app, e.ID}
	status, after := c.take(d)
	select {
	case <-time.After(after):
	case <-r.Context().Done(): // the sidecar has given up
		return
	}
	if status == http.StatusOK {
		c.mu.Lock()
		c.taken[d] = append(c.taken[d], time.Now())
		close(c.news)
		c.news = make(chan struct{})
		c.mu.Unlock()
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `{"status":"SUCCESS"}`)
}

func (c *collector) take(d delivery) (int, time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.given[d]++
	if c.answer == nil {
		return http.StatusOK, 0
	}
	return c.answer(d, c.given[d])
}

// answers sets the responses of the applications from now on.
func (c *collector) answers(answer func(d delivery, n int) (int, time.Duration)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer = answer
}

// times returns when an app took an event.
func (c *collector) times(d delivery) []time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.taken[d]
}

// await waits until an app has taken an event, and returns when it did first.
func (c *collector) await(ctx context.Context, d delivery) (time.Time, error) {
	for {
		c.mu.Lock()
		taken, news := c.taken[d], c.news
		c.mu.Unlock()
		if len(taken) > 0 {
			return taken[0], nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return time.Time{}, ctx.Err()
		}
	}
}
