package rules

import (
	"regexp"
	"slices"
	"strings"
)

// The metadata items that hold nothing but a secret, in whatever type of component
// (components-contrib v1.18.3: sensitive in a metadata.yaml, without identifiers,
// and without what only may hold one, as an address, or names a file; and the
// token of Vault). Somebody
// chose those of the first list; a service issued those of the second, which have
// at least issuedLength characters then.
var (
	chosenItems = words(`azureCertificatePassword password privateKeyPassphrase redisPassword saslPassword sentinelPassword vaultToken`)
	issuedItems = words(`accessKeySecret accountKey apiKey authKey authToken azureClientSecret cfAPIToken clientSecret masterKey
		oauth2ClientSecret oidcClientSecret queryToken secretKey sessionToken`)
)

const issuedLength = 16

// credentials match a password within a connection string or an address. The last
// group that matched is the password.
var credentials = []*regexp.Regexp{
	regexp.MustCompile(`(?i)(?:^|[;\s?&])(?:password|pwd|accountkey|sharedaccesskey)\s*=\s*([^;\s&]+)`),
	regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*://[^/\s:@]*:([^@/\s]+)@`),
	regexp.MustCompile(`^[^:@/\s]+:([^@/\s]+)@(?:tcp|unix)\(`), // as MySQL has it
	regexp.MustCompile(`(-----BEGIN [A-Z ]*PRIVATE KEY-----(?:\s|\\n)*[A-Za-z0-9+/]{40})`),
}

// placeholder matches what somebody or something still replaces.
var placeholder = regexp.MustCompile(`^['"]?(<.*>|\[?[^\[\]]*\]|\$\(.*\)|\$*\{.*\}|%.*%|#\{.*\}#?|__.*__|[*]+|[xX]+|\.\.\.|…|(REPLACE|YOUR|INSERT|TODO)[A-Z_ -]*)['"]?$`)

// secretValue reports whether the plain value of an item that is for a secret may be
// one: nothing, and what is still to be replaced, is none.
func secretValue(value string) bool {
	value = strings.TrimSpace(value)
	return value != "" && !placeholder.MatchString(value)
}

// Placeholder reports whether a value is still to be written, as <name>.
func Placeholder(value string) bool { return angled.MatchString(value) }

var angled = regexp.MustCompile(`<[A-Za-z][^<>]*>`)

// PlainSecret checks that a plain metadata item of any component holds no password,
// key or token (T-06).
func PlainSecret(componentType, name, value string) []Reason {
	named := func(items []string) bool {
		return slices.ContainsFunc(items, func(s string) bool { return strings.EqualFold(s, name) })
	}
	kind, _ := daprKind(componentType)
	held := credential(value)
	if named(chosenItems) || len(value) >= issuedLength && (named(issuedItems) || kind == "conversation" && name == "key") {
		held = value
	}
	if !secretValue(held) {
		return nil
	}
	return because("T-06", inClear)
}

const inClear = "must not be given as a plain value, only as a secretKeyRef"

// credential returns the password in a connection string, "" if there is none.
func credential(value string) string {
	for _, c := range credentials {
		if found := c.FindStringSubmatch(value); found != nil {
			return found[1]
		}
	}
	return ""
}
