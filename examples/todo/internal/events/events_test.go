package events

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/contracts"
)

var (
	quiet   = slog.New(slog.DiscardHandler)
	deleted = contracts.TaskDeleted{TaskID: 1, UserID: 2, DeletedAt: time.Date(2026, 2, 8, 12, 0, 0, 0, time.UTC)}
)

func env(vars map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { v, ok := vars[name]; return v, ok }
}

func published(t *testing.T, addresses string) error {
	t.Helper()
	p, err := NewPublisher(env(map[string]string{"EVENT_TASK_DELETED_URL": addresses}), http.DefaultClient, quiet, contracts.TaskDeleted{})
	require.NoError(t, err)
	e, err := contracts.NewEvent(deleted)
	require.NoError(t, err)
	return p.Publish(t.Context(), e)
}

func answering(t *testing.T, status int, body string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// An event counts as published only if nobody has to deliver it again.
func TestPublishResponses(t *testing.T) {
	tests := map[string]struct {
		status int
		body   string
		want   string // in the error; empty when published
	}{
		"a broker":           {204, ``, ""},
		"success":            {200, `{"status":"SUCCESS"}`, ""},
		"no status":          {200, `{}`, ""},
		"not JSON":           {200, `ok`, ""},
		"drop":               {200, `{"status":"DROP"}`, ""},
		"retry":              {200, `{"status":"RETRY"}`, "the subscriber answered RETRY"},
		"unknown":            {200, `{"status":"LATER"}`, "the subscriber answered LATER"},
		"not found":          {404, ``, "the response was 404"},
		"forbidden":          {403, `topic not allowed`, `the response was 403: "topic not allowed"`},
		"error":              {500, ``, "the response was 500"},
		"moved, not by POST": {302, ``, "the response was 302"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := published(t, answering(t, test.status, test.body))
			if test.want == "" {
				assert.NoError(t, err)
			} else {
				assert.ErrorContains(t, err, test.want)
				assert.ErrorContains(t, err, "publishing task.deleted ")
			}
		})
	}
}

func TestPublishReachesEveryAddress(t *testing.T) {
	var got []string
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		e, err := contracts.ParseEvent(body)
		assert.NoError(t, err)
		got = append(got, r.URL.Path+" "+r.Header.Get("Content-Type")+" "+e.Type())
	}))
	defer s.Close()
	require.NoError(t, published(t, s.URL+"/a,"+s.URL+"/b"))
	assert.Equal(t, []string{"/a application/cloudevents+json task.deleted", "/b application/cloudevents+json task.deleted"}, got)

	err := published(t, answering(t, 500, "")+","+s.URL+"/c")
	assert.ErrorContains(t, err, "the response was 500")
	assert.Contains(t, got[len(got)-1], "/c", "one that fails does not keep the event from the others")
}

func TestPublishWithoutSubscribers(t *testing.T) {
	assert.NoError(t, published(t, ""), "nobody listens")

	s := httptest.NewServer(nil)
	s.Close()
	assert.ErrorContains(t, published(t, s.URL), "connect")
}

func TestNewPublisherChecksItsVariables(t *testing.T) {
	_, err := NewPublisher(env(map[string]string{
		"EVENT_TASK_CREATED_URL": "http://ok", "EVENT_TASK_UPDATED_URL": "nowhere", "EVENT_TASK_COMPLETED_URL": "",
	}), http.DefaultClient, quiet, contracts.Catalogue()...)
	assert.EqualError(t, err, "EVENT_TASK_DELETED_URL is not set: give the addresses to which task.deleted is published, or leave it empty if nobody listens\n"+
		`EVENT_TASK_UPDATED_URL: url: "nowhere" [C-01]: must be an http or https URL without a query or a trailing slash`)
}

func TestVariable(t *testing.T) {
	assert.Equal(t, "EVENT_SHOP_ORDER_LINE_PLACED2_URL", variable("shop.order-line.placed2"))
}

func handled(t *testing.T, take func(context.Context, event.Event, contracts.TaskDeleted) error, body string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, "/events/task-deleted", strings.NewReader(body))
	Handle(quiet, take).ServeHTTP(w, r)
	return w.Code, strings.TrimSpace(w.Body.String())
}

func TestHandle(t *testing.T) {
	e, err := contracts.NewEvent(deleted)
	require.NoError(t, err)
	body, err := contracts.EncodeEvent(e)
	require.NoError(t, err)

	status, answer := handled(t, func(ctx context.Context, got event.Event, data contracts.TaskDeleted) error {
		assert.Equal(t, e.ID(), got.ID())
		assert.Equal(t, deleted, data)
		_, bounded := ctx.Deadline()
		assert.True(t, bounded)
		return nil
	}, string(body))
	assert.Equal(t, 200, status)
	assert.Equal(t, `{"status":"SUCCESS"}`, answer)

	status, answer = handled(t, func(context.Context, event.Event, contracts.TaskDeleted) error { return errors.New("no store") }, string(body))
	assert.Equal(t, 200, status)
	assert.Equal(t, `{"status":"RETRY"}`, answer)
}

// An invalid event is neither acknowledged nor dropped.
func TestHandleRefusesInvalidEvents(t *testing.T) {
	never := func(context.Context, event.Event, contracts.TaskDeleted) error {
		t.Error("taken")
		return nil
	}
	created, err := contracts.NewEvent(contracts.TaskCreated{TaskID: 1, UserID: 1, Title: "x", CreatedAt: time.Now()})
	require.NoError(t, err)
	other, err := contracts.EncodeEvent(created)
	require.NoError(t, err)
	for name, body := range map[string]string{"nothing": "", "no event": `{"a":1}`, "another event": string(other)} {
		status, answer := handled(t, never, body)
		assert.Equal(t, 400, status, name)
		assert.Contains(t, answer, "[E-", name)
	}
}

func TestHandleRefusesATruncatedBody(t *testing.T) {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, "/", io.MultiReader(strings.NewReader("{"), broken{}))
	Handle(quiet, func(context.Context, event.Event, contracts.TaskDeleted) error { return nil }).ServeHTTP(w, r)
	assert.Equal(t, 400, w.Code)
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("broken off") }

// 404 would tell a broker to drop the event.
func TestUnroutedIsNotADrop(t *testing.T) {
	w := httptest.NewRecorder()
	Unrouted(quiet).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/events/task-foo", nil))
	assert.Equal(t, http.StatusNotImplemented, w.Code)
	assert.JSONEq(t, `{"error":"no event is handled at /events/task-foo"}`, w.Body.String())
}
