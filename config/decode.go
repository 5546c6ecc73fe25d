package config

import (
	"encoding/json"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/daprstack/daprstack/config/rules"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// decoder reads a tree of JSON values into the types of this package. Unlike
// encoding/json, it continues after a problem, reports the path of each, matches
// the case of keys exactly, and never echoes a secret.
type decoder struct{ *collector }

// target is a struct field to decode into.
type target struct {
	reflect.Value
	hidden bool // its values are never shown
}

func (t target) isText() bool { return t.IsValid() && t.Kind() == reflect.String }

// fieldsOf returns the fields of the struct that v points to, by key.
func fieldsOf(v any) map[string]target {
	return structFields(reflect.ValueOf(v).Elem(), false)
}

func structFields(value reflect.Value, hidden bool) map[string]target {
	fields := make(map[string]target, value.NumField())
	for i := range value.NumField() {
		f := value.Type().Field(i)
		if !f.IsExported() {
			continue
		}
		key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if key == "-" {
			continue // the options of a sidecar, see sidecarReaders
		}
		fields[key] = target{value.Field(i), hidden || f.Tag.Get("hidden") == "true"}
	}
	return fields
}

// reject reports a value that was not understood and marks it as misread.
func (d *decoder) reject(path *field.Path, value any, format string, args ...any) {
	d.form(path, value, format, args...)
	d.misread.mark(path.String())
}

// A reader decodes the value of one key.
type reader func(path *field.Path, in any)

// readers returns a reader for each field of a struct.
func (d *decoder) readers(fields map[string]target) map[string]reader {
	all := make(map[string]reader, len(fields))
	for key, f := range fields {
		all[key] = func(path *field.Path, in any) { d.value(path, in, f) }
	}
	return all
}

// structure passes the value of each entry to the reader of its key.
func (d *decoder) structure(path *field.Path, entries map[string]any, readers map[string]reader) {
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		if read, known := readers[key]; known {
			read(child(path, key), entries[key])
			continue
		}
		d.unknown(path, key, entries, readers)
	}
}

// unknown reports an unknown key, with the one that was probably meant.
func (d *decoder) unknown(path *field.Path, key string, entries map[string]any, known map[string]reader) {
	names, at := slices.Sorted(maps.Keys(known)), child(path, key)
	near := rules.Nearest(key, names)
	if near == "" {
		d.form(at, nil, "unknown key; the keys here are %s", strings.Join(names, ", "))
		return
	}
	d.form(at, nil, "unknown key; did you mean %q?", near)
	if _, given := entries[near]; !given {
		d.misread.mark(child(path, near).String())
	}
}

// child returns the path of a key, quoted if it has unusual characters.
func child(path *field.Path, key string) *field.Path {
	if plainKey.MatchString(key) {
		return path.Child(key)
	}
	return path.Key(strconv.Quote(key))
}

var plainKey = regexp.MustCompile(`^[\w/-]+$`)

var (
	durationType = reflect.TypeFor[Duration]()
	spanType     = reflect.TypeFor[time.Duration]()
	secretType   = reflect.TypeFor[Secret]()
	anyType      = reflect.TypeFor[any]()
	manifestType = reflect.TypeFor[Manifest]()
	probeType    = reflect.TypeFor[Probe]()

	intOrTextType = reflect.TypeFor[IntOrText]()
)

