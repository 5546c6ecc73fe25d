package graphtest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/daprstack/daprstack/internal/graph"
)

// Resource is one registered resource. Its Input reveals secrets; use
// [Graph.Clear] to check for secrecy.
type Resource = graph.Resource

// Graph is what a program registered, ordered by URN.
type Graph struct {
	Resources []*Resource
	Charts    []map[string]any // the options of each rendered chart
	Exports   map[string]any

	byURN map[string]*Resource
}

func newGraph(found []*Resource, charts []map[string]any, exports map[string]any) *Graph {
	g := &Graph{Resources: found, Charts: charts, Exports: exports, byURN: map[string]*Resource{}}
	slices.SortFunc(g.Resources, func(a, b *Resource) int { return cmp.Compare(a.URN, b.URN) })
	for _, r := range found {
		g.byURN[r.URN] = r
	}
	return g
}

// Get returns the resource of that type and name; the test fails if there is
// none. The type may be shortened to its last part, such as "Deployment".
func (g *Graph) Get(t testing.TB, typ, name string) *Resource {
	t.Helper()
	for _, r := range g.All(typ) {
		if r.Name == name {
			return r
		}
	}
	t.Fatalf("no %s %q among %v", typ, name, g.Resources)
	return nil
}

// All returns the resources of a type, which may be shortened to its last part.
func (g *Graph) All(typ string) []*Resource {
	var all []*Resource
	for _, r := range g.Resources {
		if r.Type == typ || strings.HasSuffix(r.Type, ":"+typ) {
			all = append(all, r)
		}
	}
	return all
}

// Edges returns every dependency as "from → to", where from waits for to. A
// child's dependency on its parent is left out.
func (g *Graph) Edges() []string {
	var edges []string
	for _, r := range g.Resources {
		for _, d := range r.Dependencies {
			if to, ok := g.byURN[d]; ok && d != r.Parent {
				edges = append(edges, fmt.Sprintf("%s → %s", r, to))
			}
		}
	}
	slices.Sort(edges)
	return edges
}

// Before reports whether the engine finishes first before it starts then, that
// is, whether there is a path of dependencies from then to first. A resource
// also waits for what its parents wait for.
func (g *Graph) Before(first, then *Resource) bool {
	seen := map[string]bool{}
	var walk func(urn string) bool
	walk = func(urn string) bool {
		if urn == first.URN {
			return true
		}
		r, ok := g.byURN[urn]
		if !ok || seen[urn] {
			return false
		}
		seen[urn] = true
		return slices.ContainsFunc(append([]string{r.Parent}, r.Dependencies...), walk)
	}
	return first != then && walk(then.URN)
}

// Clear returns the places where a text appears in plain text, such as "Secret
// redis-auth: stringData.password". Inside secrets it may appear.
func (g *Graph) Clear(text string) []string {
	var places []string
	for _, r := range g.Resources {
		walk("", resource.NewProperty(r.Inputs), func(path, value string) {
			if strings.Contains(value, text) {
				places = append(places, fmt.Sprintf("%s: %s", r, path))
			}
		})
	}
	for name, v := range g.Exports {
		if strings.Contains(fmt.Sprint(v), text) {
			places = append(places, "output "+name)
		}
	}
	slices.Sort(places)
	return places
}

// Dump renders the whole graph for comparison: inputs and edges, without
// secrets.
func (g *Graph) Dump() string {
	var b strings.Builder
	for _, chart := range g.Charts {
		fmt.Fprintln(&b, "chart")
		walk("", resource.NewProperty(resource.NewPropertyMapFromMap(chart)), func(path, value string) {
			fmt.Fprintf(&b, "  %s = %s\n", path, value)
		})
	}
	for _, r := range g.Resources {
		fmt.Fprintln(&b, r.URN)
		walk("", resource.NewProperty(r.Inputs), func(path, value string) {
			fmt.Fprintf(&b, "  %s = %s\n", path, value)
		})
	}
	for _, e := range g.Edges() {
		fmt.Fprintln(&b, e)
	}
	return b.String()
}

// walk visits every scalar that is not inside a secret, in order.
func walk(path string, v resource.PropertyValue, visit func(path, value string)) {
	switch {
	case v.IsSecret():
	case v.IsOutput():
		if !v.OutputValue().Secret {
			walk(path, v.OutputValue().Element, visit)
		}
	case v.IsObject():
		for _, key := range v.ObjectValue().StableKeys() {
			walk(strings.TrimPrefix(path+"."+string(key), "."), v.ObjectValue()[key], visit)
		}
	case v.IsArray():
		for i, item := range v.ArrayValue() {
			walk(fmt.Sprintf("%s[%d]", path, i), item, visit)
		}
	case v.IsNull():
	default:
		visit(path, fmt.Sprint(v.Mappable()))
	}
}
