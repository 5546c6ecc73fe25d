package config

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/daprstack/daprstack/config/rules"
)

// Resiliency is how calls that fail or hang are retried and given up, in Dapr's own
// form. How events are delivered stands at the pub/subs.
type Resiliency struct {
	// Policies are named here and used by the targets. A name of Dapr's own, such as
	// DefaultAppTimeoutPolicy or DaprBuiltInServiceRetries, counts without a target.
	// Default none.
	Policies Policies `json:"policies,omitzero"`

	// Targets are what the policies are for. Default none.
	Targets Targets `json:"targets,omitzero"`
}

// Policies are named policies. None may have the name of a pub/sub, whose own
// policies do.
type Policies struct {
	// Timeouts are how long one attempt may take. Default none.
	Timeouts map[string]Duration `json:"timeouts,omitzero"`

	// Retries are how often and when to try again. Default none.
	Retries map[string]RetryPolicy `json:"retries,omitzero"`

	// CircuitBreakers are when to stop trying for a while. Default none.
	CircuitBreakers map[string]CircuitBreaker `json:"circuitBreakers,omitzero"`
}

// RetryPolicy is how often and when something that failed is tried again.
type RetryPolicy struct {
	// Policy is "constant", which waits Duration each time, or "exponential", which
	// waits longer each time, up to MaxInterval. Default constant.
	Policy string `json:"policy,omitzero"`

	// Duration is the wait of a constant policy. Default 5s.
	Duration *Duration `json:"duration,omitzero"`

	// MaxInterval is the longest wait of an exponential policy, which begins with half
	// a second. Default 60s.
	MaxInterval *Duration `json:"maxInterval,omitzero"`

	// MaxRetries is how often it is tried again; -1 goes on until it works. Required.
	MaxRetries *int `json:"maxRetries"`

	// Matching limits what is tried again. Default everything that failed: a request
	// that is not idempotent may be handled twice.
	Matching Matching `json:"matching,omitzero"`
}

// Matching limits a retry policy to status codes. A call that got no answer is always
// tried again.
type Matching struct {
	// HTTPStatusCodes are codes and ranges of them: "429,502-504". Default all that are
	// not 2xx or 3xx.
	HTTPStatusCodes string `json:"httpStatusCodes,omitzero"`

	// GRPCStatusCodes likewise: "4,14". Default all but 0.
	GRPCStatusCodes string `json:"gRPCStatusCodes,omitzero"`
}

// CircuitBreaker is when nothing is tried for a while.
type CircuitBreaker struct {
	// MaxRequests is how many requests may test a half-open circuit. Default 1.
	MaxRequests *int `json:"maxRequests,omitzero"`

	// Interval is how often the counts begin anew while the circuit is closed. Default
	// never.
	Interval *Duration `json:"interval,omitzero"`

	// Timeout is how long the circuit stays open. Default 60s.
	Timeout *Duration `json:"timeout,omitzero"`

	// Trip is the condition to open it, in CEL, of requests, totalSuccesses,
	// totalFailures, consecutiveSuccesses and consecutiveFailures. Default
	// consecutiveFailures > 5.
	Trip string `json:"trip,omitzero"`
}

// Targets are what policies are for. What is not named has the policies with Dapr's
// default names, if there are any.
type Targets struct {
	// Apps are those that are called through the sidecar, by app-id, or
	// app-id.namespace for one of another namespace or stack. With any policy, Dapr's
	// own three retries of a call that did not arrive are off. Default none.
	Apps map[string]AppTarget `json:"apps,omitzero"`

	// Components are state stores, pub/subs and other components, by name. Default none
	//
	Components map[string]ComponentTarget `json:"components,omitzero"`

	// Actors are the types of actors. Default none.
	Actors map[string]ActorTarget `json:"actors,omitzero"`
}

