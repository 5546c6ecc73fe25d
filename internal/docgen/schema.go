package main

import (
	"encoding/json"
	"reflect"
	"slices"

	"github.com/invopop/jsonschema"

	"github.com/daprstack/daprstack/config"
)

type schema = jsonschema.Schema

// schemaFile returns the JSON Schema of a stack file. It is strict about the
// keys of daprstack and ignores all others. What Pulumi writes is allowed too:
// an encrypted text, and a whole value as JSON in a text.
func schemaFile(objects []*object) ([]byte, error) {
	file := &schema{
		Version:     jsonschema.Version,
		Title:       "Stack file of daprstack",
		Description: "Pulumi.<stack>.yaml. docs/reference/stack-file.md explains every key.",
		Type:        "object",
		Properties:  jsonschema.NewProperties(),
		Required:    []string{"config"},
		Definitions: jsonschema.Definitions{},
	}
	file.Properties.Set("config", topLevel(objects[0]))
	for _, o := range objects[1:] {
		file.Definitions[o.Name] = o.schema()
		for _, k := range o.Keys {
			if k.Form.Part {
				file.Definitions[k.Type.Name()+partly] = find(objects, k.Type).part()
			}
		}
	}
	encrypted := &schema{
		Type: "object", Description: "A value that Pulumi has encrypted (pulumi config set --secret).",
		Properties: jsonschema.NewProperties(), Required: []string{"secure"}, AdditionalProperties: jsonschema.FalseSchema,
	}
	encrypted.Properties.Set("secure", &schema{Type: "string"})
	file.Definitions["secure"] = encrypted
	raw, err := json.MarshalIndent(file, "", "  ")
	return append(raw, '\n'), err
}

// topLevel returns the schema of the configuration values of a stack. A key may
// have the name of the project before it. Of a project of another name, such keys
// are not known.
func topLevel(stack *object) *schema {
	ours := &schema{}
	top := &schema{
		Type: "object", Description: stack.Doc, Properties: jsonschema.NewProperties(),
		PropertyNames: &schema{AnyOf: []*schema{{Pattern: ":", Not: &schema{Pattern: "^" + config.Namespace + ":"}}, ours}},
		// All but the context may be inherited: not every key is another one.
		Not: &schema{PropertyNames: &schema{Not: &schema{Pattern: "^(.+:)?context$"}}},
	}
	for _, k := range stack.Keys {
		whole := config.Namespace + ":" + k.Name
		ours.Enum = append(ours.Enum, k.Name, whole)
		top.Properties.Set(k.Name, anyOf(k.Doc, append(k.values(), asText(k.Type)...)))
		top.Properties.Set(whole, &schema{Ref: "#" + pathOfTopLevel + k.Name})
	}
	return top
}

const pathOfTopLevel = "/properties/config/properties/"

// projectSchema returns the JSON Schema of the values that a project gives its
// stacks. It ignores everything else in Pulumi.yaml.
func projectSchema(stack *object) ([]byte, error) {
	ours := &schema{}
	values := &schema{
		Type: "object", Properties: jsonschema.NewProperties(),
		PropertyNames: &schema{AnyOf: []*schema{{Pattern: ":"}, ours}}, // keys of other namespaces have one
	}
	for _, k := range stack.Keys {
		value := &schema{Ref: "stack-file.schema.json#" + pathOfTopLevel + k.Name}
		declared := &schema{Type: "object", Properties: jsonschema.NewProperties(), AdditionalProperties: jsonschema.FalseSchema}
		for _, own := range []string{"type", "items", "description", "secret"} { // Pulumi's
			declared.Properties.Set(own, jsonschema.TrueSchema)
		}
		declared.Properties.Set("default", value)
		declared.Properties.Set("value", value)
		forms := []*schema{declared}
		if t := k.Type.Kind(); t != reflect.Struct { // an object alone would be taken for a declaration
			forms = append(forms, &schema{Not: &schema{Type: "object"}, AllOf: []*schema{value}})
		}
		ours.Enum = append(ours.Enum, k.Name)
		values.Properties.Set(k.Name, anyOf(k.Doc, forms))
	}
	file := &schema{
		Version: jsonschema.Version, Title: "Project file of daprstack",
		Description: "Pulumi.yaml: the values that the stacks share. docs/reference/stack-file.md explains every key.",
		Type:        "object", Properties: jsonschema.NewProperties(),
	}
	file.Properties.Set("config", values)
	raw, err := json.MarshalIndent(file, "", "  ")
	return append(raw, '\n'), err
}

