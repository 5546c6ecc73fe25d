package app

import (
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// annotations are the pod annotations that make the injector add daprd. Every
// value is text (S-10).
func annotations(s *Sidecar) pulumi.StringMap {
	if s == nil {
		return nil
	}
	a := map[string]string{
		"dapr.io/enabled":        "true",
		"dapr.io/app-id":         s.AppID,
		"dapr.io/app-port":       strconv.Itoa(s.AppPort),
		"dapr.io/app-protocol":   "http",
		"dapr.io/config":         s.Config,
		"dapr.io/log-level":      s.LogLevel,
		"dapr.io/enable-metrics": strconv.FormatBool(s.EnableMetrics),
		// The pod has no Kubernetes token: components get their secrets from the
		// operator.
		"dapr.io/disable-builtin-k8s-secret-store": "true",
		"dapr.io/sidecar-seccomp-profile-type":     "RuntimeDefault",
	}
	if s.EnableMetrics {
		a["dapr.io/metrics-port"] = strconv.Itoa(s.MetricsPort)
	}
	for key, quantity := range map[string]string{
		"dapr.io/sidecar-cpu-request":    s.Resources.Requests["cpu"],
		"dapr.io/sidecar-memory-request": s.Resources.Requests["memory"],
		"dapr.io/sidecar-cpu-limit":      s.Resources.Limits["cpu"],
		"dapr.io/sidecar-memory-limit":   s.Resources.Limits["memory"],
	} {
		if quantity != "" {
			a[key] = quantity
		}
	}
	all := pulumi.ToStringMap(a)
	if s.Settings != nil {
		all["daprstack.io/settings"] = s.Settings
	}
	return all
}
