package dapr

import (
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/components/secrets"
	"github.com/daprstack/daprstack/config/rules"
)

func TestTopicScopes(t *testing.T) {
	for _, c := range []struct {
		name   string
		topics []Topic
		want   []Item
	}{
		{"no topics restrict nothing", nil, nil},
		{"a topic that nobody takes", []Topic{{Name: "a.b", Publishers: []string{"p"}}}, []Item{
			Value("allowedTopics", "a.b"), Value("protectedTopics", "a.b"),
			Value("publishingScopes", "p=a.b"), Value("subscriptionScopes", ""),
		}},
		{"two topics, two subscribers", []Topic{
			{Name: "b.c", Publishers: []string{"p"}, Subscribers: []string{"s", "p"}},
			{Name: "a.b", Publishers: []string{"p", "q"}, Subscribers: []string{"s"}},
		}, []Item{
			Value("allowedTopics", "a.b,b.c,dead-letter.p.b.c,dead-letter.s.a.b,dead-letter.s.b.c"),
			Value("protectedTopics", "a.b,b.c,dead-letter.p.b.c,dead-letter.s.a.b,dead-letter.s.b.c"),
			Value("publishingScopes", "p=a.b,b.c,dead-letter.p.b.c;q=a.b;s=dead-letter.s.a.b,dead-letter.s.b.c"),
			Value("subscriptionScopes", "p=b.c;s=a.b,b.c"),
		}},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.want, topicScopes(c.topics)) })
	}
}

func TestMetadata(t *testing.T) {
	ref := secrets.Ref{Name: pulumi.String("redis"), Key: "password"}
	require.Equal(t, pulumi.MapArray{
		pulumi.Map{"name": pulumi.String("redisHost"), "value": pulumi.String("r:1")},
		pulumi.Map{"name": pulumi.String("redisPassword"), "secretKeyRef": pulumi.Map{
			"name": pulumi.String("redis"), "key": pulumi.String("password"),
		}},
		pulumi.Map{"name": pulumi.String("empty"), "value": pulumi.String("")},
	}, metadata([]Item{Value("redisHost", "r:1"), SecretRef("redisPassword", ref), Value("empty", "")}))
}

func TestRedisConnection(t *testing.T) {
	ref := secrets.Ref{Name: pulumi.String("redis"), Key: "password"}
	require.Equal(t, []Item{Value("redisHost", "r:1"), Value("enableTLS", "false")},
		(&RedisConnection{Host: "r:1"}).items())
	require.Equal(t, []Item{
		Value("redisHost", "r:1"), Value("redisUsername", "u"), SecretRef("redisPassword", ref), Value("enableTLS", "true"),
	}, (&RedisConnection{Host: "r:1", Username: "u", Password: &ref, EnableTLS: true}).items())
	require.Contains(t, (&RedisConnection{Host: "r:1", Database: 2}).items(), Value("redisDB", "2"))
	require.Equal(t, []Item{Value("redisHost", "r:1,r:2"), Value("redisType", "cluster"), Value("enableTLS", "true"), Value("insecureSkipTLSVerify", "true")},
		(&RedisConnection{Host: "r:1,r:2", Cluster: true, EnableTLS: true, InsecureSkipTLSVerify: true}).items())
	require.Equal(t, []Item{
		Value("redisHost", "s:1"), Value("failover", "true"), Value("sentinelMasterName", "m"), Value("sentinelUsername", "u"),
		SecretRef("sentinelPassword", ref), Value("enableTLS", "true"), SecretRef("clientCert", ref), SecretRef("clientKey", ref),
	}, (&RedisConnection{
		Host: "s:1", Sentinel: &RedisSentinel{MasterName: "m", Username: "u", Password: &ref}, EnableTLS: true, ClientCert: &ref, ClientKey: &ref,
	}).items())
}

