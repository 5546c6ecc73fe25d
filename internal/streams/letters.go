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
// removes it from the dead letters. The event itself is still in its stream: it
// becomes pending in the group again, delivered longer than idle ago, so that the
// sidecar claims it the next time that it looks for such events (redeliverInterval),
// with all its retries. No other subscriber sees it.
//
// Both happen or neither, except in a cluster, which has the two streams in different
// places: whoever is interrupted there between them puts the event back twice.
func (c *Client) PutBack(ctx context.Context, stream, group, deadLetters string, letter Entry, idle time.Duration) error {
	if letter.Event.Context == nil {
		return errors.New("it is not an event")
	}
	original, err := c.Find(ctx, stream, letter.Event.ID())
	if err != nil {
		return err
	}
	if original == nil {
		return ErrExpired
	}
	move := c.putBackAtOnce
	if _, cluster := c.redis.(*redis.ClusterClient); cluster {
		move = c.putBackInSteps
	}
	outcome, err := move(ctx, stream, deadLetters, letter.ID, group, original.ID, idle.Milliseconds()+1)
	switch {
	case err != nil:
		return fmt.Errorf("putting back event %s: %w", letter.Event.ID(), err)
	case outcome == gone:
		return ErrGone
	case outcome == expired:
		return ErrExpired
	}
	return nil
}

// What the scripts return.
const (
	gone    = 0
	expired = -1
)

// claimEvent makes an event of the stream KEYS[1] pending in a group.
const claimEvent = `
if #redis.call("XRANGE", KEYS[1], ARGV[2], ARGV[2]) == 0 then return -1 end
redis.call("XCLAIM", KEYS[1], ARGV[1], ARGV[1], 0, ARGV[2], "IDLE", ARGV[3], "FORCE", "JUSTID")
`

var (
	claim   = redis.NewScript(claimEvent + `return 1`)
	putBack = redis.NewScript(`
if #redis.call("XRANGE", KEYS[2], ARGV[4], ARGV[4]) == 0 then return 0 end
` + claimEvent + `
return redis.call("XDEL", KEYS[2], ARGV[4])`)
)

func (c *Client) putBackAtOnce(ctx context.Context, stream, deadLetters, letter, group, id string, idle int64) (int, error) {
	return putBack.Run(ctx, c.redis, []string{stream, deadLetters}, group, id, idle, letter).Int()
}

func (c *Client) putBackInSteps(ctx context.Context, stream, deadLetters, letter, group, id string, idle int64) (int, error) {
	there, err := c.redis.XRange(ctx, deadLetters, letter, letter).Result()
	if err != nil || len(there) == 0 {
		return gone, err
	}
	if outcome, err := claim.Run(ctx, c.redis, []string{stream}, group, id, idle).Int(); err != nil || outcome == expired {
		return outcome, err
	}
	removed, err := c.redis.XDel(ctx, deadLetters, letter).Result()
	return int(removed), err
}
