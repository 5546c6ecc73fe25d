package lint

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// An Object is a Kubernetes object of a manifest.
type Object struct {
	File       string // as people name it
	Rendered   bool   // from a chart: the lines are those of what the chart renders
	APIVersion string
	Kind       string
	Fields     map[string]any

	document *document
	node     *yaml.Node
	chart    string // the folder of the chart that renders it
}

// document is one document of a file.
type document struct {
	file     string
	rendered bool
	first    int // the line of the file before its first
	ignores  []*ignore
}

// String returns the kind, namespace and name, such as "Component todo/pubsub".
func (o *Object) String() string {
	metadata, _ := o.Fields["metadata"].(map[string]any)
	name, _ := metadata["name"].(string)
	if name == "" {
		name, _ = metadata["generateName"].(string)
	}
	if namespace, _ := metadata["namespace"].(string); namespace != "" {
		name = namespace + "/" + name
	}
	if name == "" {
		return o.Kind
	}
	return o.Kind + " " + name
}

// errNoManifest says that a text is no Kubernetes manifest.
var errNoManifest = errors.New("not a Kubernetes manifest")

// parse returns the objects of a YAML or JSON file. A document that is no
// manifest is left out; one that looks like one and is broken is an error. With
// no manifest at all it returns errNoManifest.
func parse(file string, text []byte) (objects []*Object, documents []*document, err error) {
	var errs []error
	for _, part := range split(text) {
		d := &document{file: file, first: part.line}
		var root yaml.Node
		if err := decode(part.text, &root); err != nil {
			if looksLikeManifest(part.text) {
				errs = append(errs, fmt.Errorf("%s: %s", file, d.located(err)))
			}
			continue
		}
		found, err := d.objects(&root)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s:%d: %w", file, part.line+1, err))
			continue
		}
		if len(found) > 0 {
			d.ignores = ignoresOf(part.text, &root, found)
			objects, documents = append(objects, found...), append(documents, d)
		}
	}
	if len(objects) == 0 && len(errs) == 0 {
		return nil, nil, errNoManifest
	}
	return objects, documents, errors.Join(errs...)
}

// located gives a YAML error the line of the file instead of the document.
func (d *document) located(err error) string {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if rest, ok := strings.CutPrefix(text, "line "); ok {
		number, rest, _ := strings.Cut(rest, ":")
		if n, err := strconv.Atoi(number); err == nil {
			return fmt.Sprintf("line %d:%s", n+d.first, rest)
		}
	}
	return text
}

// decode parses one document. The parser of the library may panic on input that
// no YAML is.
func decode(text []byte, into *yaml.Node) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	return yaml.Unmarshal(text, into)
}

// part is the text of one document and the line before it.
type part struct {
	text []byte
	line int
}

// split cuts a file where a line begins with three hyphens, so that a broken
// document does not hide the others.
func split(text []byte) (parts []part) {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	start, first, line := 0, 0, 0
	for at := 0; at < len(text); line++ {
		end := bytes.IndexByte(text[at:], '\n') + at + 1
		if end == at {
			end = len(text)
		}
		if separator(text[at:end]) && at > start {
			parts = append(parts, part{text[start:at], first})
			start, first = at, line
		}
		at = end
	}
	return append(parts, part{text[start:], first})
}

func separator(line []byte) bool {
	rest, ok := bytes.CutPrefix(line, []byte("---"))
	return ok && (len(rest) == 0 || bytes.ContainsRune([]byte(" \t\r\n"), rune(rest[0])))
}

// looksLikeManifest reports whether a text has the two keys of every object at
// the beginning of a line, or as in JSON.
func looksLikeManifest(text []byte) bool {
	api, kind := false, false
	for line := range bytes.Lines(text) {
		word := bytes.TrimLeft(line, " \t{\"")
		api = api || bytes.HasPrefix(word, []byte("apiVersion"))
		kind = kind || bytes.HasPrefix(word, []byte("kind"))
	}
	return api && kind
}

// objects returns the objects of a document, those of a list among them.
func (d *document) objects(root *yaml.Node) ([]*Object, error) {
	if root.Kind != yaml.DocumentNode || len(root.Content) == 0 {
		return nil, nil
	}
	c := converter{seen: map[*yaml.Node]any{}, open: map[*yaml.Node]bool{}}
	value, err := c.value(root.Content[0])
	if err != nil {
		if looks, _ := value.(map[string]any); looks["kind"] == nil {
			return nil, nil
		}
		return nil, err
	}
	return d.expand(root.Content[0], value, map[*yaml.Node]bool{}), nil
}

