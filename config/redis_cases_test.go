package config_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/stackfile"
)

// onSharedRedis returns a stack on a Redis that it does not have to itself.
func onSharedRedis(t testing.TB, edits ...edit) map[string]string {
	t.Helper()
	values, err := stackfile.Read(filepath.Join("testdata", "cases", "redis.yaml"))
	require.NoError(t, err)
	return apply(t, values, edits)
}

func loaded(t testing.TB, values map[string]string) *config.Stack {
	t.Helper()
	stack, err := config.Load(values)
	require.NoError(t, err)
	return stack
}

// names returns what a stack calls its stream, dead letters, consumer group and
// one key in Redis.
func names(s *config.Stack) []string {
	return []string{
		s.Stream("bus", "order.placed"), s.Stream("bus", "dead-letter.mail-app.order.placed"),
		s.ConsumerGroup("bus", "mail-app"), s.StateKey(s.StateStores[0], "orders-app", "k"),
	}
}

// TestApart: two environments on one Redis have nothing in common, whatever prefix
// their keys have, unless they say so.
func TestApart(t *testing.T) {
	dev, staging := edit{"namespace", "shop"}, edit{"namespace", "shop-staging"}
	require.Equal(t, []string{"shoporder.placed", "shopdead-letter.mail-app.order.placed", "shop.mail-app", "shop.orders-app||k"},
		names(loaded(t, onSharedRedis(t, dev))))
	for name, also := range map[string]edit{
		"by default":         {"stateStores[0].metadata", nil},
		"own consumer group": {"pubSubs[0].consumerID", "group2"},
		"app-id":             {"stateStores[0].metadata", object{"keyPrefix": "appid"}},
		"name":               {"stateStores[0].metadata", object{"keyPrefix": "name"}},
		"namespace":          {"stateStores[0].metadata", object{"keyPrefix": "namespace"}},
		"literal":            {"stateStores[0].metadata", object{"keyPrefix": "orders"}},
	} {
		t.Run(name, func(t *testing.T) {
			first, second := names(loaded(t, onSharedRedis(t, dev, also))), names(loaded(t, onSharedRedis(t, staging, also)))
			for i := range first {
				require.NotEqual(t, first[i], second[i])
			}
			shared := edit{"redis.external.shared", true}
			require.Equal(t, names(loaded(t, onSharedRedis(t, dev, also, shared)))[:3], names(loaded(t, onSharedRedis(t, staging, also, shared)))[:3])
		})
	}
	shared := loaded(t, onSharedRedis(t, dev, edit{"redis.external.shared", true}))
	require.Equal(t, []string{"order.placed", "dead-letter.mail-app.order.placed", "mail-app", "orders-app||k"}, names(shared))
	require.Empty(t, shared.ConsumerID(shared.PubSubs[0]))
	require.Empty(t, shared.KeyPrefix(shared.StateStores[0]))
}

// TestInClusterRedisStays: an upgrade must not move what a Redis of the stack's own
// holds.
func TestInClusterRedisStays(t *testing.T) {
	own := loaded(t, onSharedRedis(t, edit{"redis", nil}, edit{"pubSubs[0].consumerID", "group2"}))
	require.Equal(t, []string{"order.placed", "dead-letter.mail-app.order.placed", "group2", "orders-app||k"}, names(own))
}

// TestStateKey: the strategies of Dapr, each under the name that it gives.
func TestStateKey(t *testing.T) {
	s := &config.Stack{Namespace: "ns"}
	for prefix, want := range map[string]string{
		"": "web-app||k", "appid": "web-app||k", "none": "k", "name": "store||k", "namespace": "ns.web-app||k", "shop": "shop||k",
	} {
		require.Equal(t, want, s.StateKey(config.StateStore{Name: "store", Metadata: map[string]string{"keyPrefix": prefix}}, "web-app", "k"))
	}
}

