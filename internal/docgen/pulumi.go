package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"github.com/daprstack/daprstack/provider"
)

// The parts of a Pulumi package schema that we need (pulumi/pkg/codegen/schema,
// whose types a test reads the result with).
type (
	pulumiPackage struct {
		Name        string                     `json:"name"`
		Description string                     `json:"description"`
		License     string                     `json:"license"`
		Repository  string                     `json:"repository"`
		Download    string                     `json:"pluginDownloadURL"`
		Types       map[string]*pulumiObject   `json:"types"`
		Resources   map[string]*pulumiResource `json:"resources"`
		Language    map[string]any             `json:"language"`
	}
	pulumiObject struct {
		Description string                     `json:"description,omitempty"`
		Type        string                     `json:"type,omitempty"`
		Properties  map[string]*pulumiProperty `json:"properties,omitempty"`
		Required    []string                   `json:"required,omitempty"`
	}
	pulumiResource struct {
		pulumiObject
		Inputs         map[string]*pulumiProperty `json:"inputProperties"`
		RequiredInputs []string                   `json:"requiredInputs,omitempty"`
		IsComponent    bool                       `json:"isComponent"`
	}
	pulumiProperty struct {
		Description string          `json:"description,omitempty"`
		Type        string          `json:"type,omitempty"`
		Ref         string          `json:"$ref,omitempty"`
		Items       *pulumiProperty `json:"items,omitempty"`
		Entries     *pulumiProperty `json:"additionalProperties,omitempty"`
		Secret      bool            `json:"secret,omitempty"`
	}
)

// pulumiSchema returns the schema of the component provider. The objects of the
// stack file are types of a module of their own: some have the name of a resource.
func pulumiSchema(objects []*object) ([]byte, error) {
	w := &pulumiWriter{objects, &pulumiPackage{
		Name: provider.Package, License: "Apache-2.0",
		Repository:  "https://github.com/daprstack/daprstack",
		Download:    "github://api.github.com/daprstack/daprstack", // its releases
		Description: "A complete, safe Dapr platform on Kubernetes: control plane, Redis, components, applications.",
		Types:       map[string]*pulumiObject{}, Resources: map[string]*pulumiResource{},
		Language: map[string]any{
			"nodejs": map[string]any{"respectSchemaVersion": true},
			"python": map[string]any{"respectSchemaVersion": true, "pyproject": map[string]any{"enabled": true}},
		},
	}}
	for _, r := range provider.Resources {
		made, err := w.resource(r)
		if err != nil {
			return nil, fmt.Errorf("resource %s: %w", r.Name, err)
		}
		w.file.Resources[r.Token()] = made
	}
	raw, err := json.MarshalIndent(w.file, "", "  ")
	return append(raw, '\n'), err
}

type pulumiWriter struct {
	objects []*object
	file    *pulumiPackage
}

func (w *pulumiWriter) resource(r *provider.Resource) (*pulumiResource, error) {
	made := &pulumiResource{
		pulumiObject: pulumiObject{Description: r.Doc, Properties: map[string]*pulumiProperty{}},
		Inputs:       map[string]*pulumiProperty{}, IsComponent: true,
	}
	add := func(k key, name string, required bool) {
		made.Inputs[name] = w.property(k)
		if required {
			made.RequiredInputs = append(made.RequiredInputs, name)
		}
	}
	for _, in := range r.Inputs {
		k := key{Type: kindOf[in.Type]}
		if in.Place != "" {
			var err error
			if k, err = w.at(in.Place); err != nil {
				return nil, err
			}
		}
		if in.Doc != "" {
			k.Doc = in.Doc
		}
		add(k, in.Name, k.Required || in.Required)
	}
	base := w.objects[0]
	if r.Base != "" {
		k, err := w.at(r.Base)
		if err != nil {
			return nil, err
		}
		base = find(w.objects, innermost(k.Type))
	}
	for _, k := range base.Keys {
		if made.Inputs[k.Name] == nil && r.Takes(k.Name) {
			add(k, k.Name, k.Required)
		}
	}
	for _, out := range r.Outputs {
		k := key{Doc: out.Doc, Type: kindOf[out.Type]}
		if k.Type == nil { // an object of the stack file
			k.Group = string(out.Type)
		}
		made.Properties[out.Name] = w.property(k)
	}
	return made, nil
}

var kindOf = map[provider.Type]reflect.Type{
	provider.Text: reflect.TypeFor[string](), provider.Texts: reflect.TypeFor[[]string](),
	provider.Entries: reflect.TypeFor[map[string]string](), provider.ListOfMaps: reflect.TypeFor[[]map[string]string](),
	provider.Structure: reflect.TypeFor[any](),
}

// at returns the key at a path of the stack file, such as stateStores[0].name.
func (w *pulumiWriter) at(path string) (key, error) {
	object, found := w.objects[0], key{}
	for step := range strings.SplitSeq(anyIndex.ReplaceAllString(path, ""), ".") {
		i := -1
		for j, k := range object.Keys {
			if k.Name == step {
				i = j
			}
		}
		if i < 0 {
			return key{}, fmt.Errorf("the stack file has no %s", path)
		}
		found = object.Keys[i]
		if inner, _ := structure(found.Type, ""); inner != nil {
			object = find(w.objects, inner)
		}
	}
	return found, nil
}

var anyIndex = regexp.MustCompile(`\[\d+\]`)

func innermost(t reflect.Type) reflect.Type {
	inner, _ := structure(t, "")
	return inner
}

func (w *pulumiWriter) property(k key) *pulumiProperty {
	if k.Group != "" {
		return &pulumiProperty{Description: k.Doc, Ref: w.typeOf(k.Group)}
	}
	p := w.kind(k.Type)
	p.Description = k.Doc
	return p
}

func (w *pulumiWriter) kind(t reflect.Type) *pulumiProperty {
	if t == probeType { // an object or a text
		return &pulumiProperty{Ref: "pulumi.json#/Any"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return w.kind(t.Elem())
	case reflect.Bool:
		return &pulumiProperty{Type: "boolean"}
	case reflect.Int:
		return &pulumiProperty{Type: "integer"}
	case reflect.Slice:
		return &pulumiProperty{Type: "array", Items: w.kind(t.Elem())}
	case reflect.Map:
		return &pulumiProperty{Type: "object", Entries: w.kind(t.Elem())}
	case reflect.Interface:
		return &pulumiProperty{Ref: "pulumi.json#/Any"}
	case reflect.Struct:
		if t != durationType {
			return &pulumiProperty{Ref: w.typeOf(t.Name())}
		}
		fallthrough
	default:
		return &pulumiProperty{Type: "string", Secret: t == secretType}
	}
}

// typeOf returns a reference to an object of the stack file, whose type it adds.
func (w *pulumiWriter) typeOf(name string) string {
	token := provider.Package + ":stackfile:" + name
	if w.file.Types[token] == nil {
		o := w.named(name)
		made := &pulumiObject{Description: o.Doc, Type: "object", Properties: map[string]*pulumiProperty{}}
		w.file.Types[token] = made
		for _, k := range o.Keys {
			made.Properties[k.Name] = w.property(k)
			if k.Required {
				made.Required = append(made.Required, k.Name)
			}
		}
	}
	return "#/types/" + token
}

func (w *pulumiWriter) named(name string) *object {
	for _, o := range w.objects {
		if o.Name == name {
			return o
		}
	}
	panic("docgen: the stack file has no object " + name) // a test generates
}
