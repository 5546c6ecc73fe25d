package contracts

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/daprstack/daprstack/config/rules"
)

// A Problem is one broken rule: where, which value, and what is allowed.
type Problem struct {
	Field  string // "type", "data.title", "entries[1].key"
	Value  string // the refused value; empty when it is missing, or must not be shown
	Reason rules.Reason
}

// String renders the problem as `type: "Task" [E-02]: must be …`.
func (p Problem) String() string {
	if p.Value == "" {
		return p.Field + " " + p.Reason.String()
	}
	return fmt.Sprintf("%s: %s %s", p.Field, strconv.QuoteToGraphic(shorten(p.Value)), p.Reason)
}

// Problems are all the broken rules of one value.
type Problems []Problem

// Error renders the problems in one line.
func (ps Problems) Error() string {
	all := make([]string, len(ps))
	for i, p := range ps {
		all[i] = p.String()
	}
	return strings.Join(all, "; ")
}

// err wraps the problems with what was being made; it is nil when there are none.
func (ps Problems) err(format string, args ...any) error {
	if len(ps) == 0 {
		return nil
	}
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), ps)
}

// add puts the reasons that a rule gave for one field behind the others.
func (ps *Problems) add(field, value string, reasons []rules.Reason) {
	for _, r := range reasons {
		*ps = append(*ps, Problem{field, value, r})
	}
}

// about says whether one of the problems is with that field.
func (ps Problems) about(field string) bool {
	return slices.ContainsFunc(ps, func(p Problem) bool { return p.Field == field })
}

// join puts groups of problems behind each other.
func join(groups ...Problems) Problems { return slices.Concat(groups...) }

// broken is one reason, for the rules of this package.
func broken(rule, format string, args ...any) []rules.Reason {
	return []rules.Reason{{Rule: rule, Allowed: fmt.Sprintf(format, args...)}}
}

// under puts the fields of the problems under a parent.
func (ps Problems) under(parent string) Problems {
	for i := range ps {
		ps[i].Field = parent + "." + ps[i].Field
	}
	return ps
}

// shorten keeps an error readable when the refused value is long.
func shorten(s string) string {
	const most = 80
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}
