package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestGreeter runs two of them as the tutorial does, the one that is asked and the
// one that writes, with the writer itself in the place of the broker.
func TestGreeter(t *testing.T) {
	writer := start(t, map[string]string{"WORDS": "de=Hallo"})
	greeter := start(t, map[string]string{
		"WRITER_URL": writer, "EVENT_GREETING_ASKED_URL": writer + "/events/greeting-asked",
	})
	for _, call := range []struct {
		method, path string
		status       int
		want         string
	}{
		{http.MethodGet, "/healthz", 200, ""},
		{http.MethodGet, "/hello?name=Ada&language=en", 200, "Hello, Ada!\n"},
		{http.MethodGet, "/hello?name=Ada&language=de", 400, "no word for \"de\"\n"},
		{http.MethodPost, "/ask?name=Ada&language=de", 200, "asked\n"},
		{http.MethodGet, "/written", 200, "Hallo, Ada!\n"},
		{http.MethodPost, "/ask?name=Ada&language=fr", 502, "500 Internal Server Error: no word for \"fr\"\n\n"},
		{http.MethodGet, "/written", 200, "Hallo, Ada!\n"},
	} {
		request, err := http.NewRequestWithContext(t.Context(), call.method, greeter+call.path, nil)
		require.NoError(t, err)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		text, err := io.ReadAll(response.Body)
		response.Body.Close()
		require.NoError(t, err)
		require.Equal(t, call.status, response.StatusCode, call.path)
		require.Equal(t, call.want, string(text), call.path)
	}
}

func start(t *testing.T, env map[string]string) string {
	t.Helper()
	server := httptest.NewServer(newGreeter(func(name string) string { return env[name] }).handler())
	t.Cleanup(server.Close)
	return server.URL
}
