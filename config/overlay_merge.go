package config

import (
	"reflect"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// overlay returns a copy of base with the values given in change, and records
// where each of them comes from.
func (v *validator) overlay(from, to *field.Path, change, base reflect.Value) reflect.Value {
	switch {
	case change.Kind() == reflect.Map && change.Type() != probeType:
		return v.overlayMap(from, to, change, base, child)
	case change.Kind() == reflect.Struct:
		return v.overlayStruct(from, to, change, base)
	case change.Kind() == reflect.Pointer && change.Type().Elem().Kind() == reflect.Struct && change.Type() != reflect.PointerTo(durationType):
		merged := reflect.New(change.Type().Elem())
		if !base.IsNil() {
			merged.Elem().Set(base.Elem())
		}
		merged.Elem().Set(v.overlayStruct(from, to, change.Elem(), merged.Elem()))
		return merged
	}
	v.overlaid[to.String()] = from.String()
	return change
}

// overlayStruct merges fields by name; the types may differ. The entries of a map
// tagged "-" are keys of the structure itself, with a dot where they are grouped.
func (v *validator) overlayStruct(from, to *field.Path, change, base reflect.Value) reflect.Value {
	merged := reflect.New(base.Type()).Elem()
	merged.Set(base)
	for i := range change.NumField() {
		f, given := change.Type().Field(i), change.Field(i)
		if given.IsZero() {
			continue
		}
		below := merged.FieldByName(f.Name)
		if key, _, _ := strings.Cut(f.Tag.Get("json"), ","); key != "-" {
			below.Set(v.overlay(from.Child(key), to.Child(key), given, below))
			continue
		}
		below.Set(v.overlayMap(from, to, given, below, func(p *field.Path, key string) *field.Path {
			first, rest, nested := strings.Cut(key, ".")
			if p = p.Child(first); nested {
				p = p.Child(rest)
			}
			return p
		}))
	}
	return merged
}

func (v *validator) overlayMap(from, to *field.Path, change, base reflect.Value, at func(*field.Path, string) *field.Path) reflect.Value {
	merged := reflect.MakeMap(change.Type())
	for _, key := range base.MapKeys() {
		merged.SetMapIndex(key, base.MapIndex(key))
	}
	for _, key := range change.MapKeys() {
		from, to, given, there := at(from, key.String()), at(to, key.String()), change.MapIndex(key), merged.MapIndex(key)
		if given.Kind() == reflect.Interface {
			given = given.Elem()
		}
		if there.Kind() == reflect.Interface {
			there = there.Elem()
		}
		switch {
		case given.Kind() == reflect.Map && there.Kind() == reflect.Map:
			given = v.overlay(from, to, given, there)
		case !given.IsValid(): // a null, which a patch has a use for
			given = reflect.Zero(change.Type().Elem())
			fallthrough
		default:
			v.overlaid[to.String()] = from.String()
		}
		merged.SetMapIndex(key, given)
	}
	return merged
}
