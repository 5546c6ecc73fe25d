package streams

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

const topic, group, letters = "task.created", "activity-app", "dead"

func newClient(t *testing.T) *Client {
	t.Helper()
	c := New(&redis.UniversalOptions{Addrs: []string{miniredis.RunT(t).Addr()}, Protocol: 2, DisableIdentity: true})
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// add writes events to a stream as Dapr does, and returns the ids of their entries.
func add(t *testing.T, c *Client, stream string, ids ...string) (entries []string) {
	t.Helper()
	for _, id := range ids {
		entries = append(entries, addText(t, c, stream, eventText(id)))
	}
	return entries
}

func eventText(id string) string {
	return `{"specversion":"1.0","type":"task.created","source":"/backend/tasks","id":"` + id + `","data":{}}`
}

func addText(t *testing.T, c *Client, stream, text string) string {
	t.Helper()
	id, err := c.redis.XAdd(t.Context(), &redis.XAddArgs{Stream: stream, Values: []string{"data", text}}).Result()
	require.NoError(t, err)
	return id
}

// deliver delivers the first entries of the stream to the group.
func deliver(t *testing.T, c *Client, count int64) {
	t.Helper()
	require.NoError(t, c.redis.XGroupCreateMkStream(t.Context(), topic, group, "0").Err())
	require.NoError(t, c.redis.XReadGroup(t.Context(), &redis.XReadGroupArgs{
		Group: group, Consumer: "pod", Streams: []string{topic, ">"}, Count: count,
	}).Err())
}

func entriesOf(t *testing.T, c *Client, stream string) (ids []string) {
	t.Helper()
	require.NoError(t, c.Each(t.Context(), stream, func(e Entry) error {
		ids = append(ids, e.ID)
		return nil
	}))
	return ids
}

func TestEachReadsEveryPage(t *testing.T) {
	c := newClient(t)
	require.Empty(t, entriesOf(t, c, topic), "no stream")
	var want []string
	for i := range 2*page + 1 {
		want = append(want, add(t, c, topic, fmt.Sprint("id-", i))...)
	}
	require.Equal(t, want, entriesOf(t, c, topic))

	var seen []string
	stop := errors.New("enough")
	require.ErrorIs(t, c.Each(t.Context(), topic, func(e Entry) error {
		add(t, c, topic, "later")
		seen = append(seen, e.Event.ID())
		if len(seen) == 2 {
			return stop
		}
		return nil
	}), stop)
	require.Equal(t, []string{"id-0", "id-1"}, seen)
	require.Len(t, entriesOf(t, c, topic), len(want)+2)
}

func TestEachEndsThoughEntriesAreAdded(t *testing.T) {
	c := newClient(t)
	add(t, c, topic, "a", "b")
	count := 0
	require.NoError(t, c.Each(t.Context(), topic, func(Entry) error {
		count++
		require.Less(t, count, 10)
		add(t, c, topic, "later")
		return nil
	}))
	require.Equal(t, 2, count)
}

func TestFind(t *testing.T) {
	c := newClient(t)
	found, err := c.Find(t.Context(), topic, "a")
	require.NoError(t, err)
	require.Nil(t, found, "no stream")

	old := add(t, c, topic, "a")[0]
	for i := range page {
		add(t, c, topic, fmt.Sprint("b-", i))
	}
	addText(t, c, topic, strings.Replace(eventText("other"), "{}", `"a"`, 1))
	found, err = c.Find(t.Context(), topic, "a")
	require.NoError(t, err)
	require.Equal(t, old, found.ID, "on the second page")
	require.Equal(t, "a", found.Event.ID())
	require.JSONEq(t, eventText("a"), string(found.Body))

	newer := add(t, c, topic, "a")[0]
	found, err = c.Find(t.Context(), topic, "a")
	require.NoError(t, err)
	require.Equal(t, newer, found.ID)

	bodies, err := c.Newest(t.Context(), topic, 1)
	require.NoError(t, err)
	require.Equal(t, [][]byte{[]byte(eventText("a"))}, bodies)
	found, err = c.Find(t.Context(), topic, "nobody")
	require.NoError(t, err)
	require.Nil(t, found)
}

func TestGroups(t *testing.T) {
	c := newClient(t)
	groups, err := c.Groups(t.Context(), topic)
	require.NoError(t, err)
	require.Empty(t, groups, "no stream")

	entries := add(t, c, topic, "a", "b", "c")
	deliver(t, c, 2)
	groups, err = c.Groups(t.Context(), topic)
	require.NoError(t, err)
	require.Len(t, groups, 1)
	require.Equal(t, group, groups[0].Name)
	require.Equal(t, int64(2), groups[0].Pending)
	require.Equal(t, entries[1], groups[0].Delivered)
	require.Equal(t, int64(1), groups[0].Lag)

	for i, want := range []bool{true, true, false} {
		pending, err := c.IsPending(t.Context(), topic, group, entries[i])
		require.NoError(t, err)
		require.Equal(t, want, pending)
	}
	n, err := c.Length(t.Context(), topic)
	require.NoError(t, err)
	require.Equal(t, int64(3), n)
}

// TestCountAfter: a long queue is counted up to a limit.
func TestCountAfter(t *testing.T) {
	c := newClient(t)
	entries := add(t, c, topic, make([]string, 2*countable/10+1)...)
	n, all, err := c.countAfter(t.Context(), topic, entries[0])
	require.NoError(t, err)
	require.True(t, all)
	require.Equal(t, int64(len(entries)-1), n)
	add(t, c, topic, make([]string, countable)...)
	_, all, err = c.countAfter(t.Context(), topic, entries[0])
	require.NoError(t, err)
	require.False(t, all)
}

func TestDelete(t *testing.T) {
	c := newClient(t)
	entries := add(t, c, topic, "a", "b")
	deliver(t, c, 1)
	require.NoError(t, c.Delete(t.Context(), topic, entries[0]))
	require.Equal(t, entries[1:], entriesOf(t, c, topic))
	pending, err := c.IsPending(t.Context(), topic, group, entries[0])
	require.NoError(t, err)
	require.False(t, pending, "it is acknowledged")
	require.NoError(t, c.Delete(t.Context(), topic, entries[1]))
	require.True(t, exists(t, c, topic), "it has a subscriber")

	entry := add(t, c, "quiet", "a")[0]
	require.NoError(t, c.Delete(t.Context(), "quiet", entry))
	require.False(t, exists(t, c, "quiet"), "nobody subscribes to it")
}

func exists(t *testing.T, c *Client, key string) bool {
	t.Helper()
	n, err := c.redis.Exists(t.Context(), key).Result()
	require.NoError(t, err)
	return n > 0
}

func TestPutBack(t *testing.T) {
	c := newClient(t)
	original := add(t, c, topic, "a", "b")[0]
	deliver(t, c, 2)
	require.NoError(t, c.redis.XAck(t.Context(), topic, group, original).Err())
	require.NoError(t, c.redis.XGroupCreate(t.Context(), topic, "audit-app", "$").Err())
	add(t, c, letters, "a", "gone", "a")
	var found []Entry
	require.NoError(t, c.Each(t.Context(), letters, func(e Entry) error { found = append(found, e); return nil }))

	const idle = time.Minute
	require.NoError(t, c.PutBack(t.Context(), topic, group, letters, found[0], idle))
	pending, err := c.redis.XPendingExt(t.Context(), &redis.XPendingExtArgs{
		Stream: topic, Group: group, Start: original, End: original, Count: 1,
	}).Result()
	require.NoError(t, err)
	require.Len(t, pending, 1)
	require.Greater(t, pending[0].Idle, idle, "the sidecar claims it the next time")
	others, err := c.redis.XPending(t.Context(), topic, "audit-app").Result()
	require.NoError(t, err)
	require.Zero(t, others.Count, "no other subscriber gets it")
	require.Len(t, entriesOf(t, c, letters), 2)

	require.ErrorIs(t, c.PutBack(t.Context(), topic, group, letters, found[0], idle), ErrGone, "once")
	require.ErrorIs(t, c.PutBack(t.Context(), topic, group, letters, found[1], idle), ErrExpired)
	require.EqualError(t, c.PutBack(t.Context(), topic, group, letters, Entry{ID: "1-1", Body: []byte("x")}, idle), "it is not an event")
	require.Len(t, entriesOf(t, c, letters), 2)
}

func TestBefore(t *testing.T) {
	require.True(t, Before("9-1", "10-0"), "not as text")
	require.True(t, Before("10-9", "10-10"))
	require.False(t, Before("10-0", "10-0"))
	require.False(t, Before("10-1", "10-0"))
}

func TestLifetime(t *testing.T) {
	c := newClient(t)
	require.NoError(t, c.redis.Set(t.Context(), "forever", "x", 0).Err())
	require.NoError(t, c.redis.Set(t.Context(), "hour", "x", time.Hour).Err())
	for key, want := range map[string]time.Duration{"forever": 0, "hour": time.Hour} {
		left, err := c.Lifetime(t.Context(), key)
		require.NoError(t, err)
		require.Equal(t, want, left)
	}
	_, err := c.Lifetime(t.Context(), "nobody")
	require.EqualError(t, err, "there is no key nobody in Redis")
}
