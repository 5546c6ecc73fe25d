package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules"
	"github.com/daprstack/daprstack/stacks"
)

// file is the stack file that stands for one resource.
type file struct {
	resource *Resource
	inputs   map[string]any
	values   map[string]any
	secret   map[string]bool // keys that hold a secret
	places   []place
	apps     map[string]int // the stand-ins, by app-id
	problems config.Errors  // of inputs that have no place in the stack file
}

// place says what input a part of the stack file comes from.
type place struct {
	file, input string
	standIn     bool // an app that others make; input names it
}

// newFile writes the stack file of a resource.
func newFile(r *Resource, inputs property.Map) *file {
	f := &file{resource: r, inputs: map[string]any{}, values: map[string]any{}, secret: map[string]bool{}, apps: map[string]int{}}
	for key, value := range inputs.AllStable {
		f.add(key, value)
	}
	for _, in := range r.Inputs {
		if in.Place != "" {
			f.places = append(f.places, place{file: in.Place, input: in.Name})
		}
		if f.inputs[in.Name] == nil && in.Required {
			f.problem(in.Name, "is required")
		}
	}
	if r.Base == "" {
		return f
	}
	f.places = append(f.places, place{file: r.Base})
	f.put("context", "none")
	f.put("createNamespace", false) // whoever makes it, it is there before
	if r.fill != nil {
		r.fill(f)
	}
	for _, key := range []string{"caCert", "caCertSecret"} {
		if object, _ := f.inputs["redis"].(map[string]any); object[key] != nil {
			f.problem("redis."+key, "must be given to a Stack, whose apps trust it")
		}
	}
	if f.values["apps"] == nil { // otherwise it is a control plane alone
		f.app(0, "stand-in", "")
	}
	return f
}

// add adds one input.
func (f *file) add(key string, value property.Value) {
	plain, secret, ok := plainOf(value)
	if !ok {
		f.problem(key, "must be plain values: text, numbers, true or false, lists and objects")
		return
	}
	if plain == nil {
		return
	}
	f.inputs[key] = plain
	steps := append(stepsOf(f.resource.Base), key)
	for _, in := range f.resource.Inputs {
		switch {
		case in.Name != key:
		case in.Place == "":
			f.checkType(in, plain)
			return
		default:
			steps = stepsOf(in.Place)
		}
	}
	if !f.resource.Takes(key) {
		f.problem(key, "unknown key")
		return
	}
	f.values = set(f.values, steps, plain).(map[string]any)
	f.secret[steps[0]] = f.secret[steps[0]] || secret
}

// Takes reports whether a key, if it stands at Base, is an input.
func (r *Resource) Takes(key string) bool {
	if slices.ContainsFunc(r.Inputs, func(in Input) bool { return in.Name == key }) {
		return true
	}
	return !slices.Contains(r.Without, key) && (r.Only == nil || slices.Contains(r.Only, key))
}

// checkType checks an input that has no place in the stack file.
func (f *file) checkType(in Input, value any) {
	if value == config.Unknown {
		return
	}
	items, ok := value.([]any)
	for _, item := range items {
		if item == config.Unknown {
			continue
		}
		switch item.(type) {
		case string:
			ok = ok && in.Type == Texts
		case map[string]any:
			ok = ok && in.Type == ListOfMaps
		default:
			ok = false
		}
	}
	if !ok {
		f.problem(in.Name, "must be a "+string(in.Type))
	}
}

func (f *file) problem(path, allowed string) {
	f.problems = append(f.problems, config.Violation{Path: path, Allowed: allowed})
}

// put sets a value that no input gives.
func (f *file) put(path string, value any) {
	f.values = set(f.values, stepsOf(path), value).(map[string]any)
}

var step = regexp.MustCompile(`[^.\[\]]+`)

// stepsOf returns the keys and indices of a path.
func stepsOf(path string) []string { return step.FindAllString(path, -1) }

// set returns a tree with a value at a path, making what is above it.
func set(tree any, path []string, value any) any {
	if len(path) == 0 {
		return value
	}
	if i, err := strconv.Atoi(path[0]); err == nil {
		list, _ := tree.([]any)
		for len(list) <= i {
			list = append(list, map[string]any{})
		}
		list[i] = set(list[i], path[1:], value)
		return list
	}
	object, _ := tree.(map[string]any)
	if object == nil {
		object = map[string]any{}
	}
	object[path[0]] = set(object[path[0]], path[1:], value)
	return object
}

// given is one text among the inputs.
type given struct{ text, path string }

// texts returns the texts at a path of the inputs, or in the list there.
func (f *file) texts(path string) (found []given) {
	var value any = f.inputs
	for _, key := range stepsOf(path) {
		switch v := value.(type) {
		case map[string]any:
			value = v[key]
		case []any:
			if i, err := strconv.Atoi(key); err == nil && i < len(v) {
				value = v[i]
			}
		default:
			value = nil
		}
	}
	add := func(v any, path string) {
		if text, ok := v.(string); ok && text != "" && text != config.Unknown {
			found = append(found, given{text, path})
		}
	}
	if items, ok := value.([]any); ok {
		for i, item := range items {
			add(item, fmt.Sprintf("%s[%d]", path, i))
		}
	} else {
		add(value, path)
	}
	return found
}

