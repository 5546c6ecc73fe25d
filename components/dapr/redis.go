package dapr

import (
	"errors"
	"strconv"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/components/secrets"
)

// RedisConnection describes how sidecars reach Redis. It is a [Backend].
type RedisConnection struct {
	// Host is its address, host:port (T-05). Required.
	Host string
	// EnableTLS encrypts the connection. Default false (T-08).
	EnableTLS bool
	// Username of an ACL user. Default none.
	Username string
	// Password is the Secret with the password, nil for a Redis that asks for
	// none (T-06).
	Password *secrets.Ref
	// Database is the number of the database. Default 0.
	Database int
	// After must exist before it can be reached. Default nothing.
	After []pulumi.Resource
}

// Name implements [Backend].
func (c *RedisConnection) Name() string { return "redis" }

// Ready implements [Backend].
func (c *RedisConnection) Ready() []pulumi.Resource { return c.After }

func (c *RedisConnection) check() error {
	if c == nil || c.Host == "" {
		return errors.New("the address of Redis is required")
	}
	return nil
}

// items returns the metadata items of the connection.
func (c *RedisConnection) items() []Item {
	items := []Item{Value("redisHost", c.Host)}
	if c.Username != "" {
		items = append(items, Value("redisUsername", c.Username))
	}
	if c.Password != nil {
		items = append(items, SecretRef("redisPassword", *c.Password))
	}
	if c.Database != 0 {
		items = append(items, Value("redisDB", strconv.Itoa(c.Database)))
	}
	return append(items, Value("enableTLS", strconv.FormatBool(c.EnableTLS)))
}

// milliseconds renders a duration in the one form in which Dapr reads
// redeliverInterval: a whole number of milliseconds.
func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
