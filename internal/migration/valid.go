package migration

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/daprstack/daprstack/config"
)

// valid takes out what the stack file refuses, and notes why, until nothing is left
// to refuse. The error is what cannot be taken out.
func (c *converter) valid() (*config.Stack, error) {
	config.Default(&c.stack)
	c.ownVariables()
	tree, err := treeOf(&c.stack)
	if err != nil {
		return nil, err
	}
	for {
		raw, err := rawOf(tree)
		if err != nil {
			return nil, err
		}
		stack, err := config.Load(raw)
		var found config.Errors
		if !errors.As(err, &found) {
			return stack, err
		}
		if !c.repair(tree, found) {
			return nil, errors.Join(err, c.reasons())
		}
		if apps, _ := tree["apps"].([]any); len(apps) == 0 {
			return nil, errors.Join(errors.New("no application is left that a stack could run"), c.reasons())
		}
	}
}

// ownVariables takes out the variables that the stack gives the apps anyway.
func (c *converter) ownVariables() {
	for i, variables := range c.stack.Environments() {
		a := &c.stack.Apps[i]
		for _, v := range variables {
			if value, given := a.Env[v.Name]; given && value == v.Value {
				delete(a.Env, v.Name)
			}
		}
	}
}

// treeOf returns a stack as its file has it.
func treeOf(s *config.Stack) (map[string]any, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("writing the stack: %w", err)
	}
	tree := map[string]any{}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	return tree, dec.Decode(&tree)
}

// rawOf returns the values as [config.Load] takes them.
func rawOf(tree map[string]any) (map[string]string, error) {
	raw := make(map[string]string, len(tree))
	for key, v := range tree {
		text, ok := v.(string)
		if !ok {
			encoded, err := json.Marshal(v)
			if err != nil {
				return nil, err
			}
			text = string(encoded)
		}
		raw[config.Namespace+":"+key] = text
	}
	return raw, nil
}

// required are the keys without which the item of a list means nothing.
var required = []string{"name", "image", "port", "sidecar", "appId", "type", "source", "publishers", "scopes", "app", "path"}

// repair takes out what violations are about: the optional value, else the item of a
// list that it is part of. It reports false if there is nothing to take out. The last
// items come first, so that the positions of the others stay.
func (c *converter) repair(tree map[string]any, found config.Errors) bool {
	changed := false
	gone := []string{}
	for _, v := range slices.Backward(found) {
		if slices.ContainsFunc(gone, func(path string) bool { return v.Path == path || strings.HasPrefix(v.Path, path) }) {
			continue
		}
		steps := stepsOf(v.Path)
		cut := len(steps) // the first steps, of which the last is taken out
		if name, _ := steps[cut-1].(string); slices.Contains(required, name) || !exists(tree, steps) {
			cut = lastIndex(steps) + 1
		}
		if cut == 0 {
			continue
		}
		object, path := c.origins(tree, steps)
		c.note(Note{Lost, object, path, v.Value, "the stack file refuses it: " + strings.TrimSpace(ruleOf(v)+v.Allowed), ""})
		if cut < len(steps) || cut == 2 {
			c.dropped = append(c.dropped, originOf(tree, steps))
		}
		remove(tree, steps[:cut])
		gone = append(gone, pathOf(steps[:cut]))
		changed = true
	}
	return changed
}

func ruleOf(v config.Violation) string {
	if v.Rule == "" {
		return ""
	}
	return v.Rule + " "
}

// stepsOf splits a path into keys and, as ints, positions.
func stepsOf(path string) (steps []any) {
	for path != "" {
		var step string
		if rest, ok := strings.CutPrefix(path, "["); ok {
			step, path, _ = strings.Cut(rest, "]")
			if n, err := strconv.Atoi(step); err == nil {
				steps, path = append(steps, n), strings.TrimPrefix(path, ".")
				continue
			}
		} else if at := strings.IndexAny(path, ".["); at >= 0 {
			step, path = path[:at], path[at:]
		} else {
			step, path = path, ""
		}
		steps, path = append(steps, step), strings.TrimPrefix(path, ".")
	}
	return steps
}

func pathOf(steps []any) string {
	var b strings.Builder
	for i, step := range steps {
		switch step := step.(type) {
		case int:
			fmt.Fprintf(&b, "[%d]", step)
		case string:
			if i > 0 {
				b.WriteByte('.')
			}
			b.WriteString(step)
		}
	}
	return b.String()
}

func lastIndex(steps []any) int {
	for i, step := range slices.Backward(steps) {
		if _, ok := step.(int); ok {
			return i
		}
	}
	return -1
}

// lookup returns the value at a path, nil if there is none.
func lookup(tree any, steps []any) any {
	for _, step := range steps {
		switch step := step.(type) {
		case int:
			list, _ := tree.([]any)
			if step >= len(list) {
				return nil
			}
			tree = list[step]
		case string:
			m, _ := tree.(map[string]any)
			tree = m[step]
		}
	}
	return tree
}

func exists(tree any, steps []any) bool { return lookup(tree, steps) != nil }

// remove takes out the value at a path.
func remove(tree map[string]any, steps []any) {
	last := len(steps) - 1
	parent := lookup(tree, steps[:last])
	switch step := steps[last].(type) {
	case string:
		if m, ok := parent.(map[string]any); ok {
			delete(m, step)
		}
	case int:
		list, _ := parent.([]any)
		list = slices.Delete(slices.Clone(list), step, step+1)
		if m, ok := lookup(tree, steps[:last-1]).(map[string]any); ok {
			m[steps[last-1].(string)] = list
		}
	}
}

// originOf returns the key of the item of a top-level list that a path is in.
func originOf(tree map[string]any, steps []any) string {
	if len(steps) < 2 {
		return fmt.Sprint(steps[0])
	}
	item := lookup(tree, steps[:2])
	name := textOf(get(item, "name"))
	if steps[0] == "events" {
		name = textOf(get(item, "pubSub")) + " " + textOf(get(item, "type"))
	}
	return fmt.Sprint(steps[0]) + "/" + name
}

// origins returns the object from which a value came, and the path of the value in
// the stack file.
func (c *converter) origins(tree map[string]any, steps []any) (object, path string) {
	key := originOf(tree, steps)
	if object = c.origin[key]; object == "" {
		object = strings.Replace(key, "/", " ", 1)
	}
	if len(steps) > 2 {
		path = pathOf(steps[2:])
		return object, strings.TrimPrefix(path, ".")
	}
	return object, ""
}