// asText returns the forms that a whole value may have besides its own: Pulumi
// hands each to the program as text.
func asText(t reflect.Type) []*schema {
	json := func(pattern string) []*schema {
		return []*schema{{Type: "string", Pattern: `^\s*(null|` + pattern + ")"}, secure()}
	}
	switch t.Kind() {
	case reflect.String:
		return []*schema{{Type: "number"}, {Type: "boolean"}}
	case reflect.Bool:
		return json(`true|false`)
	case reflect.Slice:
		return json(`\[`)
	default:
		return json(`\{`)
	}
}

func (o *object) schema() *schema {
	s := &schema{
		Type: "object", Description: o.Doc, Properties: jsonschema.NewProperties(), AdditionalProperties: jsonschema.FalseSchema,
	}
	for _, k := range o.Keys {
		s.Properties.Set(k.Name, anyOf(k.Doc, k.values()))
		if k.Required {
			s.Required = append(s.Required, k.Name)
		}
	}
	return s
}

// partly is the suffix of an object's name where a part of the object is enough.
const partly = "Part"

// part returns the schema of the object without the keys that it requires, which
// identify it.
func (o *object) part() *schema {
	s := o.schema()
	for _, name := range s.Required {
		s.Properties.Delete(name)
	}
	s.Required = nil
	return s
}

func find(objects []*object, t reflect.Type) *object {
	return objects[slices.IndexFunc(objects, func(o *object) bool { return o.Name == t.Name() })]
}

// values returns the forms that the value of a key may have.
func (k key) values() []*schema {
	var forms []*schema
	if k.Group != "" {
		forms = append(forms, &schema{Ref: "#/$defs/" + k.Group})
	} else {
		forms = k.Form.forms(k.Type)
	}
	if !k.Required {
		forms = append(forms, null()) // the same as no key
	}
	return forms
}

// forms returns the forms that a value of a type may have.
func (f form) forms(t reflect.Type) []*schema {
	value := f.Schema
	switch t.Kind() {
	case reflect.Bool:
		value.Type = "boolean"
	case reflect.Int:
		value.Type = "integer"
	case reflect.Slice:
		list := &schema{Type: "array", Items: anyOf("", f.forms(t.Elem())), UniqueItems: f.Once}
		if f.Some {
			list.MinItems = new(uint64(1))
		}
		return []*schema{list}
	case reflect.Map:
		if t == probeType {
			return []*schema{{Type: "object"}, {Enum: []any{"none"}}}
		}
		if t.Elem().Kind() == reflect.Interface {
			return []*schema{{Type: "object"}}
		}
		entry := func(doc string) *schema { return anyOf(doc, append(f.forms(t.Elem()), null())) }
		object := &schema{Type: "object", PropertyNames: f.Names}
		if f.Keys == nil {
			object.AdditionalProperties = entry("")
			return []*schema{object}
		}
		object.Properties, object.AdditionalProperties = jsonschema.NewProperties(), jsonschema.FalseSchema
		for _, k := range f.Keys {
			object.Properties.Set(k.Name, entry(k.Doc))
		}
		return []*schema{object}
	case reflect.Struct:
		if t != durationType {
			ref := "#/$defs/" + t.Name()
			if f.Part {
				ref += partly
			}
			return []*schema{{Ref: ref}}
		}
		fallthrough
	default:
		value.Type = "string"
		if t == amountType {
			return []*schema{&value, {Type: "integer"}}
		}
		return []*schema{&value, secure()}
	}
	return []*schema{&value}
}

func secure() *schema { return &schema{Ref: "#/$defs/secure"} }
func null() *schema   { return &schema{Type: "null"} }

// anyOf returns a schema of several forms.
func anyOf(description string, forms []*schema) *schema {
	if len(forms) == 1 && forms[0].Ref == "" {
		forms[0].Description = description
		return forms[0]
	}
	return &schema{Description: description, AnyOf: forms}
}
