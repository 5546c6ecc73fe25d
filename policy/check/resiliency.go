package check

import (
	"maps"
	"slices"

	"github.com/daprstack/daprstack/config/rules"
)

// policyKinds maps the kinds of policy that a target may name to the maps that
// declare them.
var policyKinds = map[string]string{"timeout": "timeouts", "retry": "retries", "circuitBreaker": "circuitBreakers"}

// resiliency checks that a target names policies of the same object: Dapr
// treats an unknown name as no policy at all.
func resiliency(o Object, found *findings) {
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
