package rules

import (
	_ "embed"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Field is a field of a Dapr object as its CRD has it.
type Field struct {
	// Type is that of a value: string, boolean, integer, object, or any. Empty for a
	// field with others below it.
	Type string
	// Fields of a structure.
	Fields map[string]*Field
	// Items of a list, and Values of a mapping with names of one's own.
	Items, Values *Field
}

// daprFields lists the fields of the CRDs of the pinned version (v1.18.2,
// charts/dapr/crds; a test in toolchain/dapr/upstream makes the file and holds it
// against them): the kinds, and below each of them its paths and their types.
//
//go:embed dapr_fields.txt
var daprFields string

var daprObjects = sync.OnceValue(func() map[string]*Field {
	objects := map[string]*Field{}
	var object *Field
	for line := range strings.Lines(daprFields) {
		line = strings.TrimSuffix(line, "\n")
		path, typ, _ := strings.Cut(strings.TrimPrefix(line, "  "), " ")
		if !strings.HasPrefix(line, " ") { // "dapr.io/v1alpha1 Component"
			object = &Field{}
			objects[line] = object
			continue
		}
		field := object
		for step := range strings.SplitSeq(strings.ReplaceAll(path, "[]", ".[]"), ".") {
			field = field.below(step)
		}
		field.Type = typ
	}
	return objects
})

// below returns the field that a step of a path leads to, and makes it.
func (f *Field) below(step string) *Field {
	var to **Field
	switch step {
	case "[]":
		to = &f.Items
	case "*":
		to = &f.Values
	default:
		if f.Fields == nil {
			f.Fields = map[string]*Field{}
		}
		if f.Fields[step] == nil {
			f.Fields[step] = &Field{}
		}
		return f.Fields[step]
	}
	if *to == nil {
		*to = &Field{}
	}
	return *to
}

// DaprObject returns the fields of a kind of Dapr object, besides those of every object
// of Kubernetes; nil for a kind or a version that is not known.
func DaprObject(apiVersion, kind string) *Field { return daprObjects()[apiVersion+" "+kind] }

// KnownField refuses a field that is none of a structure.
func KnownField(name string, of *Field) []Reason {
	return because("X-07", "must be a field of the CRD: any other is dropped without a word%s", didYouMean(name, maps.Keys(of.Fields)))
}

// Form describes what a field may hold, after "must be".
func (f *Field) Form() string {
	switch {
	case f.Items != nil:
		return "a list"
	case f.Values != nil, f.Fields != nil, f.Type == "object":
		return "a mapping"
	}
	return map[string]string{"string": "text: put it in quotes", "boolean": "true or false, without quotes", "integer": "a whole number, without quotes"}[f.Type]
}

// FieldForm refuses a field of another type.
func FieldForm(f *Field) []Reason {
	return because("X-07", "must be %s; Kubernetes refuses the object otherwise", f.Form())
}

// SameButCase returns the name of a field that is the same but for the case, "" if
// there is none.
func (f *Field) SameButCase(name string) string {
	for _, known := range slices.Sorted(maps.Keys(f.Fields)) {
		if strings.EqualFold(known, name) {
			return known
		}
	}
	return ""
}
