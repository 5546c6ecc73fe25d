package dapr

import (
	"maps"

	"github.com/daprstack/daprstack/config/rules"
)

// chartValues returns the Helm values of the control plane, with those of the
// arguments merged over them.
func chartValues(args *ControlPlaneArgs) map[string]any {
	component := func(values map[string]any) map[string]any {
		values["logLevel"] = args.LogLevel
		return values
	}
	scheduler := map[string]any{"inMemoryStorage": args.SchedulerInMemory}
	if !args.SchedulerInMemory {
		scheduler["storageSize"] = args.SchedulerStorage
		scheduler["storageClassName"] = args.SchedulerStorageClass
	}
	own := map[string]any{
		"global": map[string]any{
			// The chart of a release has its version here; a chart from the source tree
			// does not.
			"tag":            args.Version,
			"ha":             map[string]any{"enabled": args.HA},
			"mtls":           map[string]any{"enabled": args.MTLS},
			"seccompProfile": "RuntimeDefault",
		},
		// This would let pods of the namespace "default" read its secrets. Ours read
		// none: the operator resolves what their components refer to.
		"dapr_rbac": map[string]any{"secretReader": map[string]any{"enabled": false}},
		// The system Configuration is a resource of ours: see [ControlPlane].
		"dapr_config":    map[string]any{"dapr_config_chart_included": false},
		"dapr_operator":  component(map[string]any{}),
		"dapr_placement": component(map[string]any{}),
		"dapr_sentry":    component(map[string]any{}),
		"dapr_scheduler": component(map[string]any{"cluster": scheduler}),
		"dapr_sidecar_injector": component(map[string]any{
			"webhookFailurePolicy":       "Fail",
			"sidecarDropALLCapabilities": true,
			"objectSelector": map[string]any{
				"matchLabels": map[string]any{rules.SidecarLabel: rules.SidecarLabelValue},
			},
		}),
	}
	return mergeValues(own, args.Values)
}

// mergeValues returns base with over merged in, as Helm does: maps key by key,
// everything else replaced.
func mergeValues(base, over map[string]any) map[string]any {
	all := maps.Clone(base)
	for key, value := range over {
		below, ok1 := all[key].(map[string]any)
		above, ok2 := value.(map[string]any)
		if ok1 && ok2 {
			all[key] = mergeValues(below, above)
			continue
		}
		all[key] = value
	}
	return all
}
