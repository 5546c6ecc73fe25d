package lint

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// redis returns a component of Redis with further items.
func redis(typ string, items ...string) string {
	metadata := "  - { name: redisHost, value: 'redis:6379' }\n"
	for _, item := range items {
		name, value, _ := strings.Cut(item, "=")
		metadata += "  - { name: " + name + ", value: " + value + " }\n"
	}
	return component(typ, metadata)
}

// items returns a component of another type with some items.
func items(typ string, items ...string) string {
	metadata := "  - { name: x, value: y }\n"
	for _, item := range items {
		name, value, _ := strings.Cut(item, "=")
		metadata += "  - { name: " + name + ", value: " + value + " }\n"
	}
	return component(typ, metadata)
}

const (
	state = "state.redis"
	pub   = "pubsub.redis"
)

// TestFalseAlarms: what Dapr honours is not reported, however unusual, and what
// other manifests may explain is not either. Next to most of them stands what is
// almost the same and is reported.
func TestFalseAlarms(t *testing.T) {
	own := strings.Replace(component("state.in-memory", "    []\n"), "name: store", "name: Store_1", 1)
	unversioned := strings.Replace(component("state.in-memory", "    []\n"), "  version: v1\n", "", 1)
	other := strings.Replace(component("state.in-memory", "    []\n"), "[a-app]", "[a-app, basket-2-app, shipping-app]", 1)
	subscription := "apiVersion: dapr.io/v1alpha1\nkind: Subscription\nmetadata: { name: s }\nspec: { pubsubname: PUBSUB, topic: a.b, route: /e }\n"
	consumer := func(broker, name string) string {
		return strings.Replace(redis(pub, "streamTTL=1h", "consumerID=workers"), "redis:6379", broker, 1) + "---\n" +
			strings.Replace(redis(pub, "streamTTL=1h", "consumerID=workers"), "name: store", "name: "+name, 1)
	}
	subscribed := "---\napiVersion: dapr.io/v2alpha1\nkind: Subscription\nmetadata: { name: s }\n" +
		"spec: { pubsubname: store, topic: a.b, routes: { default: /e } }\nscopes: [a-app, b-app]\n"
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"no password":                       {redis(state, `redisPassword=""`), nil},
		"a password that is null":           {redis(state, "redisPassword="), nil},
		"a password to be filled in":        {redis(state, `redisPassword="<password>"`), nil},
		"a password of a template":          {redis(state, `redisPassword="${REDIS_PASSWORD}"`), nil},
		"a password":                        {redis(state, "redisPassword=s3cret"), []string{"T-06 spec.metadata[redisPassword]"}},
		"a password to be replaced":         {redis(state, "redisPassword=REPLACE_SECRET"), nil},
		"a key in another case":             {redis(state, "enabletls=true", "redisHOST='a:1'"), []string{"T-10 spec.metadata[redisHOST]"}},
		"a key whose case counts":           {redis(pub, "redeliverinterval='30000'"), []string{"T-10 spec.metadata[redeliverinterval]"}},
		"true in another form":              {redis(state, "enableTLS='True'", "failover='0'"), nil},
		"true in a form that is an error":   {redis(state, "enableTLS='yes'"), []string{"T-10 spec.metadata[enableTLS]"}},
		"a boolean":                         {redis(state, "enableTLS=true"), nil},
		"a number":                          {redis(state, "redisDB=1"), nil},
		"a consumer group for each pod":     {redis(pub, "consumerID='{podName}'", "streamTTL=1h"), nil},
		"no redelivery":                     {redis(pub, "processingTimeout='0'", "redeliverInterval='0'"), nil},
		"a redelivery with a unit":          {redis(pub, "redeliverInterval=0s"), []string{"T-10 spec.metadata[redeliverInterval]"}},
		"a port of its own":                 {redis(state, "redisPort='6380'", "idleCheckFrequency=1m"), nil},
		"retries of the client":             {redis(state, "maxRetries='5'", "maxRetryBackoff='10'"), nil},
		"retries that a pub/sub lacks":      {redis(pub, "maxRetries='5'"), []string{"T-10 spec.metadata[maxRetries]"}},
		"an index as YAML":                  {component(state, "  - { name: redisHost, value: 'a:1' }\n  - name: queryIndexes\n    value: [{ name: a }]\n"), nil},
		"keys of another type":              {items("state.mongodb", "host=mongo", "readTimeout='3'", "redeliverInterval=1s"), nil},
		"a type in capitals":                {items("state.In-Memory"), nil},
		"a kind in capitals":                {items("State.in-memory"), []string{"T-02 spec.type"}},
		"a type to be written":              {items("'state.<TYPE>'"), nil},
		"a name to be written":              {strings.Replace(items("state.in-memory"), "name: store", "name: <NAME>", 1) + "---\n" + aService, nil},
		"scopes to be written":              {strings.Replace(items("state.in-memory"), "[a-app]", "[<APP>, <APP>]", 1), nil},
		"an item to be written":             {redis(state, "enableTLS=<bool>", "dialTimeout=<duration>"), nil},
		"an empty item":                     {redis(state, "clientCert=", "queryIndexes=''", "redisType="), nil},
		"an empty number":                   {redis(state, "redisDB="), []string{"T-10 spec.metadata[redisDB]"}},
		"a prefix to be written":            {items("state.in-memory", "keyPrefix='<prefix>'"), nil},
		"a prefix of a template":            {items("state.in-memory", "keyPrefix='{namespace}'"), nil},
		"a prefix":                          {items("state.in-memory", "keyPrefix='a:b'"), []string{"N-02 spec.metadata[keyPrefix]"}},
		"a key that is left out":            {items("pubsub.kafka", "clientKey='-----BEGIN PRIVATE KEY----- MC4CAQ...'"), nil},
		"a password in brackets":            {redis(state, "redisPassword='[password]'"), nil},
		"an address with brackets":          {items("pubsub.mqtt3", "url='tcp://[username][:password]@broker'"), nil},
		"a group for each pod":              {redis(pub, "streamTTL=1h", "consumerID='{podName}'") + subscribed, nil},
		"a group for all apps":              {redis(pub, "streamTTL=1h", "consumerID=workers") + subscribed, []string{"Q-01 spec.metadata[consumerID]"}},
		"a pluggable component":             {items("state.shop-ledger"), nil},
		"a misspelled type":                 {items("state.mongdb"), []string{"T-02 spec.type"}},
		"a kind that nobody has":            {items("exporters.zipkin"), []string{"T-02 spec.type"}},
		"version 2 of a type that has it":   {strings.Replace(items("state.postgresql"), "version: v1", "version: v2", 1), nil},
		"version 0":                         {strings.Replace(items("state.in-memory"), "version: v1", "version: V0", 1), nil},
		"version 2 of a type that has none": {strings.Replace(items("state.mysql"), "version: v1", "version: v2", 1), []string{"T-03 spec.version"}},
		"a name of a file":                  {own, nil},
		"the same for Kubernetes":           {own + "---\n" + aService, []string{"T-01 metadata.name"}},
		"no version in a file":              {unversioned, nil},
		"no version for Kubernetes":         {unversioned + "---\n" + aService, []string{"T-03 spec.version"}},
		"a file that holds the key":         {items("pubsub.pulsar", "privateKey=private.key"), nil},
		"a dummy key":                       {items("conversation.openai", "key=none"), nil},
		"a key":                             {items("conversation.openai", "key=sk-0123456789abcdef"), []string{"T-06 spec.metadata[key]"}},
		"a user without a password":         {items("state.postgresql", `connectionString="host=db user=app"`), nil},
		"a password elsewhere":              {items("state.postgresql", `connectionString="host=db password=${DB_PASSWORD}"`), nil},
		"an address without a password":     {items("pubsub.rabbitmq", "connectionString='amqp://mq:5672'"), nil},

		"an app of other manifests":        {other + "---\n" + deployment("a-app", "") + "---\n" + deployment("basket-1-app", ""), nil},
		"a pub/sub of other manifests":     {strings.Replace(subscription, "PUBSUB", "events", 1) + "---\n" + redis(pub, "streamTTL=1h"), nil},
		"a pub/sub in another namespace":   {strings.Replace(subscription, "PUBSUB", "stor1", 1) + "---\n" + strings.Replace(redis(pub, "streamTTL=1h"), "name: store", "name: stor2\n  namespace: shop", 1), nil},
		"one group on two brokers":         {consumer("elsewhere:6379", "other"), nil},
		"one group twice on a broker":      {consumer("redis:6379", "other"), []string{"Q-01 spec.metadata[consumerID]"}},
		"a Configuration elsewhere":        {deployment("a-app", "        dapr.io/config: tracing\n"), nil},
		"a port that is not listed":        {deployment("a-app", "        dapr.io/app-port: \"8000\"\n"), nil},
		"a port of the sidecar, so called": {strings.Replace(deployment("a-app", ""), "{ containerPort: 80 }", "{ name: dapr-grpc, containerPort: 50001 }", 1), nil},
		"a port that the sidecar takes":    {strings.Replace(deployment("a-app", ""), "{ containerPort: 80 }", "{ name: grpc, containerPort: 50001 }", 1), []string{"S-08 spec.template.spec.containers.ports[50001]"}},
		"annotations of an app without":    {"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: a\nspec:\n  template:\n    metadata:\n      annotations: { dapr.io/app-port: http }\n", nil},
		"annotations in both places":       {strings.Replace(deployment("a-app", ""), "  name: a-app\n", "  name: a-app\n  annotations: { dapr.io/enabled: \"true\", team: a }\n", 1), nil},
		"no app-id of a pod":               {"apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  annotations: { dapr.io/enabled: \"true\" }\n", nil},
		"a word of YAML 1.1":               {strings.Replace(deployment("a-app", ""), `enabled: "true"`, "enabled: yes", 1), []string{"S-10 spec.template.metadata.annotations[dapr.io/enabled]"}},
		"log level in capitals":            {deployment("a-app", "        dapr.io/log-level: INFO\n"), nil},
		"level fatal":                      {deployment("a-app", "        dapr.io/log-level: fatal\n        dapr.io/app-protocol: gRPC\n"), nil},
		"no limit of concurrency":          {deployment("a-app", "        dapr.io/app-protocol: grpc\n        dapr.io/app-max-concurrency: \"-1\"\n"), nil},
		"a pod that may take long to end":  {strings.Replace(deployment("a-app", "        dapr.io/graceful-shutdown-seconds: \"45\"\n"), "    spec:\n", "    spec:\n      terminationGracePeriodSeconds: 60\n", 1), nil},
		"a pod that may not":               {deployment("a-app", "        dapr.io/graceful-shutdown-seconds: \"45\"\n"), []string{"S-12 spec.template.metadata.annotations[dapr.io/graceful-shutdown-seconds]"}},
		"log level that nobody has":        {deployment("a-app", "        dapr.io/log-level: verbose\n"), []string{"S-06 spec.template.metadata.annotations[dapr.io/log-level]"}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, said(linted(t, []byte(c.text), Options{})))
		})
	}
}

