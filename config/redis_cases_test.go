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

const notBefore = "goes with createNamespace: false: the Secret must be in the namespace before the stack"

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
	{"sentinels by metadata", one("pubSubs[0].metadata", object{"failover": "true", "sentinelMasterName": "mymaster", "sentinelUsername": "default", "sentinelPassword": "hush"}),
		[]string{`pubSubs[0].metadata.failover: [T-10]: must not be given as metadata: set redis.external.sentinel`,
			`pubSubs[0].metadata.sentinelMasterName: [T-10]: must not be given as metadata: set redis.external.sentinel.masterName`,
			`pubSubs[0].metadata.sentinelPassword: [T-06]: must not be given as a plain value: set redis.external.sentinel.password, a secret`,
			`pubSubs[0].metadata.sentinelUsername: [T-10]: must not be given as metadata: set redis.external.sentinel.username`}},
	{"cluster by metadata", []edit{{"redis.external.host", "s0.redis:6379,s1.redis:6379"}, {"pubSubs[0].metadata", object{"redisType": "cluster"}}},
		[]string{`pubSubs[0].metadata.redisType: [T-10]: must not be given as metadata: set redis.external.cluster`,
			`redis.external.host: "s0.redis:6379,s1.redis:6379" [T-05]: must be one host:port without redis.external.cluster or redis.external.sentinel`}},
	{"TLS by metadata", one("stateStores[0].metadata", object{"clientCert": "-----BEGIN CERTIFICATE-----", "clientKey": "-----BEGIN PRIVATE KEY-----", "insecureSkipTLSVerify": "true"}),
		[]string{`stateStores[0].metadata.clientCert: [T-10]: must not be given as metadata: set redis.external.clientCert`,
			`stateStores[0].metadata.clientKey: [T-06]: must not be given as a plain value: set redis.external.clientKey, a secret`,
			`stateStores[0].metadata.insecureSkipTLSVerify: [T-10]: must not be given as metadata: set redis.external.insecureSkipTLSVerify`}},
	{"sentinels of a cluster", []edit{{"redis.external.cluster", true}, {"redis.external.sentinel", object{"masterName": "mymaster"}}},
		[]string{`redis.external.sentinel: must not be given together with cluster, which has no sentinels`}},
	{"sentinels without a master", one("redis.external.sentinel", object{"username": "watch"}),
		[]string{`redis.external.sentinel: [T-06]: password or passwordSecret is required with a username`,
			`redis.external.sentinel.masterName: is required`}},
	{"sentinels with templates", one("redis.external.sentinel", object{"masterName": "{appID}", "username": " u", "password": "p", "passwordSecret": object{"name": "s", "key": "k"}}),
		[]string{`redis.external.sentinel: [T-06]: password and passwordSecret must not be given together`,
			`redis.external.sentinel.masterName: "{appID}" [T-10]: must not be a template: {namespace} anywhere in the metadata prefixes every topic`,
			`redis.external.sentinel.username: " u" [T-10]: must be text without leading or trailing spaces`}},
	{"database of a cluster", []edit{{"redis.external.cluster", true}, {"redis.external.database", 1}},
		[]string{`redis.external.database: 1: must be 0: a Redis Cluster has no other`}},
	{"database of a cluster by metadata", []edit{{"redis.external.cluster", true}, {"stateStores[0].metadata", object{"redisDB": "1"}}},
		[]string{`stateStores[0].metadata.redisDB: [T-10]: must not be given without redisType=node: Dapr does not honour it then`}},
	{"one bad address of several", []edit{{"redis.external.cluster", true}, {"redis.external.host", "a:1,b"}},
		[]string{`redis.external.host: "a:1,b" [T-05]: must be host:port`}},
	{"certificates without TLS", []edit{{"redis.external.enableTLS", nil}, {"redis.external.caCert", certificate}, {"redis.external.clientCertSecret", "redis-client"}},
		[]string{`redis.external.caCert: [T-08]: must not be given without enableTLS: true`,
			`redis.external.clientCertSecret: [T-08]: must not be given without enableTLS: true`}},
	{"certificates twice", []edit{{"redis.external.caCert", certificate}, {"redis.external.caCertSecret", object{"name": "ca", "key": "ca.crt"}}, {"redis.external.insecureSkipTLSVerify", true},
		{"redis.external.clientCert", certificate}, {"redis.external.clientKey", privateKey}, {"redis.external.clientCertSecret", "redis-client"}},
		[]string{`redis.external.caCertSecret: must not be given together with caCert`,
			`redis.external.clientCertSecret: must not be given together with clientCert`,
			`redis.external.clientCertSecret: must not be given together with clientKey`,
			`redis.external.insecureSkipTLSVerify: must not be given together with caCert`,
			`redis.external.insecureSkipTLSVerify: must not be given together with caCertSecret`}},
	{"no certificates", []edit{{"redis.external.caCert", "none"}, {"redis.external.clientCert", "none"}, {"redis.external.clientKey", "none"}},
		[]string{`redis.external.caCert: [T-08]: must be certificates in PEM form`, `redis.external.clientCert: [T-08]: must be certificates in PEM form`}},
	{"a private key in clear", one("redis.external.caCert", certificate+privateKey),
		[]string{`redis.external.caCert: [T-08]: must be certificates only, without a private key`}},
	{"key of another certificate", []edit{{"redis.external.clientCert", certificate}, {"redis.external.clientKey", otherKey}},
		[]string{`redis.external.clientKey: [T-08]: must be the private key of clientCert, in PEM form`}},
	{"certificate without its key", one("redis.external.clientCert", certificate),
		[]string{`redis.external.clientCert: must not be given without clientKey`}},
	{"key without its certificate", one("redis.external.clientKey", privateKey),
		[]string{`redis.external.clientKey: must not be given without clientCert`}},
	{"Secrets of a new namespace", []edit{{"createNamespace", true}, {"redis.external.caCertSecret", object{"name": "ca", "key": "ca.crt"}}, {"redis.external.clientCertSecret", "redis-client"},
		{"redis.external.sentinel", object{"masterName": "m", "passwordSecret": object{"name": "s", "key": "k"}}},
		{"stateStores[0].metadata", object{"useEntraID": "false"}}, {"stateStores[0].secretMetadata", object{"azureClientSecret": object{"name": "e", "key": "k"}}}},
		[]string{`redis.external.caCertSecret: [T-07]: ` + notBefore, `redis.external.clientCertSecret: [T-07]: ` + notBefore,
			`redis.external.passwordSecret: [T-07]: ` + notBefore, `redis.external.sentinel.passwordSecret: [T-07]: ` + notBefore,
			`stateStores[0].secretMetadata.azureClientSecret: [T-07]: ` + notBefore,
			`stateStores[0].secretMetadata.azureClientSecret: [T-10]: must not be given without useEntraID=true: Dapr does not honour it then`}},
	{"variable and volume of the authority", []edit{{"redis.external.caCert", certificate},
		{"apps[0].sidecar.env", object{"SSL_CERT_FILE": "/x"}}, {"apps[0].sidecar.secretVolumes", object{"redis-ca": "mine"}}},
		[]string{`apps[0].sidecar.env.SSL_CERT_FILE: must not be given together with the caCert of redis.external, which is there`,
			`apps[0].sidecar.secretVolumes.redis-ca: must have another name: the caCert of redis.external has this one`}},
	{"metadata from Secrets", one("stateStores[0].secretMetadata", object{
		"redisPassword": object{"name": "s", "key": "k"}, "poolSize": object{"name": "s", "key": "k"}, "colour": object{"name": "s", "key": "k"},
		"primaryEncryptionKey": object{"name": "s", "key": "k"}, "azureClientSecret": object{"name": "s", "key": "k"}}),
		[]string{`stateStores[0].secretMetadata.azureClientSecret: [T-10]: must not be given without useEntraID=true: Dapr does not honour it then`,
			`stateStores[0].secretMetadata.colour: [T-10]: must be a key that Dapr reads for state.redis`,
			`stateStores[0].secretMetadata.poolSize: [T-10]: must be given in metadata: it is no secret`,
			`stateStores[0].secretMetadata.primaryEncryptionKey: [T-10]: must not be given: sidecars of a stack may not read Secrets themselves, and then Dapr stores in clear without a word`,
			`stateStores[0].secretMetadata.redisPassword: [T-10]: must not be given as metadata: set redis.password or redis.external.password`,
		}},
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

