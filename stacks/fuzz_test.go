package stacks_test

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules/rulestest"
	"github.com/daprstack/daprstack/internal/graphtest"
	"github.com/daprstack/daprstack/internal/stackfile"
	"github.com/daprstack/daprstack/stacks"
)

// FuzzDeploy edits any two places of a stack file. What the configuration
// accepts builds its graph, and with an error not one resource is registered.
func FuzzDeploy(f *testing.F) {
	files := []map[string]string{read(f, "dev"), read(f, "prod"), read(f, "platform"), onPlatform(f, read(f, "dev"))}
	everything, err := stackfile.Read(filepath.Join("..", "config", "testdata", "everything.yaml"))
	if err != nil {
		f.Fatal(err)
	}
	delete(everything, "daprstack:objects") // files
	files = append(files, everything)
	paths := make([][]string, len(files))
	for i, file := range files {
		paths[i] = rulestest.Paths(rulestest.Tree(file))
	}
	for i := range uint(len(files)) {
		f.Add(i, uint(0), `"x"`, uint(1), `null`)
		f.Add(i, uint(7), `[{}]`, uint(20), `{"name": "a"}`)
		f.Add(i, uint(40), `8080`, uint(60), `"9s"`)
	}
	f.Fuzz(func(t *testing.T, file, first uint, value string, second uint, other string) {
		n := file % uint(len(files))
		values := rulestest.Apply(t, files[n], []rulestest.Edit{
			rulestest.EditAt(paths[n], first, value), rulestest.EditAt(paths[n], second, other),
		})
		_, bad := stacks.Load(values)
		g, err := graphtest.Run(t, stacks.Program(values))
		var found config.Errors
		switch {
		case bad == nil && err != nil:
			t.Fatalf("accepted, but it does not deploy: %v\n%v", err, values)
		case bad != nil && (!errors.As(err, &found) || len(g.Resources) > 0):
			t.Fatalf("%d resources were registered with %v\n%v", len(g.Resources), err, values)
		}
	})
}
