package streams

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/daprstack/daprstack/contracts"
)

// Length returns the number of events in a stream: 0 when there is no stream.
func (c *Client) Length(ctx context.Context, topic string) (int64, error) {
	n, err := c.redis.XLen(ctx, topic).Result()
	if err != nil {
		return 0, fmt.Errorf("reading the length of the stream %s: %w", topic, err)
	}
	return n, nil
}

// Each calls use with every entry that is in a stream now, oldest first, until use
// returns an error. An entry that is not an event has only ID and Body set.
func (c *Client) Each(ctx context.Context, topic string, use func(Entry) error) error {
	last, err := c.redis.XRevRangeN(ctx, topic, "+", "-", 1).Result()
	if err != nil {
		return fmt.Errorf("reading the stream %s: %w", topic, err)
	}
	if len(last) == 0 {
		return nil
	}
	start, end := "-", last[0].ID
	for {
		messages, err := c.redis.XRangeN(ctx, topic, start, end, page).Result()
		if err != nil {
			return fmt.Errorf("reading the stream %s: %w", topic, err)
		}
		for _, m := range messages {
			e := Entry{ID: m.ID, Body: bodyOf(m)}
			if parsed, err := contracts.ParseEvent(e.Body); err == nil {
				e.Event = parsed
			}
			if err := use(e); err != nil {
				return err
			}
			start = "(" + m.ID
		}
		if len(messages) < page {
			return nil
		}
	}
}

// Time is when the entry was written, by the clock of Redis.
func (e Entry) Time() time.Time {
	ms, _, _ := strings.Cut(e.ID, "-")
	n, _ := strconv.ParseInt(ms, 10, 64) // always a number in Redis
	return time.UnixMilli(n)
}

// Reasons why a dead letter can't be put back.
var (
	// ErrExpired means that the event is no longer in its own stream because its
	// retention has passed. The dead letter is still there.
	ErrExpired = errors.New("the event is no longer in its stream: its retention has passed")
	// ErrGone means that the dead letter is gone: somebody else put it back.
	ErrGone = errors.New("the dead letter is gone")
)

// PutBack gives a dead letter back to the one group that could not handle it and
// removes it from the dead letters, both or neither. The event itself is still in
// its stream: it becomes pending in the group again, delivered longer than idle ago,
// so that the sidecar claims it the next time that it looks for such events
// (redeliverInterval), with all its retries. No other subscriber sees it.
func (c *Client) PutBack(ctx context.Context, topic, group, deadLetters string, letter Entry, idle time.Duration) error {
	if letter.Event.Context == nil {
		return errors.New("it is not an event")
	}
	original, err := c.Find(ctx, topic, letter.Event.ID())
	if err != nil {
		return err
	}
	if original == nil {
		return ErrExpired
	}
	outcome, err := putBack.Run(ctx, c.redis, []string{topic, deadLetters},
		group, original.ID, letter.ID, idle.Milliseconds()+1).Int()
	switch {
	case err != nil:
		return fmt.Errorf("putting back event %s: %w", letter.Event.ID(), err)
	case outcome == 0:
		return ErrGone
	case outcome < 0:
		return ErrExpired
	}
	return nil
}

var putBack = redis.NewScript(`
if #redis.call("XRANGE", KEYS[2], ARGV[3], ARGV[3]) == 0 then return 0 end
if #redis.call("XRANGE", KEYS[1], ARGV[2], ARGV[2]) == 0 then return -1 end
redis.call("XCLAIM", KEYS[1], ARGV[1], ARGV[1], 0, ARGV[2], "IDLE", ARGV[4], "FORCE", "JUSTID")
redis.call("XDEL", KEYS[2], ARGV[3])
return 1`)
