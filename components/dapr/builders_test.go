package dapr

import (
	"context"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/components/secrets"
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
		RedisConnection{Host: "r:1"}.items())
	require.Equal(t, []Item{
		Value("redisHost", "r:1"), Value("redisUsername", "u"), SecretRef("redisPassword", ref), Value("enableTLS", "true"),
	}, RedisConnection{Host: "r:1", Username: "u", Password: &ref, EnableTLS: true}.items())
}

func TestStateStore(t *testing.T) {
	o := stateStore(&StateStoreArgs{
		Name: "store", Namespace: pulumi.String("ns"), Redis: RedisConnection{Host: "r:1"},
		Scopes: []string{"a-app"}, Metadata: map[string]string{"keyPrefix": "none", "actorStateStore": "true"},
	})
	require.Equal(t, object{
		apiVersion: "dapr.io/v1alpha1", kind: "Component", name: "store", namespace: pulumi.String("ns"), scopes: []string{"a-app"},
		spec: pulumi.Map{
			"type": pulumi.String("state.redis"), "version": pulumi.String("v1"),
			"metadata": metadata([]Item{
				Value("redisHost", "r:1"), Value("enableTLS", "false"), Value("actorStateStore", "true"), Value("keyPrefix", "none"),
			}),
		},
	}, o)
}

