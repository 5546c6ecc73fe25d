package rules

import (
	"fmt"
	"slices"
	"strings"
)

// MaxAppID is the longest app-id: Dapr makes a Service named {app-id}-dapr,
// and a Service name has at most 63 characters.
const MaxAppID = 63 - len("-dapr")

// LogLevels are the levels of daprd's log (S-06).
var LogLevels = []string{"debug", "info", "warn", "error"}

// SidecarPorts are the ports on which daprd itself listens; no container of the
// pod may use them (S-08, X-04).
var SidecarPorts = []int{3500, 3501, 50001, 50002, 8080}

// AppID checks the form of an app-id (S-01).
func AppID(id string) []Reason {
	if id == "" {
		return because("S-01", "is required")
	}
	if !dnsLabel(id, MaxAppID) {
		return because("S-01", "must be lower-case letters, digits and hyphens, "+
			"starting and ending with a letter or digit, at most %d characters", MaxAppID)
	}
	return nil
}

// AppIDConvention checks the naming convention {service}-app (S-02).
func AppIDConvention(id string) []Reason {
	if service, ok := strings.CutSuffix(id, "-app"); !ok || service == "" {
		return because("S-02", "must follow {service}-app")
	}
	return nil
}

// AppPort checks the range of an app-port (S-04).
func AppPort(p int) []Reason { return port("S-04", p) }

// AppPortExposed checks that the container really exposes the app-port (S-05).
func AppPortExposed(p int, exposed []int) []Reason {
	if slices.Contains(exposed, p) {
		return nil
	}
	if len(exposed) == 0 {
		return because("S-05", "must be a port of the app's container, which exposes none")
	}
	return because("S-05", "must be a port of the app's container (%s)", joinInts(exposed))
}

// ConfigurationName checks the name of a Configuration (S-09).
func ConfigurationName(name string) []Reason {
	reasons := ComponentName(name)
	for i := range reasons {
		reasons[i].Rule = "S-09"
	}
	return reasons
}

// MetricsPort checks that neither the app's container nor daprd already uses a
// metrics-port (S-08).
func MetricsPort(p int, exposed []int) []Reason {
	if slices.Contains(SidecarPorts, p) {
		return because("S-08", "must differ from the sidecar's own ports (%s)", joinInts(SidecarPorts))
	}
	if slices.Contains(exposed, p) {
		return because("S-08", "must differ from the ports of the app's container (%s)", joinInts(exposed))
	}
	return nil
}

// ContainerPort checks a port of an app with a sidecar: it shares the pod's
// network with daprd, whose own ports are taken (S-08). HTTP on 3500 cannot be
// moved.
func ContainerPort(p int) []Reason {
	switch {
	case p == 3500:
		return because("X-04", "must not be 3500, the sidecar's HTTP port")
	case slices.Contains(SidecarPorts, p) && p != 8080:
		return because("S-08", "must differ from the sidecar's own ports (%s)", joinInts(SidecarPorts))
	}
	return nil
}

// WritableVolume returns the name of the volume of an app's i-th writable path.
func WritableVolume(i int) string { return fmt.Sprintf("writable-%d", i) }

// RedisCAVolume is the name of the volume with the certificate of a private
// authority that signed that of Redis.
const RedisCAVolume = "redis-ca"

func joinInts(values []int) string {
	var b strings.Builder
	for i, v := range values {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprint(&b, v)
	}
	return b.String()
}
