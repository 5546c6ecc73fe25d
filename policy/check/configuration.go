package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/daprstack/daprstack/config/rules"
)

// configuration checks that Dapr finds every operation of an access policy (I-07).
func configuration(o Object, found *findings) {
	policies, _ := listOf(field(o.Fields, "spec", "accessControl", "policies"))
	for i, policy := range policies {
		items, _ := listOf(field(policy, "operations"))
		operations, names := make([]rules.Operation, len(items)), make([]text, len(items))
		for j, item := range items {
			names[j] = textOf(field(item, "name"))
			if !names[j].ready() {
				return
			}
			operations[j].Path = "/" + strings.TrimPrefix(names[j].value, "/") // as Dapr adds it
		}
		reasons := rules.Operations(operations, false)
		for _, j := range slices.Sorted(maps.Keys(reasons)) {
			found.add(fmt.Sprintf("spec.accessControl.policies[%d].operations[%d].name", i, j), names[j], reasons[j])
		}
	}
}