// value decodes in into out. Null counts as absent.
func (d *decoder) value(path *field.Path, in any, out target) {
	if in == nil {
		return
	}
	switch in {
	case Encrypted:
		d.encrypted(path, out)
		return
	case Unknown:
		d.unknownYet(path, out)
		return
	}
	wrong := func(expected string, kind string) {
		d.wrong(path, in, out.hidden || out.Type() == secretType, expected, kind)
	}
	switch out.Type() {
	case durationType, spanType:
		d.duration(in, out, wrong)
		return
	case intOrTextType:
		if n, ok := in.(json.Number); ok {
			in = n.String()
		}
		if _, ok := in.(string); !ok {
			wrong("a number or text", text)
			return
		}
	case anyType:
		out.Set(reflect.ValueOf(d.plain(path, in, out.hidden)))
		return
	case manifestType, probeType:
		d.manifest(path, in, out)
		return
	}
	switch out.Kind() {
	case reflect.Pointer:
		fresh := reflect.New(out.Type().Elem())
		before := len(d.found)
		d.value(path, in, target{fresh.Elem(), out.hidden})
		if len(d.found) == before || out.Type().Elem().Kind() == reflect.Struct {
			out.Set(fresh)
		}
	case reflect.Struct:
		entries, ok := in.(map[string]any)
		if !ok {
			wrong("an object", object)
			return
		}
		if s, ok := out.Addr().Interface().(*Sidecar); ok {
			d.structure(path, entries, d.sidecarReaders(s))
			return
		}
		d.structure(path, entries, d.readers(structFields(out.Value, out.hidden)))
		leaveReplicas(entries, out.Value)
	case reflect.Slice:
		items, ok := in.([]any)
		if !ok {
			wrong("a list", list)
			return
		}
		out.Set(reflect.MakeSlice(out.Type(), len(items), len(items)))
		for i, item := range items {
			if item == nil {
				d.reject(path.Index(i), nil, "must not be empty")
				continue
			}
			d.value(path.Index(i), item, target{out.Index(i), out.hidden})
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
			d.value(child(path, key), entries[key], target{item, out.hidden})
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

// wrong rejects a value that is not as expected, and names its kind if even that
// differs.
func (d *decoder) wrong(path *field.Path, in any, hidden bool, expected, kind string) {
	shown := in
	if hidden {
		shown = nil
	}
	if is := describe(in); is != kind {
		expected += ", not " + is
	}
	d.reject(path, shown, "must be %s", expected)
}

// leaveReplicas notes the one key of which null says more than its absence.
func leaveReplicas(entries map[string]any, out reflect.Value) {
	value, given := entries["replicas"]
	auto := out.FieldByName("Autoscale")
	if given && value == nil && auto.IsValid() && auto.IsNil() {
		auto.Set(reflect.ValueOf(&Autoscale{External: true}))
	}
}

func (d *decoder) duration(in any, out target, wrong func(expected, kind string)) {
	const expected = `a duration with its unit, such as "30s"`
	s, _ := in.(string) // "" is not a duration either
	span, err := time.ParseDuration(s)
	if err != nil {
		wrong(expected, text)
		return
	}
	if out.Type() == spanType {
		out.SetInt(int64(span))
		return
	}
	out.Set(reflect.ValueOf(Duration{span}))
}

// The kinds of JSON values, as errors name them.
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

// plain converts the numbers of a free-form value to int if possible, else to
// float64. A secret may only stand in a hidden one.
func (d *decoder) plain(path *field.Path, v any, hidden bool) any {
	switch v := v.(type) {
	case string:
		switch {
		case v == Encrypted && !hidden:
			d.notSecret(path)
		case v == Encrypted || v == Unknown:
			d.misread.mark(path.String())
		}
	case json.Number:
		if n, err := strconv.Atoi(v.String()); err == nil {
			return n
		}
		f, err := v.Float64()
		if err != nil {
			var shown any = v
			if hidden {
				shown = nil
			}
			d.reject(path, shown, "must be a number of 64 bits")
			return 0
		}
		return f
	case []any:
		for i := range v {
			v[i] = d.plain(path.Index(i), v[i], hidden)
		}
	case map[string]any:
		for k := range v {
			v[k] = d.plain(child(path, k), v[k], hidden)
		}
	}
	return v
}

// manifest reads a part of a Kubernetes object. Whether Kubernetes has its fields is
// checked later: see [validator.manifest].
func (d *decoder) manifest(path *field.Path, in any, out target) {
	entries, ok := in.(map[string]any)
	switch {
	case in == noProbe && out.Type() == probeType:
		entries = map[string]any{noProbe: true}
	case !ok && out.Type() == probeType:
		d.wrong(path, in, false, `an object, or "none"`, object)
		return
	case !ok:
		d.wrong(path, in, false, "an object", object)
		return
	}
	for key := range entries {
		entries[key] = d.fragment(child(path, key), entries[key], MayBeSecret(key))
	}
	out.Set(reflect.ValueOf(entries).Convert(out.Type()))
}

// fragment reads a value of a manifest; hidden ones may be secrets.
func (d *decoder) fragment(path *field.Path, v any, hidden bool) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			if v[i] == nil {
				d.reject(path.Index(i), nil, "must not be empty")
			}
			v[i] = d.fragment(path.Index(i), v[i], hidden)
		}
	case map[string]any:
		for key := range v {
			v[key] = d.fragment(child(path, key), v[key], hidden || MayBeSecret(key))
		}
	default:
		return d.plain(path, v, hidden)
	}
	return v
}