// TestPubSub: Q-02, every duration in whole milliseconds.
func TestPubSub(t *testing.T) {
	args := PubSubArgs{
		Name: "bus", Namespace: pulumi.String("ns"), Backend: &RedisConnection{Host: "r:1"}, Scopes: []string{"a-app"},
		RedeliverInterval: 30 * time.Second, ProcessingTimeout: time.Minute, StreamTTL: time.Hour,
	}
	require.Equal(t, metadata([]Item{
		Value("redisHost", "r:1"), Value("enableTLS", "false"),
		Value("redeliverInterval", "30000"), Value("processingTimeout", "1m0s"), Value("streamTTL", "1h0m0s"),
	}), pubSub(&args).spec["metadata"])

	args.StreamTTL, args.MaxLenApprox, args.ConsumerID = 0, 5000, "one"
	args.Metadata = map[string]string{"concurrency": "4"}
	require.Equal(t, metadata([]Item{
		Value("redisHost", "r:1"), Value("enableTLS", "false"),
		Value("redeliverInterval", "30000"), Value("processingTimeout", "1m0s"), Value("consumerID", "one"),
		Value("maxLenApprox", "5000"), Value("concurrency", "4"),
	}), pubSub(&args).spec["metadata"])
}

// TestResiliency: every target names policies that the same object has, and the
// policies of the stack file stand beside those of the pub/subs.
func TestResiliency(t *testing.T) {
	type m = map[string]any
	args := &ResiliencyArgs{Name: "delivery", Namespace: pulumi.String("ns"), Inbound: map[string]Delivery{
		"bus":  {Apps: []string{"a-app"}, MaxRetries: 3, Policy: "constant", Interval: time.Second, HandlerTimeout: 10 * time.Second},
		"slow": {Apps: []string{"b-app"}, MaxRetries: 0, Policy: "exponential", Interval: time.Minute, HandlerTimeout: time.Hour},
	}}
	delivery := m{
		"policies": map[string]map[string]any{
			"retries": {
				"bus":  m{"policy": "constant", "maxRetries": 3, "duration": "1s"},
				"slow": m{"policy": "exponential", "maxRetries": 0, "maxInterval": "1m0s"},
			},
			"timeouts": {"bus": "10s", "slow": "1h0m0s"},
		},
		"targets": map[string]map[string]any{"components": {
			"bus":  m{"inbound": m{"retry": "bus", "timeout": "bus"}},
			"slow": m{"inbound": m{"retry": "slow", "timeout": "slow"}},
		}},
	}
	require.Equal(t, delivery, args.spec())

	args.Policies = Policies{
		"timeouts": {"short": "1s", "DefaultAppTimeoutPolicy": "1m"}, "circuitBreakers": {"broken": m{"trip": "requests > 1"}, "unused": m{}},
	}
	args.Targets = []Target{
		{Kind: "apps", Name: "c-app", Apps: []string{"a-app"}, Names: m{"timeout": "short"}},
		{Kind: "components", Name: "bus", Apps: []string{"b-app"}, Names: m{"outbound": m{"circuitBreaker": "broken"}, "inbound": m{"circuitBreaker": "broken"}}},
	}
	all := args.spec()
	policies, targets := all["policies"].(map[string]map[string]any), all["targets"].(map[string]map[string]any)
	require.Equal(t, m{"short": "1s", "DefaultAppTimeoutPolicy": "1m", "bus": "10s", "slow": "1h0m0s"}, policies["timeouts"])
	require.Equal(t, m{"broken": m{"trip": "requests > 1"}, "unused": m{}}, policies["circuitBreakers"])
	require.Equal(t, m{"c-app": m{"timeout": "short"}}, targets["apps"])
	require.Equal(t, m{"outbound": m{"circuitBreaker": "broken"}, "inbound": m{"circuitBreaker": "broken", "retry": "bus", "timeout": "bus"}}, targets["components"]["bus"])

	used := args.usedBy("a-app").spec()
	policies, targets = used["policies"].(map[string]map[string]any), used["targets"].(map[string]map[string]any)
	require.Equal(t, m{"short": "1s", "DefaultAppTimeoutPolicy": "1m", "bus": "10s"}, policies["timeouts"], "what the sidecar of a-app uses")
	require.NotContains(t, policies, "circuitBreakers")
	require.Equal(t, m{"bus": m{"inbound": m{"retry": "bus", "timeout": "bus"}}}, targets["components"])
}

