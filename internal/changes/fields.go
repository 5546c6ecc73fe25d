package changes

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Field is one value of an object that differs. A side without it is nil.
type Field struct {
	Path string `json:"path"`
	From any    `json:"from"`
	To   any    `json:"to"`
}

// fieldsOf returns the values that differ at and below a path. Items of lists that
// have names, such as containers, variables and metadata, are matched by them.
func fieldsOf(path string, from, to any) []Field {
	if reflect.DeepEqual(from, to) {
		return nil
	}
	if a, b, ok := both[map[string]any](from, to); ok {
		return entries(a, b, func(key string) string { return strings.TrimPrefix(path+"."+keyOf(key), ".") })
	}
	if a, b, ok := both[[]any](from, to); ok {
		byName, ok1 := named(a)
		other, ok2 := named(b)
		if ok1 && ok2 {
			if found := entries(byName, other, func(name string) string { return path + "[" + name + "]" }); len(found) > 0 {
				return found
			} // else the same items in another order
		} else if len(a) == len(b) {
			var found []Field
			for i := range a {
				found = append(found, fieldsOf(fmt.Sprintf("%s[%d]", path, i), a[i], b[i])...)
			}
			return found
		}
	}
	return []Field{{path, from, to}}
}

func both[T any](from, to any) (a, b T, ok bool) {
	a, ok1 := from.(T)
	b, ok2 := to.(T)
	return a, b, ok1 && ok2
}

func entries(from, to map[string]any, at func(key string) string) []Field {
	all := maps.Clone(from)
	maps.Copy(all, to)
	var found []Field
	for _, key := range slices.Sorted(maps.Keys(all)) {
		found = append(found, fieldsOf(at(key), from[key], to[key])...)
	}
	return found
}

// keyOf quotes a key with dots, such as an annotation's.
func keyOf(key string) string {
	if strings.ContainsAny(key, ".[") {
		return fmt.Sprintf("%q", key)
	}
	return key
}

// named returns the items of a list by their names, and false if they have none.
func named(list []any) (map[string]any, bool) {
	byName := make(map[string]any, len(list))
	for _, item := range list {
		fields, _ := item.(map[string]any)
		name, ok := fields["name"].(string)
		if _, again := byName[name]; !ok || again {
			return nil, false
		}
		byName[name] = item
	}
	return byName, true
}
