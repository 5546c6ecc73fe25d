package rules

import (
	"net"
	"slices"
	"strconv"
	"strings"
)

// The component types that a stack supports (T-02), and their version (T-03).
const (
	StateRedis       = "state.redis"
	PubSubRedis      = "pubsub.redis"
	ComponentVersion = "v1"
)

// ComponentName checks the name of a component (T-01).
func ComponentName(name string) []Reason {
	switch {
	case name == "":
		return because("T-01", "is required")
	case !dnsSubdomain(name):
		return because("T-01", "must be a DNS-1123 name: lower-case letters, digits, hyphens and dots, "+
			"starting and ending with a letter or digit")
	}
	return nil
}

// ComponentType checks that a component is of the one type that its kind
// supports (T-02).
func ComponentType(typ, supported string) []Reason { return oneOf("T-02", typ, supported) }

// Version checks the version of a component (T-03).
func Version(v string) []Reason { return oneOf("T-03", v, ComponentVersion) }

// RedisHost checks an address of the form host:port (T-05).
func RedisHost(address string) []Reason {
	host, p, err := net.SplitHostPort(address)
	if err != nil || host == "" || strings.ContainsAny(address, ", /@") {
		return because("T-05", "must be host:port")
	}
	if n, err := strconv.Atoi(p); err != nil || n < 1 || n > 65535 {
		return because("T-05", "must be host:port, with a port between 1 and 65535")
	}
	return nil
}

// Scopes checks the scopes of a component: not empty, without repetition
// (T-09). Whether an entry is an app with a sidecar is [Known].
func Scopes(scopes []string) []Reason {
	if len(scopes) == 0 {
		return because("T-09", "is required: a component without scopes is open to every app of the namespace")
	}
	for i, s := range scopes {
		if slices.Contains(scopes[:i], s) {
			return because("T-09", "must name each app once")
		}
	}
	return nil
}

// SecretNamespace checks that a secret is in the namespace of the component
// that reads it. Empty means the component's own.
func SecretNamespace(secret, component string) []Reason {
	if secret == "" || secret == component {
		return nil
	}
	return because("X-06", "must be the namespace of the component, %q", component)
}
