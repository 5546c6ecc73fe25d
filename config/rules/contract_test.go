package rules_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config/rules"
)

// TestContractRules checks what the rules of events, state entries and invocations
// accept and refuse. A case without a rule's number must pass.
func TestContractRules(t *testing.T) {
	key256 := "a:b:" + strings.Repeat("ü", 252)
	for _, c := range []struct {
		of   string
		got  []rules.Reason
		want string
	}{
		{"version of CloudEvents", rules.EventVersion("1.0"), ""},
		{"no version", rules.EventVersion(""), "E-01"},
		{"older version", rules.EventVersion("0.3"), "E-01"},
		{"version that is nearly right", rules.EventVersion("1.0.0"), "E-01"},
		{"own type", rules.OwnEventType("task.created"), ""},
		{"Dapr's type", rules.OwnEventType("com.dapr.event.sent"), "E-11"},
		{"relative source", rules.EventSource("backend/tasks"), ""},
		{"source with escapes", rules.EventSource("/a%20b"), ""},
		{"source with a broken escape", rules.EventSource("/a%2"), "E-03"},
		{"source that cannot be read", rules.EventSource("http://[::1"), "E-03"},
		{"source with other letters", rules.EventSource("/ä"), "E-03"},
		{"bare name as source", rules.EventSource("backend"), "E-03"},
		{"id", rules.EventID("1"), ""},
		{"no id", rules.EventID(""), "E-04"},
		{"blank id", rules.EventID(" \t"), "E-04"},
		{"time", rules.EventTime("2026-02-08T12:00:00.5+01:00"), ""},
		{"time without a zone", rules.EventTime("2026-02-08T12:00:00"), "E-05"},
		{"time in words", rules.EventTime("noon"), "E-05"},
		{"content type", rules.ContentType("text/plain; charset=utf-8"), ""},
		{"no content type", rules.ContentType(""), "E-06"},
		{"content type of one part", rules.ContentType("json"), "E-06"},
		{"content type with a broken parameter", rules.ContentType("text/plain; a"), "E-06"},
		{"data", rules.EventData("application/json", []byte(`{"a": 1}`)), ""},
		{"data that is text", rules.EventData("text/plain", []byte(`{`)), ""},
		{"no data", rules.EventData("text/plain", nil), "E-07"},
		{"null as data", rules.EventData("application/json", []byte("null")), "E-07"},
		{"data that is no JSON", rules.EventData("application/json", []byte("{")), "E-07"},
		{"data that is no JSON, of a type with a suffix", rules.EventData("application/problem+json", []byte("{")), "E-07"},
		{"data that is no JSON, of another type for it", rules.EventData("text/json; charset=utf-8", []byte("{")), "E-07"},
		{"data that is no UTF-8", rules.EventData("application/json", []byte("\"\xff\"")), "E-07"},
		{"publishers", rules.Publishers([]string{"a"}), ""},
		{"no publishers", rules.Publishers(nil), "E-08"},

		{"key", rules.KeyLimits("a:b:c"), ""},
		{"longest key", rules.KeyLimits(key256), ""},
		{"key too long", rules.KeyLimits(key256 + "x"), "N-01"},
		{"no key", rules.KeyLimits(""), "N-01"},
		{"key with Dapr's separator", rules.KeyLimits("a:b:c||d"), "N-01"},
		{"form of a key", rules.KeyForm("chat:session:user:1"), ""},
		{"form of a key with digits and hyphens", rules.KeyForm("a-1:b-2:ü"), ""},
		{"key of two parts", rules.KeyForm("chat:session"), "N-02"},
		{"key without an identifier", rules.KeyForm("chat:session:"), "N-02"},
		{"key without a domain", rules.KeyForm(":session:1"), "N-02"},
		{"key in capitals", rules.KeyForm("Chat:session:1"), "N-02"},
		{"key with a space", rules.KeyForm("chat:session:a b"), "N-02"},
		{"key with a line break", rules.KeyForm("chat:session:a\nb"), "N-02"},
		{"key with what is not seen", rules.KeyForm("chat:session:a\u200bb"), "N-02"},
		{"key that is no UTF-8", rules.KeyForm("chat:session:\xff"), "N-02"},
		{"lifetime of one's own", rules.TTL("a:b:c", time.Second), ""},
		{"lifetime of the model", rules.TTL("cache:tasks:1", 300*time.Second), ""},
		{"other lifetime than that of the model", rules.TTL("cache:tasks:1", 301*time.Second), "N-03"},
		{"no lifetime", rules.TTL("a:b:c", 0), "N-05"},
		{"negative lifetime", rules.TTL("a:b:c", -time.Second), "N-05"},
		{"lifetime with a fraction", rules.TTL("a:b:c", 1500*time.Millisecond), "N-05"},
		{"value", rules.StateValue(map[string]any{"a": nil}), ""},
		{"value that is no JSON", rules.StateValue(math.Inf(1)), "N-04"},
		{"consistency", rules.Consistency("strong"), ""},
		{"other consistency", rules.Consistency("eventual"), ""},
		{"no consistency", rules.Consistency(""), ""},
		{"unknown consistency", rules.Consistency("Strong"), "N-06"},
		{"first write", rules.Concurrency("first-write", "1"), ""},
		{"first write without an etag", rules.Concurrency("first-write", ""), ""},
		{"last write", rules.Concurrency("last-write", ""), ""},
		{"last write with an etag", rules.Concurrency("last-write", "1"), "N-07"},
		{"default concurrency", rules.Concurrency("", ""), ""},
		{"default concurrency with an etag", rules.Concurrency("", "1"), "N-07"},
		{"unknown concurrency", rules.Concurrency("first", ""), "N-07"},

		{"target", rules.Target("backend-app"), ""},
		{"target that is no app-id", rules.Target("Backend"), "I-01"},
		{"path", rules.InvokePath("/tasks/1"), ""},
		{"root path", rules.InvokePath("/"), ""},
		{"path with an escape", rules.InvokePath("/a%20b"), ""},
		{"no path", rules.InvokePath(""), "I-02"},
		{"relative path", rules.InvokePath("tasks"), "I-02"},
		{"path with a query", rules.InvokePath("/tasks?a=b"), "I-02"},
		{"path with a fragment", rules.InvokePath("/tasks#a"), "I-02"},
		{"path with a space", rules.InvokePath("/a b"), "I-02"},
		{"path with a bracket", rules.InvokePath("/a[1]"), "I-02"},
		{"path with a closing bracket", rules.InvokePath("/a]"), "I-02"},
		{"path with a slash at its end", rules.InvokePath("/a/"), "I-02"},
		{"path with two slashes", rules.InvokePath("/a//b"), "I-02"},
		{"path with a dot", rules.InvokePath("/a/./b"), "I-02"},
		{"path upwards", rules.InvokePath("/../b"), "I-02"},
		{"path upwards, escaped", rules.InvokePath("/%2e%2e/b"), "I-02"},
		{"path with an escaped slash", rules.InvokePath("/a%2fb"), "I-02"},
		{"path with an escaped percent sign", rules.InvokePath("/a%25b"), "I-02"},
		{"path with an escaped line break", rules.InvokePath("/a%0ab"), "I-02"},
		{"method", rules.Method("PATCH"), ""},
		{"method in lower case", rules.Method("get"), "I-03"},
		{"no method", rules.Method(""), "I-03"},
		{"base URL", rules.BaseURL("http://localhost:3500/v1.0/invoke/a/method"), ""},
		{"base URL of TLS", rules.BaseURL("https://a.example.com"), ""},
		{"no base URL", rules.BaseURL(""), "C-01"},
		{"base URL without a host", rules.BaseURL("http:///a"), "C-01"},
		{"base URL of another kind", rules.BaseURL("ftp://a"), "C-01"},
		{"base URL with a query", rules.BaseURL("http://a?b=c"), "C-01"},
		{"base URL with a fragment", rules.BaseURL("http://a#b"), "C-01"},
		{"base URL with a slash at its end", rules.BaseURL("http://a/"), "C-01"},
		{"base URL that cannot be read", rules.BaseURL("http://[::1"), "C-01"},
	} {
		t.Run(c.of, func(t *testing.T) { requireRule(t, c.want, c.got) })
	}
}