// TestPubSub: Q-02, every duration in whole milliseconds.
func TestPubSub(t *testing.T) {
	args := PubSubArgs{
		Name: "bus", Namespace: pulumi.String("ns"), Redis: RedisConnection{Host: "r:1"}, Scopes: []string{"a-app"},
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

func TestSubscription(t *testing.T) {
	require.Equal(t, object{
		apiVersion: "dapr.io/v2alpha1", kind: "Subscription", name: "bus.a.b.s-app", namespace: pulumi.String("ns"),
		scopes: []string{"s-app"},
		spec: pulumi.Map{
			"pubsubname": pulumi.String("bus"), "topic": pulumi.String("a.b"),
			"routes":          pulumi.Map{"default": pulumi.String("/events")},
			"deadLetterTopic": pulumi.String("dead-letter.s-app.a.b"),
		},
	}, subscription(&SubscriptionArgs{Namespace: pulumi.String("ns"), PubSub: "bus", Topic: "a.b", App: "s-app", Path: "/events"}))
}

// TestResiliency: every target names policies that the same object has.
func TestResiliency(t *testing.T) {
	o := resiliency(&ResiliencyArgs{Name: "delivery", Namespace: pulumi.String("ns"), Inbound: map[string]Delivery{
		"bus":  {MaxRetries: 3, Policy: "constant", Interval: time.Second, HandlerTimeout: 10 * time.Second},
		"slow": {MaxRetries: 0, Policy: "exponential", Interval: time.Minute, HandlerTimeout: time.Hour},
	}})
	require.Equal(t, pulumi.Map{
		"policies": pulumi.Map{
			"retries": pulumi.Map{
				"bus":  pulumi.Map{"policy": pulumi.String("constant"), "maxRetries": pulumi.Int(3), "duration": pulumi.String("1s")},
				"slow": pulumi.Map{"policy": pulumi.String("exponential"), "maxRetries": pulumi.Int(0), "maxInterval": pulumi.String("1m0s")},
			},
			"timeouts": pulumi.Map{"bus": pulumi.String("10s"), "slow": pulumi.String("1h0m0s")},
		},
		"targets": pulumi.Map{"components": pulumi.Map{
			"bus":  pulumi.Map{"inbound": pulumi.Map{"retry": pulumi.String("bus"), "timeout": pulumi.String("bus")}},
			"slow": pulumi.Map{"inbound": pulumi.Map{"retry": pulumi.String("slow"), "timeout": pulumi.String("slow")}},
		}},
	}, o.spec)
}

func TestConfiguration(t *testing.T) {
	fixed := pulumi.Array{pulumi.Map{"name": pulumi.String("HotReload"), "enabled": pulumi.Bool(false)}}
	off := configuration(&ConfigurationArgs{Name: "c", Namespace: pulumi.String("ns")})
	require.Equal(t, pulumi.Map{"features": fixed, "tracing": pulumi.Map{"samplingRate": pulumi.String("0")}}, off.spec)
	on := configuration(&ConfigurationArgs{Name: "c", Namespace: pulumi.String("ns"), SamplingRate: "1", Otel: "o:4317"})
	require.Equal(t, pulumi.Map{"features": fixed, "tracing": pulumi.Map{
		"samplingRate": pulumi.String("1"),
		"otel": pulumi.Map{
			"endpointAddress": pulumi.String("o:4317"), "isSecure": pulumi.Bool(false), "protocol": pulumi.String("grpc"),
		},
	}}, on.spec)
}

func TestChartValues(t *testing.T) {
	args := &ControlPlaneArgs{
		Namespace: "dapr-system", Version: "1.18.1", LogLevel: "warn", HA: true, MTLS: true, SchedulerStorage: "2Gi",
		Values: map[string]any{
			"global":        map[string]any{"registry": "registry.example.com", "mtls": map[string]any{"workloadCertTTL": "1h"}},
			"dapr_operator": "replaced",
			"extra":         []any{1},
		},
	}
	require.Equal(t, map[string]any{
		"global": map[string]any{
			"tag": "1.18.1", "ha": map[string]any{"enabled": true}, "seccompProfile": "RuntimeDefault",
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

func TestChart(t *testing.T) {
	local := chart(&ControlPlaneArgs{ChartPath: "./dapr", Version: "1.18.1"}, pulumi.String("ns"))
	require.Equal(t, pulumi.String("./dapr"), local.Chart)
	require.Nil(t, local.Version, "a chart from the source tree has no version to ask for")
	require.Nil(t, local.RepositoryOpts)
	remote := chart(&ControlPlaneArgs{ChartRepository: "https://charts.example.com", Version: "1.18.1"}, pulumi.String("ns"))
	require.Equal(t, pulumi.String("dapr"), remote.Chart)
	require.Equal(t, pulumi.String("1.18.1"), remote.Version)
}

func TestAdapt(t *testing.T) {
	for _, c := range []struct {
		typ, name string
		want      adaptation
	}{
		{deploymentType, "dapr:dapr-system/dapr-operator", adaptation{afterFirst: true}},
		{deploymentType, "dapr:dapr-system/dapr-sidecar-injector", adaptation{afterFirst: true}},
		{deploymentType, "dapr:dapr-system/dapr-sentry", adaptation{afterFirst: true, skipAwait: true}},
		{statefulSetType, "dapr:dapr-system/dapr-scheduler-server", adaptation{afterFirst: true, skipAwait: true}},
		{"kubernetes:core/v1:Service", "dapr:dapr-system/dapr-operator", adaptation{skipAwait: true}},
		{clusterRoleType, "dapr:dapr-placement", adaptation{skipAwait: true, ignore: []string{"rules"}}},
		{clusterRoleType, "dapr:dapr-sentry", adaptation{skipAwait: true}},
		{crdType, "dapr:subscriptions.dapr.io", adaptation{skipAwait: true, ignore: []string{"spec.conversion"}}},
		{crdType, "dapr:components.dapr.io", adaptation{skipAwait: true}},
		{crdType, "dapr:configurations.dapr.io", adaptation{skipAwait: true, seen: true}},
	} {
		require.Equal(t, c.want, adapt(c.typ, c.name), "%s %s", c.typ, c.name)
	}
}

func TestChartTransform(t *testing.T) {
	first := []pulumi.Resource{&pulumi.ResourceState{}, &pulumi.ResourceState{}}
	given := pulumi.Map{"metadata": pulumi.Map{"name": pulumi.String("x"), "annotations": pulumi.Map{"a": pulumi.String("b")}}}
	seen := 0
	transform := func(typ, name string, retain bool) *pulumi.ResourceTransformResult {
		return chartTransform("project-stack", first, func() { seen++ }, retain)(context.Background(), &pulumi.ResourceTransformArgs{Type: typ, Name: name, Props: given})
	}
	sentry := transform(deploymentType, "dapr:ns/dapr-sentry", true)
	require.Equal(t, pulumi.Map{"metadata": pulumi.Map{"name": pulumi.String("x"), "annotations": pulumi.Map{
		"a": pulumi.String("b"), "pulumi.com/patchFieldManager": pulumi.String("project-stack"), "pulumi.com/skipAwait": pulumi.String("true"),
	}}}, sentry.Props)
	require.Equal(t, first, sentry.Opts.DependsOn)
	require.False(t, sentry.Opts.RetainOnDelete)
	require.NotContains(t, transform(deploymentType, "dapr:ns/dapr-operator", false).Props["metadata"].(pulumi.Map)["annotations"],
		"pulumi.com/skipAwait", "a gate is waited for")
	require.True(t, transform(crdType, "dapr:components.dapr.io", true).Opts.RetainOnDelete)
	require.False(t, transform(crdType, "dapr:components.dapr.io", false).Opts.RetainOnDelete)
	require.Zero(t, seen)
	transform(crdType, "dapr:configurations.dapr.io", false)
	require.Equal(t, 1, seen)
	require.Len(t, given["metadata"].(pulumi.Map)["annotations"], 1, "what was given stays as it is")
}

func TestAnnotateWithoutMetadata(t *testing.T) {
	require.Equal(t, pulumi.Map{"metadata": pulumi.Map{"annotations": pulumi.Map{"k": pulumi.String("v")}}},
		annotate(nil, "k", "v"))
}

func TestGuard(t *testing.T) {
	policy, binding := guard("todo")
	require.Equal(t, "sidecar.todo.daprstack.io", policy.name)
	require.Nil(t, policy.namespace, "cluster-wide")
	require.Equal(t, pulumi.String(policy.name), binding.spec["policyName"])
	require.Equal(t, pulumi.Map{"matchLabels": pulumi.Map{"kubernetes.io/metadata.name": pulumi.String("todo")}},
		policy.spec["matchConstraints"].(pulumi.Map)["namespaceSelector"], "other namespaces are not touched")
}
