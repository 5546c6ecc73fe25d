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
		"a type in capitals":                {items("State.In-Memory"), nil},
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
