package rules

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/validate/content"
)

// dnsLabel reports whether s is an RFC 1123 label of at most max characters:
// lower-case letters, digits and hyphens, starting and ending with a letter or
// digit.
func dnsLabel(s string, max int) bool {
	return len(s) <= max && len(content.IsDNS1123Label(s)) == 0
}

// dnsSubdomain reports whether s is an RFC 1123 subdomain: labels joined by
// dots, at most 253 characters. Kubernetes does not limit the labels to 63
// characters, DNS does.
func dnsSubdomain(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if !dnsLabel(label, content.DNS1123LabelMaxLength) {
			return false
		}
	}
	return len(s) <= content.DNS1123SubdomainMaxLength
}

// oneOf checks that a value is one of the allowed ones.
func oneOf(rule, value string, allowed ...string) []Reason {
	if slices.Contains(allowed, value) {
		return nil
	}
	if len(allowed) == 1 {
		return because(rule, "must be %s", allowed[0])
	}
	return because(rule, "must be one of %s", strings.Join(allowed, ", "))
}

// port checks that p is the number of a TCP port.
func port(rule string, p int) []Reason {
	if p < 1 || p > 65535 {
		return because(rule, "must be between 1 and 65535")
	}
	return nil
}