// TestApartOutbox: Dapr finds the internal topics of an outbox only without the
// prefix; they have the namespace in their names.
func TestApartOutbox(t *testing.T) {
	s := loaded(t, onSharedRedis(t,
		edit{"pubSubs[1]", object{"name": "outbox", "scopes": []any{"orders-app"}}},
		edit{"stateStores[0].metadata", object{"outboxPublishPubsub": "bus", "outboxPublishTopic": "order.placed", "outboxPubsub": "outbox"}}))
	require.Equal(t, "{namespace}", s.ConsumerID(s.PubSubs[0]))
	require.Empty(t, s.ConsumerID(s.PubSubs[1]))
	require.Equal(t, "x", s.Stream("outbox", "x"))
}

// badRedis are mistakes in what a stack says about a Redis that others use too.
var badRedis = []badStackFile{
	{"template in a consumer id", one("pubSubs[0].consumerID", "{namespace}"),
		[]string{`pubSubs[0].consumerID: "{namespace}" [T-10]: must not be a template: {namespace} anywhere in the metadata prefixes every topic`}},
	{"templates elsewhere", []edit{
		{"redis.external.host", "redis.{namespace}:6379"}, {"redis.external.username", "u-{appID}"},
		{"stateStores[0].metadata", object{"keyPrefix": "{namespace}"}},
	}, []string{
		`redis.external.host: "redis.{namespace}:6379" [T-05]: must be host:port`,
		`redis.external.username: "u-{appID}" [T-10]: must not be a template: {namespace} anywhere in the metadata prefixes every topic`,
		`stateStores[0].metadata.keyPrefix: [T-10]: must not be a template: {namespace} anywhere in the metadata prefixes every topic`,
	}},
	{"template in a password", []edit{{"redis.external.passwordSecret", nil}, {"redis.external.password", "a{uuid}"}},
		[]string{`redis.external.password: [T-06]: must not be a template: {namespace} anywhere in the metadata prefixes every topic`}},
	{"keys without a prefix", one("stateStores[0].metadata", object{"keyPrefix": "none"}),
		[]string{`stateStores[0].metadata.keyPrefix: must not be none unless redis.external.shared is true: other stacks on this Redis would have the same keys`}},
	{"database below 0", one("redis.external.database", -1),
		[]string{`redis.external.database: -1: must be 0 or more`}},
	{"two databases", []edit{{"redis.external.database", 1}, {"stateStores[0].metadata", object{"redisDB": "2"}}},
		[]string{`stateStores[0].metadata.redisDB: must not be given together with redis.external.database`}},
}

func TestBadRedis(t *testing.T) {
	for _, c := range badRedis {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, violations(t, onSharedRedis(t, c.edits...)))
		})
	}
}

// TestRedisWarnings: what is accepted and will not work as it stands.
func TestRedisWarnings(t *testing.T) {
	for _, c := range []struct {
		name  string
		edits []edit
		want  []string
	}{
		{"nothing", nil, nil},
		{"a TLS port", []edit{{"redis.external.enableTLS", nil}, {"redis.external.host", "acme.redis.cache.windows.net:6380"}},
			[]string{`redis.external.enableTLS: [T-08]: is false, but acme.redis.cache.windows.net:6380 looks like Azure Cache for Redis, which is reached with TLS only`}},
		{"a TLS port with TLS", one("redis.external.host", "acme.redis.cache.windows.net:6380"), nil},
		{"any port without TLS", one("redis.external.enableTLS", false), nil},
		{"actors and queries", one("stateStores[0].metadata", object{"actorStateStore": "true", "queryIndexes": "[]"}), []string{
			`stateStores[0].metadata.actorStateStore: Dapr puts no namespace before the keys of actors: stacks with the same app-ids on this Redis have them in common; give each a redis.external.database of its own`,
			`stateStores[0].metadata.queryIndexes: an index of Redis covers the entries of every stack on it`,
		}},
		{"actors in a database", []edit{{"redis.external.database", 3}, {"stateStores[0].metadata", object{"actorStateStore": "true"}}}, nil},
		{"actors that are shared", []edit{{"redis.external.shared", true}, {"stateStores[0].metadata", object{"actorStateStore": "true"}}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, w := range config.Warnings(loaded(t, onSharedRedis(t, c.edits...))) {
				got = append(got, w.String())
			}
			require.Equal(t, c.want, got)
		})
	}
}