// TestTypingErrors: which names are taken for a misspelled one of those that are
// there.
func TestTypingErrors(t *testing.T) {
	for name, c := range map[string]struct {
		app    string // that is there
		scopes string
		want   []string
	}{
		"a letter less":             {"orders-app", "order-app", []string{"T-09 scopes[0]"}},
		"two letters in turn":       {"orders-app", "odrers-app", []string{"T-09 scopes[0]"}},
		"another word":              {"orders-app", "basket-app", nil},
		"one of a series":           {"orders-app", "orders-app2", nil},
		"one of a series, numbered": {"orders-app-1", "orders-app-2", nil},
		"a longer name":             {"orders-app", "orders-app-eu", nil},
		"a longer name before":      {"orders", "eu-orders", nil},
		"a short word":              {"app", "api", nil},
		"both stand there":          {"orders-app", "order-app, orders-app", nil},
	} {
		t.Run(name, func(t *testing.T) {
			store := strings.Replace(component("state.in-memory", "    []\n"), "a-app", c.scopes, 1)
			require.Equal(t, c.want, said(linted(t, []byte(store+"---\n"+deployment(c.app, "")), Options{Policies: []byte(`{"s-02-app-id-convention": "disabled"}`)})))
		})
	}
}

// TestSecrets: a key is missed only in a Secret that shows its keys, in the same
// namespace.
func TestSecrets(t *testing.T) {
	store := strings.Replace(redis(state), "scopes:", "  - { name: redisPassword, secretKeyRef: { name: redis, key: password } }\nscopes:", 1)
	secret := "---\napiVersion: v1\nkind: Secret\nmetadata: { name: redis }\nDATA\n"
	for data, want := range map[string][]string{
		"data: { passwort: eA== }":             {"X-01 spec.metadata[redisPassword].secretKeyRef.key"},
		"stringData: { password: x }":          nil,
		"type: Opaque":                         nil, // something else fills it
		"data: { passwort: eA== } # elsewhere": nil,
	} {
		s := strings.Replace(secret, "DATA", data, 1)
		if strings.HasSuffix(data, "elsewhere") {
			s = strings.Replace(s, "name: redis }", "name: redis, namespace: other }", 1)
		}
		require.Equal(t, want, said(linted(t, []byte(store+s), Options{})), data)
	}
	placed := strings.Replace(store, "name: store", "name: store\n  namespace: shop", 1) +
		strings.NewReplacer("name: redis }", "name: redis, namespace: other }", "DATA", "data: { password: eA== }").Replace(secret)
	require.Empty(t, said(linted(t, []byte(placed), Options{})), "there may be another one")
	require.Contains(t, said(linted(t, []byte(placed), Options{Complete: true})), "X-06 spec.metadata[redisPassword].secretKeyRef.name")
}

