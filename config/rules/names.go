package rules

import (
	"slices"
	"strings"
)

// dnsLabel says whether s is an RFC 1123 label of at most max characters:
// lower-case letters, digits and hyphens, starting and ending with a letter or
// a digit.
func dnsLabel(s string, max int) bool {
	if s == "" || len(s) > max || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// dnsSubdomain says whether s is an RFC 1123 subdomain: labels joined by dots,
// at most 253 characters.
func dnsSubdomain(s string) bool {
	if len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if !dnsLabel(label, 63) {
			return false
		}
	}
	return true
}

// oneOf refuses a value that is not among the allowed ones.
func oneOf(rule, value string, allowed ...string) []Reason {
	if slices.Contains(allowed, value) {
		return nil
	}
	if len(allowed) == 1 {
		return because(rule, "must be %s", allowed[0])
	}
	return because(rule, "must be one of %s", strings.Join(allowed, ", "))
}

// port refuses what is not a TCP port.
func port(rule string, p int) []Reason {
	if p < 1 || p > 65535 {
		return because(rule, "must be between 1 and 65535")
	}
	return nil
}
