package contracts

import (
	"time"

	"github.com/daprstack/daprstack/config/rules"
)

// MaxKeyLength is the most characters that a state key may have (N-01).
const MaxKeyLength = rules.MaxKeyLength

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
	return Key{name, rules.KeyLifetimes[rules.KeyPattern(name)]}, nil
}

// NewKey makes a key of an application's own. Lifetime is in whole seconds, 0
// for ever (N-05); for a pattern of the data model it must be 0 or the one given
// there (N-03).
func NewKey(domain, kind, id string, lifetime time.Duration) (Key, error) {
	name := domain + ":" + kind + ":" + id
	ps := CheckKey(name)
	if lifetime != 0 {
		ps.add("lifetime", lifetime.String(), rules.TTL(name, lifetime))
	}
	if err := ps.err("making a state key"); err != nil {
		return Key{}, err
	}
	if lifetime == 0 {
		lifetime = rules.KeyLifetimes[rules.KeyPattern(name)]
	}
	return Key{name, lifetime}, nil
}

// CheckKey returns the rules that a key breaks (N-01, N-02), none when it may be
// used.
func CheckKey(name string) (ps Problems) {
	ps.add("key", name, rules.KeyLimits(name))
	ps.add("key", name, rules.KeyForm(name))
	return ps
}
