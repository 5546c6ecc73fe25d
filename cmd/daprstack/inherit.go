package main

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	pulumiconfig "github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/stackfile"
)

const projectFile = "Pulumi.yaml"

// inherit adds the project's values to those of the stack file, as Pulumi does
// before it runs a program.
func (t *target) inherit() error {
	values, err := stackfile.Project(filepath.Join(t.folder, projectFile))
	if err != nil {
		return err
	}
	t.inherited = map[string]bool{}
	project := make(pulumiconfig.Map, len(values))
	for name, value := range values {
		key, err := pulumiconfig.ParseKey(name)
		if err != nil {
			return fmt.Errorf("reading the project file: %w", err)
		}
		project[key] = pulumiconfig.NewValue(value.Text)
		if value.Object {
			project[key] = pulumiconfig.NewObjectValue(value.Text)
		}
		if _, given := t.settings.Config[key]; !given {
			t.inherited[key.Name()] = true
		}
	}
	stackfile.Inherit(t.settings.Config, project)
	return nil
}

// noteInherited names the keys with problems that the stack file inherits.
func (t *target) noteInherited(err error) string {
	var found config.Errors
	errors.As(err, &found)
	keys := map[string]bool{}
	for _, v := range found {
		if t.source(v.Path) == projectFile {
			keys[topLevel(v.Path)] = true
		}
	}
	if len(keys) == 0 {
		return ""
	}
	return fmt.Sprintf("\n(inherited from %s: %s)", projectFile, strings.Join(slices.Sorted(maps.Keys(keys)), ", "))
}

// source names the file or the flag that sets the value at a path; an empty path
// means a default.
func (t *target) source(path string) string {
	if path == "" {
		return "default"
	}
	if path == "context" && t.options.context != "" {
		return "--context"
	}
	for _, given := range t.options.config {
		at, _, _ := strings.Cut(strings.TrimPrefix(given, string(t.project.Name)+":"), "=")
		if rest, below := strings.CutPrefix(path, at); below && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			return "--config"
		}
	}
	if t.inherited[topLevel(path)] {
		return projectFile
	}
	return filepath.Base(t.file)
}

// topLevel returns the key of the stack file that a path begins with.
func topLevel(path string) string {
	if end := strings.IndexAny(path, ".["); end >= 0 {
		return path[:end]
	}
	return path
}
