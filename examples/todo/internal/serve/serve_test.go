package serve

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHandlerWrapsApp(t *testing.T) {
	var log bytes.Buffer
	h := Handler(slog.New(slog.NewJSONHandler(&log, nil)), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/panic":
			panic("boom")
		case "/read":
			if _, err := io.ReadAll(r.Body); err != nil {
				Error(w, http.StatusRequestEntityTooLarge, err.Error())
			}
		default:
			w.WriteHeader(http.StatusTeapot)
		}
	}))
	call := func(path, body string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, strings.NewReader(body)))
		return w
	}

	assert.JSONEq(t, `{"status":"ok"}`, call("/healthz", "").Body.String())
	assert.Empty(t, log.String(), "probes are not logged")

	assert.Equal(t, http.StatusTeapot, call("/any", "").Code)
	assert.Contains(t, log.String(), `"method":"GET","path":"/any","status":418`)

	log.Reset()
	call("/read", "")
	assert.Empty(t, log.String(), "nor is looking")

	w := call("/panic", "")
	assert.Equal(t, http.StatusInternalServerError, w.Code)
	assert.JSONEq(t, `{"error":"something went wrong; the log has the details"}`, w.Body.String())
	assert.Contains(t, log.String(), "boom")

	assert.Equal(t, http.StatusOK, call("/read", strings.Repeat("x", maxBody)).Code)
	assert.Equal(t, http.StatusRequestEntityTooLarge, call("/read", strings.Repeat("x", maxBody+1)).Code)
}

func TestDecode(t *testing.T) {
	tests := map[string]struct{ body, want string }{
		"good":          {`{"title":"x"}`, ""},
		"empty":         {``, "the body must be a JSON object"},
		"no object":     {`[]`, "the body cannot be read: json: cannot unmarshal array"},
		"not JSON":      {`{`, "the body cannot be read: unexpected EOF"},
		"unknown field": {`{"titel":"x"}`, `the body cannot be read: json: unknown field "titel"`},
		"two":           {`{} {}`, "the body must be one JSON object and nothing more"},
		"too large":     {`{"title":"` + strings.Repeat("x", 200) + `"}`, "the body must be at most 100 bytes"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(test.body))
			r.Body = http.MaxBytesReader(nil, r.Body, 100)
			var v struct {
				Title string `json:"title"`
			}
			err := Decode(r, &v)
			if test.want == "" {
				require.NoError(t, err)
				assert.Equal(t, "x", v.Title)
			} else {
				assert.ErrorContains(t, err, test.want)
			}
		})
	}
}

func TestEnvURL(t *testing.T) {
	env := Env(func(name string) (string, bool) {
		return map[string]string{"GOOD_URL": "http://localhost:8000", "BAD_URL": "localhost"}[name], true
	})
	address, err := env.URL("GOOD_URL", "the backend")
	require.NoError(t, err)
	assert.Equal(t, "http://localhost:8000", address)
	_, err = env.URL("BAD_URL", "the backend")
	assert.ErrorContains(t, err, `BAD_URL, the address of the backend: url: "localhost" [C-01]`)
	_, err = env.URL("NO_URL", "the backend")
	assert.EqualError(t, err, "NO_URL is not set: give the address of the backend")
}

// When told to stop, an application finishes the requests under way, then its
// own work, then returns.
func TestServeStopsGracefully(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "localhost:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	asked, answer := make(chan struct{}), make(chan struct{})
	var order []string
	app := App{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			close(asked)
			<-answer
			order = append(order, "answered")
			w.WriteHeader(http.StatusTeapot)
		}),
		Run: func(ctx context.Context) {
			<-ctx.Done()
			order = append(order, "finished")
		},
	}
	served := make(chan error, 1)
	go func() { served <- Serve(ctx, listener, slog.New(slog.DiscardHandler), app) }()
	status := make(chan int, 1)
	go func() {
		res, err := http.Get("http://" + listener.Addr().String())
		if err != nil {
			status <- 0
			return
		}
		_ = res.Body.Close()
		status <- res.StatusCode
	}()

	<-asked
	stop()
	close(answer)
	require.NoError(t, <-served)
	assert.Equal(t, http.StatusTeapot, <-status)
	assert.Equal(t, []string{"answered", "finished"}, order)
}

func TestServeReturnsFailure(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "localhost:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	err = Serve(t.Context(), listener, slog.New(slog.DiscardHandler), App{Handler: http.NotFoundHandler()})
	assert.ErrorContains(t, err, "serving: ")
}

func TestRunListensOnPort(t *testing.T) {
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", ":0")
	require.NoError(t, err)
	defer taken.Close()
	_, port, err := net.SplitHostPort(taken.Addr().String())
	require.NoError(t, err)
	build := func(Env, *slog.Logger) (App, error) { return App{Handler: http.NotFoundHandler()}, nil }
	env := func(string) (string, bool) { return port, true }
	err = run(t.Context(), env, slog.New(slog.DiscardHandler), "0", build)
	assert.ErrorContains(t, err, "listening on port "+port+" (set PORT to use another)")

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	none := func(string) (string, bool) { return "", false }
	assert.ErrorContains(t, run(ended, none, slog.New(slog.DiscardHandler), "0", func(Env, *slog.Logger) (App, error) {
		return App{}, assert.AnError
	}), assert.AnError.Error())
}

func TestClientHasATimeout(t *testing.T) {
	assert.Equal(t, time.Second, Client(time.Second).Timeout)
}
