package events

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules"
	"github.com/daprstack/daprstack/internal/streams"
)

const created = "task.created"

var deadLetters = rules.DeadLetterTopic(created, "activity-app")

// world is a stack with one Redis behind its pub/subs.
type world struct {
	*Client
	rdb *redis.Client
}

func newWorld(t *testing.T) world {
	t.Helper()
	server := miniredis.RunT(t)
	enabled := true
	stack := &config.Stack{
		Namespace: "todo",
		Dapr:      config.Dapr{Enabled: &enabled},
		PubSubs: []config.PubSub{{
			Name:              "pubsub",
			RedeliverInterval: &config.Duration{Duration: 30 * time.Second},
			ProcessingTimeout: &config.Duration{Duration: time.Minute},
		}, {Name: "other", ConsumerID: "shared"}},
		Events: []config.Event{
			{Type: created, PubSub: "pubsub", Subscribers: []config.Subscriber{{App: "activity-app"}, {App: "audit-app"}}},
			{Type: "task.quiet", PubSub: "pubsub"},
			{Type: "task.elsewhere", PubSub: "other", Subscribers: []config.Subscriber{{App: "audit-app"}}},
		},
		Apps: []config.App{
			{Name: "activity", Sidecar: &config.Sidecar{AppID: "activity-app"}},
			{Name: "audit", Sidecar: &config.Sidecar{AppID: "audit-app"}},
		},
	}
	c, err := New(stack, nil)
	require.NoError(t, err)
	c.open = func(context.Context, string) (*streams.Client, error) {
		return streams.New(&redis.UniversalOptions{Addrs: []string{server.Addr()}, Protocol: 2, DisableIdentity: true}), nil
	}
	c.logs = func(context.Context, string) [][]byte { return nil }
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	rdb := redis.NewClient(&redis.Options{Addr: server.Addr(), Protocol: 2, DisableIdentity: true})
	t.Cleanup(func() { require.NoError(t, rdb.Close()) })
	return world{c, rdb}
}

// add writes an event to a stream as Dapr does.
func (w world) add(t *testing.T, topic, id string) {
	t.Helper()
	w.addText(t, topic, `{"specversion":"1.0","type":"task.created","source":"/backend/tasks","id":"`+id+`","data":{}}`)
}

func (w world) addText(t *testing.T, topic, text string) {
	t.Helper()
	require.NoError(t, w.rdb.XAdd(t.Context(), &redis.XAddArgs{Stream: topic, Values: []string{"data", text}}).Err())
}

// subscribe makes a consumer group that has been given every event and has
// acknowledged none of the first pending.
func (w world) subscribe(t *testing.T, topic, group string, pending int64) {
	t.Helper()
	require.NoError(t, w.rdb.XGroupCreateMkStream(t.Context(), topic, group, "0").Err())
	if pending > 0 {
		require.NoError(t, w.rdb.XReadGroup(t.Context(), &redis.XReadGroupArgs{
			Group: group, Consumer: group, Streams: []string{topic, ">"}, Count: pending,
		}).Err())
	}
}

// acknowledge acknowledges everything that is pending in a group.
func (w world) acknowledge(t *testing.T, topic, group string) {
	t.Helper()
	pending, err := w.rdb.XPendingExt(t.Context(), &redis.XPendingExtArgs{Stream: topic, Group: group, Start: "-", End: "+", Count: 100}).Result()
	require.NoError(t, err)
	for _, p := range pending {
		require.NoError(t, w.rdb.XAck(t.Context(), topic, group, p.ID).Err())
	}
}

// last returns the id of the last entry of a stream.
func (w world) last(t *testing.T, topic string) string {
	t.Helper()
	entries, err := w.rdb.XRevRangeN(t.Context(), topic, "+", "-", 1).Result()
	require.NoError(t, err)
	require.Len(t, entries, 1)
	return entries[0].ID
}

func TestNewRefusesAStackWithoutDapr(t *testing.T) {
	off := false
	_, err := New(&config.Stack{Dapr: config.Dapr{Enabled: &off}}, nil)
	require.EqualError(t, err, "the stack has no Dapr and so no events: its apps call each other")
}

func TestList(t *testing.T) {
	w := newWorld(t)
	for _, id := range []string{"a", "b", "c"} {
		w.add(t, created, id)
	}
	w.subscribe(t, created, "activity-app", 2)
	w.add(t, deadLetters, "x")
	w.add(t, "task.quiet", "q")
	w.add(t, "task.elsewhere", "e")
	w.subscribe(t, "task.elsewhere", "shared", 1)

	all, err := w.List(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 4)
	for _, i := range []int{0, 3} { // how large it is, only Redis itself tells
		require.NotEqual(t, int64(Unknown), all[i].Lag)
		all[i].Lag = 0
	}
	require.Equal(t, []Status{
		{Type: created, PubSub: "pubsub", Kept: 3, App: "activity-app", Pending: 2, DeadLetters: 1},
		{Type: created, PubSub: "pubsub", Kept: 3, App: "audit-app", Lag: Unknown, Pending: Unknown},
		{Type: "task.quiet", PubSub: "pubsub", Kept: 1},
		{Type: "task.elsewhere", PubSub: "other", Kept: 1, App: "audit-app", Pending: 1},
	}, all)
}

