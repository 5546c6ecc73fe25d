package config

import (
	"maps"
	"slices"
	"time"

	"github.com/daprstack/daprstack/config/rules"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func (v *validator) resiliency() {
	policies, targets := root("resiliency").Child("policies"), root("resiliency").Child("targets")
	p, t := v.stack.Resiliency.Policies, v.stack.Resiliency.Targets
	for _, name := range slices.Sorted(maps.Keys(p.Timeouts)) {
		at := v.policy(policies.Child("timeouts"), rules.TimeoutPolicy, name)
		v.span(at, p.Timeouts[name].Duration)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Retries)) {
		v.retryPolicy(v.policy(policies.Child("retries"), rules.RetriesPolicy, name), name, p.Retries[name])
	}
	for _, name := range slices.Sorted(maps.Keys(p.CircuitBreakers)) {
		v.circuitBreaker(v.policy(policies.Child("circuitBreakers"), rules.CircuitBreakerPolicy, name), p.CircuitBreakers[name])
	}
	for _, id := range slices.Sorted(maps.Keys(t.Apps)) {
		at := child(targets.Child("apps"), id)
		if _, namespace := rules.SplitTarget(id); namespace != "" {
			v.add(at, id, rules.TargetElsewhere(id, v.stack.Namespace, v.appIDs), "namespace", "apps[].sidecar.appId")
		} else {
			v.knownApp("X-01", at, id)
		}
		a := t.Apps[id]
		v.policyNames(at, PolicyNames{a.Timeout, a.Retry, a.CircuitBreaker})
		v.cacheSize(at, a.CircuitBreakerCacheSize)
	}
	for _, name := range slices.Sorted(maps.Keys(t.Components)) {
		at := child(targets.Child("components"), name)
		v.add(at, name, rules.Known("X-01", "the name of a component of the stack", name, v.componentNames()),
			"stateStores[].name", "pubSubs[].name")
		c := t.Components[name]
		v.policyNames(at.Child("outbound"), c.Outbound)
		v.policyNames(at.Child("inbound"), c.Inbound)
		if v.pubSubs[name] && (c.Inbound.Retry != "" || c.Inbound.Timeout != "") {
			v.form(at.Child("inbound"), nil, "must have no retry and no timeout: set maxRetries, retryInterval and handlerTimeout of the pub/sub",
				"pubSubs[].name")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.Actors)) {
		at, a := child(targets.Child("actors"), name), t.Actors[name]
		v.policyNames(at, PolicyNames{a.Timeout, a.Retry, a.CircuitBreaker})
		v.add(at.Child("circuitBreakerScope"), a.CircuitBreakerScope, rules.BreakerScope(a.CircuitBreakerScope, a.CircuitBreaker != ""),
			at.Child("circuitBreaker").String())
		v.cacheSize(at, a.CircuitBreakerCacheSize)
	}
}

// policy checks the name of a policy and returns its path.
func (v *validator) policy(path *field.Path, kind rules.PolicyKind, name string) *field.Path {
	at := child(path, name)
	v.add(at, name, rules.ResiliencyPolicy(kind, name))
	if v.pubSubs[name] {
		v.form(at, name, "must have another name: the policies of a pub/sub have its name", "pubSubs[].name")
	}
	return at
}

func (v *validator) retryPolicy(path *field.Path, name string, r RetryPolicy) {
	if !slices.Contains(rules.RetryPolicies, r.Policy) {
		v.form(path.Child("policy"), r.Policy, "must be one of constant, exponential")
	}
	wait := "duration"
	if r.Policy == "exponential" {
		wait = "maxInterval"
	}
	unused := map[string]string{"duration": "maxInterval", "maxInterval": "duration"}[wait]
	v.add(path.Child(unused), nil, rules.RetryWaits(r.Policy, r.Duration != nil, r.MaxInterval != nil), path.Child("policy").String())
	for key, d := range map[string]*Duration{"duration": r.Duration, "maxInterval": r.MaxInterval} {
		if d != nil {
			v.span(path.Child(key), d.Duration)
		}
	}
	if r.MaxRetries == nil {
		v.form(path.Child("maxRetries"), nil, "is required")
	} else {
		v.add(path.Child("maxRetries"), *r.MaxRetries, rules.RetryTimes(name, *r.MaxRetries))
	}
	if codes := r.Matching.HTTPStatusCodes; codes != "" {
		v.add(path.Child("matching", "httpStatusCodes"), codes, rules.StatusCodes(codes, false))
	}
	if codes := r.Matching.GRPCStatusCodes; codes != "" {
		v.add(path.Child("matching", "gRPCStatusCodes"), codes, rules.StatusCodes(codes, true))
	}
}

func (v *validator) circuitBreaker(path *field.Path, b CircuitBreaker) {
	if n := b.MaxRequests; n != nil && *n < 1 {
		v.form(path.Child("maxRequests"), *n, "must be 1 or more")
	}
	if b.Interval != nil {
		v.span(path.Child("interval"), b.Interval.Duration)
	}
	if b.Timeout != nil {
		v.span(path.Child("timeout"), b.Timeout.Duration)
	}
	if b.Trip != "" {
		v.add(path.Child("trip"), b.Trip, rules.Trip(b.Trip))
	}
}

// span checks a duration of a policy.
func (v *validator) span(path *field.Path, d time.Duration) {
	if d < time.Millisecond {
		v.form(path, d, "must be a positive duration of at least 1ms")
	}
}

func (v *validator) cacheSize(path *field.Path, n *int) {
	if n != nil && *n < 1 {
		v.form(path.Child("circuitBreakerCacheSize"), *n, "must be 1 or more")
	}
}

// policyNames checks that a target names policies of the stack: daprd ends
// when a component names a circuit breaker that is not there, and ignores the others.
func (v *validator) policyNames(path *field.Path, n PolicyNames) {
	p := v.stack.Resiliency.Policies
	check := func(key, name, kind string, known rules.Names) {
		if name != "" {
			v.add(path.Child(key), name, rules.Known("X-01", "a policy of resiliency.policies."+kind, name, known), "resiliency.policies."+kind)
		}
	}
	check("timeout", n.Timeout, "timeouts", keysIn(p.Timeouts))
	check("retry", n.Retry, "retries", keysIn(p.Retries))
	check("circuitBreaker", n.CircuitBreaker, "circuitBreakers", keysIn(p.CircuitBreakers))
}

func keysIn[V any](m map[string]V) rules.Names {
	return rules.NamesOf(slices.Collect(maps.Keys(m))...)
}

// componentNames returns the names of all components of the stack.
func (v *validator) componentNames() rules.Names {
	names := maps.Clone(v.pubSubs)
	for _, s := range v.stack.StateStores {
		names[s.Name] = true
	}
	return names
}
