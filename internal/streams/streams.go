// Package streams reads the Redis Streams in which Dapr keeps the events of a
// pub/sub: one stream for each topic, one consumer group for each subscribing
// app (Dapr's pubsub/redis).
package streams

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// redisApp is the label of the pods of a stack's Redis.
const redisApp = "redis"

// Client is a connection to the Redis of a stack: to one process, to the master
// that sentinels name, or to a cluster.
type Client struct {
	redis redis.UniversalClient
}

// silent drops what the Redis library would write to standard error; every failure
// that matters is an error.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

var silence = sync.OnceFunc(func() { redis.SetLogger(silent{}) })

// New returns a client of the Redis that options name. It connects when it is first
// used.
func New(options *redis.UniversalOptions) *Client {
	silence()
	return &Client{redis.NewUniversalClient(options)}
}

// Close closes the connections. Those to a master that is no more are closed
// already.
func (c *Client) Close() error {
	if err := c.redis.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// Lifetime returns how long a key of Redis will live; 0 means forever.
func (c *Client) Lifetime(ctx context.Context, key string) (time.Duration, error) {
	left, err := c.redis.TTL(ctx, key).Result()
	switch {
	case err != nil:
		return 0, fmt.Errorf("reading the lifetime of %s: %w", key, err)
	case left == -2:
		return 0, fmt.Errorf("there is no key %s in Redis", key)
	}
	return max(left, 0), nil
}
