package rules_test

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config/rules"
)

// TestRules checks what each rule accepts and refuses. A case without a rule's
// number must pass.
func TestRules(t *testing.T) {
	name58, name59 := strings.Repeat("a", 58), strings.Repeat("a", 59)
	ports := []int{8000, 9000}
	retry := rules.Retry{MaxRetries: 3, Wait: time.Second, HandlerTimeout: 10 * time.Second}
	for _, c := range []struct {
		of   string
		got  []rules.Reason
		want string // a rule's number, or nothing
	}{
		{"longest part of an event type", rules.EventType(strings.Repeat("a", 63) + ".a"), ""},
		{"part of an event type too long", rules.EventType(strings.Repeat("a", 64) + ".a"), "E-02"},
		{"app-id", rules.AppID("backend-app"), ""},
		{"app-id of one character", rules.AppID("a"), ""},
		{"app-id with a digit first", rules.AppID("1a"), ""},
		{"longest app-id", rules.AppID(name58), ""},
		{"app-id too long", rules.AppID(name59), "S-01"},
		{"no app-id", rules.AppID(""), "S-01"},
		{"app-id with capitals", rules.AppID("Backend"), "S-01"},
		{"app-id with an underscore", rules.AppID("a_b"), "S-01"},
		{"app-id with a dot", rules.AppID("a.b"), "S-01"},
		{"app-id with a hyphen first", rules.AppID("-a"), "S-01"},
		{"app-id with a hyphen last", rules.AppID("a-"), "S-01"},
		{"convention", rules.AppIDConvention("backend-app"), ""},
		{"against the convention", rules.AppIDConvention("backend"), "S-02"},
		{"convention without a service", rules.AppIDConvention("-app"), "S-02"},
		{"lowest port", rules.AppPort(1), ""},
		{"highest port", rules.AppPort(65535), ""},
		{"port 0", rules.AppPort(0), "S-04"},
		{"port too high", rules.AppPort(65536), "S-04"},
		{"negative port", rules.AppPort(-1), "S-04"},
		{"exposed port", rules.AppPortExposed(9000, ports), ""},
		{"port that is not exposed", rules.AppPortExposed(8001, ports), "S-05"},
		{"log level", rules.Annotation("log-level", "warn"), ""},
		{"log level in capitals", rules.Annotation("log-level", "INFO"), "S-06"},
		{"no log level", rules.Annotation("log-level", ""), "S-06"},
		{"metrics port", rules.MetricsPort(9090, ports), ""},
		{"metrics port 0", rules.Annotation("metrics-port", "0"), "S-08"},
		{"metrics port of the app", rules.MetricsPort(9000, ports), "S-08"},
		{"metrics port of the sidecar", rules.MetricsPort(3501, ports), "S-08"},
		{"container port", rules.ContainerPort(8080), ""},
		{"container port of the sidecar's API", rules.ContainerPort(3500), "X-04"},
		{"container port of the sidecar", rules.ContainerPort(50002), "S-08"},

		{"component name", rules.ComponentName("state.store-1"), ""},
		{"no component name", rules.ComponentName(""), "T-01"},
		{"component name with an empty part", rules.ComponentName("a..b"), "T-01"},
		{"component name too long", rules.ComponentName(strings.Repeat("a.", 126) + "aa"), "T-01"},
		{"longest component name", rules.ComponentName(strings.Repeat("a.", 126) + "a"), ""},
		{"component name with the first and last letters and digits", rules.ComponentName("az09-90za"), ""},
		{"component name with what comes before a", rules.ComponentName("a`a"), "T-01"},
		{"component name with what comes after z", rules.ComponentName("a{a"), "T-01"},
		{"component name with what comes before 0", rules.ComponentName("a/a"), "T-01"},
		{"component name with what comes after 9", rules.ComponentName("a:a"), "T-01"},
		{"longest part of a component name", rules.ComponentName(strings.Repeat("a", 63) + ".a"), ""},
		{"part of a component name too long", rules.ComponentName(strings.Repeat("a", 64) + ".a"), "T-01"},
		{"component type", rules.SupportedType("state.redis", rules.StateRedis), ""},
		{"component type of the other kind", rules.SupportedType("pubsub.redis", rules.StateRedis), "T-02"},
		{"component version", rules.Version("v1"), ""},
		{"no component version", rules.Version(""), "T-03"},
		{"Redis host", rules.RedisHost("redis-master:6379"), ""},
		{"Redis host of IPv6", rules.RedisHost("[::1]:6379"), ""},
		{"Redis host without a port", rules.RedisHost("redis-master"), "T-05"},
		{"Redis host without a host", rules.RedisHost(":6379"), "T-05"},
		{"Redis host with a name for a port", rules.RedisHost("redis:http"), "T-05"},
		{"Redis host with port 65536", rules.RedisHost("redis:65536"), "T-05"},
		{"Redis host with the last port", rules.RedisHost("redis:65535"), ""},
		{"Redis host with a password", rules.RedisHost("user@redis:6379"), "T-05"},
		{"Redis host as a URL", rules.RedisHost("redis://redis:6379"), "T-05"},
		{"scopes", rules.Scopes([]string{"a", "b"}), ""},
		{"no scopes", rules.Scopes(nil), "T-09"},
		{"scope twice", rules.Scopes([]string{"a", "a"}), "T-09"},
		{"password", rules.RedisPassword("!#~az19"), ""},
		{"no password given", rules.RedisPassword(""), ""},
		{"password with a space", rules.RedisPassword("a b"), "T-06"},
		{"password with a quote", rules.RedisPassword(`a"b`), "T-06"},
		{"password with a backslash", rules.RedisPassword(`a\b`), "T-06"},
		{"password with a control character", rules.RedisPassword("a\x7f"), "T-06"},
		{"password with other letters", rules.RedisPassword("ä"), "T-06"},
		{"credentials", rules.Credentials(true, "u", 1), ""},
		{"no credentials", rules.Credentials(false, "", 0), ""},
		{"authentication without a password", rules.Credentials(true, "u", 0), "T-06"},
		{"authentication with two passwords", rules.Credentials(true, "", 2), "T-06"},
		{"password without authentication", rules.Credentials(false, "", 1), "T-06"},
		{"user without authentication", rules.Credentials(false, "u", 0), "T-06"},
		{"Secret in a namespace that is there", rules.SecretBefore(false), ""},
		{"Secret in a new namespace", rules.SecretBefore(true), "T-07"},
		{"Configuration name", rules.ConfigurationName("app.config"), ""},
		{"no Configuration name", rules.ConfigurationName(""), "S-09"},
		{"bad Configuration name", rules.ConfigurationName("App"), "S-09"},

		{"secret of the namespace", rules.SecretNamespace("", "ns"), ""},
		{"secret of the same namespace", rules.SecretNamespace("ns", "ns"), ""},
		{"secret of another namespace", rules.SecretNamespace("other", "ns"), "X-06"},

		{"no consumer id", rules.ConsumerID("", 5), ""},
		{"consumer id of one", rules.ConsumerID("c", 1), ""},
		{"consumer id of two", rules.ConsumerID("c", 2), "Q-01"},
		{"redeliver interval", rules.RedeliverInterval(time.Millisecond), ""},
		{"redeliver interval 0", rules.RedeliverInterval(0), "Q-02"},
		{"redeliver interval of less than can be written", rules.RedeliverInterval(time.Millisecond - 1), "Q-02"},
		{"no retries", rules.MaxRetries(0), ""},
		{"negative retries", rules.MaxRetries(-1), "Q-03"},
		{"retry policy", rules.RetryPolicy("exponential"), ""},
		{"unknown retry policy", rules.RetryPolicy("Constant"), "Q-03"},
		{"retry interval", rules.RetryInterval(time.Second), ""},
		{"retry interval 0", rules.RetryInterval(0), "Q-03"},
		{"handler timeout", rules.HandlerTimeout(time.Second), ""},
		{"handler timeout 0", rules.HandlerTimeout(0), "Q-04"},
		{"processing timeout", rules.ProcessingTimeout(time.Second), ""},
		{"processing timeout 0", rules.ProcessingTimeout(0), "Q-04"},
		{"retry budget that fits", rules.RetryBudget(retry, rules.Queue{}, 43*time.Second+1), ""},
		{"retry budget just too long", rules.RetryBudget(retry, rules.Queue{}, 43*time.Second), "Q-04"},
		{"retry budget of nonsense is left to others", rules.RetryBudget(rules.Retry{MaxRetries: -1}, rules.Queue{}, 0), ""},
		{"stream bounded by length", rules.MaxLenApprox(1, false), ""},
		{"stream without end", rules.MaxLenApprox(0, false), "Q-05"},
		{"stream bounded twice", rules.MaxLenApprox(1, true), "Q-05"},
		{"retention", rules.Retention(time.Hour), ""},
		{"no retention", rules.Retention(0), "E-10"},

		{"event type of two parts", rules.EventType("task.created"), ""},
		{"event type of three parts", rules.EventType("todo.task.created-again"), ""},
		{"no event type", rules.EventType(""), "E-02"},
		{"event type of one part", rules.EventType("created"), "E-02"},
		{"event type of four parts", rules.EventType("a.b.c.d"), "E-02"},
		{"event type with an empty part", rules.EventType("task."), "E-02"},
		{"event type in capitals", rules.EventType("task.Created"), "E-02"},
		{"event source", rules.EventSource("/backend/tasks"), ""},
		{"event source as a URL", rules.EventSource("https://example.com/tasks"), ""},
		{"no event source", rules.EventSource(""), "E-03"},
		{"app-id as event source", rules.EventSource("backend-app"), "E-03"},
		{"event source with a space", rules.EventSource("/back end"), "E-03"},
		{"event source that is no URI", rules.EventSource("%zz"), "E-03"},
		{"handler path", rules.HandlerPath("/events/task-created"), ""},
		{"no handler path", rules.HandlerPath(""), "E-08"},
		{"relative handler path", rules.HandlerPath("events"), "E-08"},
		{"handler path with a query", rules.HandlerPath("/events?a=b"), "E-08"},
		{"handler path with another host", rules.HandlerPath("//example.com/events"), "E-08"},
		{"handler path with a space", rules.HandlerPath("/the events"), "E-08"},

		{"known name", rules.Known("X-01", "an app", "a", rules.NamesOf("a")), ""},
		{"unknown name", rules.Known("X-01", "an app", "b", rules.NamesOf("long-name")), "X-01"},
		{"app in the scopes", rules.InScopes("a", "bus", rules.NamesOf("a")), ""},
		{"app out of the scopes", rules.InScopes("b", "bus", rules.NamesOf("a")), "X-01"},
		{"outbox within the scopes", rules.OutboxApps([]string{"a", "b"}, rules.NamesOf("b", "a")), ""},
		{"outbox out of the scopes", rules.OutboxApps([]string{"a", "b"}, rules.NamesOf("a")), "X-01"},
		{"outbox of an event", rules.OutboxTopic([]string{"a"}, rules.NamesOf("a", "b")), ""},
		{"outbox of no event", rules.OutboxTopic([]string{"a"}, nil), "X-01"},
		{"outbox of an event of others", rules.OutboxTopic([]string{"a", "b"}, rules.NamesOf("a")), "X-01"},
		{"outbox where there are no events", rules.OutboxInternal(0), ""},
		{"outbox where there are events", rules.OutboxInternal(1), "X-01"},
		{"unknown name where there is none", rules.Known("X-01", "an app", "b", nil), "X-01"},

		{"metadata", rules.MetadataItem("state.redis", "poolSize", "20"), ""},
		{"metadata duration", rules.MetadataItem("pubsub.redis", "readTimeout", "3s"), ""},
		{"metadata without a unit", rules.MetadataItem("pubsub.redis", "readTimeout", "3"), "T-10"},
		{"metadata zero without a unit", rules.MetadataItem("pubsub.redis", "readTimeout", "0"), "T-10"},
		{"metadata in other letters", rules.MetadataItem("state.redis", "poolsize", "20"), "T-10"},
		{"metadata of the other kind", rules.MetadataItem("state.redis", "queueDepth", "20"), "T-10"},
		{"metadata truth", rules.MetadataItem("state.redis", "failover", "true"), ""},
		{"metadata truth in other words", rules.MetadataItem("state.redis", "failover", "1"), "T-10"},
		{"metadata number", rules.MetadataItem("state.redis", "poolSize", "2.5"), "T-10"},
		{"metadata of a few values", rules.MetadataItem("state.redis", "redisType", "cluster"), ""},
		{"metadata of none of a few values", rules.MetadataItem("state.redis", "redisType", "ring"), "T-10"},
		{"metadata template", rules.MetadataItem("pubsub.redis", "consumerID", "{podName}"), "T-10"},
		{"plain password", rules.MetadataItem("state.redis", "redisPassword", "x"), "T-06"},
		{"plain key", rules.MetadataItem("state.redis", "clientKey", "x"), "T-06"},
		{"metadata of an unsupported type is left to T-02", rules.MetadataItem("state.mongodb", "x", "y"), ""},
		{"metadata that the stack sets", rules.StackMetadataItem("pubsub.redis", "enableTLS", "true", false), "T-10"},
		{"metadata that the stack does not set", rules.StackMetadataItem("state.redis", "keyPrefix", "name", false), ""},
	} {
		t.Run(c.of, func(t *testing.T) {
			requireRule(t, c.want, c.got)
		})
	}
}

