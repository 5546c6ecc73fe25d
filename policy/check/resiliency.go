package check

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/daprstack/daprstack/config/rules"
)

// policyKinds maps the kinds of policy that a target may name to the maps that
// declare them.
var policyKinds = map[string]string{"timeout": "timeouts", "retry": "retries", "circuitBreaker": "circuitBreakers"}

// policiesOf checks the policies of a Resiliency by themselves.
func policiesOf(o Object, found *findings) {
	each := func(kind rules.PolicyKind, check func(path, name string, policy any)) {
		path := "spec.policies." + policyKinds[string(kind)]
		all, _ := mapOf(field(o.Fields, "spec", "policies", policyKinds[string(kind)]))
		for _, name := range slices.Sorted(maps.Keys(all)) {
			found.put(path+"."+name, name, name, rules.ResiliencyPolicy(kind, name))
			check(path+"."+name, name, all[name])
		}
	}
	span := func(path string, v any) {
		if t := textOf(v); t.ready() && t.given {
			found.add(path, t, rules.PolicySpan(t.value))
		}
	}
	each(rules.TimeoutPolicy, func(path, _ string, v any) { span(path, v) })
	each(rules.RetriesPolicy, func(path, name string, v any) {
		policy, duration, most := textOf(field(v, "policy")), textOf(field(v, "duration")), textOf(field(v, "maxInterval"))
		span(path+".duration", field(v, "duration"))
		span(path+".maxInterval", field(v, "maxInterval"))
		kind := strings.ToLower(policy.value)
		if policy.ready() && policy.given {
			found.add(path+".policy", policy, rules.BackOff(kind))
		}
		if policy.known {
			found.put(path, "", name, rules.RetryWaits(kind, duration.given, most.given))
		}
		if n := textOf(field(v, "maxRetries")); n.ready() && n.given {
			if times, err := strconv.Atoi(n.value); err == nil { // else X-07 reports it
				found.add(path+".maxRetries", n, rules.RetryTimes(name, times))
			}
		}
		for key, grpc := range map[string]bool{"httpStatusCodes": false, "gRPCStatusCodes": true} {
			if codes := textOf(field(v, "matching", key)); codes.ready() && codes.value != "" {
				found.add(path+".matching."+key, codes, rules.StatusCodes(codes.value, grpc))
			}
		}
	})
	each(rules.CircuitBreakerPolicy, func(path, _ string, v any) {
		span(path+".interval", field(v, "interval"))
		span(path+".timeout", field(v, "timeout"))
		if trip := textOf(field(v, "trip")); trip.ready() && trip.value != "" {
			found.add(path+".trip", trip, rules.Trip(trip.value))
		}
	})
	actors, _ := mapOf(field(o.Fields, "spec", "targets", "actors"))
	for _, name := range slices.Sorted(maps.Keys(actors)) {
		scope, breaker := textOf(field(actors[name], "circuitBreakerScope")), textOf(field(actors[name], "circuitBreaker"))
		if scope.known && breaker.known {
			found.add("spec.targets.actors."+name+".circuitBreakerScope", scope, rules.BreakerScope(scope.value, breaker.value != ""))
		}
	}
}

// resiliency checks that a target names policies of the same object: Dapr
// treats an unknown name as no policy at all.
func resiliency(o Object, found *findings) {
	policiesOf(o, found)
	for _, kind := range []string{"apps", "actors", "components"} {
		targets, _ := mapOf(field(o.Fields, "spec", "targets", kind))
		for _, name := range slices.Sorted(maps.Keys(targets)) {
			path := "spec.targets." + kind + "." + name
			if kind != "components" {
				policies(o, path, targets[name], found)
				continue
			}
			for _, direction := range []string{"inbound", "outbound"} {
				policies(o, path+"."+direction, field(targets[name], direction), found)
			}
		}
	}
}

func policies(o Object, path string, target any, found *findings) {
	for _, kind := range slices.Sorted(maps.Keys(policyKinds)) {
		name := textOf(field(target, kind))
		declared, known := mapOf(field(o.Fields, "spec", "policies", policyKinds[kind]))
		if known && name.ready() && name.value != "" {
			found.add(path+"."+kind, name,
				rules.Known("X-01", "a policy of the object", name.value, rules.NamesOf(slices.Sorted(maps.Keys(declared))...)))
		}
	}
}
