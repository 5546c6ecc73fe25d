package contracts

import (
	"time"

	"github.com/daprstack/daprstack/config/rules"
)

// MaxKeyLength is the maximum length of a state key, in characters (N-01).
const MaxKeyLength = rules.MaxKeyLength

// A Key is a state key of the form {domain}:{type}:{identifier} together with
// the lifetime of what is stored under it. Only this package creates keys, so
// every Key but the zero Key is valid (N-01, N-02) and has the lifetime of the
// data model (N-03).
type Key struct {
	name     string
	lifetime time.Duration
}

// String returns the key without the app-id that Dapr puts before it.
func (k Key) String() string { return k.name }

// Lifetime returns how long an entry lives after it was written; 0 means
// forever.
func (k Key) Lifetime() time.Duration { return k.lifetime }

// ChatSession returns the key of a user's chat history, which lives for one
// hour.
func ChatSession(userID string) (Key, error) { return ParseKey("chat:session:" + userID) }

// CachedUser returns the key of a user's cached profile, which lives for 30
// minutes.
func CachedUser(userID string) (Key, error) { return ParseKey("cache:user:" + userID) }

// WorkflowTask returns the key of a workflow's state, which lives for ten
// minutes.
func WorkflowTask(workflowID string) (Key, error) { return ParseKey("workflow:task:" + workflowID) }

// CachedTasks returns the key of a user's cached task list, which lives for
// five minutes.
func CachedTasks(userID string) (Key, error) { return ParseKey("cache:tasks:" + userID) }

// ParseKey parses {domain}:{type}:{identifier}. A key of one of the four
// patterns of the data model gets its lifetime (N-03); any other lives forever.
func ParseKey(name string) (Key, error) {
	if err := CheckKey(name).err("making a state key"); err != nil {
		return Key{}, err
	}
	return Key{name, rules.KeyLifetimes[rules.KeyPattern(name)]}, nil
}

// NewKey returns a key of the application's own. The lifetime is in whole
// seconds, 0 for forever (N-05). For a pattern of the data model it must be 0
// or the model's lifetime (N-03).
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

// CheckKey returns the rules that a key breaks (N-01, N-02).
func CheckKey(name string) (ps Problems) {
	ps.add("key", name, rules.KeyLimits(name))
	ps.add("key", name, rules.KeyForm(name))
	return ps
}