func TestDuplicates(t *testing.T) {
	got := rules.Duplicates("S-03", []string{"a", "", "b", "a", "", "a"})
	require.Len(t, got, 2)
	require.Equal(t, "S-03", got[3][0].Rule)
	require.Equal(t, "S-03", got[5][0].Rule)
	require.Equal(t, map[int][]rules.Reason{1: {{Rule: "E-08", Allowed: "must be named once"}}}, rules.Repeated("E-08", []string{"a", "a", "b"}))
}

// TestTargets checks I-01 by position.
func TestTargets(t *testing.T) {
	another, once := []rules.Reason{{Rule: "I-01", Allowed: "must be another app"}}, []rules.Reason{{Rule: "I-01", Allowed: "must be named once"}}
	require.Equal(t, map[int][]rules.Reason{1: another, 2: once, 4: another},
		rules.Targets("me", []string{"a", "me", "a", "b", "me"}))
	require.Empty(t, rules.Targets("", []string{"", "a"}), "an app without a sidecar is no target")
}

func TestBudget(t *testing.T) {
	require.Equal(t, 43*time.Second, rules.Retry{MaxRetries: 3, Wait: time.Second, HandlerTimeout: 10 * time.Second}.Budget())
	require.Equal(t, time.Duration(math.MaxInt64), rules.Retry{MaxRetries: 1 << 40, HandlerTimeout: time.Hour}.Budget(), "not less than nothing")
	require.Equal(t, time.Duration(math.MaxInt64), rules.Retry{MaxRetries: 1 << 40, Wait: time.Hour}.Budget())
	require.Equal(t, 10*time.Second, rules.Retry{MaxRetries: 0, Wait: time.Second, HandlerTimeout: 10 * time.Second}.Budget())
}

