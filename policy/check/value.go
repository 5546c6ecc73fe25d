package check

import "strconv"

// Unknown stands for a value that another resource has yet to produce, as in a
// preview.
type Unknown struct{}

// Secret wraps a string, number or boolean that must never be shown.
type Secret struct{ Value any }

// text is a scalar of an object, as a string.
type text struct {
	value  string
	given  bool // present in the object
	known  bool // not Unknown
	quoted bool // a string in the object, not a number or boolean
	secret bool
}

// ready reports whether there is a value to check.
func (t text) ready() bool { return t.given && t.known }

// shown returns the value as people may see it, quoted, or "" if there is none.
func (t text) shown() string {
	switch {
	case !t.ready():
		return ""
	case t.secret:
		return "[secret]"
	}
	return strconv.Quote(t.value)
}

// field follows keys from map to map. Everything below an unknown value is
// unknown; a missing value is nil.
func field(v any, keys ...string) any {
	for _, key := range keys {
		switch m := v.(type) {
		case Unknown:
			return m
		case map[string]any:
			v = m[key]
		default:
			return nil
		}
	}
	return v
}

// textOf returns a scalar as text; lists and maps count as missing.
func textOf(v any) text {
	switch v := v.(type) {
	case Unknown:
		return text{given: true}
	case Secret:
		t := textOf(v.Value)
		t.secret = true
		return t
	case string:
		return text{value: v, given: true, known: true, quoted: true}
	case float64:
		return text{value: strconv.FormatFloat(v, 'f', -1, 64), given: true, known: true}
	case int:
		return text{value: strconv.Itoa(v), given: true, known: true}
	case bool:
		return text{value: strconv.FormatBool(v), given: true, known: true}
	}
	return text{known: true}
}

// listOf returns a list; known is false if the list itself is unknown,
// regardless of its items.
func listOf(v any) (items []any, known bool) {
	if _, unknown := v.(Unknown); unknown {
		return nil, false
	}
	items, _ = v.([]any)
	return items, true
}

// textsOf returns a list of scalars; known is false if any of them is unknown.
func textsOf(v any) (all []text, known bool) {
	items, known := listOf(v)
	for _, item := range items {
		t := textOf(item)
		known = known && t.known
		all = append(all, t)
	}
	return all, known
}

// mapOf returns a map; known is false if its keys are unknown.
func mapOf(v any) (m map[string]any, known bool) {
	if _, unknown := v.(Unknown); unknown {
		return nil, false
	}
	m, _ = v.(map[string]any)
	return m, true
}

// texts returns the values of scalars.
func texts(all []text) (values []string) {
	for _, t := range all {
		values = append(values, t.value)
	}
	return values
}
