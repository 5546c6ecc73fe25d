package config_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules/rulestest"
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
	for _, c := range badStackFiles() {
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
		load(t, values)
	})
}

// FuzzEdits is FuzzLoad with any two places of a good stack file changed, which
// stays close to one.
func FuzzEdits(f *testing.F) {
	files := append(everything(f), read(f, "dev"), read(f, "prod"))
	paths := make([][]string, len(files))
	for i, file := range files {
		paths[i] = rulestest.Paths(rulestest.Tree(file))
		f.Add(uint(i), uint(0), `"x"`, uint(1), `null`)
		f.Add(uint(i), uint(9), `[{}]`, uint(30), `{"name": "a"}`)
		f.Add(uint(i), uint(40), `8080`, uint(60), `"9s"`)
	}
	f.Fuzz(func(t *testing.T, file, first uint, value string, second uint, other string) {
		n := file % uint(len(files))
		edits := []rulestest.Edit{rulestest.EditAt(paths[n], first, value), rulestest.EditAt(paths[n], second, other)}
		load(t, rulestest.Apply(t, files[n], edits))
	})
}

// load: a stack that can be used, or errors that can be printed.
func load(t *testing.T, values map[string]string) {
	t.Helper()
	stack, err := config.Load(values)
	var found config.Errors
	switch {
	case err == nil:
		if err := config.Validate(stack); err != nil {
			t.Fatalf("accepted and then refused: %v", err)
		}
		stack.Environments()
		config.Warnings(stack)
	case stack != nil || !errors.As(err, &found) || len(found) == 0:
		t.Fatalf("an error came with a stack, or without a word: %v", err)
	}
	for _, v := range found {
		if v.Path == "" || v.Allowed == "" {
			t.Fatalf("an error says not where, or not what is allowed: %+v", v)
		}
	}
}