// TestBudgetEdges checks the largest budget that does not overflow, and those that
// do.
func TestBudgetEdges(t *testing.T) {
	const some = math.MaxInt64 / 5 * 2
	require.Equal(t, time.Duration(2*some), rules.Retry{MaxRetries: 1, HandlerTimeout: some}.Budget())
	require.Equal(t, time.Duration(math.MaxInt64), rules.Retry{MaxRetries: 1, HandlerTimeout: math.MaxInt64/2 + 1}.Budget())
}

// TestRetryBudget checks that a budget is judged unless one of its parts is invalid.
func TestRetryBudget(t *testing.T) {
	const s = time.Second
	for _, c := range []struct {
		retry   rules.Retry
		timeout time.Duration
		refused bool
	}{
		{rules.Retry{MaxRetries: 3, Wait: s, HandlerTimeout: 10 * s}, 44 * s, false},
		{rules.Retry{MaxRetries: 3, Wait: s, HandlerTimeout: 10 * s}, 43 * s, true},
		{rules.Retry{MaxRetries: 0, Wait: s, HandlerTimeout: 70 * s}, 60 * s, true},
		{rules.Retry{MaxRetries: 3, Wait: 0, HandlerTimeout: 20 * s}, 60 * s, true},
		{rules.Retry{MaxRetries: 3, Wait: 30 * s, HandlerTimeout: 0}, 60 * s, true},
		{rules.Retry{MaxRetries: 0, Wait: s, HandlerTimeout: s}, 1, true},
		{rules.Retry{MaxRetries: 3, Wait: -s, HandlerTimeout: 20 * s}, 60 * s, false},
		{rules.Retry{MaxRetries: 3, Wait: 30 * s, HandlerTimeout: -s}, 60 * s, false},
		{rules.Retry{MaxRetries: 0, Wait: s, HandlerTimeout: s}, 0, false},
	} {
		require.Equal(t, c.refused, rules.RetryBudget(c.retry, rules.Queue{}, c.timeout) != nil, "%+v in %s", c.retry, c.timeout)
	}
}

