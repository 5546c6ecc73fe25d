package check

import "strconv"

// Unknown stands for a value that another resource has yet to give, as at a
// preview.
type Unknown struct{}

// Secret wraps a text, number or truth value that must never be shown.
type Secret struct{ Value any }

// text is a scalar of an object, as text.
type text struct {
	value  string
	given  bool // it is in the object
	known  bool // it has its value already
	quoted bool // it is text in the object, not a number or a truth value
	secret bool
}

// ready says whether there is something to judge.
func (t text) ready() bool { return t.given && t.known }

// shown is the value for people, quoted; empty for nothing.
func (t text) shown() string {
	switch {
	case !t.ready():
		return ""
	case t.secret:
		return "[secret]"
	}
	return strconv.Quote(t.value)
}

// field follows keys from map to map. Below an unknown value everything is
// unknown; what is missing is nil.
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

// textOf reads a scalar; lists and maps are nothing.
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

// listOf reads a list; known is false when the list itself, whatever is in it,
// is not known yet.
func listOf(v any) (items []any, known bool) {
	if _, unknown := v.(Unknown); unknown {
		return nil, false
	}
	items, _ = v.([]any)
	return items, true
}

// textsOf reads a list of scalars; known is false when any of them is not.
func textsOf(v any) (all []text, known bool) {
	items, known := listOf(v)
	for _, item := range items {
		t := textOf(item)
		known = known && t.known
		all = append(all, t)
	}
	return all, known
}

// mapOf reads a map; known is false when its keys are not known yet.
func mapOf(v any) (m map[string]any, known bool) {
	if _, unknown := v.(Unknown); unknown {
		return nil, false
	}
	m, _ = v.(map[string]any)
	return m, true
}
