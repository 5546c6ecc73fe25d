package tasks

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/contracts"
	"github.com/daprstack/daprstack/examples/todo/internal/serve"
	"github.com/daprstack/daprstack/examples/todo/internal/sidecar"
	"github.com/daprstack/daprstack/examples/todo/internal/store"
)

var quiet = slog.New(slog.DiscardHandler)

// api returns the backend's handler on a store, without a relay: events stay in
// the outbox, where a test can look at them.
func api(s store.Store) http.Handler {
	return (&service{store: s, wake: func(int64) {}}).routes(quiet)
}

func call(h http.Handler, method, path, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	return w
}

func outbox(t *testing.T, s store.Store, user int64) []event.Event {
	t.Helper()
	l, err := store.Load[list](t.Context(), s, listKey(user))
	require.NoError(t, err)
	return l.Outbox
}

func types(events []event.Event) (types []string) {
	for _, e := range events {
		types = append(types, e.Type())
	}
	return types
}

func TestTaskLifecycle(t *testing.T) {
	s := store.NewMemory()
	h := api(s)
	assert.JSONEq(t, `{"tasks":[]}`, call(h, "GET", "/tasks", "").Body.String())

	w := call(h, "POST", "/tasks", `{"title":" Buy milk "}`)
	assert.Equal(t, http.StatusCreated, w.Code)
	var task Task
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &task))
	assert.Equal(t, Task{ID: 1, Title: "Buy milk", CreatedAt: task.CreatedAt}, task)

	w = call(h, "PUT", "/tasks/1", `{"title":"Buy bread"}`)
	assert.Equal(t, http.StatusOK, w.Code)
	assert.Contains(t, w.Body.String(), `"title":"Buy bread"`)

	w = call(h, "PATCH", "/tasks/1/complete", "")
	assert.Equal(t, http.StatusOK, w.Code)
	assert.Contains(t, w.Body.String(), `"completed":true`)
	assert.Contains(t, w.Body.String(), `"completed_at":"`)

	w = call(h, "DELETE", "/tasks/1", "")
	assert.Equal(t, http.StatusNoContent, w.Code)
	assert.Empty(t, w.Body.String())
	assert.JSONEq(t, `{"tasks":[]}`, call(h, "GET", "/tasks", "").Body.String())

	events := outbox(t, s, 1)
	assert.Equal(t, []string{"task.created", "task.updated", "task.completed", "task.deleted"}, types(events))
	updated, err := contracts.DataAs[contracts.TaskUpdated](events[1])
	require.NoError(t, err)
	assert.Equal(t, "Buy bread", *updated.UpdatedFields.Title)
	for _, e := range events {
		assert.Empty(t, contracts.CheckEvent(e))
	}
}

func TestIDsAreNotReused(t *testing.T) {
	h := api(store.NewMemory())
	call(h, "POST", "/tasks", `{"title":"a"}`)
	call(h, "DELETE", "/tasks/1", "")
	assert.Contains(t, call(h, "POST", "/tasks", `{"title":"b"}`).Body.String(), `"id":2`)
}

func TestUsersAreSeparate(t *testing.T) {
	s := store.NewMemory()
	h := api(s)
	call(h, "POST", "/tasks?user_id=7", `{"title":"seven"}`)
	call(h, "POST", "/tasks?user_id=3", `{"title":"three"}`)
	assert.Contains(t, call(h, "GET", "/tasks?user_id=7", "").Body.String(), "seven")
	assert.NotContains(t, call(h, "GET", "/tasks?user_id=7", "").Body.String(), "three")
	assert.JSONEq(t, `{"tasks":[]}`, call(h, "GET", "/tasks", "").Body.String(), "user 1")

	users, err := store.Load[[]int64](t.Context(), s, usersKey)
	require.NoError(t, err)
	assert.Equal(t, []int64{3, 7}, users, "who only looked is not in the index")
}

// A change without effect is no event.
func TestChangesWithoutEffect(t *testing.T) {
	s := store.NewMemory()
	h := api(s)
	call(h, "POST", "/tasks", `{"title":"a"}`)
	call(h, "PATCH", "/tasks/1/complete", "")
	assert.Equal(t, http.StatusOK, call(h, "PATCH", "/tasks/1/complete", "").Code)
	assert.Equal(t, http.StatusOK, call(h, "PUT", "/tasks/1", `{"title":"a"}`).Code)
	assert.Equal(t, []string{"task.created", "task.completed"}, types(outbox(t, s, 1)))
}

