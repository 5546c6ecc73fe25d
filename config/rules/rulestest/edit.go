package rulestest

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Edit sets the value at a path in a tree of values, such as apps[0].port or
// metadata.annotations["dapr.io/config"], and adds what is missing on the way
// there. A nil value removes the key or the item.
type Edit struct {
	Path  string
	Value any
}

// Apply returns the configuration values of a stack after some edits, whose paths
// omit the namespace of the keys.
func Apply(t testing.TB, values map[string]string, edits []Edit) map[string]string {
	t.Helper()
	tree := Tree(values)
	for _, e := range edits {
		Set(tree, e)
	}
	out := map[string]string{}
	for key, v := range tree {
		if text, ok := v.(string); ok {
			out[namespace+key] = text
			continue
		}
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatalf("writing %s as JSON: %v", key, err)
		}
		out[namespace+key] = string(raw)
	}
	return out
}

const namespace = "daprstack:"

// Tree returns the configuration values of a stack as one tree.
func Tree(values map[string]string) map[string]any {
	tree := map[string]any{}
	for key, raw := range values {
		var v any
		if err := json.Unmarshal([]byte(raw), &v); err != nil {
			v = raw
		}
		tree[strings.TrimPrefix(key, namespace)] = v
	}
	return tree
}

// Set makes one edit in a tree of maps and lists.
func Set(tree map[string]any, e Edit) { set(tree, steps(e.Path), e.Value) }

// At returns the value at a path of a tree, nil if there is none.
func At(tree any, path string) any {
	for _, step := range steps(path) {
		switch step := step.(type) {
		case string:
			m, _ := tree.(map[string]any)
			tree = m[step]
		case int:
			list, _ := tree.([]any)
			if step >= len(list) {
				return nil
			}
			tree = list[step]
		}
	}
	return tree
}

// steps splits a path into its keys and indices.
func steps(path string) (all []any) {
	for path != "" {
		switch {
		case strings.HasPrefix(path, `["`):
			key, rest, _ := strings.Cut(path[2:], `"]`)
			all, path = append(all, key), strings.TrimPrefix(rest, ".")
		case path[0] == '[':
			index, rest, _ := strings.Cut(path[1:], "]")
			n, _ := strconv.Atoi(index)
			all, path = append(all, n), strings.TrimPrefix(rest, ".")
		default:
			end := strings.IndexAny(path, ".[")
			if end < 0 {
				end = len(path)
			}
			all, path = append(all, path[:end]), strings.TrimPrefix(path[end:], ".")
		}
	}
	return all
}

// set changes one value in a tree and returns the tree.
func set(tree any, path []any, value any) any {
	if len(path) == 0 {
		return value
	}
	remove := len(path) == 1 && value == nil
	if index, ok := path[0].(int); ok {
		list, _ := tree.([]any)
		if remove && index < len(list) {
			return slices.Delete(list, index, index+1)
		}
		for len(list) <= index {
			list = append(list, nil)
		}
		list[index] = set(list[index], path[1:], value)
		return list
	}
	key, _ := path[0].(string)
	m, _ := tree.(map[string]any)
	if m == nil {
		m = map[string]any{}
	}
	if remove {
		delete(m, key)
	} else {
		m[key] = set(m[key], path[1:], value)
	}
	return m
}

// EditAt returns the edit that a fuzzer chose: the place by any number, the value
// as JSON or, if it is not JSON, as text.
func EditAt(paths []string, place uint, value string) Edit {
	e := Edit{Path: paths[place%uint(len(paths))]}
	if json.Unmarshal([]byte(value), &e.Value) != nil {
		e.Value = value
	}
	return e
}

// Paths returns the paths of everything in a tree, in order.
func Paths(tree map[string]any) []string {
	var all []string
	var visit func(string, any)
	visit = func(path string, v any) {
		if path != "" {
			all = append(all, path)
		}
		switch v := v.(type) {
		case []any:
			for i, item := range v {
				visit(path+"["+strconv.Itoa(i)+"]", item)
			}
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(v)) {
				visit(strings.TrimPrefix(path+"."+key, "."), v[key])
			}
		}
	}
	visit("", tree)
	return all
}
