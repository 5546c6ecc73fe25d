package check

import (
	"slices"

	"github.com/daprstack/daprstack/config/rules"
)

// names holds the declared names of one kind of object, by namespace.
type names struct {
	in   map[string]map[string]bool // namespace, name: whether it is a secret
	open map[string]bool            // namespaces that may declare more names, unknown yet
	all  bool                       // any namespace may declare more
}

func newNames() *names { return &names{in: map[string]map[string]bool{}, open: map[string]bool{}} }

func (n *names) add(namespace, name text) {
	switch {
	case !namespace.known:
		n.all = true
	case !name.known:
		n.open[namespace.value] = true
	case name.given:
		if n.in[namespace.value] == nil {
			n.in[namespace.value] = map[string]bool{}
		}
		n.in[namespace.value][name.value] = name.secret
	}
}

func (n *names) has(namespace, name string) bool {
	_, ok := n.in[namespace][name]
	return ok
}

// missing refuses a name that is not declared in the namespace. It refuses
// nothing while unknown names may be declared there. Secret names are never
// suggested.
func (n *names) missing(rule, what string, namespace, name text) []rules.Reason {
	if !name.ready() || !namespace.known || n.has(namespace.value, name.value) || n.all || n.open[namespace.value] {
		return nil
	}
	return rules.Known(rule, what, name.value, rules.NamesOf(n.of(namespace.value)...))
}

// of returns the names of a namespace that may be shown, in order.
func (n *names) of(namespace string) (declared []string) {
	for known, secret := range n.in[namespace] {
		if !secret {
			declared = append(declared, known)
		}
	}
	slices.Sort(declared)
	return declared
}
