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
	// Host is its address, host:port, or several for a cluster or sentinels,
	// separated by commas (T-05). Required.
	Host string
	// Cluster is true for a Redis Cluster. Default false.
	Cluster bool
	// Sentinel says how sentinels, whose addresses Host has, are asked for the
	// master. Default none.
	Sentinel *RedisSentinel
	// EnableTLS encrypts the connection. Default false (T-08).
	EnableTLS bool
	// InsecureSkipTLSVerify accepts every certificate. Default false.
	InsecureSkipTLSVerify bool
	// ClientCert and ClientKey are what sidecars show to Redis. Default none.
	ClientCert, ClientKey *secrets.Ref
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

// RedisSentinel describes how sidecars ask sentinels for the master.
type RedisSentinel struct {
	// MasterName is the name by which the sentinels know it. Required.
	MasterName string
	// Username of an ACL user of the sentinels. Default none.
	Username string
	// Password is the Secret with the password of the sentinels, nil if they ask
	// for none.
	Password *secrets.Ref
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
	value := func(name, v string) {
		if v != "" {
			items = append(items, Value(name, v))
		}
	}
	secret := func(name string, ref *secrets.Ref) {
		if ref != nil {
			items = append(items, SecretRef(name, *ref))
		}
	}
	if c.Cluster {
		value("redisType", "cluster")
	}
	if s := c.Sentinel; s != nil {
		value("failover", "true")
		value("sentinelMasterName", s.MasterName)
		value("sentinelUsername", s.Username)
		secret("sentinelPassword", s.Password)
	}
	value("redisUsername", c.Username)
	secret("redisPassword", c.Password)
	if c.Database != 0 {
		value("redisDB", strconv.Itoa(c.Database))
	}
	value("enableTLS", strconv.FormatBool(c.EnableTLS))
	if c.InsecureSkipTLSVerify {
		value("insecureSkipTLSVerify", "true")
	}
	secret("clientCert", c.ClientCert)
	secret("clientKey", c.ClientKey)
	return items
}

// milliseconds renders a duration in the one form in which Dapr reads
// redeliverInterval: a whole number of milliseconds.
func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
