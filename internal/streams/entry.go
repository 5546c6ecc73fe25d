package streams

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/redis/go-redis/v9"

	"github.com/daprstack/daprstack/contracts"
)

// Entry is one event in a stream.
type Entry struct {
	ID    string // the entry's, which begins with the time in milliseconds
	Body  []byte // the event as a JSON object
	Event event.Event
}

// page is the number of entries that are read at once.
const page = 100

// Find returns the newest entry of a stream that carries the event with an id, or
// nil when there is none.
func (c *Client) Find(ctx context.Context, topic, eventID string) (*Entry, error) {
	end := "+"
	for {
		messages, err := c.redis.XRevRangeN(ctx, topic, end, "-", page).Result()
		if err != nil {
			return nil, fmt.Errorf("reading the stream %s: %w", topic, err)
		}
		for _, m := range messages {
			if body := bodyOf(m); strings.Contains(string(body), eventID) {
				e, err := contracts.ParseEvent(body)
				if err == nil && e.ID() != eventID {
					continue
				}
				return &Entry{ID: m.ID, Body: body, Event: e}, err
			}
		}
		if len(messages) < page {
			return nil, nil //nolint:nilnil // see the doc comment
		}
		end = "(" + messages[len(messages)-1].ID
	}
}

// Newest returns the bodies of the newest events of a stream, newest first.
func (c *Client) Newest(ctx context.Context, topic string, most int64) ([][]byte, error) {
	messages, err := c.redis.XRevRangeN(ctx, topic, "+", "-", most).Result()
	if err != nil {
		return nil, fmt.Errorf("reading the stream %s: %w", topic, err)
	}
	bodies := make([][]byte, len(messages))
	for i, m := range messages {
		bodies[i] = bodyOf(m)
	}
	return bodies, nil
}

// bodyOf returns the field in which Dapr keeps the event.
func bodyOf(m redis.XMessage) []byte {
	data, _ := m.Values["data"].(string)
	return []byte(data)
}

// Delete removes an entry from a stream and from what is pending in its groups. A
// stream without subscribers is removed together with its last entry.
func (c *Client) Delete(ctx context.Context, topic, id string) error {
	if err := remove.Run(ctx, c.redis, []string{topic}, id).Err(); err != nil && !errors.Is(err, redis.Nil) {
		return fmt.Errorf("deleting from the stream %s: %w", topic, err)
	}
	return nil
}

var remove = redis.NewScript(`
local groups = redis.call("XINFO", "GROUPS", KEYS[1])
for _, group in ipairs(groups) do redis.call("XACK", KEYS[1], group[2], ARGV[1]) end
redis.call("XDEL", KEYS[1], ARGV[1])
if redis.call("XLEN", KEYS[1]) == 0 and #groups == 0 then redis.call("DEL", KEYS[1]) end
return 1`)

// Group is a consumer group of a stream: one subscribing app.
type Group struct {
	Name      string // the app-id, unless the component has a consumerID
	Pending   int64  // delivered to the app, not acknowledged yet
	Lag       int64  // not delivered yet; -1 when nobody can tell
	Delivered string // the last entry that was delivered
}

// Groups returns the consumer groups of a stream: none when there is no stream.
func (c *Client) Groups(ctx context.Context, topic string) ([]Group, error) {
	found, err := c.redis.XInfoGroups(ctx, topic).Result()
	if isMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the consumer groups of %s: %w", topic, err)
	}
	groups := make([]Group, len(found))
	for i, g := range found {
		groups[i] = Group{Name: g.Name, Pending: g.Pending, Lag: g.Lag, Delivered: g.LastDeliveredID}
		if g.Lag == 0 {
			continue
		}
		n, all, err := c.countAfter(ctx, topic, g.LastDeliveredID)
		if err != nil {
			return nil, err
		}
		if all {
			groups[i].Lag = n
		}
	}
	return groups, nil
}

// countable is how many entries are counted one by one.
const countable = 10_000

// countAfter counts the entries after one, and reports whether it came to the end.
// What Redis itself says is too much on a replica that has become the master: the
// counter behind it does not reach replicas (redis#12898). It says
// nothing when entries were deleted.
func (c *Client) countAfter(ctx context.Context, topic, id string) (n int64, all bool, err error) {
	const page = 1000
	for n < countable {
		entries, err := c.redis.XRangeN(ctx, topic, "("+id, "+", page).Result()
		if err != nil {
			return 0, false, fmt.Errorf("counting what waits in %s: %w", topic, err)
		}
		n += int64(len(entries))
		if len(entries) < page {
			return n, true, nil
		}
		id = entries[page-1].ID
	}
	return n, false, nil
}

// Before reports whether the entry id comes before the entry other.
func Before(id, other string) bool { return slices.Compare(parts(id), parts(other)) < 0 }

// parts splits an entry's id into its time and its number within that millisecond.
func parts(id string) []uint64 {
	time, number, _ := strings.Cut(id, "-")
	t, _ := strconv.ParseUint(time, 10, 64)
	n, _ := strconv.ParseUint(number, 10, 64)
	return []uint64{t, n}
}

func isMissing(err error) bool {
	return errors.Is(err, redis.Nil) || err != nil && strings.Contains(err.Error(), "no such key")
}

// IsPending reports whether an entry was delivered to a group and not acknowledged.
func (c *Client) IsPending(ctx context.Context, topic, group, id string) (bool, error) {
	pending, err := c.redis.XPendingExt(ctx, &redis.XPendingExtArgs{Stream: topic, Group: group, Start: id, End: id, Count: 1}).Result()
	if err != nil {
		return false, fmt.Errorf("reading what is pending in %s: %w", topic, err)
	}
	return len(pending) > 0, nil
}