// TestReasonsInFull checks the texts of reasons.
func TestReasonsInFull(t *testing.T) {
	require.Equal(t, "must be a port of the app's container, which exposes none", rules.AppPortExposed(80, nil)[0].Allowed)
	require.Equal(t, "must be a whole number", rules.MetadataItem(rules.StateRedis, "redisDB", "x")[0].Allowed)
	require.Equal(t, `must be a duration with its unit, such as "3s": Dapr reads a bare number as milliseconds; write "1s", or "1ms" if that is meant`,
		rules.MetadataItem(rules.StateRedis, "readTimeout", "1")[0].Allowed)
}

func TestNearest(t *testing.T) {
	for _, c := range []struct {
		name string
		from []string
		want string
	}{
		{"pubsubs", []string{"apps", "pubSubs"}, "pubSubs"},
		{"app", []string{"apps", "map"}, "apps"},
		{"backnd-app", []string{"backend-app", "frontend-app"}, "backend-app"},
		{"x", []string{"y"}, "y"},
		{"completely", []string{"different"}, ""},
		{"abcdef", []string{"abcdxyz", "abcdxy"}, "abcdxy"},
		{"abcdef", []string{"abcxyz"}, ""},
		{"task", []string{"tasks", "task2", "bask"}, "bask"},
		{"task", []string{"bask", "tasks"}, "bask"},
		{"abcdef", []string{"xabcdefy"}, "xabcdefy"},
		{"xabcdefy", []string{"abcdef"}, "abcdef"},
		{"abcdef", []string{"xxabcdefy"}, ""},
		{"kitten", []string{"sitten"}, "sitten"},
		{"abcdef", []string{"abcdefgh"}, "abcdefgh"},
		{"abcdef", []string{"abcdefghi"}, ""},
		{"acbdef", []string{"abcdef"}, "abcdef"},
		{"secretStores", []string{"stateStores"}, ""},
		{"redeliverTimeout", []string{"redeliverTimeXYZ"}, "redeliverTimeXYZ"},
		{"redeliverTimeout", []string{"redeliverTimWXYZ"}, ""},
		{"", []string{"a"}, "a"},
		{"a", nil, ""},
	} {
		require.Equal(t, c.want, rules.Nearest(c.name, c.from), c.name)
	}
}

