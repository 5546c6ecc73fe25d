package feed

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/contracts"
	"github.com/daprstack/daprstack/examples/todo/internal/serve"
	"github.com/daprstack/daprstack/examples/todo/internal/sidecar"
)

var noon = time.Date(2026, 2, 8, 12, 0, 0, 0, time.UTC)

func entry(i int) Entry {
	// Pairs share a time, so that the id decides.
	return Entry{ID: fmt.Sprintf("e%03d", i), Type: "task.created", TaskID: int64(i), Title: "x", Time: noon.Add(time.Duration(i/2) * time.Second)}
}

// The feed is the same in whatever order events arrive, and however often.
func TestAddIsASet(t *testing.T) {
	var want []Entry
	for i := range 3 * size {
		want = add(want, entry(i))
	}
	require.Len(t, want, size)
	assert.Equal(t, entry(3*size-1), want[0], "newest first")
	assert.Equal(t, entry(2*size), want[size-1], "the oldest went")

	random := rand.New(rand.NewSource(1))
	for range 20 {
		var got []Entry
		order := append(random.Perm(3*size), random.Perm(3*size)...)
		for _, i := range order {
			got = add(got, entry(i))
		}
		require.Equal(t, want, got)
	}
}

func TestLines(t *testing.T) {
	feed := []Entry{
		{ID: "6", Type: "task.archived", TaskID: 1},
		{ID: "5", Type: "task.deleted", TaskID: 1},
		{ID: "4", Type: "task.completed", TaskID: 1},
		{ID: "3", Type: "task.updated", TaskID: 1, Title: "Buy bread"},
		{ID: "2", Type: "task.created", TaskID: 1, Title: "Buy milk"},
		{ID: "1", Type: "task.completed", TaskID: 9},
		{ID: "0", Type: "task.updated", TaskID: 8, Title: "Call"},
	}
	var got []string
	for _, l := range lines(feed) {
		got = append(got, l.ID+" "+l.Text)
	}
	assert.Equal(t, []string{
		"6 task.archived: “Buy bread”",
		"5 Deleted “Buy bread”",
		"4 Completed “Buy bread”",
		"3 Renamed “Buy milk” to “Buy bread”",
		"2 Added “Buy milk”",
		"1 Completed task 9",
		"0 Renamed task 8 to “Call”",
	}, got)
}

