package streams

import (
	"crypto/x509"
	"net"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/internal/redistest"
)

// open connects by the items of a component, with the authority of its Redis.
func open(t *testing.T, items map[string]string, authority *redistest.TLS) (*Client, error) {
	t.Helper()
	options, err := optionsOf(items)
	require.NoError(t, err)
	if authority != nil {
		items["enableTLS"] = "true"
		options.TLSConfig.RootCAs = authority.Config().RootCAs
	}
	c, err := connect(t.Context(), options)
	if err == nil {
		t.Cleanup(func() { require.NoError(t, c.Close()) })
	}
	return c, err
}

func secured(items map[string]string, s *redistest.TLS) map[string]string {
	for name, value := range map[string]string{"enableTLS": "true", "clientCert": s.Cert, "clientKey": s.Key} {
		items[name] = value
	}
	return items
}

// TestEveryRedis: the events can be looked at and put back whatever Redis they are
// in: one server, one behind sentinels, a cluster; with passwords and TLS.
func TestEveryRedis(t *testing.T) {
	const password, other = "s3cret", "s3ntinel"
	authority := redistest.NewTLS(t, "127.0.0.1")
	o := redistest.Options{Password: password, SentinelPassword: other, TLS: authority}
	for name, items := range map[string]func(*testing.T) map[string]string{
		"server": func(t *testing.T) map[string]string {
			return map[string]string{"redisHost": redistest.NewServer(t, o).Addr, "redisDB": "3"}
		},
		"sentinels": func(t *testing.T) map[string]string {
			return map[string]string{
				"redisHost": redistest.NewSentinels(t, o).Addrs(), "failover": "true",
				"sentinelMasterName": redistest.MasterName, "sentinelPassword": other,
			}
		},
		"cluster": func(t *testing.T) map[string]string {
			return map[string]string{"redisHost": redistest.NewCluster(t, o).Addrs(), "redisType": "cluster"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := secured(items(t), authority)
			all["redisPassword"] = password
			c, err := open(t, all, authority)
			require.NoError(t, err)
			theWholeWay(t, c)
		})
	}
}

// theWholeWay does with one event everything that verify and events do.
func theWholeWay(t *testing.T, c *Client) {
	t.Helper()
	const dead = "dead-letter"
	entry := add(t, c, topic, "a", "b")[0]
	deliver(t, c, 2)
	require.NoError(t, c.redis.XAck(t.Context(), topic, group, entry).Err())
	letter := add(t, c, dead, "a")[0]

	n, err := c.Length(t.Context(), topic)
	require.NoError(t, err)
	require.Equal(t, int64(2), n)
	found, err := c.Find(t.Context(), topic, "a")
	require.NoError(t, err)
	require.Equal(t, entry, found.ID)
	groups, err := c.Groups(t.Context(), topic)
	require.NoError(t, err)
	require.Equal(t, int64(1), groups[0].Pending)
	require.Zero(t, groups[0].Lag)
	// As it is after a failover.
	require.NoError(t, c.redis.Do(t.Context(), "XGROUP", "SETID", topic, group, groups[0].Delivered, "ENTRIESREAD", "1").Err())
	info, err := c.redis.XInfoGroups(t.Context(), topic).Result()
	require.NoError(t, err)
	require.Equal(t, int64(1), info[0].Lag, "what Redis says")
	groups, err = c.Groups(t.Context(), topic)
	require.NoError(t, err)
	require.Zero(t, groups[0].Lag)

	letters := Entry{ID: letter, Event: found.Event}
	require.NoError(t, c.PutBack(t.Context(), topic, group, dead, letters, time.Minute))
	pending, err := c.IsPending(t.Context(), topic, group, entry)
	require.NoError(t, err)
	require.True(t, pending)
	require.ErrorIs(t, c.PutBack(t.Context(), topic, group, dead, letters, time.Minute), ErrGone, "once")
	late := add(t, c, dead, "gone")[0]
	expired := found.Event.Clone()
	expired.SetID("gone")
	require.ErrorIs(t, c.PutBack(t.Context(), topic, group, dead, Entry{ID: late, Event: expired}, time.Minute), ErrExpired)

	asked := make(chan error, 1)
	looking := make(chan struct{})
	go func() {
		for { // as a sidecar does, from time to time
			select {
			case <-looking:
				asked <- nil
				return
			case <-time.After(100 * time.Millisecond):
				if err := c.redis.XPendingExt(t.Context(), &redis.XPendingExtArgs{Stream: topic, Group: group, Start: "-", End: "+", Count: 1}).Err(); err != nil {
					asked <- err
					return
				}
			}
		}
	}()
	looks, err := c.Looks(t.Context(), time.Second)
	close(looking)
	require.NoError(t, err)
	require.NoError(t, <-asked)
	require.NotEmpty(t, looks[topic+" "+group])

	require.NoError(t, c.Delete(t.Context(), topic, entry))
	require.NoError(t, c.redis.Set(t.Context(), "key", "x", time.Hour).Err())
	left, err := c.Lifetime(t.Context(), "key")
	require.NoError(t, err)
	require.Positive(t, left)
}

