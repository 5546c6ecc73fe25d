package lint

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// span is the lines of a field, from 1 in its file. They are those of the
// nearest field around it, without what is in that, if the field is missing.
type span struct{ first, last int }

// at returns the lines of a path as the checks write it: keys with dots between
// them, and in brackets the index of an item, its name, a key with dots or, of
// ports, the number.
func (o *Object) at(path string) span {
	node := o.node
	found := span{node.Line, node.Line}
	missing := false
	for path != "" {
		var key, value *yaml.Node
		if key, value, path = step(node, path); value == nil {
			missing = true
			break
		}
		found = span{key.Line, value.Line}
		node = value
	}
	if !missing && path == "" {
		found.last = max(found.last, lastLine(node))
	} else {
		found.last = found.first
	}
	return span{found.first + o.document.first, found.last + o.document.first}
}

// step follows the first part of a path. It returns where the part begins, what
// it leads to, nil if there is no such thing, and the rest of the path.
func step(node *yaml.Node, path string) (key, value *yaml.Node, rest string) {
	node = target(node)
	if inner, ok := strings.CutPrefix(path, "["); ok {
		name, rest, _ := cutBracket(inner)
		rest = strings.TrimPrefix(rest, ".")
		if key, value = pair(node, name); value != nil {
			return key, value, rest
		}
		item := item(node, name)
		return item, item, rest
	}
	if node != nil && node.Kind == yaml.SequenceNode { // containers.ports: one of them
		for _, one := range node.Content {
			if key, value, rest = step(one, path); value != nil && reaches(value, rest) {
				return key, value, rest
			}
		}
		return nil, nil, path
	}
	// A name, as that of an app, may have dots: the longest key counts.
	for end := len(path); end > 0; end = strings.LastIndexAny(path[:end], ".[") {
		if key, value = pair(node, path[:end]); value != nil {
			return key, value, strings.TrimPrefix(path[end:], ".")
		}
	}
	return nil, nil, path
}

// cutBracket cuts at the bracket that ends a name.
func cutBracket(path string) (name, rest string, ok bool) {
	for _, end := range []string{"].", "]["} {
		if at := strings.Index(path, end); at >= 0 {
			return path[:at], path[at+1:], true
		}
	}
	name, ok = strings.CutSuffix(path, "]")
	return name, "", ok
}

// reaches reports whether a path leads somewhere.
func reaches(node *yaml.Node, path string) bool {
	for path != "" {
		if _, node, path = step(node, path); node == nil {
			return false
		}
	}
	return true
}

// item returns the item of a list by its index, its name or its port, the last
// one of a name.
func item(list *yaml.Node, name string) *yaml.Node {
	if list == nil || list.Kind != yaml.SequenceNode {
		return nil
	}
	for i := len(list.Content) - 1; i >= 0; i-- {
		one := list.Content[i]
		for _, key := range []string{"name", "containerPort"} {
			if v := target(entry(one, key)); v != nil && v.Value == name {
				return one
			}
		}
	}
	if n, err := strconv.Atoi(name); err == nil && n >= 0 && n < len(list.Content) {
		return list.Content[n]
	}
	return nil
}

// lastLine returns the last line on which a part of a node begins.
func lastLine(n *yaml.Node) int {
	last := n.Line
	for _, c := range n.Content {
		last = max(last, lastLine(c))
	}
	return last
}

// Place returns the file of the object and the line on which it begins.
func (o *Object) Place() string { return fmt.Sprintf("%s:%d", o.File, o.at("").first) }