// TestLetIn: a subscriber has to be in the scopes of its pub/sub, if there is only
// one of that name.
func TestLetIn(t *testing.T) {
	events := strings.Replace(redis(pub, "streamTTL=1h"), "name: store", "name: events", 1)
	rest := "---\napiVersion: dapr.io/v2alpha1\nkind: Subscription\nmetadata: { name: s }\n" +
		"spec: { pubsubname: events, topic: a.b, routes: { default: /e } }\nscopes: [orders-app]\n---\n" + deployment("orders-app", "")
	require.Equal(t, []string{"X-01 scopes[0]"}, said(linted(t, []byte(events+rest), Options{})))

	in, err := Read(Source{Path: files(t, map[string]string{
		"dev.yaml": events, "prod.yaml": strings.Replace(events, "[a-app]", "[orders-app]", 1), "rest.yaml": rest,
	})})
	require.NoError(t, err)
	report, err := Check(in, Options{})
	require.NoError(t, err)
	require.Empty(t, said(report))
}

// TestAlternatives: two files of a folder may be alternatives, one file is applied
// whole.
func TestAlternatives(t *testing.T) {
	store, app := component("state.in-memory", "    []\n"), deployment("a-app", "")
	judged := func(content map[string]string, complete bool) []string {
		in, err := Read(Source{Path: files(t, content)})
		require.NoError(t, err)
		report, err := Check(in, Options{Complete: complete})
		require.NoError(t, err)
		return said(report)
	}
	apart := map[string]string{"dev/a.yaml": store, "prod/a.yaml": store, "dev/b.yaml": app, "prod/b.yaml": app}
	twice := []string{"T-01 metadata.name", "S-03 spec.template.metadata.annotations[dapr.io/app-id]"}
	require.Empty(t, judged(apart, false))
	require.Equal(t, twice, judged(apart, true))
	require.Equal(t, twice, judged(map[string]string{"a.yaml": store + "---\n" + app + "---\n" + store + "---\n" + app}, false))
}
