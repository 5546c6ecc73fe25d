package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"sigs.k8s.io/yaml"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules"
	"github.com/daprstack/daprstack/policy/settings"
)

var (
	//go:embed rules.md.tmpl
	rulesTemplate string
	//go:embed lint.md.tmpl
	lintTemplate string
	//go:embed stack-file.md.tmpl
	stackFileTemplate string
)

// The examples on the page, stack files that tests load.
var examples = []string{"config/testdata/everything.yaml", "config/testdata/external.yaml"}

var functions = template.FuncMap{"anchor": anchor, "cell": cell, "linked": linked}

func render(text string, data any) ([]byte, error) {
	t, err := template.New("").Funcs(functions).Parse(text)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, data)
	return b.Bytes(), err
}

// cell escapes a text for the cell of a table.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

func anchor(s string) string { return strings.ToLower(s) }

var ruleNumber = regexp.MustCompile(`\b[A-Z]-\d\d\b`)

// linked turns the numbers of rules into links.
func linked(s string) string {
	return ruleNumber.ReplaceAllStringFunc(s, func(id string) string {
		return fmt.Sprintf("[%s](rules.md#%s)", id, anchor(id))
	})
}

// A group is the rules of one letter.
type group struct {
	Title string
	Rules []rules.Rule
}

var titles = map[byte]string{
	'S': "Sidecar", 'T': "Component", 'Q': "Pub/sub", 'E': "Event", 'N': "State", 'I': "Service invocation", 'A': "Application", 'R': "Resiliency",
	'X': "Across entities", 'W': "Around the pod", 'C': "The stack as a whole",
}

func rulesPage() ([]byte, error) {
	var groups []group
	for _, r := range rules.Table {
		title := titles[r.ID[0]]
		if title == "" {
			return nil, fmt.Errorf("%s has no title", r.ID)
		}
		if len(groups) == 0 || groups[len(groups)-1].Title != title {
			groups = append(groups, group{Title: title})
		}
		last := &groups[len(groups)-1]
		last.Rules = append(last.Rules, r)
	}
	return render(rulesTemplate, groups)
}

func lintPage() ([]byte, error) { return render(lintTemplate, settings.Policies) }

// A row is one key of the stack file on its page.
type row struct{ Name, Type, Default, Example, Meaning string }

func stackFilePage(objects []*object) ([]byte, error) {
	var given []any
	for _, name := range examples {
		raw, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		values, err := stackValues(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		given = append(given, values)
	}
	type section struct {
		*object
		Rows []row
	}
	var sections []section
	for _, o := range objects {
		s := section{object: o}
		for _, k := range o.Keys {
			standard, meaning := k.standard()
			if k.Required {
				standard = "**required**" + standard
			}
			s.Rows = append(s.Rows, row{k.Name, k.typeName(), standard, k.example(o, given), meaning})
		}
		sections = append(sections, s)
	}
	type component struct {
		Type  string
		Items []item
	}
	var components []component
	for _, componentType := range rules.TypesOf() {
		c := component{Type: componentType}
		known := rules.Metadata(componentType)
		for _, name := range slices.Sorted(maps.Keys(known)) {
			if k := known[name]; k.Instead == "" && !k.Sensitive {
				c.Items = append(c.Items, item{name, k})
			}
		}
		components = append(components, c)
	}
	return render(stackFileTemplate, map[string]any{"Sections": sections, "Components": components})
}

// stackValues reads the configuration values of a stack file, by their keys
// without the namespace.
func stackValues(raw []byte) (map[string]any, error) {
	var file struct {
		Config map[string]any `json:"config"`
	}
	if err := yaml.Unmarshal(raw, &file); err != nil {
		return nil, err
	}
	values := map[string]any{}
	for name, v := range file.Config {
		values[strings.TrimPrefix(name, config.Namespace+":")] = v
	}
	return values, nil
}

// example returns a value that an example gives the key, as one line of YAML. It
// is empty for a key that has a section of its own, and for all of an overlay.
func (k key) example(o *object, given []any) string {
	if inner, _ := structure(k.Type, ""); inner != nil && k.Type.Kind() != reflect.Map {
		return ""
	}
	for _, values := range given {
		for _, place := range o.Places {
			for _, found := range at(values, place) {
				if v, ok := found.(map[string]any)[k.Name]; ok && o.Name != "Overlay" {
					return "`" + inline(v) + "`"
				}
			}
		}
	}
	return ""
}

// at returns the objects at a place.
func at(v any, place string) []any {
	step, rest, _ := strings.Cut(place, ".")
	if step == "" {
		return []any{v}
	}
	name, list := strings.CutSuffix(step, "[]")
	entries, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	next := []any{entries[name]}
	switch {
	case name == "*":
		next = nil
		for _, key := range slices.Sorted(maps.Keys(entries)) {
			next = append(next, entries[key])
		}
	case list:
		next, _ = entries[name].([]any)
	}
	var found []any
	for _, n := range next {
		if n != nil {
			found = append(found, at(n, rest)...)
		}
	}
	return found
}

// inline renders a value in the flow style of YAML.
func inline(v any) string {
	switch v := v.(type) {
	case []any:
		var items []string
		for _, item := range v {
			items = append(items, inline(item))
		}
		return "[" + strings.Join(items, ", ") + "]"
	case map[string]any:
		var items []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			items = append(items, name+": "+inline(v[name]))
		}
		return "{ " + strings.Join(items, ", ") + " }"
	default:
		raw, err := yaml.Marshal(v)
		if err != nil {
			return err.Error()
		}
		return strings.TrimSpace(string(raw))
	}
}

// typeName describes the value of a key.
func (k key) typeName() string {
	if k.Group != "" {
		return fmt.Sprintf("[object](#%s)", anchor(k.Group))
	}
	name := named(k.Type)
	if k.Form.Words == "" {
		return name
	}
	switch k.Type.Kind() {
	case reflect.Slice, reflect.Map:
		return name + ", each: " + k.Form.Words
	case reflect.Int:
		return k.Form.Words
	default:
		if len(k.Form.Schema.Enum) > 1 {
			return "one of " + k.Form.Words
		}
		return k.Form.Words
	}
}

func named(t reflect.Type) string {
	switch {
	case t == secretType:
		return "text, [a secret](#secrets)"
	case t.Kind() == reflect.Struct:
		return fmt.Sprintf("[object](#%s)", anchor(t.Name()))
	case t.Kind() == reflect.Slice:
		return "list of " + plural(t.Elem())
	case t == probeType:
		return "object, or `none`"
	case t.Kind() == reflect.Map && t.Elem().Kind() == reflect.Interface:
		return "object"
	case t.Kind() == reflect.Map:
		return "map to " + plural(t.Elem())
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Int:
		return "whole number"
	default:
		return "text"
	}
}

func plural(t reflect.Type) string {
	if t.Kind() == reflect.Map {
		return "objects"
	}
	if t.Kind() == reflect.Struct && t != durationType {
		return fmt.Sprintf("[objects](#%s)", anchor(t.Name()))
	}
	return "texts"
}
