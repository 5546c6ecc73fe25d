// Package streams reads the Redis Streams in which Dapr keeps the events of a
// pub/sub: one stream for each topic, one consumer group for each subscribing
// app (Dapr's pubsub/redis).
package streams

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/cluster"
)

// redisApp is the label of the pods of a stack's Redis.
const redisApp = "redis"

// Client is a connection to the Redis of a stack.
type Client struct {
	redis   *redis.Client
	options *redis.Options
}

// New returns a client of the Redis that options name. It connects when it is first
// used.
func New(options *redis.Options) *Client {
	return &Client{redis.NewClient(options), options}
}

// Open connects to the Redis of a stack: to its pod, or to the external one, which
// must be reachable from this machine. It uses the credentials that a component of
// the stack refers to.
func Open(ctx context.Context, c *cluster.Client, stack *config.Stack, component string) (*Client, error) {
	options := &redis.Options{
		Protocol: 2, DisableIdentity: true, ContextTimeoutEnabled: true, MaxRetries: -1, PoolSize: 4,
	}
	if e := stack.Redis.External; e != nil {
		options.Addr, options.Username = e.Host, e.Username
		if e.EnableTLS {
			host, _, _ := net.SplitHostPort(e.Host)
			options.TLSConfig = &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
		}
	} else {
		options.Dialer = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dial(ctx, c, stack.Namespace)
		}
	}
	if err := connection(ctx, c, stack.Namespace, component, options); err != nil {
		return nil, err
	}
	client := New(options)
	if err := client.redis.Ping(ctx).Err(); err != nil {
		return nil, errors.Join(fmt.Errorf("reaching Redis: %w", err), client.Close())
	}
	return client, nil
}

// Close closes the connection.
func (c *Client) Close() error { return c.redis.Close() }

func dial(ctx context.Context, c *cluster.Client, namespace string) (net.Conn, error) {
	pods, err := c.Pods(ctx, namespace, redisApp)
	if err != nil {
		return nil, err
	}
	if len(pods) == 0 {
		return nil, errors.New("there is no Redis pod")
	}
	return c.Dial(context.WithoutCancel(ctx), namespace, pods[0].Name, 6379)
}

// connection fills in the database that a Component names, and the password from
// the Secret that it refers to.
func connection(ctx context.Context, c *cluster.Client, namespace, component string, options *redis.Options) error {
	object, err := c.Objects.Resource(cluster.Components).Namespace(namespace).Get(ctx, component, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("reading component %s: %w", component, err)
	}
	raw, err := json.Marshal(object.Object["spec"])
	if err != nil {
		return fmt.Errorf("reading component %s: %w", component, err)
	}
	var spec struct {
		Metadata []struct {
			Name         string
			Value        any
			SecretKeyRef struct{ Name, Key string }
		}
	}
	if err := json.Unmarshal(raw, &spec); err != nil {
		return fmt.Errorf("reading component %s: %w", component, err)
	}
	for _, item := range spec.Metadata {
		switch item.Name {
		case "redisPassword":
			secret, err := c.Kube.CoreV1().Secrets(namespace).Get(ctx, item.SecretKeyRef.Name, metav1.GetOptions{})
			if err != nil {
				return fmt.Errorf("reading the Secret of component %s: %w", component, err)
			}
			options.Password = string(secret.Data[item.SecretKeyRef.Key])
		case "redisDB":
			if options.DB, err = strconv.Atoi(fmt.Sprint(item.Value)); err != nil {
				return fmt.Errorf("reading component %s: redisDB: %w", component, err)
			}
		}
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
