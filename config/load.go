package config

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// Load turns raw configuration values into a stack that can be deployed: strict
// decoding, the overlay, defaults, validation. The keys are those of Pulumi, with their
// namespace ("daprstack:apps"); keys of other namespaces are left alone. Values
// are plain text for text keys and JSON for all others.
//
// The top-level keys named in secretKeys ("daprstack:redis") hold secrets:
// nothing below them is shown in an error, and [Stack.IsSecret] says what else.
//
// The error is an [Errors] with every problem at once, whether of form (unknown
// keys, wrong types) or of the values. Only a value that was not understood is
// not checked further.
func Load(raw map[string]string, secretKeys ...string) (*Stack, error) {
	s, _, c := load(raw, secretKeys)
	if err := c.errors(); err != nil {
		return nil, err
	}
	return s, nil
}

// In makes the paths of a stack those from a folder. Default the working directory.
func (s *Stack) In(folder string) { s.folder = folder }

// InFolder returns the path of a file that the stack file names.
func (s *Stack) InFolder(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(s.folder, path)
}

// InProject returns the values of a project as [Load] takes them. A project may have
// any name, and its keys begin with it ("shop:apps"). In a project of another name,
// keys that begin with daprstack would be read by nobody; the error is an [Errors]
// that names them.
func InProject(project string, raw map[string]string, secretKeys ...string) (map[string]string, []string, error) {
	if project == Namespace {
		return raw, secretKeys, nil
	}
	own := func(key string) string {
		if name, ok := strings.CutPrefix(key, project+":"); ok {
			return Namespace + ":" + name
		}
		return key
	}
	values := make(map[string]string, len(raw))
	var stray Errors
	for _, key := range slices.Sorted(maps.Keys(raw)) {
		if name, ok := strings.CutPrefix(key, Namespace+":"); ok {
			stray = append(stray, Violation{Path: key, Allowed: fmt.Sprintf("is not a key of project %s; write %s:%s, or %s alone", project, project, name, name)})
			continue
		}
		values[own(key)] = raw[key]
	}
	if len(stray) > 0 {
		return nil, nil, stray
	}
	keys := make([]string, len(secretKeys))
	for i, key := range secretKeys {
		keys[i] = own(key)
	}
	return values, keys, nil
}

// load returns the stack, the values as they were given, and the problems found.
func load(raw map[string]string, secretKeys []string) (*Stack, map[string]any, *collector) {
	hidden := map[string]bool{}
	for _, k := range secretKeys {
		hidden[strings.TrimPrefix(k, Namespace+":")] = true
	}
	c := &collector{hidden: hidden, overlaid: map[string]string{}}
	s, given := decode(raw, c)
	s.markSecrets(c)
	s.encrypted = c.whole
	applyOverlay(s, c)
	Default(s)
	validate(s, c)
	return s, given, c
}

// Validate applies and empties the overlay of a stack, fills in the defaults,
// and checks the stack against every rule that can be checked before anything is
// deployed. The error is an [Errors] with all problems at once.
func Validate(s *Stack) error {
	c := &collector{overlaid: map[string]string{}}
	applyOverlay(s, c)
	Default(s)
	validate(s, c)
	return c.errors()
}

// decode returns the raw values as a Stack and as a tree, without validating
// them.
func decode(raw map[string]string, c *collector) (*Stack, map[string]any) {
	s := &Stack{}
	d := &decoder{c}
	values := map[string]any{}
	fields := fieldsOf(s)
	for _, full := range slices.Sorted(maps.Keys(raw)) {
		if key, ours := strings.CutPrefix(full, Namespace+":"); ours {
			values[key] = d.parse(child(nil, key), raw[full], fields[key].isText())
		}
	}
	d.structure(nil, values, d.readers(fields))
	return s, values
}
