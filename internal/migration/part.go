package migration

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/daprstack/daprstack/config"
)

// part is a mapping of an object from which the entries are taken that the stack
// file has a place for.
type part struct {
	c      *converter
	object string // for people
	path   string
	fields map[string]any
}

// advice says why an entry cannot be taken over, and what to do instead.
type advice struct{ why, instead string }

// take removes an entry and returns it, nil if there is none.
func (p part) take(key string) any {
	v := p.fields[key]
	delete(p.fields, key)
	return v
}

// text takes an entry that is a text, or a number or truth that stands for one.
func (p part) text(key string) string {
	switch v := p.fields[key].(type) {
	case string, bool, float64, int, int64:
		delete(p.fields, key)
		return textOf(v)
	default:
		return ""
	}
}

// number takes an entry that is a whole number, and reports false if there is none.
func (p part) number(key string) (int, bool) {
	n, ok := whole(p.fields[key])
	if ok {
		delete(p.fields, key)
	}
	return n, ok
}

// below takes an entry that is a mapping.
func (p part) below(key string) part {
	m, ok := p.fields[key].(map[string]any)
	if ok {
		delete(p.fields, key)
	}
	if m == nil {
		m = map[string]any{}
	}
	return part{p.c, p.object, p.at(key), m}
}

// items takes an entry that is a list of mappings. They are named by their name, or
// by their position.
func (p part) items(key string) (items []part) {
	list, ok := p.fields[key].([]any)
	if !ok {
		return nil
	}
	delete(p.fields, key)
	for i, v := range list {
		m, ok := v.(map[string]any)
		if !ok {
			m = map[string]any{}
		}
		name := strconv.Itoa(i)
		if text, ok := m["name"].(string); ok {
			name = text
		}
		items = append(items, part{p.c, p.object, p.at(key) + "[" + name + "]", m})
	}
	return items
}

// texts takes an entry that is a list of texts.
func (p part) texts(key string) (texts []string) {
	list, ok := p.fields[key].([]any)
	if !ok {
		return nil
	}
	delete(p.fields, key)
	for _, v := range list {
		texts = append(texts, textOf(v))
	}
	return texts
}

// pick takes some entries as they are.
func (p part) pick(keys ...string) config.Manifest {
	m := config.Manifest{}
	for _, key := range keys {
		if v := p.take(key); v != nil {
			m[key] = v
		}
	}
	return m
}

// manifest takes the whole mapping as it is, without what may be secret.
func (p part) manifest() config.Manifest {
	p.concealed()
	return config.Manifest(p.fields)
}

// manifests takes an entry that is a list of mappings, likewise.
func (p part) manifests(key string) (all []config.Manifest) {
	for _, item := range p.items(key) {
		all = append(all, item.manifest())
	}
	return all
}

// concealed takes out what may be secret in a container, and in what stands in it.
func (p part) concealed() {
	if variables, ok := p.fields["env"].([]any); ok {
		p.fields["env"] = slices.DeleteFunc(variables, func(v any) bool {
			name := getText(v, "name")
			secret := secretVariable(name, textOf(get(v, "value")))
			if secret {
				p.fill("env["+name+"]", "", advice{"it seems to be a secret, which is never copied", "read it from a Secret there, by valueFrom.secretKeyRef"})
			}
			return secret
		})
	}
	for _, key := range slices.Sorted(maps.Keys(p.fields)) {
		if key != "env" && secretText(textOf(p.fields[key])) {
			p.fill(key, "", advice{"it seems to hold a secret, which is never copied", "read it from a Secret, or give it as a Pulumi secret"})
			p.drop(key)
		}
	}
}

// drop removes entries that mean nothing for a stack.
func (p part) drop(keys ...string) {
	for _, key := range keys {
		delete(p.fields, key)
	}
}

// expect removes entries that have the value that a stack gives them too.
func (p part) expect(values map[string]any) {
	for key, want := range values {
		if v, given := p.fields[key]; given && textOf(v) == textOf(want) {
			delete(p.fields, key)
		}
	}
}

func (p part) at(key string) string {
	if strings.Contains(key, "/") {
		return p.path + "[" + key + "]"
	}
	return strings.TrimPrefix(p.path+"."+key, ".")
}

// lose notes an entry that is not taken over.
func (p part) lose(key string, value any, a advice) {
	p.c.note(Note{Lost, p.object, p.at(key), shown(value), a.why, a.instead})
}

// differ notes what the stack does in another way.
func (p part) differ(key string, value any, a advice) {
	p.c.note(Note{Differs, p.object, p.at(key), shown(value), a.why, a.instead})
}

// fill notes a placeholder in the stack file.
func (p part) fill(key string, value any, a advice) {
	p.c.note(Note{ToFill, p.object, p.at(key), shown(value), a.why, a.instead})
}

// rest notes everything that was not taken out, with the advice for its key.
func (p part) rest(known map[string]advice) {
	for _, key := range slices.Sorted(maps.Keys(p.fields)) {
		v := p.fields[key]
		if empty(v) {
			continue
		}
		a, ok := known[key]
		if !ok {
			a = advice{"the stack file has no key for it", ""}
		}
		p.lose(key, v, a)
	}
}

func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	case string:
		return v == ""
	}
	return false
}

// textOf returns a scalar as Kubernetes and Dapr write it.
func textOf(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	default:
		raw, err := json.Marshal(v)
		if err != nil {
			return fmt.Sprint(v)
		}
		return string(raw)
	}
}

// whole returns a whole number, also one that is written as a text.
func whole(v any) (int, bool) {
	switch v := v.(type) {
	case float64:
		return int(v), v == float64(int(v))
	case int:
		return v, true
	case int64:
		return int(v), true
	case string:
		n, err := strconv.Atoi(v)
		return n, err == nil
	}
	return 0, false
}

// longest is how much of a value is shown.
const longest = 100

// shown returns a value on one line, nothing if it may hold a secret.
func shown(v any) string {
	if secretText(textOf(v)) {
		return ""
	}
	text := strings.Join(strings.Fields(textOf(v)), " ")
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return text
}

// copied returns a deep copy of a value of JSON.
func copied(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for key, inner := range v {
			m[key] = copied(inner)
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i, inner := range v {
			list[i] = copied(inner)
		}
		return list
	}
	return v
}

// get returns the value at a path of an object, nil if there is none.
func get(v any, path ...string) any {
	for _, key := range path {
		m, _ := v.(map[string]any)
		v = m[key]
	}
	return v
}

func getText(v any, path ...string) string {
	text, _ := get(v, path...).(string)
	return text
}