// TestTable checks that the numbers are unique, well-formed and grouped, and that
// each rule says what it is and where it is enforced.
func TestTable(t *testing.T) {
	require.Len(t, rules.Table, 76)
	form, last := regexp.MustCompile(`^[STQENIARXWC]-\d\d$`), ""
	for _, r := range rules.Table {
		require.Regexp(t, form, r.ID)
		require.NotEmpty(t, r.Statement)
		require.NotEmpty(t, r.Source)
		require.NotEmpty(t, r.Levels)
		if last != "" && last[0] == r.ID[0] {
			require.Less(t, last, r.ID)
		}
		last = r.ID
	}
	_, ok := rules.Lookup("Z-99")
	require.False(t, ok)
}

func TestReason(t *testing.T) {
	require.Equal(t, "[S-04]: must be between 1 and 65535", rules.AppPort(0)[0].String())
}

func ExampleAppID() {
	for _, reason := range rules.AppID("Backend") {
		fmt.Println(reason)
	}
	// Output: [S-01]: must be lower-case letters, digits and hyphens, starting and ending with a letter or digit, at most 58 characters
}

// TestSince: every row that a known version lacks names a version that is known.
func TestSince(t *testing.T) {
	for _, key := range rules.Options() {
		if key.Since != "" {
			require.Nil(t, rules.OptionSince(key.Key, key.Since+".0"), key.Key)
			require.NotNil(t, rules.OptionSince(key.Key, "1.17.0"), key.Key)
		}
		require.Nil(t, rules.OptionSince(key.Key, rules.PinnedDapr), key.Key)
	}
	for _, typ := range rules.TypesOf() {
		for name, key := range rules.Metadata(typ) {
			require.Nil(t, rules.MetadataSince(typ, name, rules.PinnedDapr), name)
			require.Equal(t, key.Since == "", rules.MetadataSince(typ, name, "1.17.9") == nil, name)
		}
	}
}

