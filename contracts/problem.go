package contracts

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/daprstack/daprstack/config/rules"
)

// A Problem is one broken rule: the field, its value, and what is allowed.
type Problem struct {
	Field  string // "type", "data.title", "entries[1].key"
	Value  string // the refused value; empty if it is missing or must not be shown
	Reason rules.Reason
}

// String renders the problem as `type: "Task" [E-02]: must be …`.
func (p Problem) String() string {
	if p.Value == "" {
		return p.Field + " " + p.Reason.String()
	}
	return fmt.Sprintf("%s: %s %s", p.Field, strconv.QuoteToGraphic(shorten(p.Value)), p.Reason)
}

// Problems lists all broken rules of one value.
type Problems []Problem

// Error returns the problems on one line.
func (ps Problems) Error() string {
	all := make([]string, len(ps))
	for i, p := range ps {
		all[i] = p.String()
	}
	return strings.Join(all, "; ")
}

// err returns the problems as an error that begins with what was being done, or
// nil if there are none.
func (ps Problems) err(format string, args ...any) error {
	if len(ps) == 0 {
		return nil
	}
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), ps)
}

// add appends a rule's reasons for one field.
func (ps *Problems) add(field, value string, reasons []rules.Reason) {
	for _, r := range reasons {
		*ps = append(*ps, Problem{field, value, r})
	}
}

// about reports whether there is a problem with field.
func (ps Problems) about(field string) bool {
	return slices.ContainsFunc(ps, func(p Problem) bool { return p.Field == field })
}

// join concatenates groups of problems.
func join(groups ...Problems) Problems { return slices.Concat(groups...) }

// broken returns a single reason, for the rules that this package checks
// itself.
func broken(rule, format string, args ...any) []rules.Reason {
	return []rules.Reason{{Rule: rule, Allowed: fmt.Sprintf(format, args...)}}
}

// under prefixes the fields of the problems with their parent.
func (ps Problems) under(parent string) Problems {
	for i := range ps {
		ps[i].Field = parent + "." + ps[i].Field
	}
	return ps
}

// shorten cuts long values in errors.
func shorten(s string) string {
	const limit = 80
	if runes := []rune(s); len(runes) > limit {
		return string(runes[:limit]) + "…"
	}
	return s
}
