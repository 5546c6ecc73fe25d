package main

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"github.com/invopop/jsonschema"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules"
)

// An object is one structure of the stack file.
type object struct {
	Name   string   // of its Go type
	Doc    string   // its comment
	Keys   []key    // in the order of the type
	Places []string // where it may stand: apps[].sidecar
}

// A key is one field of an object.
type key struct {
	Name     string // as it is written
	Field    string // of the Go type; empty for an option of a sidecar
	Doc      string // its comment, as one paragraph
	Required bool
	Type     reflect.Type
	Form     form   // what its value, or each of its values, looks like
	Group    string // the object that it holds, if no Go type stands for it
}

// stackFile reads the structures of the stack file, the stack itself first.
func stackFile() ([]*object, error) {
	comments, err := goComments()
	if err != nil {
		return nil, err
	}
	var all []*object
	var walk func(t reflect.Type, place string)
	walk = func(t reflect.Type, place string) {
		for _, o := range all {
			if o.Name == t.Name() {
				o.Places = append(o.Places, place)
				return
			}
		}
		o := &object{Name: t.Name(), Doc: prose(comments[t.Name()], t.Name(), t), Places: []string{place}}
		all = append(all, o)
		for i := range t.NumField() {
			f := t.Field(i)
			if !f.IsExported() {
				continue
			}
			if f.Type == optionsType {
				keys, groups := options(place)
				o.Keys, all = append(o.Keys, keys...), append(all, groups...)
				for _, k := range keys {
					if inner, path := structure(k.Type, place+"."+k.Name); inner != nil && k.Group == "" {
						walk(inner, path)
					}
				}
				continue
			}
			name, omit, _ := strings.Cut(f.Tag.Get("json"), ",")
			id := t.Name() + "." + f.Name
			o.Keys = append(o.Keys, key{
				Name: name, Field: f.Name, Doc: prose(comments[id], f.Name, t),
				Required: omit == "", Type: pointed(f.Type), Form: formOf(id),
			})
			if inner, path := structure(f.Type, strings.TrimPrefix(place+"."+name, ".")); inner != nil {
				walk(inner, path)
			}
		}
	}
	walk(reflect.TypeFor[config.Stack](), "")
	for id := range forms {
		if _, ok := comments[id]; !ok {
			return nil, fmt.Errorf("a form is given for %s, which is not there", id)
		}
	}
	return all, nil
}

// formOf returns the form of a field. That of an overlay's field is the form of
// the field that it changes.
func formOf(id string) form {
	if f, ok := forms[id]; ok {
		return f
	}
	return forms[strings.Replace(id, "Overlay.", ".", 1)]
}

// structure returns the structure that a type holds and its path in the stack
// file, or nil if it holds none.
func structure(t reflect.Type, path string) (reflect.Type, string) {
	switch t.Kind() {
	case reflect.Pointer:
		return structure(t.Elem(), path)
	case reflect.Slice:
		return structure(t.Elem(), path+"[]")
	case reflect.Map:
		return structure(t.Elem(), path+".*")
	case reflect.Struct:
		if t != durationType {
			return t, path
		}
	default: // holds none
	}
	return nil, ""
}

func pointed(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

var (
	durationType = reflect.TypeFor[config.Duration]()
	amountType   = reflect.TypeFor[config.IntOrText]()
	secretType   = reflect.TypeFor[config.Secret]()
	optionsType  = reflect.TypeFor[rules.SidecarOptions]()
	probeType    = reflect.TypeFor[config.Probe]()
)

// goComments reads the comments of package config, by "Type" and "Type.Field".
func goComments() (map[string]string, error) {
	var r jsonschema.Reflector
	if err := r.AddGoComments("", "config", jsonschema.WithFullComment()); err != nil {
		return nil, err
	}
	comments := map[string]string{}
	for id, text := range r.CommentMap {
		if id, ours := strings.CutPrefix(id, "config."); ours {
			comments[id] = strings.Join(strings.Fields(text), " ")
		}
	}
	return comments, nil
}

// prose converts a Go comment to a text for readers of the stack file: without
// the name that it starts with, and with other fields named by their keys.
func prose(comment, name string, in reflect.Type) string {
	for _, opening := range []string{name + " is ", name + " are "} {
		if rest, ok := strings.CutPrefix(comment, opening); ok {
			comment = strings.ToUpper(rest[:1]) + rest[1:]
		}
	}
	return camelCase.ReplaceAllStringFunc(comment, func(word string) string {
		if f, ok := in.FieldByName(word); ok {
			key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			return "`" + key + "`"
		}
		return word
	})
}

var (
	camelCase = regexp.MustCompile(`\b[A-Z][a-z]+[A-Z]\w*`)
	sentence  = regexp.MustCompile(`.*?\.(?:\s+|$)`) // ends with a full stop at the end of a word
)

// standard splits the text about a key into what it says about the default, or
// about its being required, and the rest.
func (k key) standard() (standard, rest string) {
	for _, s := range sentence.FindAllString(k.Doc, -1) {
		if given, ok := strings.CutPrefix(s, "Default"); ok {
			standard = strings.TrimPrefix(given, ":")
		} else if given, ok := strings.CutPrefix(s, "Required"); ok {
			standard = strings.Replace(given, "(", " (", 1)
		} else {
			rest += s
		}
	}
	return strings.TrimSuffix(strings.TrimSpace(standard), "."), strings.TrimSpace(rest)
}
