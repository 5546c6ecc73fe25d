package changes

import (
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/engine"
	"github.com/daprstack/daprstack/internal/render"
)

// Preview returns what an update does to a stack, as the engine has previewed it.
func Preview(name string, plan engine.Plan, cfg *config.Stack) *Stack {
	s := &Stack{Name: name, Objects: plan.Objects, Values: []Field{}}
	before, after := render.Objects(plan.Before, cfg), render.Objects(plan.After, cfg)
	s.Changes = Compare(before, after, nil)
	known := map[string]*Object{}
	for _, o := range s.Changes {
		known[o.ID] = o
	}
	for _, o := range after {
		// What differs in a secret is not to be seen.
		if paths, updated := plan.Updates[o.URN]; updated && known[o.ID()] == nil {
			change := &Object{ID: o.ID(), Owner: o.Owner, Kind: Changed, object: o}
			for _, path := range paths {
				change.Fields = append(change.Fields, Field{path, "[secret]", "[secret]"})
			}
			s.Changes = append(s.Changes, change)
			known[o.ID()] = change
		}
		if paths, replaced := plan.Replaces[o.URN]; replaced && known[o.ID()] != nil {
			known[o.ID()].Replaced = strings.Join(paths, ", ") + " cannot be changed"
		}
	}
	slices.SortFunc(s.Changes, func(a, b *Object) int {
		return strings.Compare(a.Owner+"\n"+a.ID, b.Owner+"\n"+b.ID)
	})
	var others []string
	for _, what := range slices.Sorted(maps.Keys(plan.Others)) {
		others = append(others, what+": "+plan.Others[what])
	}
	if len(others) > 0 {
		s.Note = "Besides the objects of the cluster:\n" + strings.Join(others, "\n")
	}
	return s
}

// Section writes what changes in one stack as a part of a comment, by itself.
func Section(w io.Writer, s *Stack) error {
	var b strings.Builder
	s.markdown(&b, func() int { return largest/4 - b.Len() })
	_, err := io.WriteString(w, strings.TrimLeft(b.String(), "\n"))
	return err
}
