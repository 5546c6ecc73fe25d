package config

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/daprstack/daprstack/config/rules"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// decoder reads a tree of JSON values into the types of this package. Unlike
// encoding/json it goes on after a problem, knows the path of each, is exact
// about the case of keys, and never echoes a secret.
type decoder struct{ collector }

// target is one field of a structure that can be decoded into.
type target struct {
	reflect.Value
	hidden bool // its values are never shown
}

func (t target) isText() bool { return t.Kind() == reflect.String }

// fieldsOf returns the fields of the structure that v points to, by their key.
func fieldsOf(v any) map[string]target {
	value := reflect.ValueOf(v).Elem()
	return structFields(value)
}

func structFields(value reflect.Value) map[string]target {
	fields := make(map[string]target, value.NumField())
	for i := range value.NumField() {
		f := value.Type().Field(i)
		key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		fields[key] = target{value.Field(i), f.Tag.Get("hidden") == "true"}
	}
	return fields
}

// unknown reports a key that does not exist, with the one that was probably
// meant.
func (d *decoder) unknown(path *field.Path, key string, known map[string]target) {
	names := slices.Sorted(maps.Keys(known))
	if near := rules.Nearest(key, names); near != "" {
		d.form(path, nil, "unknown key; did you mean %q?", near)
		return
	}
	d.form(path, nil, "unknown key; the keys here are %s", strings.Join(names, ", "))
}

var (
	durationType = reflect.TypeFor[Duration]()
	secretType   = reflect.TypeFor[Secret]()
	anyType      = reflect.TypeFor[any]()
)

// value reads in into out. Null means that the key is absent.
func (d *decoder) value(path *field.Path, in any, out target, hidden bool) {
	if in == nil {
		return
	}
	hidden = hidden || out.hidden
	wrong := func(expected string, kind string) {
		shown := in
		if hidden || out.Type() == secretType {
			shown = nil
		}
		if is := describe(in); is != kind {
			expected += ", not " + is
		}
		d.form(path, shown, "must be %s", expected)
	}
	switch out.Type() {
	case durationType:
		d.duration(in, out, wrong)
		return
	case anyType:
		out.Set(reflect.ValueOf(plain(in)))
		return
	}
	switch out.Kind() {
	case reflect.Pointer:
		fresh := reflect.New(out.Type().Elem())
		d.value(path, in, target{Value: fresh.Elem()}, hidden)
		out.Set(fresh)
	case reflect.Struct:
		entries, ok := in.(map[string]any)
		if !ok {
			wrong("an object", object)
			return
		}
		fields := structFields(out.Value)
		for _, key := range slices.Sorted(maps.Keys(entries)) {
			f, known := fields[key]
			if !known {
				d.unknown(path.Child(key), key, fields)
				continue
			}
			d.value(path.Child(key), entries[key], f, hidden)
		}
	case reflect.Slice:
		items, ok := in.([]any)
		if !ok {
			wrong("a list", list)
			return
		}
		out.Set(reflect.MakeSlice(out.Type(), len(items), len(items)))
		for i, item := range items {
			if item == nil {
				d.form(path.Index(i), nil, "must not be empty")
				continue
			}
			d.value(path.Index(i), item, target{Value: out.Index(i)}, hidden)
		}
	case reflect.Map:
		entries, ok := in.(map[string]any)
		if !ok {
			wrong("an object", object)
			return
		}
		out.Set(reflect.MakeMapWithSize(out.Type(), len(entries)))
		for _, key := range slices.Sorted(maps.Keys(entries)) {
			item := reflect.New(out.Type().Elem()).Elem()
			d.value(path.Child(key), entries[key], target{Value: item}, hidden)
			out.SetMapIndex(reflect.ValueOf(key), item)
		}
	case reflect.String:
		s, ok := in.(string)
		if !ok {
			wrong("text", text)
			return
		}
		out.SetString(s)
	case reflect.Bool:
		b, ok := in.(bool)
		if !ok {
			wrong("true or false", truth)
			return
		}
		out.SetBool(b)
	case reflect.Int:
		digits, ok := in.(json.Number)
		n, err := strconv.Atoi(digits.String())
		if !ok || err != nil {
			wrong("a whole number", number)
			return
		}
		out.SetInt(int64(n))
	default:
		panic("config: no decoding for " + out.Type().String()) // a new type in types.go; the golden test finds it
	}
}

func (d *decoder) duration(in any, out target, wrong func(expected, kind string)) {
	const expected = `a duration with its unit, such as "30s"`
	s, ok := in.(string)
	if !ok {
		wrong(expected, text)
		return
	}
	span, err := time.ParseDuration(s)
	if err != nil {
		wrong(expected, text)
		return
	}
	out.Set(reflect.ValueOf(Duration{span}))
}

// The kinds of JSON values, as a person calls them.
const (
	object = "an object"
	list   = "a list"
	text   = "text"
	truth  = "a truth value"
	number = "a number"
)

func describe(v any) string {
	switch v.(type) {
	case map[string]any:
		return object
	case []any:
		return list
	case string:
		return text
	case bool:
		return truth
	default:
		return number
	}
}

// plain turns the numbers of a free-form value into Go's own, integers first.
func plain(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := strconv.Atoi(v.String()); err == nil {
			return n
		}
		f, _ := v.Float64()
		return f
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = plain(v[k])
		}
	}
	return v
}
