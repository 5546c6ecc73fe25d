package config

import (
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// EncryptedParts returns the paths of the lists and objects that are encrypted as
// a whole, and of which nothing is known: apps, redis.external. Default none.
func (s *Stack) EncryptedParts() []string { return s.encrypted }

// HideSecrets replaces every secret of a stack that was loaded, whether its value is
// known or [Encrypted], by what placeholder returns for its path. Paths are those of
// a [Setting], with the names of list items: apps[web].env.TOKEN.
func (s *Stack) HideSecrets(placeholder func(path string) string) {
	h := hider{placeholder}
	h.fields(nil, reflect.ValueOf(s).Elem())
}

type hider struct{ placeholder func(path string) string }

func (h hider) fields(path *field.Path, v reflect.Value) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !f.IsExported() {
			continue
		}
		key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if key == "-" { // the options of a sidecar, which stand among its other keys
			h.value(path, v.Field(i))
			continue
		}
		h.value(child(path, key), v.Field(i))
	}
}

// value replaces the secrets at and below a path. The value must be settable.
func (h hider) value(path *field.Path, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		if v.String() == Encrypted || v.Type() == secretType && v.String() != "" {
			v.SetString(h.placeholder(path.String()))
		}
	case reflect.Struct:
		h.fields(path, v)
	case reflect.Pointer:
		if !v.IsNil() {
			h.value(path, v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			at := path.Index(i)
			if name := itemName(v.Index(i)); name != "" {
				at = path.Key(name)
			}
			h.value(at, v.Index(i))
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			v.SetMapIndex(key, h.copied(child(path, key.String()), v.MapIndex(key)))
		}
	case reflect.Interface:
		if !v.IsNil() {
			v.Set(h.copied(path, v.Elem()))
		}
	default:
	}
}

// copied returns a value that cannot be set, with its secrets replaced.
func (h hider) copied(path *field.Path, v reflect.Value) reflect.Value {
	settable := reflect.New(v.Type()).Elem()
	settable.Set(v)
	h.value(path, settable)
	return settable
}

var plainType = reflect.TypeFor[map[string]any]()

// itemName returns what names an item of a list in the path of a [Setting], or "".
func itemName(item reflect.Value) string {
	if item.Kind() == reflect.Interface {
		item = item.Elem()
	}
	if item.IsValid() && item.CanConvert(plainType) {
		name, _ := item.Convert(plainType).Interface().(map[string]any)["name"].(string)
		return name
	}
	if item.Kind() != reflect.Struct {
		return ""
	}
	for i := range item.NumField() {
		if f := item.Type().Field(i); slices.Contains([]string{"Name", "Type", "App"}, f.Name) && f.Type.Kind() == reflect.String {
			return item.Field(i).String()
		}
	}
	return ""
}