func TestChartValues(t *testing.T) {
	args := &ControlPlaneArgs{
		Namespace: "dapr-system", Version: "1.18.2", LogLevel: "warn", HA: true, MTLS: true, SchedulerStorage: "2Gi",
		Values: map[string]any{
			"global":        map[string]any{"registry": "registry.example.com", "mtls": map[string]any{"workloadCertTTL": "1h"}},
			"dapr_operator": "replaced",
			"extra":         []any{1},
		},
	}
	require.Equal(t, map[string]any{
		"global": map[string]any{
			"tag": "1.18.2", "ha": map[string]any{"enabled": true}, "seccompProfile": "RuntimeDefault",
			"mtls": map[string]any{"enabled": true, "workloadCertTTL": "1h"}, "registry": "registry.example.com",
		},
		"dapr_config":    map[string]any{"dapr_config_chart_included": false},
		"dapr_rbac":      map[string]any{"secretReader": map[string]any{"enabled": false}},
		"dapr_operator":  "replaced",
		"dapr_placement": map[string]any{"logLevel": "warn"},
		"dapr_sentry":    map[string]any{"logLevel": "warn"},
		"dapr_scheduler": map[string]any{"logLevel": "warn", "cluster": map[string]any{
			"inMemoryStorage": false, "storageSize": "2Gi", "storageClassName": "",
		}},
		"dapr_sidecar_injector": map[string]any{
			"logLevel": "warn", "webhookFailurePolicy": "Fail", "sidecarDropALLCapabilities": true,
			"objectSelector": map[string]any{"matchLabels": map[string]any{"daprstack.io/sidecar": "true"}},
		},
		"extra": []any{1},
	}, chartValues(args))

	args.SchedulerInMemory = true
	require.Equal(t, map[string]any{"inMemoryStorage": true},
		chartValues(args)["dapr_scheduler"].(map[string]any)["cluster"])
}

func TestChartOptions(t *testing.T) {
	for path, want := range map[string][2]string{
		"/charts/dapr": {"/charts", "dapr"}, "./dapr/": {".", "dapr"}, "dapr-1.18.2.tgz": {".", "dapr-1.18.2.tgz"},
	} {
		local := chartOptions(&ControlPlaneArgs{ChartPath: path, Version: "1.18.2"})
		require.Equal(t, want, [2]string{local["path"].(string), local["chart"].(string)}, path)
		require.NotContains(t, local, "version", "a chart from the source tree has no version to ask for")
	}
	remote := chartOptions(&ControlPlaneArgs{ChartRepository: "https://charts.example.com", Version: "1.18.2"})
	require.Equal(t, "dapr", remote["chart"])
	require.Equal(t, "1.18.2", remote["version"])
	require.Equal(t, map[string]any{"repo": "https://charts.example.com"}, remote["fetch_opts"])
}

// TestEveryTypeHasABackend: T-02. A type that the stack file may name can be made.
func TestEveryTypeHasABackend(t *testing.T) {
	var made []string
	for _, backend := range []Backend{&RedisConnection{Host: "r:1"}} {
		state := stateStore(&StateStoreArgs{Backend: backend}).spec["type"]
		pubSub := pubSub(&PubSubArgs{Backend: backend}).spec["type"]
		made = append(made, string(state.(pulumi.String)), string(pubSub.(pulumi.String)))
	}
	require.ElementsMatch(t, rules.TypesOf(), made)
}
