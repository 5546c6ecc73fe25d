package rules

import "slices"

// keyPrefixes are the prefixes that Dapr makes itself.
var keyPrefixes = []string{"appid", "name", "namespace", "none"}

// KeyPrefix checks the keyPrefix of a state store: what Dapr stores is
// {prefix}||{domain}:{type}:{identifier}, so a prefix with a colon would read as
// a domain (N-02).
func KeyPrefix(prefix string) []Reason {
	if slices.Contains(keyPrefixes, prefix) || dnsSubdomain(prefix) {
		return nil
	}
	return because("N-02", "must be appid, name, namespace, none, or one name of lower-case letters, digits and hyphens: "+
		"keys are stored as {prefix}||{domain}:{type}:{identifier}")
}