func TestRefusals(t *testing.T) {
	long := strings.Repeat("ü", maxTitle)
	tests := map[string]struct {
		method, path, body string
		status             int
		message            string
	}{
		"longest title":   {"POST", "/tasks", `{"title":"` + long + `"}`, 201, ""},
		"title too long":  {"POST", "/tasks", `{"title":"` + long + `x"}`, 400, "a title can have at most 200 characters"},
		"blank title":     {"POST", "/tasks", `{"title":"  "}`, 400, "a task needs a title"},
		"no body":         {"POST", "/tasks", ``, 400, "the body must be a JSON object"},
		"unknown field":   {"POST", "/tasks", `{"name":"x"}`, 400, `the body cannot be read: json: unknown field "name"`},
		"no such task":    {"PUT", "/tasks/9", `{"title":"x"}`, 404, "there is no task 9"},
		"blank new title": {"PUT", "/tasks/1", `{"title":""}`, 400, "a task needs a title"},
		"bad new body":    {"PUT", "/tasks/1", `[]`, 400, "the body cannot be read: json: cannot unmarshal array"},
		"complete none":   {"PATCH", "/tasks/9/complete", ``, 404, "there is no task 9"},
		"delete none":     {"DELETE", "/tasks/9", ``, 404, "there is no task 9"},
		"id no number":    {"DELETE", "/tasks/x", ``, 400, "the task's id must be a number, 1 or more"},
		"id 0":            {"DELETE", "/tasks/0", ``, 400, "the task's id must be a number, 1 or more"},
		"user no number":  {"GET", "/tasks?user_id=me", ``, 400, "user_id must be a number, 1 or more"},
		"user 0":          {"GET", "/tasks?user_id=0", ``, 400, "user_id must be a number, 1 or more"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := store.NewMemory()
			h := api(s)
			require.Equal(t, http.StatusCreated, call(h, "POST", "/tasks", `{"title":"first"}`).Code)
			w := call(h, test.method, test.path, test.body)
			assert.Equal(t, test.status, w.Code)
			if test.message != "" {
				assert.Contains(t, w.Body.String(), strings.ReplaceAll(test.message, `"`, `\"`))
				assert.Len(t, outbox(t, s, 1), 1, "nothing is announced")
			}
		})
	}
}

func TestListsAreLimited(t *testing.T) {
	put := func(l list) http.Handler {
		s := store.NewMemory()
		_, err := store.Update(t.Context(), s, listKey(1), func(old *list) error { *old = l; return nil })
		require.NoError(t, err)
		return api(s)
	}
	w := call(put(list{Tasks: make([]Task, maxTasks)}), "POST", "/tasks", `{"title":"x"}`)
	assert.Equal(t, http.StatusConflict, w.Code)
	assert.JSONEq(t, `{"error":"there are already 1000 tasks: delete some first"}`, w.Body.String())

	e, err := contracts.NewEvent(contracts.TaskDeleted{TaskID: 1, UserID: 1, DeletedAt: time.Now()})
	require.NoError(t, err)
	pending := make([]event.Event, maxPending)
	for i := range pending {
		pending[i] = e
	}
	h := put(list{Outbox: pending})
	w = call(h, "POST", "/tasks", `{"title":"x"}`)
	assert.Equal(t, http.StatusServiceUnavailable, w.Code)
	assert.Contains(t, w.Body.String(), "too many are waiting")
	assert.JSONEq(t, `{"tasks":[]}`, call(h, "GET", "/tasks", "").Body.String(), "the change is refused with its event")
}

// lossy is a store that loses the response to one write: the write is made, and
// seems to be a conflict.
type lossy struct {
	store.Store
	once *sync.Once
}

func (s lossy) Put(ctx context.Context, key contracts.Key, document []byte, version string) error {
	err := s.Store.Put(ctx, key, document, version)
	if key == listKey(1) {
		s.once.Do(func() { err = store.ErrConflict })
	}
	return err
}

