package migration

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules"
)

// Document is what is written besides the stack itself.
type Document struct {
	// Head are the comments before the first key.
	Head []string
	// Foot are the comments behind the last one.
	Foot string
	// Inherited are the keys that the project gives a value. Those that the stack does
	// not have are written with the value that means none.
	Inherited []string
}

// YAML returns the stack file: no value that the stack has anyway, in the order of
// docs/stack-file.md, with a comment at each placeholder.
func (r *Result) YAML(d Document) ([]byte, error) {
	w := writer{r.marks}
	stack := w.structure(reflect.ValueOf(r.Stack).Elem(), reflect.ValueOf(plainStack(r.Stack)).Elem(), "")
	if stack == nil {
		return nil, errors.New("the stack is empty")
	}
	given := map[string]bool{}
	for i := 0; i < len(stack.Content); i += 2 {
		given[stack.Content[i].Value] = true
	}
	for _, key := range d.Inherited {
		if none := noneOf(key); none != nil && !given[key] {
			stack.Content = append(stack.Content, scalar(key), none)
		}
	}
	root := &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{scalar("config"), stack}}
	root.Content[0].HeadComment = strings.Join(d.Head, "\n")
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(root); err != nil {
		return nil, fmt.Errorf("writing the stack file: %w", err)
	}
	if err := enc.Close(); err != nil {
		return nil, err
	}
	for line := range strings.Lines(d.Foot) {
		b.WriteString(strings.TrimRight("# "+strings.TrimRight(line, "\n"), " ") + "\n")
	}
	return b.Bytes(), nil
}

// plainStack returns a stack with the same parts, of which nothing is said but what
// has to be.
func plainStack(s *config.Stack) *config.Stack {
	plain := &config.Stack{Context: s.Context, Namespace: s.Namespace}
	plain.Dapr.Install = s.Dapr.Install
	if s.Redis.External != nil {
		plain.Redis.External = &config.ExternalRedis{Host: s.Redis.External.Host}
	}
	for _, store := range s.StateStores {
		plain.StateStores = append(plain.StateStores, config.StateStore{Name: store.Name, Scopes: store.Scopes})
	}
	for _, p := range s.PubSubs {
		plain.PubSubs = append(plain.PubSubs, config.PubSub{Name: p.Name, Scopes: p.Scopes, MaxLenApprox: p.MaxLenApprox})
	}
	for _, e := range s.Events {
		plain.Events = append(plain.Events, config.Event{Type: e.Type})
	}
	for _, a := range s.Apps {
		one := config.App{Name: a.Name, Image: a.Image, Port: a.Port, Kind: a.Kind}
		if a.Service != nil {
			one.Service = &config.Service{}
		}
		if a.Ingress != nil {
			one.Ingress = &config.Ingress{}
		}
		if a.Sidecar != nil {
			one.Sidecar = &config.Sidecar{AppID: a.Sidecar.AppID}
		}
		plain.Apps = append(plain.Apps, one)
	}
	config.Default(plain)
	plain.Dapr.Install = new(true)
	for i := range plain.Apps {
		plain.Apps[i].Port, plain.Apps[i].Kind = 0, config.Deployment
	}
	for i := range plain.PubSubs {
		plain.PubSubs[i].MaxLenApprox = nil
	}
	return plain
}

// noneOf returns the value of a top-level key that means none, nil for a key that
// every stack has.
func noneOf(key string) *yaml.Node {
	stack := reflect.TypeFor[config.Stack]()
	for i := range stack.NumField() {
		f := stack.Field(i)
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != key || !strings.Contains(f.Tag.Get("json"), "omitzero") {
			continue
		}
		switch f.Type.Kind() {
		case reflect.Slice:
			return &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		case reflect.Struct:
			return &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
		case reflect.Bool:
			return scalar(false)
		default: // createNamespace
			return scalar(true)
		}
	}
	return nil
}

// writer turns the parts of a stack into YAML, without what is the same in another
// stack. A part with nothing else is nil.
type writer struct{ marks map[string]string }

func (w writer) value(v, plain reflect.Value, at string) *yaml.Node {
	switch x := v.Interface().(type) {
	case config.Duration:
		return scalar(spanText(x.Duration))
	case time.Duration:
		return scalar(spanText(x))
	case config.Secret:
		return nil // never
	case config.Probe:
		if x.None() {
			return scalar("none")
		}
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		if plain.IsValid() && !plain.IsNil() {
			return w.value(v.Elem(), plain.Elem(), at)
		}
		return w.value(v.Elem(), reflect.Zero(v.Type().Elem()), at)
	case reflect.Struct:
		return w.structure(v, plain, at)
	case reflect.Slice:
		return w.list(v, plain, at)
	case reflect.Map:
		return w.mapping(v, plain, at)
	default:
		return scalar(v.Interface())
	}
}

func (w writer) structure(v, plain reflect.Value, at string) *yaml.Node {
	node := &yaml.Node{Kind: yaml.MappingNode}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		tag := f.Tag.Get("json")
		name, optional := strings.CutSuffix(tag, ",omitzero")
		if !f.IsExported() || tag == "" {
			continue
		}
		if options, ok := v.Field(i).Interface().(rules.SidecarOptions); ok {
			w.options(node, options, plain.Field(i).Interface().(rules.SidecarOptions))
			continue
		}
		if optional && (none(v.Field(i)) || !hasRequired(f.Type) && reflect.DeepEqual(v.Field(i).Interface(), plain.Field(i).Interface())) {
			continue
		}
		if value := w.value(v.Field(i), plain.Field(i), strings.TrimPrefix(at+"."+name, ".")); value != nil {
			w.add(node, name, value, at)
		}
	}
	if len(node.Content) == 0 {
		return nil
	}
	flow(node)
	return node
}

