package rules

import (
	"net"
	"strconv"
	"strings"
)

// ComponentVersion is the version of every supported type (T-03).
const ComponentVersion = "v1"

// ComponentName checks the name of a component (T-01).
func ComponentName(name string) []Reason {
	switch {
	case name == "":
		return because("T-01", "is required")
	case !dnsSubdomain(name):
		return because("T-01", "must be a DNS-1123 name: lower-case letters, digits, hyphens and dots, "+
			"starting and ending with a letter or digit, at most 253 characters")
	}
	return nil
}

// SupportedType checks that the type of a component is one of the supported ones
// (T-02).
func SupportedType(typ string, supported ...string) []Reason {
	return oneOf("T-02", typ, supported...)
}

// Version checks the version of a component (T-03).
func Version(v string) []Reason { return oneOf("T-03", v, ComponentVersion) }

// RedisHost checks an address of the form host:port (T-05).
func RedisHost(address string) []Reason {
	host, p, err := net.SplitHostPort(address)
	if err != nil || host == "" || strings.ContainsAny(address, ", /@{}") {
		return because("T-05", "must be host:port")
	}
	if n, err := strconv.Atoi(p); err != nil || n < 1 || n > 65535 {
		return because("T-05", "must be host:port, with a port between 1 and 65535")
	}
	return nil
}

// RedisHosts checks the addresses of a Redis: several, separated by commas, only
// with a cluster or sentinels (T-05).
func RedisHosts(value string, several bool) []Reason {
	if several {
		return addresses(value)
	}
	if strings.Contains(value, ",") {
		return because("T-05", "must be one host:port without redis.external.cluster or redis.external.sentinel")
	}
	return RedisHost(value)
}

// Scopes checks that the scopes of a component are not empty and name each app
// once (T-09). [Known] checks that an entry is an app with a sidecar.
func Scopes(scopes []string) []Reason {
	switch {
	case len(scopes) == 0:
		return because("T-09", "is required: a component without scopes is open to every app of the namespace")
	case len(NamesOf(scopes...)) < len(scopes):
		return because("T-09", "must name each app once")
	}
	return nil
}

// RedisPassword checks a password that is given for the stack's Redis (T-06):
// redis.conf must take it in double quotes without any escaping.
func RedisPassword(password string) []Reason {
	if strings.ContainsFunc(password, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }) {
		return because("T-06", "must be printable ASCII without spaces, quotes and backslashes")
	}
	return NoTemplate("T-06", password)
}

// RedisUsername checks the name of an ACL user, which may be left out (T-10).
func RedisUsername(name string) []Reason {
	if name == "" {
		return nil
	}
	return MetadataItem(StateRedis, "redisUsername", name)
}

// Credentials checks the credentials of a Redis outside the stack (T-06): exactly
// one password when authentication is on, neither user nor password when it is
// off.
func Credentials(auth bool, username string, passwords int) []Reason {
	switch {
	case auth && passwords == 0:
		return because("T-06", "password or passwordSecret is required, unless auth is false")
	case auth && passwords > 1:
		return because("T-06", "password and passwordSecret must not be given together")
	case !auth && (passwords > 0 || username != ""):
		return because("T-06", "a user or a password must not be given when auth is false")
	}
	return nil
}

// SentinelCredentials checks the credentials of sentinels (T-06): at most one
// password, and one if there is a user, whom Dapr ignores without.
func SentinelCredentials(username string, passwords int) []Reason {
	switch {
	case username != "" && passwords == 0:
		return because("T-06", "password or passwordSecret is required with a username")
	case passwords > 1:
		return because("T-06", "password and passwordSecret must not be given together")
	}
	return nil
}

// SecretBefore checks that a Secret that the stack does not make can exist before
// it (T-07), which it cannot in a namespace that the stack makes.
func SecretBefore(namespaceIsNew bool) []Reason {
	if !namespaceIsNew {
		return nil
	}
	return because("T-07", "goes with createNamespace: false: the Secret must be in the namespace before the stack")
}

// SecretNamespace checks that a secret is in the namespace of the component that
// reads it. An empty namespace stands for the component's own.
func SecretNamespace(secret, component string) []Reason {
	if secret == "" || secret == component {
		return nil
	}
	return because("X-06", "must be the namespace of the component, %q", component)
}
