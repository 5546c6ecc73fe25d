package rules_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config/rules"
)

// TestResiliencyPolicies: what Dapr would ignore, misread or not read at all.
func TestResiliencyPolicies(t *testing.T) {
	because := func(text string) []rules.Reason { return []rules.Reason{{Rule: "R-01", Allowed: text}} }
	for _, good := range [][]rules.Reason{
		rules.ResiliencyPolicy(rules.RetriesPolicy, "important"),
		rules.ResiliencyPolicy(rules.RetriesPolicy, "DaprBuiltInServiceRetries"),
		rules.ResiliencyPolicy(rules.TimeoutPolicy, "DefaultAppTimeoutPolicy"),
		rules.ResiliencyPolicy(rules.CircuitBreakerPolicy, "DefaultStatestoreComponentOutboundCircuitBreakerPolicy"),
		rules.RetryTimes("important", -1), rules.RetryTimes("DaprBuiltInServiceRetries", 3),
		rules.RetryWaits("constant", true, false), rules.RetryWaits("exponential", false, true), rules.RetryWaits("", true, false),
		rules.StatusCodes("429,502-504", false), rules.StatusCodes("0,14", true),
		rules.Trip("consecutiveFailures > 5"), rules.Trip("requests >= 10 && totalFailures * 2 > requests"),
		rules.BreakerScope("type", true), rules.BreakerScope("", false),
		rules.PolicySpan("5s"), rules.PolicySpan("500"), rules.BackOff("constant"),
	} {
		require.Empty(t, good)
	}
	const codes = "must be HTTP status codes, 100–599, or ranges of them, separated by commas without spaces"
	for _, c := range []struct {
		found   []rules.Reason
		allowed string
	}{
		{rules.ResiliencyPolicy(rules.RetriesPolicy, ""), "must have a name"},
		{rules.ResiliencyPolicy(rules.TimeoutPolicy, "DaprBuiltInServiceRetries"), "must have another name: Dapr ignores a policy of this one here"},
		{rules.ResiliencyPolicy(rules.RetriesPolicy, "DaprBuiltInActorNotFoundRetries"), "must have another name: Dapr ignores a policy of this one here"},
		{rules.ResiliencyPolicy(rules.RetriesPolicy, "DaprBuiltInServiceRetry"), `must be a name that Dapr knows, or unlike them; did you mean "DaprBuiltInServiceRetries"?`},
		{rules.ResiliencyPolicy(rules.RetriesPolicy, "DefaultAppTimeoutPolicy"), "must be a name that Dapr knows, or unlike them"},
		{rules.RetryTimes("important", -2), "must be 0 or more, or -1 to go on until it works"},
		{rules.RetryTimes("DaprBuiltInServiceRetries", 1), "must be 3 or more in a policy that replaces one of Dapr's: it takes less for 3"},
		{rules.RetryWaits("exponential", true, false), "must be left out with an exponential policy, which has maxInterval"},
		{rules.RetryWaits("constant", false, true), "must be left out with a constant policy, which has duration"},
		{rules.StatusCodes("429, 503", false), codes},
		{rules.StatusCodes("504-502", false), codes},
		{rules.StatusCodes("99", false), codes},
		{rules.StatusCodes("", false), codes},
		{rules.StatusCodes("5xx", false), codes},
		{rules.StatusCodes("17", true), "must be gRPC status codes, 0–16, or ranges of them, separated by commas without spaces"},
		{rules.Trip("consecutiveFailures"), "must be a CEL expression that is true or false, and not int"},
		{rules.BreakerScope("", true), "must be one of type, id with a circuit breaker"},
		{rules.BreakerScope("both", true), "must be one of type, id with a circuit breaker"},
		{rules.BreakerScope("id", false), "must be left out without a circuit breaker"},
		{rules.PolicySpan("5 seconds"), "must be a duration with its unit, such as 5s: Dapr reads no policy of the object otherwise"},
		{rules.BackOff("linear"), "must be one of constant, exponential"},
	} {
		require.Equal(t, because(c.allowed), c.found)
	}
	require.Contains(t, rules.Trip("consecutiveFailure > 5")[0].Allowed, "undeclared reference to 'consecutiveFailure'")
	require.Contains(t, rules.Trip("requests >")[0].Allowed, "must be a CEL expression of requests, ")
}

// TestWorstCase: how long a call may take.
func TestWorstCase(t *testing.T) {
	retry := &rules.Retry{MaxRetries: 3, Wait: time.Second}
	for _, c := range []struct {
		timeout     time.Duration
		retry       *rules.Retry
		exponential bool
		want        time.Duration
		ends        bool
	}{
		{0, nil, false, 0, false},
		{0, retry, false, 0, false},
		{5 * time.Second, nil, false, 5 * time.Second, true},
		{5 * time.Second, retry, false, 23 * time.Second, true},
		{5 * time.Second, retry, true, 24500 * time.Millisecond, true},
		{5 * time.Second, &rules.Retry{MaxRetries: -1}, false, 0, false},
	} {
		got, ends := rules.WorstCase(c.timeout, c.retry, c.exponential)
		require.Equal(t, c.want, got)
		require.Equal(t, c.ends, ends)
	}
}

// TestUnacknowledged: the wait in the queue of a sidecar counts, with every topic.
func TestUnacknowledged(t *testing.T) {
	retry := rules.Retry{MaxRetries: 3, Wait: 5 * time.Second, HandlerTimeout: 10 * time.Second} // 55 s
	for _, c := range []struct {
		queue rules.Queue
		want  time.Duration
	}{
		{rules.Queue{Depth: 2, Concurrency: 10, Topics: 1}, 110 * time.Second},
		{rules.Queue{Depth: 2, Concurrency: 10, Topics: 2}, 110 * time.Second},
		{rules.Queue{Depth: 2, Concurrency: 10, Topics: 3}, 165 * time.Second},
		{rules.Queue{Depth: 100, Concurrency: 10, Topics: 1}, 31 * 55 * time.Second},
	} {
		require.Equal(t, c.want, rules.Unacknowledged(retry, c.queue))
		require.Empty(t, rules.RetryBudget(retry, c.queue, c.want+1))
		require.Len(t, rules.RetryBudget(retry, c.queue, c.want), 1)
	}
	require.Positive(t, rules.Unacknowledged(rules.Retry{MaxRetries: 1 << 30, Wait: 1 << 60, HandlerTimeout: 1 << 60}, rules.Queue{Depth: 1 << 30, Concurrency: 1}))
}
