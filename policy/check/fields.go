package check

import (
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"

	"github.com/daprstack/daprstack/config/rules"
)

// fields checks that the CRD has every field of a Dapr object, and of its type.
func fields(o Object, found *findings) {
	version := textOf(o.Fields["apiVersion"])
	of := rules.DaprObject(version.value, o.Kind)
	if of == nil {
		return
	}
	f := fieldsOf{o, found}
	for _, name := range slices.Sorted(maps.Keys(o.Fields)) {
		if !slices.Contains([]string{"apiVersion", "kind", "metadata", "status"}, name) {
			f.field(of, name, o.Fields[name], "")
		}
	}
}

type fieldsOf struct {
	Object
	found *findings
}

// field checks one field of a structure.
func (f fieldsOf) field(of *rules.Field, name string, v any, path string) {
	at := joined(path, name)
	below, known := of.Fields[name]
	if !known && f.Anywhere { // a sidecar that reads a file does not mind the case
		below, known = of.Fields[of.SameButCase(name)]
	}
	switch {
	case known:
		f.value(below, v, at)
	case !f.elsewhere(at):
		f.found.put(at, "", name, rules.KnownField(name, of))
	}
}

// elsewhere reports whether another rule is about a field that the CRD lacks.
func (f fieldsOf) elsewhere(path string) bool {
	switch path {
	case "spec.scopes": // T-09
		scopes, _ := listOf(f.Fields["scopes"])
		return len(scopes) == 0
	case "spec.route", "spec.routes": // E-08
		return f.Kind == "Subscription"
	}
	return namespaced.MatchString(path)
}

// value checks a value and what is below it. What is not known yet, or left out, is
// none.
func (f fieldsOf) value(of *rules.Field, v any, path string) {
	if secret, ok := v.(Secret); ok {
		v = secret.Value
	}
	if _, unknown := v.(Unknown); unknown || v == nil || of.Type == "any" {
		return
	}
	if !fits(of, v) {
		if !f.Anywhere {
			f.found.put(path, "", path, rules.FieldForm(of))
		}
		return
	}
	switch v := v.(type) {
	case []any:
		for i, item := range v {
			f.value(of.Items, item, path+"["+itemName(item, i)+"]")
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if of.Values != nil {
				f.value(of.Values, v[name], joined(path, name))
			} else {
				f.field(of, name, v[name], path)
			}
		}
	}
}

// fits reports whether a value has the type of a field.
func fits(of *rules.Field, v any) bool {
	_, list := v.([]any)
	_, mapping := v.(map[string]any)
	switch {
	case of.Items != nil || list:
		return of.Items != nil && list
	case of.Values != nil || of.Fields != nil || of.Type == "object" || mapping:
		return mapping && of.Items == nil && (of.Values != nil || of.Fields != nil || of.Type == "object")
	}
	switch v := v.(type) {
	case string:
		return of.Type == "string"
	case bool:
		return of.Type == "boolean"
	case int:
		return of.Type == "integer"
	case float64:
		return of.Type == "integer" && v == math.Trunc(v)
	}
	return false
}

// joined appends a key to a path.
func joined(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// itemName returns the name of an item of a list, or its position.
func itemName(item any, i int) string {
	if name := textOf(field(item, "name")); name.ready() && name.value != "" && !name.secret {
		return name.value
	}
	return strconv.Itoa(i)
}

// namespaced matches the namespace of a reference to a Secret.
var namespaced = regexp.MustCompile(`\.secretKeyRef\.namespace$`)