// expand returns the object that a node is, or those of a list. An object that
// aliases name again is returned once.
func (d *document) expand(node *yaml.Node, value any, seen map[*yaml.Node]bool) (objects []*Object) {
	if node = target(node); seen[node] {
		return nil
	}
	seen[node] = true
	fields, _ := value.(map[string]any)
	apiVersion, _ := fields["apiVersion"].(string)
	kind, _ := fields["kind"].(string)
	if apiVersion == "" || kind == "" {
		return nil
	}
	if items, ok := fields["items"].([]any); ok && strings.HasSuffix(kind, "List") {
		list := target(entry(node, "items"))
		for i, item := range items {
			objects = append(objects, d.expand(list.Content[i], item, seen)...)
		}
		return objects
	}
	return []*Object{{
		File: d.file, APIVersion: apiVersion, Kind: kind, Fields: fields, document: d, node: node,
	}}
}

// converter turns nodes into the values that the rules take, as Kubernetes reads
// them. What an alias stands for is converted once, however often it is named.
type converter struct {
	seen map[*yaml.Node]any
	open map[*yaml.Node]bool
}

func (c *converter) value(n *yaml.Node) (any, error) {
	if v, done := c.seen[n]; done {
		return v, nil
	}
	if c.open[n] {
		return nil, errors.New("an anchor contains itself")
	}
	c.open[n] = true
	v, err := c.convert(n)
	delete(c.open, n)
	c.seen[n] = v
	return v, err
}

func (c *converter) convert(n *yaml.Node) (any, error) {
	switch n.Kind {
	case yaml.AliasNode:
		return c.value(n.Alias)
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		var errs []error
		for _, item := range n.Content {
			v, err := c.value(item)
			list, errs = append(list, v), append(errs, err)
		}
		return list, errors.Join(errs...)
	case yaml.MappingNode:
		return c.mapping(n)
	case yaml.ScalarNode:
		return scalar(n), nil
	case yaml.DocumentNode: // never within another node
	}
	return nil, nil
}

func (c *converter) mapping(n *yaml.Node) (any, error) {
	m := map[string]any{}
	var errs []error
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		v, err := c.value(value)
		errs = append(errs, err)
		if key.Tag == "!!merge" {
			merge(m, v)
			continue
		}
		m[key.Value] = v // the last of a key given twice counts
	}
	return m, errors.Join(errs...)
}

// merge adds what a merge key names, below what the mapping has itself.
func merge(into map[string]any, from any) {
	switch from := from.(type) {
	case map[string]any:
		for key, v := range from {
			if _, given := into[key]; !given {
				into[key] = v
			}
		}
	case []any:
		for _, one := range from {
			merge(into, one)
		}
	}
}

// scalar returns the value of a scalar. Kubernetes still reads YAML 1.1, where
// yes and on are booleans.
func scalar(n *yaml.Node) any {
	if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return n.Value
	}
	if n.Style&yaml.TaggedStyle == 0 {
		switch n.Value {
		case "yes", "Yes", "YES", "on", "On", "ON":
			return true
		case "no", "No", "NO", "off", "Off", "OFF":
			return false
		}
	}
	var v any
	if err := n.Decode(&v); err != nil {
		return n.Value
	}
	switch v := v.(type) {
	case int64:
		return float64(v)
	case uint64:
		return float64(v)
	case time.Time:
		return n.Value
	}
	return v
}

// entry returns the value of a key of a mapping, nil if there is none.
func entry(n *yaml.Node, key string) *yaml.Node {
	_, value := pair(n, key)
	return value
}

// pair returns a key of a mapping and its value, looking into merged mappings
// last.
func pair(n *yaml.Node, key string) (k, v *yaml.Node) { return pairOf(n, key, map[*yaml.Node]bool{}) }

func pairOf(n *yaml.Node, key string, seen map[*yaml.Node]bool) (k, v *yaml.Node) {
	n = target(n)
	if n == nil || n.Kind != yaml.MappingNode || seen[n] {
		return nil, nil
	}
	seen[n] = true
	for i := len(n.Content) - 2; i >= 0; i -= 2 {
		if n.Content[i].Value == key && n.Content[i].Tag != "!!merge" {
			return n.Content[i], n.Content[i+1]
		}
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Tag != "!!merge" {
			continue
		}
		merged := target(n.Content[i+1])
		candidates := []*yaml.Node{merged}
		if merged != nil && merged.Kind == yaml.SequenceNode {
			candidates = merged.Content
		}
		for _, c := range candidates {
			if k, v := pairOf(c, key, seen); k != nil {
				return k, v
			}
		}
	}
	return nil, nil
}

// target returns what a node stands for.
func target(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}