// requireRule requires one reason of the rule or, if rule is "", none.
func requireRule(t *testing.T, rule string, got []rules.Reason) {
	t.Helper()
	if rule == "" {
		require.Empty(t, got)
		return
	}
	require.Len(t, got, 1)
	require.Equal(t, rule, got[0].Rule)
	require.NotEmpty(t, got[0].Allowed)
	_, listed := rules.Lookup(rule)
	require.True(t, listed, "%s is in the table", rule)
}

// TestKeyLimitsTogether checks that a key can break both limits at once.
func TestKeyLimitsTogether(t *testing.T) {
	require.Len(t, rules.KeyLimits(strings.Repeat("|", 257)), 2)
}

func TestKeyPattern(t *testing.T) {
	for key, want := range map[string]string{"a:b:c:d": "a:b", "a:b": "a:b", "a": "a", "": ""} {
		require.Equal(t, want, rules.KeyPattern(key))
	}
	require.Equal(t, map[string]time.Duration{
		"chat:session": time.Hour, "cache:user": 30 * time.Minute, "workflow:task": 10 * time.Minute, "cache:tasks": 5 * time.Minute,
	}, rules.KeyLifetimes)
}

// TestAddresses checks I-05 and X-04.
func TestAddresses(t *testing.T) {
	require.Equal(t, "http://localhost:3500/v1.0/invoke/backend-app/method", rules.InvokeURL("backend-app"))
	require.Equal(t, "http://localhost:3500/v1.0/state/statestore", rules.StateURL("statestore"))
	require.Equal(t, "http://localhost:3500/v1.0/publish/pubsub/task.created", rules.PublishURL("pubsub", "task.created"))
}