// standIns adds an app for each app-id in a list of the inputs, except those of
// other namespaces, which no stack has.
func (f *file) standIns(path string) {
	for _, id := range f.texts(path) {
		if _, namespace := rules.SplitTarget(id.text); namespace == "" {
			f.standIn(id.text, id.path)
		}
	}
}

// standIn adds an app that stands for one that others make, and returns its
// position. What is wrong with it is wrong with the input that names it.
func (f *file) standIn(id, input string) int {
	if i, there := f.apps[id]; there {
		return i
	}
	list, _ := f.values["apps"].([]any)
	i := len(list)
	f.apps[id] = i
	f.app(i, strings.TrimSuffix(id, "-app"), input)
	f.put(fmt.Sprintf("apps[%d].sidecar.appId", i), id)
	return i
}

func (f *file) app(i int, name, input string) {
	at := fmt.Sprintf("apps[%d]", i)
	f.put(at+".name", name)
	f.put(at+".image", "none")
	f.put(at+".port", json.Number("8000"))
	f.places = append(f.places, place{file: at, input: input, standIn: true})
}

// callers makes the callers among the inputs that are of the same namespace invoke
// the app whose app-id is at a path of the inputs.
func (f *file) callers(path string) {
	list, _ := f.inputs["callers"].([]any)
	for _, own := range f.texts(path) {
		for i := range list {
			caller := fmt.Sprintf("callers[%d]", i)
			if len(f.texts(caller+".namespace")) > 0 {
				continue
			}
			for _, id := range f.texts(caller + ".app") {
				if id.text == own.text {
					continue // I-07 reports it
				}
				f.put(fmt.Sprintf("apps[%d].invokes", f.standIn(id.text, id.path)), []any{own.text})
			}
		}
	}
}

// configured names the Configuration of all apps as the inputs name that of one.
func (f *file) configured(path string) {
	for _, name := range f.texts(path) {
		f.put("dapr.configuration.name", name.text)
		list, _ := f.values["apps"].([]any)
		for i := range list {
			if app, _ := list[i].(map[string]any); app["sidecar"] != nil {
				f.put(fmt.Sprintf("apps[%d].sidecar.config", i), name.text)
			}
		}
	}
}

// load returns the checked configuration. The error has every problem, at the
// inputs that it comes from.
func (f *file) load(name string) (*config.Stack, error) {
	raw, secretKeys := map[string]string{}, []string{}
	for key, value := range f.values {
		full := config.Namespace + ":" + key
		if text, ok := value.(string); ok {
			raw[full] = text
		} else {
			text, err := json.Marshal(value)
			if err != nil {
				return nil, fmt.Errorf("reading the input %s of %s %q: %w", key, f.resource.Name, name, err)
			}
			raw[full] = string(text)
		}
		if f.secret[key] {
			secretKeys = append(secretKeys, full)
		}
	}
	cfg, err := stacks.Load(raw, secretKeys...)
	found, follows := f.problems, config.Errors{}
	var violations config.Errors
	switch {
	case errors.As(err, &violations):
		for _, v := range violations {
			if path, ours := f.input(v.Path); ours {
				v.Path = path
				found = append(found, v)
			} else {
				follows = append(follows, v)
			}
		}
	case err != nil:
		return nil, err
	}
	switch {
	case len(found) > 0:
		return nil, f.report(name, found)
	case len(follows) > 0:
		return nil, f.report(name, follows)
	}
	return cfg, nil
}

// input returns the path among the inputs of a path of the stack file; false for
// what no input gives, which is wrong only because an input is.
func (f *file) input(path string) (string, bool) {
	best, below, found := place{}, path, f.resource.Base == ""
	for _, p := range f.places {
		rest, in := strings.CutPrefix(path, p.file)
		if in && (rest == "" || rest[0] == '.' || rest[0] == '[') && len(p.file) >= len(best.file) {
			best, below, found = p, rest, true
		}
	}
	if best.standIn {
		return best.input, best.input != "" && below == ".sidecar.appId"
	}
	return strings.TrimPrefix(best.input+below, "."), found
}

func (f *file) report(name string, found config.Errors) error {
	lines := map[string]bool{}
	for _, v := range found {
		lines["\n  "+v.String()] = true
	}
	noun := "problems"
	if len(lines) == 1 {
		noun = "problem"
	}
	return fmt.Errorf("%s %q has %d %s:%s", f.resource.Name, name, len(lines), noun, strings.Join(slices.Sorted(maps.Keys(lines)), ""))
}

// plainOf returns a value as the stack file would have it, and whether any of it
// is secret; false if the stack file can have no such value.
func plainOf(v property.Value) (plain any, secret, ok bool) {
	secret, ok = v.Secret(), true
	below := func(v property.Value) any {
		item, s, o := plainOf(v)
		secret, ok = secret || s, ok && o
		return item
	}
	switch {
	case v.IsComputed():
		plain = config.Unknown
	case v.IsNull():
	case v.IsBool():
		plain = v.AsBool()
	case v.IsNumber():
		plain = json.Number(strconv.FormatFloat(v.AsNumber(), 'f', -1, 64))
	case v.IsString():
		plain = v.AsString()
	case v.IsArray():
		items := []any{}
		for _, item := range v.AsArray().All {
			items = append(items, below(item))
		}
		plain = items
	case v.IsMap():
		entries := map[string]any{}
		for key, item := range v.AsMap().All {
			entries[key] = below(item)
		}
		plain = entries
	default:
		ok = false
	}
	return plain, secret, ok
}