// PolicyNames names policies of the stack.
type PolicyNames struct {
	// Timeout of one attempt. Default none.
	Timeout string `json:"timeout,omitzero"`

	// Retry policy. Default none.
	Retry string `json:"retry,omitzero"`

	// CircuitBreaker of the target. Default none.
	CircuitBreaker string `json:"circuitBreaker,omitzero"`
}

// AppTarget is how an app is called.
type AppTarget struct {
	// Timeout of one attempt. Default none.
	Timeout string `json:"timeout,omitzero"`

	// Retry policy. Default none.
	Retry string `json:"retry,omitzero"`

	// CircuitBreaker of each method of the app. Default none.
	CircuitBreaker string `json:"circuitBreaker,omitzero"`

	// CircuitBreakerCacheSize is for how many methods there is a circuit breaker.
	// Default 100.
	CircuitBreakerCacheSize *int `json:"circuitBreakerCacheSize,omitzero"`
}

// ComponentTarget is how a component is called, and how it calls.
type ComponentTarget struct {
	// Outbound are the policies for calls of the component: what an app writes, reads
	// and publishes. Default none.
	Outbound PolicyNames `json:"outbound,omitzero"`

	// Inbound are the policies for what the component hands to the app. For a pub/sub,
	// retry and timeout follow from its own keys. Default none.
	Inbound PolicyNames `json:"inbound,omitzero"`
}

// ActorTarget is how actors of a type are called.
type ActorTarget struct {
	// Timeout of a call, once it is the actor's turn. Default none.
	Timeout string `json:"timeout,omitzero"`

	// Retry policy. Default none.
	Retry string `json:"retry,omitzero"`

	// CircuitBreaker of the actors. Default none.
	CircuitBreaker string `json:"circuitBreaker,omitzero"`

	// CircuitBreakerScope is what the circuit breaker counts for: "type" or "id".
	// Required with one.
	CircuitBreakerScope string `json:"circuitBreakerScope,omitzero"`

	// CircuitBreakerCacheSize is for how many actors there is a circuit breaker. Default
	// 5000.
	CircuitBreakerCacheSize *int `json:"circuitBreakerCacheSize,omitzero"`
}

// HasPolicies reports whether the stack file has policies of its own.
func (s *Stack) HasPolicies() bool {
	p := s.Resiliency.Policies
	return len(p.Timeouts)+len(p.Retries)+len(p.CircuitBreakers) > 0
}

// CallTimes says how long a call of each app that has policies may take at most.
func (s *Stack) CallTimes() (lines []string) {
	p := s.Resiliency.Policies
	for _, id := range slices.Sorted(maps.Keys(s.Resiliency.Targets.Apps)) {
		target := s.Resiliency.Targets.Apps[id]
		timeout := p.Timeouts[target.Timeout].Duration
		policy, retries := p.Retries[target.Retry]
		var retry *rules.Retry
		if retries {
			wait := Duration{5 * time.Second} // Dapr's defaults: kit, retry/retry.go
			if policy.Policy == "exponential" {
				wait = Duration{time.Minute}
			}
			for _, given := range []*Duration{policy.Duration, policy.MaxInterval} {
				if given != nil {
					wait = *given
				}
			}
			retry = &rules.Retry{MaxRetries: *policy.MaxRetries, Wait: wait.Duration}
		}
		longest, ends := rules.WorstCase(timeout, retry, policy.Policy == "exponential")
		switch {
		case ends && retries:
			lines = append(lines, fmt.Sprintf("a call of %s takes at most %s: %d attempts of %s, and %d waits of %s", id, longest,
				retry.MaxRetries+1, timeout, retry.MaxRetries, retry.Wait))
		case ends:
			lines = append(lines, fmt.Sprintf("a call of %s takes at most %s", id, longest))
		case retries && retry.MaxRetries < 0:
			lines = append(lines, fmt.Sprintf("a call of %s may take for ever: its retries never end", id))
		default:
			lines = append(lines, fmt.Sprintf("a call of %s may take for ever: it has no timeout", id))
		}
	}
	return lines
}
