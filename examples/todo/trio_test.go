// Tests of the three applications together, wired over HTTP as in their two
// environments: directly, and through (fake) sidecars. The applications are the
// same; only their variables differ.

package todo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/examples/todo/internal/feed"
	"github.com/daprstack/daprstack/examples/todo/internal/serve"
	"github.com/daprstack/daprstack/examples/todo/internal/sidecar"
	"github.com/daprstack/daprstack/examples/todo/internal/tasks"
	"github.com/daprstack/daprstack/examples/todo/internal/web"
)

var topics = map[string]string{
	"task.created": "/events/task-created", "task.updated": "/events/task-updated",
	"task.deleted": "/events/task-deleted", "task.completed": "/events/task-completed",
}

func variable(topic string) string {
	return "EVENT_" + strings.ToUpper(strings.ReplaceAll(topic, ".", "_")) + "_URL"
}

// direct connects the three without anything in between.
func direct(t *testing.T) (frontend string) {
	t.Helper()
	activity := start(t, feed.New, nil)
	vars := map[string]string{}
	for topic, path := range topics {
		vars[variable(topic)] = activity + path
	}
	backend := start(t, tasks.New, vars)
	return start(t, web.New, map[string]string{"BACKEND_URL": backend, "ACTIVITY_URL": activity})
}

// meshed gives each of the three a sidecar.
func meshed(t *testing.T) (frontend string, mesh *sidecar.Mesh) {
	t.Helper()
	apps, subscriptions := map[string]string{}, map[string]string{}
	mesh = sidecar.New(apps, subscriptions)
	sidecarOf := func(appID string) string {
		s := httptest.NewServer(mesh.Sidecar(appID))
		t.Cleanup(s.Close)
		return s.URL
	}
	mine := sidecarOf("activity-app")
	apps["activity-app"] = start(t, feed.New, map[string]string{"STATESTORE_URL": mine + "/v1.0/state/statestore"})

	mine = sidecarOf("backend-app")
	vars := map[string]string{"STATESTORE_URL": mine + "/v1.0/state/statestore"}
	for topic, path := range topics {
		subscriptions[topic] = apps["activity-app"] + path
		vars[variable(topic)] = mine + "/v1.0/publish/pubsub/" + topic
	}
	apps["backend-app"] = start(t, tasks.New, vars)

	mine = sidecarOf("frontend-app")
	return start(t, web.New, map[string]string{
		"BACKEND_URL":  mine + "/v1.0/invoke/backend-app/method",
		"ACTIVITY_URL": mine + "/v1.0/invoke/activity-app/method",
	}), mesh
}

// start serves an application until the test ends, and returns its address.
func start(t *testing.T, build func(serve.Env, *slog.Logger) (serve.App, error), vars map[string]string) string {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	app, err := build(func(name string) (string, bool) { v, ok := vars[name]; return v, ok }, quiet)
	require.NoError(t, err)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "localhost:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	var served sync.WaitGroup
	served.Go(func() { assert.NoError(t, serve.Serve(ctx, listener, quiet, app)) })
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		stop()
		served.Wait()
	})
	return "http://" + listener.Addr().String()
}

func both(t *testing.T, test func(t *testing.T, frontend string)) {
	t.Run("direct", func(t *testing.T) { test(t, direct(t)) })
	t.Run("meshed", func(t *testing.T) { frontend, _ := meshed(t); test(t, frontend) })
}

func ask(t *testing.T, method, address, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, string(got)
}

// seen waits until the page's feed has these lines, newest first.
func seen(t *testing.T, frontend string, want ...string) {
	t.Helper()
	var got []string
	if !assert.Eventually(t, func() bool {
		_, body := ask(t, "GET", frontend+"/api/feed", "")
		var answer struct{ Entries []struct{ Text string } }
		if json.Unmarshal([]byte(body), &answer) != nil {
			return false
		}
		got = nil
		for _, e := range answer.Entries {
			got = append(got, e.Text)
		}
		return assert.ObjectsAreEqual(want, got)
	}, 20*time.Second, 20*time.Millisecond) {
		require.Equal(t, want, got)
	}
}

func TestTaskReachesFeed(t *testing.T) {
	both(t, func(t *testing.T, frontend string) {
		api := frontend + "/api/tasks"
		status, body := ask(t, "POST", api, `{"title":"Buy milk"}`)
		assert.Equal(t, http.StatusCreated, status, body)
		seen(t, frontend, "Added “Buy milk”")

		status, _ = ask(t, "PUT", api+"/1", `{"title":"Buy bread"}`)
		assert.Equal(t, http.StatusOK, status)
		status, _ = ask(t, "PATCH", api+"/1/complete", "")
		assert.Equal(t, http.StatusOK, status)
		status, body = ask(t, "GET", api, "")
		assert.Equal(t, http.StatusOK, status)
		assert.Contains(t, body, `"title":"Buy bread","completed":true`)
		status, _ = ask(t, "DELETE", api+"/1", "")
		assert.Equal(t, http.StatusNoContent, status)
		seen(t, frontend, "Deleted “Buy bread”", "Completed “Buy bread”", "Renamed “Buy milk” to “Buy bread”", "Added “Buy milk”")

		_, body = ask(t, "GET", api, "")
		assert.JSONEq(t, `{"tasks":[]}`, body)
	})
}

// The API responds in the same way with and without sidecars.
func TestRefusalsReachThePage(t *testing.T) {
	both(t, func(t *testing.T, frontend string) {
		for _, test := range []struct {
			method, path, body string
			status             int
			message            string
		}{
			{"POST", "/api/tasks", `{"title":""}`, 400, "a task needs a title"},
			{"DELETE", "/api/tasks/9", "", 404, "there is no task 9"},
			{"GET", "/api/feed?user_id=x", "", 400, "user_id must be a number, 1 or more"},
		} {
			status, body := ask(t, test.method, frontend+test.path, test.body)
			assert.Equal(t, test.status, status, test.path)
			assert.JSONEq(t, fmt.Sprintf(`{"error":%q}`, test.message), body)
		}
	})
}

// The store and the broker go away and come back: every change that was
// confirmed is there, and its event arrives.
func TestNothingIsLostInAnOutage(t *testing.T) {
	frontend, mesh := meshed(t)
	api := frontend + "/api/tasks"
	var made []string
	for i := range 12 {
		mesh.Down(i%4 == 3)
		title := fmt.Sprintf("task %d", i)
		status, _ := ask(t, "POST", api, `{"title":"`+title+`"}`)
		if status == http.StatusCreated {
			made = append([]string{"Added “" + title + "”"}, made...)
		} else {
			assert.Equal(t, http.StatusServiceUnavailable, status)
		}
	}
	mesh.Down(false)
	assert.Len(t, made, 9)
	seen(t, frontend, made...)
	letters, dropped := mesh.Wait()
	assert.Empty(t, letters)
	assert.Empty(t, dropped)
}

func TestStateKeysHaveTheAppID(t *testing.T) {
	frontend, mesh := meshed(t)
	_, _ = ask(t, "POST", frontend+"/api/tasks", `{"title":"x"}`)
	seen(t, frontend, "Added “x”")
	assert.Equal(t, []string{"activity-app||activity:feed:1", "backend-app||todo:tasks:1", "backend-app||todo:users:all"}, mesh.Keys())
}