// TestEveryRedis: what a stack file may say of a Redis that it does not run.
func TestEveryRedis(t *testing.T) {
	secret := object{"name": "redis", "key": "password"}
	for name, edits := range map[string][]edit{
		"a sentinel": {{"redis.external.host", "sentinel.redis:26379"},
			{"redis.external.sentinel", object{"masterName": "mymaster", "username": "default", "password": "hush"}}},
		"sentinels": {{"redis.external.host", "s0.redis:26379,s1.redis:26379,s2.redis:26379"},
			{"redis.external.sentinel", object{"masterName": "mymaster", "passwordSecret": secret}}},
		"a cluster": {{"redis.external.host", "s0.redis:6379,s1.redis:6379,s2.redis:6379"}, {"redis.external.cluster", true}},
		"a cluster by its configuration endpoint": {{"redis.external.cluster", true}},
		"a private authority":                     {{"redis.external.caCertSecret", object{"name": "memorystore-ca", "key": "ca.crt"}}},
		"a bundle":                                {{"redis.external.caCert", certificate + certificate}},
		"a client certificate":                    {{"redis.external.clientCert", certificate}, {"redis.external.clientKey", privateKey}},
		"a certificate that others renew":         {{"redis.external.clientCertSecret", "redis-client"}, {"redis.external.passwordSecret", nil}, {"redis.external.auth", false}},
		"no verification":                         {{"redis.external.insecureSkipTLSVerify", true}},
		"an ACL user":                             {{"redis.external.username", "orders"}},
		"Entra ID": {{"redis.external.auth", false}, {"redis.external.passwordSecret", nil}, {"stateStores[0].metadata", object{"useEntraID": "true"}},
			{"stateStores[0].secretMetadata", object{"azureClientSecret": object{"name": "azure", "key": "client"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Empty(t, config.Warnings(loaded(t, onSharedRedis(t, edits...))))
		})
	}
}

// TestSidecarTrustsRedisCA: the sidecars that use Redis, and no others, get its
// authority beside what the stack file gives them.
func TestSidecarTrustsRedisCA(t *testing.T) {
	s := loaded(t, onSharedRedis(t, edit{"redis.external.caCert", certificate},
		edit{"apps[0].sidecar", object{"appId": "orders-app", "env": object{"A": "1"}, "secretVolumes": object{"v": "v"}, "volumeMounts": object{"v": "/v"}}},
		edit{"apps[2]", object{"name": "web", "image": "web:1", "port": 1, "sidecar": object{"appId": "web-app"}}}))
	orders := s.WithRedisCA("orders-app", s.Apps[0].Sidecar.Options)
	require.Equal(t, map[string]string{"A": "1", "SSL_CERT_FILE": "/etc/daprstack/redis-ca/ca.crt"}, orders.Map("env"))
	require.Equal(t, map[string]string{"v": "/v", "redis-ca": "/etc/daprstack/redis-ca"}, orders.Map("volumeMounts"))
	require.Equal(t, map[string]string{"A": "1"}, s.Apps[0].Sidecar.Options.Map("env"), "the stack file's stay as they are")
	require.NoError(t, orders.Err(0))
	require.True(t, s.TrustsRedisCA("mail-app"))
	require.False(t, s.TrustsRedisCA("web-app"))
	require.Equal(t, s.Apps[2].Sidecar.Options, s.WithRedisCA("web-app", s.Apps[2].Sidecar.Options))
}
