package contracts

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const keyFormText = "must be {domain}:{type}:{identifier}, domain and type of lower-case letters, digits and hyphens, " +
	"the identifier without spaces or control characters"

var keyRules = map[string]struct {
	key  string
	want []string
}{
	"chat session":     {"chat:session:123", nil},
	"own pattern":      {"todo:tasks:1", nil},
	"all letters":      {"az-09:az-09:1", nil},
	"further colons":   {"todo:tasks:urn:user:1", nil},
	"any identifier":   {"todo-2:tasks:a/b+c%20|Ünï", nil},
	"256 characters":   {"a:b:" + strings.Repeat("ü", 252), nil},
	"empty":            {"", []string{`key [N-01]: is required`, `key [N-02]: ` + keyFormText}},
	"257 characters":   {"a:b:" + strings.Repeat("c", 253), []string{`key: "a:b:` + strings.Repeat("c", 76) + `…" [N-01]: must be at most 256 characters`}},
	"Dapr's separator": {"a:b:c||d", []string{`key: "a:b:c||d" [N-01]: must not contain ||, which Dapr puts between app-id and key`}},
	"one part":         {"session", []string{`key: "session" [N-02]: ` + keyFormText}},
	"two parts":        {"chat:session", []string{`key: "chat:session" [N-02]: ` + keyFormText}},
	"no domain":        {":session:1", []string{`key: ":session:1" [N-02]: ` + keyFormText}},
	"no type":          {"chat::1", []string{`key: "chat::1" [N-02]: ` + keyFormText}},
	"no identifier":    {"chat:session:", []string{`key: "chat:session:" [N-02]: ` + keyFormText}},
	"capitals":         {"Chat:session:1", []string{`key: "Chat:session:1" [N-02]: ` + keyFormText}},
	"capital type":     {"chat:Session:1", []string{`key: "chat:Session:1" [N-02]: ` + keyFormText}},
	"space":            {"chat:session:a b", []string{`key: "chat:session:a b" [N-02]: ` + keyFormText}},
	"control":          {"chat:session:a\x00", []string{`key: "chat:session:a\x00" [N-02]: ` + keyFormText}},
	"not UTF-8":        {"chat:session:\xff", []string{`key: "chat:session:\xff" [N-02]: ` + keyFormText}},
	"several":          {"||", []string{`key: "||" [N-01]: must not contain ||, which Dapr puts between app-id and key`, `key: "||" [N-02]: ` + keyFormText}},
}

func TestParseKey(t *testing.T) {
	for name, test := range keyRules {
		t.Run(name, func(t *testing.T) {
			key, err := ParseKey(test.key)
			assert.Equal(t, test.want, reported(err))
			if err == nil {
				assert.Equal(t, test.key, key.String())
			} else {
				assert.Equal(t, Key{}, key)
			}
		})
	}
}

// N-03: the lifetime comes with the key, however the key was made.
func TestLifetimes(t *testing.T) {
	tests := []struct {
		make     func(string) (Key, error)
		key      string
		lifetime time.Duration
	}{
		{ChatSession, "chat:session:123", time.Hour},
		{CachedUser, "cache:user:123", 30 * time.Minute},
		{WorkflowTask, "workflow:task:123", 10 * time.Minute},
		{CachedTasks, "cache:tasks:123", 5 * time.Minute},
		{func(id string) (Key, error) { return ParseKey("todo:tasks:" + id) }, "todo:tasks:123", 0},
		{func(id string) (Key, error) { return ParseKey("cache:users:" + id) }, "cache:users:123", 0},
	}
	for _, test := range tests {
		key, err := test.make("123")
		require.NoError(t, err)
		assert.Equal(t, test.key, key.String())
		assert.Equal(t, test.lifetime, key.Lifetime(), test.key)

		parts := strings.Split(test.key, ":")
		same, err := NewKey(parts[0], parts[1], parts[2], 0)
		require.NoError(t, err)
		assert.Equal(t, key, same)

		_, err = test.make("")
		assert.Error(t, err, "an empty identifier")
	}
}

func TestNewKey(t *testing.T) {
	tests := map[string]struct {
		domain, kind, id string
		lifetime         time.Duration
		want             []string
	}{
		"own lifetime":           {"todo", "draft", "1", time.Minute, nil},
		"forever":                {"todo", "draft", "1", 0, nil},
		"the model's lifetime":   {"cache", "user", "1", 30 * time.Minute, nil},
		"another than the model": {"cache", "user", "1", time.Minute, []string{`lifetime: "1m0s" [N-03]: must be 1800 s for cache:user:{id}`}},
		"negative":               {"todo", "draft", "1", -time.Second, []string{`lifetime: "-1s" [N-05]: must be a positive number of whole seconds`}},
		"half a second":          {"todo", "draft", "1", 500 * time.Millisecond, []string{`lifetime: "500ms" [N-05]: must be a positive number of whole seconds`}},
		"one and a half":         {"todo", "draft", "1", 1500 * time.Millisecond, []string{`lifetime: "1.5s" [N-05]: must be a positive number of whole seconds`}},
		"a colon in the type":    {"todo", "", "1", 0, []string{`key: "todo::1" [N-02]: ` + keyFormText}},
		"both":                   {"", "", "", 1, []string{`key: "::" [N-02]: ` + keyFormText, `lifetime: "1ns" [N-05]: must be a positive number of whole seconds`}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			key, err := NewKey(test.domain, test.kind, test.id, test.lifetime)
			assert.Equal(t, test.want, reported(err))
			if err == nil {
				assert.Equal(t, test.lifetime, key.Lifetime())
			}
		})
	}
}
