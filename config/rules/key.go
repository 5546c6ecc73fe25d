package rules

import "slices"

// keyPrefixes are Dapr's own strategies for prefixes.
var keyPrefixes = []string{"appid", "name", "namespace", "none"}

// KeyPrefix checks the keyPrefix of a state store (N-02). Dapr stores keys as
// {prefix}||{domain}:{type}:{identifier}, so a colon in the prefix would look like
// the end of the domain.
func KeyPrefix(prefix string) []Reason {
	if slices.Contains(keyPrefixes, prefix) || dnsSubdomain(prefix) {
		return nil
	}
	return because("N-02", "must be appid, name, namespace, none, or one name of lower-case letters, digits and hyphens: "+
		"keys are stored as {prefix}||{domain}:{type}:{identifier}")
}
