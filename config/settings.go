package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// A Setting is one value of the effective configuration.
type Setting struct {
	// Path of the value, with the names of list items: apps[backend].replicas.
	Path string
	// Value is a string, a json.Number, a bool, or a list of these. A [Secret] is
	// masked.
	Value any
	// From is the path at which the value was given, as in an error: apps[1].replicas
	// or overlay.apps.backend.replicas. Empty for a default.
	From string
}

// Settings loads a stack as [Load] does and returns each value of its effective
// configuration, in the order of docs/reference/stack-file.md, and where it comes from. The
// error is an [Errors].
func Settings(raw map[string]string, secretKeys ...string) ([]Setting, error) {
	s, given, c := load(raw, secretKeys)
	if err := c.errors(); err != nil {
		return nil, err
	}
	text, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("listing the settings: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	l := lister{c, nil}
	for _, m := range ordered(dec).([]member) {
		l.list(root(m.key), root(m.key), m.value, given[m.key])
	}
	return l.all, nil
}

// member is one key of an object, with its value.
type member struct {
	key   string
	value any
}

// ordered reads the next value of valid JSON. Objects become lists of members, in
// their order in the text.
func ordered(dec *json.Decoder) any {
	token, _ := dec.Token()
	switch token {
	case json.Delim('{'):
		members := []member{}
		for dec.More() {
			key, _ := dec.Token()
			members = append(members, member{key.(string), ordered(dec)})
		}
		_, _ = dec.Token()
		return members
	case json.Delim('['):
		items := []any{}
		for dec.More() {
			items = append(items, ordered(dec))
		}
		_, _ = dec.Token()
		return items
	}
	return token
}

type lister struct {
	*collector
	all []Setting
}

// list adds the values at and below a path. Settings name it by path, errors by
// at; given is what the configuration holds there before defaults and overlay.
func (l *lister) list(path, at *field.Path, value, given any) {
	switch v := value.(type) {
	case []member:
		entries, _ := given.(map[string]any)
		for _, m := range v {
			l.list(child(path, m.key), child(at, m.key), m.value, entries[m.key])
		}
		return
	case []any:
		names := itemNames(v)
		if names == nil {
			break
		}
		items, _ := given.([]any)
		for i, item := range v {
			var there any
			if i < len(items) {
				there = items[i]
			}
			l.list(path.Key(names[i]), at.Index(i), item, there)
		}
		return
	}
	s := Setting{Path: path.String(), Value: value}
	if place := l.place(at.String()); given != nil || place != at.String() {
		s.From = place
	}
	l.all = append(l.all, s)
}

// itemNames returns the names of the items of a list, or nil if they are not
// objects. An event is named by its type, a subscriber by its app.
func itemNames(items []any) []string {
	names, seen := make([]string, len(items)), map[string]bool{}
	for i, item := range items {
		members, ok := item.([]member)
		if !ok {
			return nil
		}
		names[i] = strconv.Itoa(i)
		for _, m := range members {
			if m.key == "name" || m.key == "type" || m.key == "app" {
				if name, _ := m.value.(string); !seen[name] {
					names[i] = name
				}
				break
			}
		}
		seen[names[i]] = true
	}
	if len(items) == 0 {
		return nil
	}
	return names
}

// Texts returns every text of raw configuration by the path at which it is given, as
// in [Setting].From: apps[1].env.TOKEN. Nothing is checked.
func Texts(raw map[string]string) map[string]string {
	found := map[string]string{}
	for full, text := range raw {
		if key, ours := strings.CutPrefix(full, Namespace+":"); ours {
			var value any
			if json.Unmarshal([]byte(text), &value) != nil {
				value = text
			}
			addTexts(found, root(key), value)
		}
	}
	return found
}

func addTexts(found map[string]string, path *field.Path, value any) {
	switch v := value.(type) {
	case string:
		found[path.String()] = v
	case []any:
		for i, item := range v {
			addTexts(found, path.Index(i), item)
		}
	case map[string]any:
		for key, item := range v {
			addTexts(found, child(path, key), item)
		}
	}
}