// TestRedisImage: releases before the security fixes, and what nothing is known of.
func TestRedisImage(t *testing.T) {
	for image, good := range map[string]bool{
		"redis:7.2.15": true, "redis:7.2.16-alpine": true, "docker.io/library/redis:7.4.10": true, "library/redis:8.8.1": true,
		"redis:8.10.0": true, "redis:9.0.0": true, "redis:7.2": true, "redis:8.6-alpine": true, "redis:7": true, "redis": true, "redis:latest": true,
		"redis:8.6.10": true, "redis@sha256:0123": true,
		"registry.example.com/redis:7.0.1": true, "localhost/redis:7.0.15-debian": true, "valkey/valkey:7.2.5": true, "redis/redis-stack:7.2.0": true,

		"redis:7.2.14": false, "redis:7.4.9-alpine3.21": false, "docker.io/library/redis:8.0.6": false, "index.docker.io/library/redis:8.6.4": false,
		"redis:7.0.15": false, "redis:7.0": false, "redis:6.2.23": false, "redis:8.0-M01": false, "docker.io/redis:8.8.0": false,
		"redis:7.2.5@sha256:0123": false,
	} {
		require.Equal(t, good, rules.RedisImage(image) == nil, image)
	}
}

// TestSubscriptionName: the name is a DNS-1123 name whatever the topic is called,
// and another one for each topic.
func TestSubscriptionName(t *testing.T) {
	require.Equal(t, "pubsub.task.created.backend-app", rules.SubscriptionName("pubsub", "task.created", "backend-app"))
	require.Equal(t, "pubsub.task-created-4e3c28c3.backend-app", rules.SubscriptionName("pubsub", "Task.Created", "backend-app"))
	seen := map[string]bool{}
	for _, topic := range []string{"orders", "Orders", "ORDERS", "order_placed", "order-placed", "order/placed", "a:b", strings.Repeat("A", 150)} {
		name := rules.SubscriptionName("pubsub", topic, "backend-app")
		require.Empty(t, rules.ComponentName(name), topic)
		require.False(t, seen[name], topic)
		seen[name] = true
	}
}

// TestTopicName: a topic is what works, not what is well named.
func TestTopicName(t *testing.T) {
	for _, good := range []string{"a", "orders", "OrderPlaced", "order_placed", "a.b.c.d", "orders/eu:1", strings.Repeat("a", 200)} {
		require.Empty(t, rules.TopicName(good), good)
	}
	for _, bad := range []string{"", " ", "a b", "a,b", "a=b", "a;b", "{namespace}", "a%20b", "a?b", "a#b", ".a", "a.", "ä", strings.Repeat("a", 201)} {
		require.Len(t, rules.TopicName(bad), 1, bad)
	}
}
