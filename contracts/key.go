package contracts

import (
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/daprstack/daprstack/config/rules"
)

// MaxKeyLength is the most characters that a state key may have (N-01).
const MaxKeyLength = 256

// keySeparator is what Dapr puts between the app-id and the key.
const keySeparator = "||"

// A Key is a state key of the form {domain}:{type}:{identifier} together with
// the lifetime of what is stored under it. Only the functions of this package
// make one, so that a Key other than the zero Key is valid (N-01, N-02) and
// lives as long as the data model says (N-03).
type Key struct {
	name     string
	lifetime time.Duration
}

// String returns the key as the state store sees it, without the app-id that
// Dapr puts before it.
func (k Key) String() string { return k.name }

// Lifetime is how long an entry lives after it was written; 0 is for ever.
func (k Key) Lifetime() time.Duration { return k.lifetime }

// keyPatterns are the patterns of the data model with their lifetimes (N-03).
var keyPatterns = map[string]time.Duration{
	"chat:session":  3600 * time.Second,
	"cache:user":    1800 * time.Second,
	"workflow:task": 600 * time.Second,
	"cache:tasks":   300 * time.Second,
}

// ChatSession is the key of a user's chat history, which lives for one hour.
func ChatSession(userID string) (Key, error) { return ParseKey("chat:session:" + userID) }

// CachedUser is the key of a user's cached profile, which lives for 30 minutes.
func CachedUser(userID string) (Key, error) { return ParseKey("cache:user:" + userID) }

// WorkflowTask is the key of a workflow's state, which lives for ten minutes.
func WorkflowTask(workflowID string) (Key, error) { return ParseKey("workflow:task:" + workflowID) }

// CachedTasks is the key of a user's cached task list, which lives for five
// minutes.
func CachedTasks(userID string) (Key, error) { return ParseKey("cache:tasks:" + userID) }

// ParseKey reads {domain}:{type}:{identifier}. A key of one of the four patterns
// of the data model gets its lifetime (N-03), any other lives for ever.
func ParseKey(name string) (Key, error) {
	if err := CheckKey(name).err("making a state key"); err != nil {
		return Key{}, err
	}
	return Key{name, keyPatterns[pattern(name)]}, nil
}

// NewKey makes a key of an application's own. Lifetime is in whole seconds, 0
// for ever (N-05); for a pattern of the data model it must be 0 or the one given
// there (N-03).
func NewKey(domain, kind, id string, lifetime time.Duration) (Key, error) {
	name := domain + ":" + kind + ":" + id
	ps := CheckKey(name)
	if lifetime != 0 {
		ps.add("lifetime", lifetime.String(), checkTTL(pattern(name), lifetime))
	}
	if err := ps.err("making a state key"); err != nil {
		return Key{}, err
	}
	if lifetime == 0 {
		lifetime = keyPatterns[pattern(name)]
	}
	return Key{name, lifetime}, nil
}

// CheckKey returns the rules that a key breaks (N-01, N-02), none when it may be
// used.
func CheckKey(name string) (ps Problems) {
	ps.add("key", name, checkKeyLimits(name))
	ps.add("key", name, checkKeyForm(name))
	return ps
}

// checkKeyLimits is rule N-01.
func checkKeyLimits(name string) (reasons []rules.Reason) {
	if name == "" {
		return broken("N-01", "is required")
	}
	if utf8.RuneCountInString(name) > MaxKeyLength {
		reasons = append(reasons, broken("N-01", "must be at most %d characters", MaxKeyLength)...)
	}
	if strings.Contains(name, keySeparator) {
		reasons = append(reasons, broken("N-01", "must not contain %s, which Dapr puts between app-id and key", keySeparator)...)
	}
	return reasons
}

// checkKeyForm is rule N-02. The identifier is the application's and may contain
// further colons.
func checkKeyForm(name string) []rules.Reason {
	parts := keyForm.FindStringSubmatch(name)
	if parts == nil || !utf8.ValidString(name) || strings.ContainsFunc(parts[1], invisible) {
		return broken("N-02", "must be {domain}:{type}:{identifier}, domain and type of lower-case letters, digits and hyphens, "+
			"the identifier without spaces or control characters")
	}
	return nil
}

// keyForm is rule N-02 but for the identifier's characters, which are those that
// can be seen.
var keyForm = regexp.MustCompile(`^[a-z0-9-]+:[a-z0-9-]+:(.+)$`)

func invisible(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }

// pattern is the {domain}:{type} of a key.
func pattern(name string) string {
	parts := strings.SplitN(name, ":", 3)
	return strings.Join(parts[:min(len(parts), 2)], ":")
}

// checkTTL is rule N-05, and N-03 for the patterns whose lifetime is given.
func checkTTL(pattern string, ttl time.Duration) []rules.Reason {
	if ttl < time.Second || ttl%time.Second != 0 {
		return broken("N-05", "must be a positive number of whole seconds")
	}
	if want, ok := keyPatterns[pattern]; ok && ttl != want {
		return broken("N-03", "must be %d s for %s:{id}", int(want.Seconds()), pattern)
	}
	return nil
}