// TestFailover: what is connected already finds the new master. The processes are at
// an address from which connections do not go out by themselves.
func TestFailover(t *testing.T) {
	t.Parallel()
	const host, password = "127.0.0.2", "s3cret"
	authority := redistest.NewTLS(t, host)
	s := redistest.NewSentinels(t, redistest.Options{Host: host, Password: password, TLS: authority})
	c, err := open(t, secured(map[string]string{
		"redisHost": s.Addrs(), "failover": "true", "sentinelMasterName": redistest.MasterName, "redisPassword": password,
	}, authority), authority)
	require.NoError(t, err)
	add(t, c, topic, "a")
	s.Replicated()
	require.NoError(t, c.redis.Do(t.Context(), "WAIT", 1, 1000).Err())
	s.KillMaster()
	redistest.Eventually(t, "the client finds the new master", func() error {
		_, err := c.Length(t.Context(), topic)
		return err
	})
	found, err := c.Find(t.Context(), topic, "a")
	require.NoError(t, err)
	require.NotNil(t, found, "what a replica had is there")
}

// TestWhoAnswers tells a Redis that cannot be reached from here, which says nothing
// about the pods, from one that refuses.
func TestWhoAnswers(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	closed := listener.Addr().String()
	require.NoError(t, listener.Close())

	authority := redistest.NewTLS(t, "127.0.0.1")
	server := redistest.NewServer(t, redistest.Options{Password: "s3cret", TLS: authority})
	sentinels := redistest.NewSentinels(t, redistest.Options{SentinelPassword: "s3cret"})
	watched := func(address, name, password string) map[string]string {
		return map[string]string{"redisHost": address, "failover": "true", "sentinelMasterName": name, "sentinelPassword": password}
	}
	for name, c := range map[string]struct {
		items   map[string]string
		trusts  *redistest.TLS
		answers bool
		words   string
	}{
		"nobody":              {map[string]string{"redisHost": closed}, nil, false, "connection refused"},
		"no cluster":          {map[string]string{"redisHost": closed, "redisType": "cluster"}, nil, false, "connection refused"},
		"no sentinel":         {watched(closed, "m", ""), nil, false, "connection refused"},
		"no such host":        {map[string]string{"redisHost": "redis.invalid:6379"}, nil, false, "redis.invalid"},
		"another password":    {secured(map[string]string{"redisHost": server.Addr, "redisPassword": "x"}, authority), authority, true, "WRONGPASS"},
		"another authority":   {secured(map[string]string{"redisHost": server.Addr, "redisPassword": "s3cret"}, authority), redistest.NewTLS(t, "127.0.0.1"), true, "certificate"},
		"another master":      {watched(sentinels.Addrs(), "othermaster", "s3cret"), nil, true, `knows no master "othermaster"`},
		"sentinels' password": {watched(sentinels.Addrs(), redistest.MasterName, "x"), nil, true, "WRONGPASS"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := open(t, c.items, c.trusts)
			require.ErrorContains(t, err, c.words)
			require.Equal(t, c.answers, answered(err), "%v", err)
		})
	}
	skip := secured(map[string]string{"redisHost": server.Addr, "redisPassword": "s3cret", "insecureSkipTLSVerify": "true"}, authority)
	options, err := optionsOf(skip)
	require.NoError(t, err)
	options.TLSConfig.RootCAs = x509.NewCertPool()
	c, err := connect(t.Context(), options)
	require.NoError(t, err, "nothing is verified")
	require.NoError(t, c.Close())
}
