package config_test

import (
	"encoding/json"
	"testing"

	"github.com/daprstack/daprstack/config"
)

// FuzzLoad: whatever stands in a stack file, loading ends, without a panic, in a
// stack or in errors that can be printed.
func FuzzLoad(f *testing.F) {
	for _, name := range []string{"dev", "staging", "prod"} {
		seed, err := json.Marshal(read(f, name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(seed))
	}
	for _, c := range badStackFiles {
		seed, err := json.Marshal(apply(f, read(f, "dev"), c.edits))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(seed))
	}
	f.Fuzz(func(t *testing.T, text string) {
		var values map[string]string
		if json.Unmarshal([]byte(text), &values) != nil {
			return
		}
		stack, err := config.Load(values)
		if err != nil {
			if stack != nil || err.Error() == "" {
				t.Fatal("an error came with a stack or without a word")
			}
			return
		}
		for _, app := range stack.Apps {
			stack.Environment(app)
		}
		config.Warnings(stack)
	})
}
