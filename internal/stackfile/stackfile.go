// Package stackfile reads the configuration of a stack as Pulumi hands it to a
// program: the values of its file (Pulumi.<stack>.yaml), and those that it inherits
// from the project file (Pulumi.yaml).
//
// It does not import Pulumi, so that checking a stack file stays cheap. A test in
// module toolchain/pulumi compares it with Pulumi's own code.
package stackfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"sigs.k8s.io/yaml"
)

// A Value is one configuration value: text as it is, everything else as JSON.
type Value struct {
	Text   string
	Object bool // a list or an object
}

// Load returns the configuration of a stack: what its file says, and what it
// inherits from the project file, if there is one. The keys are whole ("daprstack:apps").
// Encrypted values stay as they are, so a file that has some cannot be checked
// without Pulumi.
func Load(projectFile, stackFile string) (map[string]string, error) {
	data, err := ReadProject(projectFile)
	if err != nil {
		return nil, err
	}
	name, project, err := parseProject(data)
	if err != nil {
		return nil, fmt.Errorf("reading the project file %s: %w", projectFile, err)
	}
	read, err := Read(stackFile)
	if err != nil {
		return nil, err
	}
	stack := make(map[string]string, len(read))
	for key, value := range read {
		whole := inProject(name, key)
		if _, twice := stack[whole]; twice {
			return nil, fmt.Errorf("reading the stack file %s: %s is given twice, with the name of the project and without", stackFile, whole)
		}
		stack[whole] = value
	}
	inherited := make(map[string]string, len(project))
	for key, value := range project {
		inherited[key] = value.Text
	}
	Inherit(stack, inherited)
	return stack, nil
}

// Inherit adds the project's values to those of a stack. As with Pulumi a key of
// the stack replaces the project's value whole: objects and lists are not merged.
func Inherit[M ~map[K]V, K comparable, V any](stack, project M) {
	for key, value := range project {
		if _, given := stack[key]; !given {
			stack[key] = value
		}
	}
}

// Read returns the values of a stack file alone, nothing inherited, by their keys
// as they stand there.
func Read(path string) (map[string]string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the stack file: %w", err)
	}
	values, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("reading the stack file %s: %w", path, err)
	}
	return values, nil
}

// Parse is [Read] for the content of a stack file. A key that is given twice is
// an error, as it is for Pulumi.
func Parse(data []byte) (map[string]string, error) {
	var file struct {
		Config map[string]json.RawMessage `json:"config"`
	}
	if err := parse(data, &file); err != nil {
		return nil, err
	}
	values := make(map[string]string, len(file.Config))
	for key, raw := range file.Config {
		values[key] = valueOf(raw).Text
	}
	return values, nil
}

// noProject is the project of stack files that stand alone.
const noProject = "name: daprstack\nruntime: go\n"

// ReadProject returns the content of a project file. Where there is none, it is that
// of a project which has nothing to inherit.
func ReadProject(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return []byte(noProject), nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the project file: %w", err)
	}
	return data, nil
}

// Project returns the values of a project file, which its stacks inherit. A key
// without a namespace has that of the project.
func Project(path string) (map[string]Value, error) {
	data, err := ReadProject(path)
	if err != nil {
		return nil, err
	}
	values, err := ParseProject(data)
	if err != nil {
		return nil, fmt.Errorf("reading the project file %s: %w", path, err)
	}
	return values, nil
}

// ParseProject is [Project] for the content of a project file.
func ParseProject(data []byte) (map[string]Value, error) {
	_, values, err := parseProject(data)
	return values, err
}

func parseProject(data []byte) (name string, values map[string]Value, err error) {
	var file struct {
		Name   string                     `json:"name"`
		Config map[string]json.RawMessage `json:"config"`
	}
	if err := parse(data, &file); err != nil {
		return "", nil, err
	}
	values = make(map[string]Value, len(file.Config))
	for key, raw := range file.Config {
		key = inProject(file.Name, key)
		var declared struct{ Default, Value json.RawMessage }
		if raw[0] != '{' { // the short form
			declared.Value = raw
		} else if err := json.Unmarshal(raw, &declared); err != nil {
			return "", nil, fmt.Errorf("reading config %s: %w", key, err)
		}
		for _, given := range []json.RawMessage{declared.Default, declared.Value} {
			if given != nil && string(given) != "null" {
				values[key] = valueOf(given)
			}
		}
	}
	return file.Name, values, nil
}

// inProject returns the whole key of one that may lack the project's name.
func inProject(project, key string) string {
	if strings.Contains(key, ":") {
		return key
	}
	return project + ":" + key
}

// parse reads YAML in which no key is given twice. Keys that are not asked for
// are Pulumi's own.
func parse(data []byte, into any) error {
	raw, err := yaml.YAMLToJSONStrict(data)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, into)
}

// valueOf returns a value as Pulumi hands it to a program.
func valueOf(raw json.RawMessage) Value {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return Value{Text: text}
	}
	return Value{Text: string(raw), Object: strings.ContainsAny(string(raw[:1]), "{[")}
}
