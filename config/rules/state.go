package rules

import (
	"encoding/json"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// MaxKeyLength is the maximum length of a state key in characters (N-01).
const MaxKeyLength = 256

// keySeparator separates the app-id and the key in what Dapr stores.
const keySeparator = "||"

// KeyLifetimes are the lifetimes of entries by the patterns of the data model,
// {domain}:{type} (N-03).
var KeyLifetimes = map[string]time.Duration{
	"chat:session":  3600 * time.Second,
	"cache:user":    1800 * time.Second,
	"workflow:task": 600 * time.Second,
	"cache:tasks":   300 * time.Second,
}

// KeyLimits checks that Dapr can store a value under a key (N-01).
func KeyLimits(key string) (reasons []Reason) {
	if key == "" {
		return because("N-01", "is required")
	}
	if utf8.RuneCountInString(key) > MaxKeyLength {
		reasons = append(reasons, because("N-01", "must be at most %d characters", MaxKeyLength)...)
	}
	if strings.Contains(key, keySeparator) {
		reasons = append(reasons, because("N-01", "must not contain %s, which Dapr puts between app-id and key", keySeparator)...)
	}
	return reasons
}

// KeyForm checks that a key has the form {domain}:{type}:{identifier} (N-02). The
// identifier is up to the application and may contain further colons.
func KeyForm(key string) []Reason {
	parts := keyForm.FindStringSubmatch(key)
	if parts == nil || !utf8.ValidString(key) || strings.ContainsFunc(parts[1], invisible) {
		return because("N-02", "must be {domain}:{type}:{identifier}, domain and type of lower-case letters, digits and hyphens, "+
			"the identifier without spaces or control characters")
	}
	return nil
}

// keyForm matches keys of that form, but also identifiers with invisible
// characters.
var keyForm = regexp.MustCompile(`^[a-z0-9-]+:[a-z0-9-]+:(.+)$`)

func invisible(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }

// KeyPattern returns the {domain}:{type} of a key.
func KeyPattern(key string) string {
	parts := strings.SplitN(key, ":", 3)
	return strings.Join(parts[:min(len(parts), 2)], ":")
}

// TTL checks that the lifetime of an entry is a positive number of seconds (N-05),
// and the one that the data model gives for its pattern (N-03).
func TTL(key string, ttl time.Duration) []Reason {
	if ttl < time.Second || ttl%time.Second != 0 {
		return because("N-05", "must be a positive number of whole seconds")
	}
	pattern := KeyPattern(key)
	if want, ok := KeyLifetimes[pattern]; ok && ttl != want {
		return because("N-03", "must be %d s for %s:{id}", int(want.Seconds()), pattern)
	}
	return nil
}

// StateValue checks that a value can be stored as JSON (N-04).
func StateValue(v any) []Reason {
	if _, err := json.Marshal(v); err != nil {
		return because("N-04", "must be valid JSON: %v", err)
	}
	return nil
}

// Whether a write waits for all replicas (N-06), and which of two writes to the
// same entry wins (N-07).
const (
	Eventual   = "eventual"
	Strong     = "strong"
	LastWrite  = "last-write"
	FirstWrite = "first-write"
)

// Consistency checks the consistency of a read or a write (N-06). Default eventual.
func Consistency(c string) []Reason {
	switch c {
	case "", Eventual, Strong:
		return nil
	}
	return because("N-06", "must be %s or %s; the default is %s", Strong, Eventual, Eventual)
}

// Concurrency checks the concurrency of a write, and that an etag is given only
// where it has an effect (N-07). Default last-write.
func Concurrency(c, etag string) []Reason {
	switch c {
	case FirstWrite:
		return nil
	case "", LastWrite:
		if etag != "" {
			return because("N-07", "must be %s when an etag is given: %s, the default, ignores it", FirstWrite, LastWrite)
		}
		return nil
	}
	return because("N-07", "must be %s or %s; the default is %s", FirstWrite, LastWrite, LastWrite)
}