func TestUnconfirmedWriteIsNotRepeated(t *testing.T) {
	for name, change := range map[string]func(h http.Handler) *httptest.ResponseRecorder{
		"create":   func(h http.Handler) *httptest.ResponseRecorder { return call(h, "POST", "/tasks", `{"title":"new"}`) },
		"complete": func(h http.Handler) *httptest.ResponseRecorder { return call(h, "PATCH", "/tasks/1/complete", "") },
		"rename":   func(h http.Handler) *httptest.ResponseRecorder { return call(h, "PUT", "/tasks/1", `{"title":"b"}`) },
		"delete":   func(h http.Handler) *httptest.ResponseRecorder { return call(h, "DELETE", "/tasks/1", "") },
	} {
		t.Run(name, func(t *testing.T) {
			memory := store.NewMemory()
			require.Equal(t, 201, call(api(memory), "POST", "/tasks", `{"title":"a"}`).Code)
			w := change(api(lossy{memory, new(sync.Once)}))
			assert.Less(t, w.Code, 300, w.Body.String())
			if w.Code != http.StatusNoContent {
				assert.NotContains(t, w.Body.String(), `"id":0`)
			}
			assert.Len(t, outbox(t, memory, 1), 2, "the first, and this one once")
		})
	}
}

// Two processes serve the same users.
func TestReplicasLoseNothing(t *testing.T) {
	mesh := sidecar.New(nil, nil)
	server := httptest.NewServer(mesh.Sidecar("backend-app"))
	defer server.Close()
	shared, err := store.Open(server.URL+"/v1.0/state/statestore", server.Client())
	require.NoError(t, err)
	replicas := []http.Handler{api(shared), api(shared)}
	const each = 10
	var done sync.WaitGroup
	for i := range 2 * each {
		done.Go(func() {
			w := call(replicas[i%2], "POST", "/tasks", fmt.Sprintf(`{"title":"task %d"}`, i))
			assert.Equal(t, http.StatusCreated, w.Code, w.Body.String())
		})
	}
	done.Wait()
	l, err := store.Load[list](t.Context(), shared, listKey(1))
	require.NoError(t, err)
	ids := map[int64]bool{}
	for _, task := range l.Tasks {
		ids[task.ID] = true
	}
	assert.Len(t, ids, 2*each)
	assert.Len(t, l.Outbox, 2*each)
}

func TestStoreOutageIsReported(t *testing.T) {
	mesh := sidecar.New(nil, nil)
	server := httptest.NewServer(mesh.Sidecar("backend-app"))
	defer server.Close()
	shared, err := store.Open(server.URL+"/v1.0/state/statestore", server.Client())
	require.NoError(t, err)
	h := api(shared)
	mesh.Down(true)
	for _, request := range [][3]string{{"GET", "/tasks", ""}, {"POST", "/tasks", `{"title":"a"}`}, {"DELETE", "/tasks/1", ""}} {
		w := call(h, request[0], request[1], request[2])
		assert.Equal(t, http.StatusServiceUnavailable, w.Code)
		assert.Equal(t, "2", w.Header().Get("Retry-After"))
		assert.JSONEq(t, `{"error":"the store of the tasks does not answer"}`, w.Body.String())
	}
	mesh.Down(false)
	assert.Equal(t, http.StatusCreated, call(h, "POST", "/tasks", `{"title":"a"}`).Code)
}

// The relay is woken after a write that was or may have been made, and after
// nothing else.
func TestRelayIsWoken(t *testing.T) {
	var woken []int64
	s := &service{store: store.NewMemory(), wake: func(user int64) { woken = append(woken, user) }}
	h := s.routes(quiet)
	call(h, "POST", "/tasks?user_id=5", `{"title":"a"}`)
	call(h, "DELETE", "/tasks/9?user_id=6", "")
	call(h, "GET", "/tasks?user_id=5", "")
	assert.Equal(t, []int64{5}, woken)

	s.store = failing{s.store}
	call(h, "POST", "/tasks?user_id=5", `{"title":"a"}`)
	assert.Equal(t, []int64{5, 5}, woken)
}

// failing is a store that fails every write.
type failing struct{ store.Store }

func (failing) Put(context.Context, contracts.Key, []byte, string) error {
	return assert.AnError
}

func TestNewReadsItsEnvironment(t *testing.T) {
	env := func(vars map[string]string) serve.Env {
		return func(name string) (string, bool) { v, ok := vars[name]; return v, ok }
	}
	_, err := New(env(nil), quiet)
	for _, action := range []string{"CREATED", "UPDATED", "DELETED", "COMPLETED"} {
		assert.ErrorContains(t, err, "EVENT_TASK_"+action+"_URL is not set")
	}
	_, err = New(env(map[string]string{"STATESTORE_URL": "nowhere"}), quiet)
	assert.ErrorContains(t, err, "STATESTORE_URL: ")
}
