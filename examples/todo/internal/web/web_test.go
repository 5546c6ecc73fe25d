package web

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/examples/todo/internal/serve"
)

func page(t *testing.T, backend, activity string) http.Handler {
	t.Helper()
	app, err := New(serve.Env(func(name string) (string, bool) {
		return map[string]string{"BACKEND_URL": backend, "ACTIVITY_URL": activity}[name], true
	}), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	return app.Handler
}

func call(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// echo responds with what it was asked, in a way that must be passed on.
func echo(t *testing.T, name string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Retry-After", "2")
		w.Header().Set("X-Internal", "secret")
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, name+" "+r.Method+" "+r.RequestURI+" "+string(body)+
			" "+r.Header.Get("Content-Type")+" "+r.Header.Get("Traceparent")+r.Header.Get("Dapr-App-Id")+r.Header.Get("Cookie"))
	}))
	t.Cleanup(s.Close)
	return s.URL + "/base"
}

func TestRequestsAndResponsesAreForwarded(t *testing.T) {
	h := page(t, echo(t, "backend"), echo(t, "activity"))
	tests := []struct{ method, path, body, want string }{
		{"GET", "/api/tasks?user_id=7", "", "backend GET /base/tasks?user_id=7  "},
		{"POST", "/api/tasks", `{"title":"x"}`, `backend POST /base/tasks {"title":"x"} `},
		{"PUT", "/api/tasks/12", `{}`, "backend PUT /base/tasks/12 {} "},
		{"DELETE", "/api/tasks/12?user_id=7", "", "backend DELETE /base/tasks/12?user_id=7  "},
		{"PATCH", "/api/tasks/12/complete", "", "backend PATCH /base/tasks/12/complete  "},
		{"GET", "/api/feed?user_id=7", "", "activity GET /base/feed?user_id=7  "},
	}
	for _, test := range tests {
		r := httptest.NewRequest(test.method, test.path, strings.NewReader(test.body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Traceparent", "00-1-2-01")
		r.Header.Set("Dapr-App-Id", "another-app") // would be sent elsewhere
		r.Header.Set("Cookie", "private")
		w := call(h, r)
		assert.Equal(t, http.StatusTeapot, w.Code, test.path)
		assert.Equal(t, test.want+"application/json 00-1-2-01", w.Body.String())
		assert.Equal(t, "application/json", w.Header().Get("Content-Type"))
		assert.Equal(t, "2", w.Header().Get("Retry-After"))
		assert.Empty(t, w.Header().Get("X-Internal"))
	}
}

// Only the API can be reached through the page.
func TestNothingElseIsForwarded(t *testing.T) {
	h := page(t, echo(t, "backend"), echo(t, "activity"))
	for _, request := range [][2]string{
		{"GET", "/api/"}, {"GET", "/api/other"}, {"POST", "/api/feed"}, {"GET", "/api/tasks/1"}, {"DELETE", "/api/tasks"},
		{"DELETE", "/api/tasks/x"}, {"DELETE", "/api/tasks/-1"}, {"DELETE", "/api/tasks/1%2F..%2F..%2Fx"}, {"PATCH", "/api/tasks/..%2Fx/complete"},
	} {
		w := call(h, httptest.NewRequest(request[0], request[1], nil))
		assert.Equal(t, http.StatusNotFound, w.Code, request)
		assert.Contains(t, w.Body.String(), `{"error":"There is no`, request)
	}
}

func TestOutageIsExplained(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	h := page(t, gone.URL, gone.URL)
	w := call(h, httptest.NewRequest(http.MethodGet, "/api/tasks", nil))
	assert.Equal(t, http.StatusBadGateway, w.Code)
	assert.JSONEq(t, `{"error":"The task service does not answer."}`, w.Body.String())
	w = call(h, httptest.NewRequest(http.MethodGet, "/api/feed", nil))
	assert.Equal(t, http.StatusBadGateway, w.Code)
	assert.JSONEq(t, `{"error":"The activity service does not answer."}`, w.Body.String())
}

func TestRequestBodyBreaksOff(t *testing.T) {
	h := page(t, echo(t, "backend"), echo(t, "activity"))
	r := httptest.NewRequest(http.MethodPost, "/api/tasks", nil)
	r.Body = http.MaxBytesReader(nil, io.NopCloser(strings.NewReader("too long")), 1)
	assert.Equal(t, http.StatusBadRequest, call(h, r).Code)
}

func TestPageLoadsOnlyItsOwnFiles(t *testing.T) {
	h := page(t, "http://localhost:1", "http://localhost:1")
	w := call(h, httptest.NewRequest(http.MethodGet, "/", nil))
	assert.Equal(t, http.StatusOK, w.Code)
	assert.Contains(t, w.Header().Get("Content-Security-Policy"), "default-src 'self'")
	assert.Equal(t, "no-cache", w.Header().Get("Cache-Control"))
	html := w.Body.String()
	assert.NotContains(t, html, "http", "nothing from elsewhere")
	for _, file := range []string{"style.css", "app.js", "icon.svg"} {
		assert.Contains(t, html, `="`+file+`"`)
		assert.Equal(t, http.StatusOK, call(h, httptest.NewRequest(http.MethodGet, "/"+file, nil)).Code)
	}
	assert.Equal(t, http.StatusNotFound, call(h, httptest.NewRequest(http.MethodGet, "/other", nil)).Code)
}

func TestOtherSitesCannotUseTheAPI(t *testing.T) {
	h := page(t, echo(t, "backend"), echo(t, "activity"))
	r := httptest.NewRequest(http.MethodPost, "/api/tasks", strings.NewReader(`{"title":"x"}`))
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	assert.Equal(t, http.StatusForbidden, call(h, r).Code)
}

func TestNewNamesWhatIsMissing(t *testing.T) {
	_, err := New(func(string) (string, bool) { return "", false }, slog.New(slog.DiscardHandler))
	assert.EqualError(t, err, "BACKEND_URL is not set: give the address of the backend, which keeps the tasks\n"+
		"ACTIVITY_URL is not set: give the address of the activity service, which keeps the feed")
}