// hasRequired reports whether a field points to a structure that means something by
// its being there, such as a sidecar.
func hasRequired(t reflect.Type) bool {
	if t.Kind() != reflect.Pointer || t.Elem().Kind() != reflect.Struct {
		return false
	}
	for i := range t.Elem().NumField() {
		if tag := t.Elem().Field(i).Tag.Get("json"); tag != "" && tag != "-" && !strings.HasSuffix(tag, ",omitzero") {
			return true
		}
	}
	return false
}

// none reports whether a field says nothing.
func none(v reflect.Value) bool {
	return v.IsZero() || (v.Kind() == reflect.Slice || v.Kind() == reflect.Map) && v.Len() == 0
}

// add adds an entry, with the comment of a placeholder.
func (w writer) add(node *yaml.Node, name string, value *yaml.Node, at string) {
	key := scalar(name)
	if mark := w.marks[at+"."+name]; mark != "" {
		if value.Kind == yaml.ScalarNode || value.Style == yaml.FlowStyle {
			value.LineComment = mark
		} else {
			key.HeadComment = mark
		}
	}
	node.Content = append(node.Content, key, value)
}

func (w writer) list(v, plain reflect.Value, at string) *yaml.Node {
	node := &yaml.Node{Kind: yaml.SequenceNode}
	for i := range v.Len() {
		other := reflect.Zero(v.Type().Elem())
		if plain.IsValid() && i < plain.Len() {
			other = plain.Index(i)
		}
		if item := w.value(v.Index(i), other, at+"["+nameOf(v.Index(i))+"]"); item != nil {
			node.Content = append(node.Content, item)
		}
	}
	flow(node)
	return node
}

// nameOf returns the name of an item of a list.
func nameOf(v reflect.Value) string {
	switch item := v.Interface().(type) {
	case config.App:
		return item.Name
	case config.StateStore:
		return item.Name
	case config.PubSub:
		return item.Name
	case config.Event:
		return item.PubSub + " " + item.Type
	}
	return ""
}

func (w writer) mapping(v, plain reflect.Value, at string) *yaml.Node {
	node := &yaml.Node{Kind: yaml.MappingNode}
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return cmp.Compare(a.String(), b.String()) })
	for _, key := range keys {
		other := reflect.Value{}
		if plain.IsValid() {
			other = plain.MapIndex(key)
		}
		if other.IsValid() && reflect.DeepEqual(v.MapIndex(key).Interface(), other.Interface()) {
			continue
		}
		if !other.IsValid() {
			other = reflect.Zero(v.Type().Elem())
		}
		if value := w.value(v.MapIndex(key), other, at); value != nil {
			node.Content = append(node.Content, scalar(key.String()), value)
		}
	}
	if len(node.Content) == 0 {
		return nil
	}
	flow(node)
	return node
}

// options adds the options of a sidecar, those of a group below its key.
func (w writer) options(node *yaml.Node, options, plain rules.SidecarOptions) {
	groups := map[string]*yaml.Node{}
	for _, row := range rules.Options() {
		v, given := options[row.Key]
		if !given || reflect.DeepEqual(v, plain[row.Key]) {
			continue
		}
		value := w.value(reflect.ValueOf(v), reflect.Value{}, "")
		group, name := row.Group()
		into := node
		if group != "" {
			if groups[group] == nil {
				groups[group] = &yaml.Node{Kind: yaml.MappingNode}
				node.Content = append(node.Content, scalar(group), groups[group])
			}
			into = groups[group]
		}
		into.Content = append(into.Content, scalar(name), value)
	}
	for _, group := range groups {
		if len(group.Content) > 2 && group.Content[0].Value == "enabled" && group.Content[1].Value == "true" {
			group.Content = group.Content[2:] // given at all, it is enabled
		}
		flow(group)
	}
}

// scalar returns a value, in quotes where it would be read as something else.
func scalar(v any) *yaml.Node {
	var node yaml.Node
	if err := node.Encode(v); err != nil {
		return &yaml.Node{Kind: yaml.ScalarNode, Value: fmt.Sprint(v)}
	}
	return &node
}

// spanText returns a duration as people write it: 168h, not 168h0m0s.
func spanText(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// widest is how long a collection on one line may be, in characters.
const widest = 72

// flow puts a short collection without comments on one line.
func flow(node *yaml.Node) {
	width := 2
	for _, c := range node.Content {
		if c.Kind != yaml.ScalarNode && c.Style != yaml.FlowStyle || c.HeadComment != "" || c.LineComment != "" || strings.Contains(c.Value, "\n") {
			return
		}
		width += widthOf(c)
	}
	if width <= widest && !slices.ContainsFunc(node.Content, func(c *yaml.Node) bool { return c.Kind == yaml.MappingNode && node.Kind == yaml.SequenceNode }) {
		node.Style = yaml.FlowStyle
	}
}

func widthOf(node *yaml.Node) int {
	width := len(node.Value) + 2
	for _, c := range node.Content {
		width += widthOf(c)
	}
	return width
}