// app returns the service, in memory or on a state store.
func app(t *testing.T, stateStore string) http.Handler {
	t.Helper()
	a, err := New(serve.Env(func(name string) (string, bool) {
		return map[string]string{"STATESTORE_URL": stateStore}[name], true
	}), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	return a.Handler
}

func call(h http.Handler, method, path, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	return w
}

func encoded(t *testing.T, data contracts.Payload) string {
	t.Helper()
	e, err := contracts.NewEvent(data)
	require.NoError(t, err)
	body, err := contracts.EncodeEvent(e)
	require.NoError(t, err)
	return string(body)
}

func texts(t *testing.T, h http.Handler, user string) []string {
	t.Helper()
	w := call(h, http.MethodGet, "/feed?user_id="+user, "")
	require.Equal(t, http.StatusOK, w.Code)
	var answer struct{ Entries []Line }
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
	got := []string{}
	for _, l := range answer.Entries {
		got = append(got, l.Text)
	}
	return got
}

func TestServiceTakesTheFourEvents(t *testing.T) {
	mesh := sidecar.New(nil, nil)
	server := httptest.NewServer(mesh.Sidecar("activity-app"))
	defer server.Close()
	for name, address := range map[string]string{"memory": "", "state store": server.URL + "/v1.0/state/statestore"} {
		t.Run(name, func(t *testing.T) {
			h := app(t, address)
			assert.Equal(t, []string{}, texts(t, h, "1"))
			title := "Buy bread"
			for _, e := range []struct {
				path string
				data contracts.Payload
			}{
				{"/events/task-created", contracts.TaskCreated{TaskID: 1, UserID: 1, Title: "Buy milk", CreatedAt: noon}},
				{"/events/task-updated", contracts.TaskUpdated{TaskID: 1, UserID: 1, UpdatedFields: contracts.UpdatedFields{Title: &title}}},
				{"/events/task-completed", contracts.TaskCompleted{TaskID: 1, UserID: 1, CompletedAt: noon}},
				{"/events/task-deleted", contracts.TaskDeleted{TaskID: 1, UserID: 1, DeletedAt: noon}},
				{"/events/task-created", contracts.TaskCreated{TaskID: 1, UserID: 2, Title: "Another's", CreatedAt: noon}},
			} {
				body := encoded(t, e.data)
				for range 2 { // at least once
					w := call(h, http.MethodPost, e.path, body)
					assert.Equal(t, `{"status":"SUCCESS"}`, strings.TrimSpace(w.Body.String()))
				}
			}
			assert.Equal(t, []string{"Deleted “Buy bread”", "Completed “Buy bread”", "Renamed “Buy milk” to “Buy bread”", "Added “Buy milk”"}, texts(t, h, "1"))
			assert.Equal(t, []string{"Added “Another's”"}, texts(t, h, "2"))
		})
	}
	assert.Equal(t, []string{"activity-app||activity:feed:1", "activity-app||activity:feed:2"}, mesh.Keys())
}

func TestServiceAsksForRetry(t *testing.T) {
	mesh := sidecar.New(nil, nil)
	server := httptest.NewServer(mesh.Sidecar("activity-app"))
	defer server.Close()
	h := app(t, server.URL+"/v1.0/state/statestore")
	body := encoded(t, contracts.TaskDeleted{TaskID: 1, UserID: 1, DeletedAt: noon})

	mesh.Down(true)
	assert.JSONEq(t, `{"status":"RETRY"}`, call(h, http.MethodPost, "/events/task-deleted", body).Body.String())
	w := call(h, http.MethodGet, "/feed", "")
	assert.Equal(t, http.StatusServiceUnavailable, w.Code)
	assert.JSONEq(t, `{"error":"the store of the activity does not answer"}`, w.Body.String())

	mesh.Down(false)
	assert.JSONEq(t, `{"status":"SUCCESS"}`, call(h, http.MethodPost, "/events/task-deleted", body).Body.String())
	assert.Equal(t, []string{"Deleted task 1"}, texts(t, h, "1"))
}

// A path that is misspelled anywhere must not lose events, as 404 would.
func TestServiceDropsNothing(t *testing.T) {
	h := app(t, "")
	for _, path := range []string{"/", "/events/task-renamed", "/event/task-created", "/feed"} {
		w := call(h, http.MethodPost, path, encoded(t, contracts.TaskDeleted{TaskID: 1, UserID: 1, DeletedAt: noon}))
		assert.Equal(t, http.StatusNotImplemented, w.Code, path)
	}
	w := call(h, http.MethodPost, "/events/task-created", encoded(t, contracts.TaskDeleted{TaskID: 1, UserID: 1, DeletedAt: noon}))
	assert.Equal(t, http.StatusBadRequest, w.Code, "at the handler of another event")
	assert.NotEqual(t, http.StatusNotFound, w.Code)
}

func TestFeedChecksUser(t *testing.T) {
	h := app(t, "")
	for _, user := range []string{"0", "-1", "x"} {
		assert.Equal(t, http.StatusBadRequest, call(h, http.MethodGet, "/feed?user_id="+user, "").Code, user)
	}
}

func TestNewRefusesABadStore(t *testing.T) {
	_, err := New(func(string) (string, bool) { return "nowhere", true }, slog.New(slog.DiscardHandler))
	assert.ErrorContains(t, err, "STATESTORE_URL: opening the state store: url: \"nowhere\"")
}

func TestEntriesOfSameTimeAreOrdered(t *testing.T) {
	feed := add(add(nil, entry(1)), entry(0))
	assert.True(t, slices.IsSortedFunc(feed, func(a, b Entry) int { return strings.Compare(b.ID, a.ID) }))
}