func TestListReportsAnUnreachableRedis(t *testing.T) {
	w := newWorld(t)
	w.open = func(context.Context, string) (*streams.Client, error) { return nil, errors.New("no Redis pod") }
	_, err := w.List(t.Context())
	require.EqualError(t, err, "no Redis pod")
}

func TestDeadLettersRefuses(t *testing.T) {
	w := newWorld(t)
	for name, tc := range map[string]struct{ typ, app, want string }{
		"unknown event":      {"task.lost", "audit-app", `the stack has no event "task.lost"; it has: task.created, task.quiet, task.elsewhere`},
		"not a subscriber":   {created, "backend-app", `"backend-app" does not subscribe to task.created; these do: activity-app, audit-app`},
		"no subscribers":     {"task.quiet", "audit-app", `"audit-app" does not subscribe to task.quiet; these do: none`},
		"an app, not its id": {created, "activity", `"activity" does not subscribe to task.created; these do: activity-app, audit-app`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.DeadLetters(t.Context(), tc.typ, tc.app)
			require.EqualError(t, err, tc.want)
		})
	}
}

func TestReasonsAreReadFromTheSubscribersSidecars(t *testing.T) {
	w := newWorld(t)
	w.logs = func(_ context.Context, app string) [][]byte {
		require.Equal(t, "activity", app)
		const line = "DROP status returned from app while processing pub/sub event "
		return [][]byte{[]byte(line + "a"), []byte(line + "b")}
	}
	letters, err := w.DeadLetters(t.Context(), created, "activity-app")
	require.NoError(t, err)
	require.Equal(t, map[string]string{"a": "the handler answered DROP", "b": "the handler answered DROP"},
		letters.Reasons(t.Context()))
}

func TestPutBack(t *testing.T) {
	const notAnEvent = "not an event"
	for name, tc := range map[string]struct {
		ids   []string
		count int
		err   string
		left  []string // the ids of the dead letters that stay
	}{
		"all": {
			count: 2, left: []string{"expired", notAnEvent},
			err: "expired: the event is no longer in its stream: its retention has passed\nENTRY: it is not an event",
		},
		"some": {ids: []string{"b"}, count: 1, left: []string{"a", "expired", notAnEvent}},
		"unknown id": {
			ids: []string{"a", "nobody"}, count: 1, left: []string{"b", "expired", notAnEvent},
			err: "nobody: no dead letter of task.created at activity-app has this id",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			for _, id := range []string{"a", "b", "c"} {
				w.add(t, created, id)
			}
			w.subscribe(t, created, "activity-app", 3)
			w.acknowledge(t, created, "activity-app")
			for _, id := range []string{"a", "b", "expired"} {
				w.add(t, deadLetters, id)
			}
			w.addText(t, deadLetters, notAnEvent)

			letters, err := w.DeadLetters(t.Context(), created, "activity-app")
			require.NoError(t, err)
			require.Equal(t, 30*time.Second, letters.RedeliveredWithin())
			count, err := letters.PutBack(t.Context(), tc.ids)
			if tc.err == "" {
				require.NoError(t, err)
			} else {
				require.EqualError(t, err, strings.Replace(tc.err, "ENTRY", w.last(t, deadLetters), 1))
			}
			require.Equal(t, tc.count, count)
			var left []string
			require.NoError(t, letters.Each(t.Context(), func(e streams.Entry) error {
				if e.Event.Context == nil {
					left = append(left, string(e.Body))
				} else {
					left = append(left, e.Event.ID())
				}
				return nil
			}))
			require.Equal(t, tc.left, left)
			pending, err := w.rdb.XPending(t.Context(), created, "activity-app").Result()
			require.NoError(t, err)
			require.Equal(t, int64(tc.count), pending.Count, "what was put back is pending")
		})
	}
}

// TestApart: on a Redis that others use, the streams and groups carry the namespace.
func TestApart(t *testing.T) {
	w := newWorld(t)
	w.stack.Redis.External = &config.ExternalRedis{}
	stream, dead, group := "todo"+created, "todo"+deadLetters, "todo.activity-app"
	w.add(t, created, "of another stack")
	for _, id := range []string{"a", "b"} {
		w.add(t, stream, id)
	}
	w.subscribe(t, stream, group, 2)
	w.acknowledge(t, stream, group)
	w.add(t, dead, "a")

	all, err := w.List(t.Context())
	require.NoError(t, err)
	all[0].Lag = 0 // how large it is, only Redis itself tells
	require.Equal(t, Status{Type: created, PubSub: "pubsub", Kept: 2, App: "activity-app", DeadLetters: 1}, all[0])
	letters, err := w.DeadLetters(t.Context(), created, "activity-app")
	require.NoError(t, err)
	count, err := letters.PutBack(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, 1, count)
	pending, err := w.rdb.XPending(t.Context(), stream, group).Result()
	require.NoError(t, err)
	require.Equal(t, int64(1), pending.Count)
}
