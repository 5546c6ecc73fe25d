package config

import (
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Encrypted stands for a value that is a secret and not known, as for whoever
// reads a stack file without its key. Neither it nor what depends on it is
// checked, except that a secret may stand there.
const Encrypted = "[encrypted]"

// Unknown stands for a value that is not known yet, such as one that another
// resource will have, in a preview. Neither it nor what depends on it is checked.
const Unknown = "[unknown]"

// IsSecret reports whether the values of a top-level key, such as "apps", hold a
// secret. Pulumi does not tell a program which of them it is. So all of them that
// can be secret are, wherever they get: arguments and environment variables of
// apps and sidecars, metadata, Helm values and passwords. The others are names,
// numbers and addresses of what the cluster shows to everybody.
func (s *Stack) IsSecret(key string) bool { return s.secret[key] }

// markSecrets records which keys hold a secret, and refuses the keys that can
// hold none.
func (s *Stack) markSecrets(c *collector) {
	s.secret = map[string]bool{}
	for key, f := range fieldsOf(s) {
		switch {
		case !c.hidden[key]:
		case !f.mayBeSecret():
			c.notSecret(root(key))
		default:
			s.secret[key] = true
		}
	}
	if s.secret["overlay"] { // which is no more once it is applied
		for key := range fieldsOf(&s.Overlay) {
			s.secret[key] = true
		}
	}
}

func (c *collector) notSecret(path *field.Path) {
	c.form(path, nil, "must not be a secret: the cluster shows it to everybody")
	c.misread.mark(path.String())
}

// mayBeSecret reports whether a field, or a part of it, may be a secret.
func (t target) mayBeSecret() bool { return t.hidden || holdsSecret(t.Type()) }

func holdsSecret(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return holdsSecret(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); f.Tag.Get("hidden") == "true" || f.IsExported() && holdsSecret(f.Type) {
				return true
			}
		}
	default:
	}
	return t == secretType
}

// unknownYet takes note of a value that is not known yet.
func (d *decoder) unknownYet(path *field.Path, out target) {
	d.misread.mark(path.String())
	if out.Kind() == reflect.String {
		out.SetString(Unknown)
	}
}

// encrypted takes note of a value that is not known.
func (d *decoder) encrypted(path *field.Path, out target) {
	if !out.mayBeSecret() {
		d.notSecret(path)
		return
	}
	d.misread.mark(path.String())
	switch out.Kind() {
	case reflect.String:
		out.SetString(Encrypted)
	case reflect.Interface:
		out.Set(reflect.ValueOf(Encrypted))
	default:
		d.whole = append(d.whole, path.String())
	}
}

// MayBeSecret reports whether what stands under a key of a [Manifest] may be a
// secret: the values of variables and of headers, and command lines.
func MayBeSecret(key string) bool { return slices.Contains(secretFields, key) }

var secretFields = []string{"args", "command", "value"}
