package config

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/daprstack/daprstack/config/rules"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// A Violation is one problem of a stack file.
type Violation struct {
	Path    string `json:"path"`            // where: apps[1].sidecar.appPort
	Value   string `json:"value,omitempty"` // the bad value, unless it is missing or secret
	Rule    string `json:"rule,omitempty"`  // number of the rule, empty for a problem of form
	Allowed string `json:"allowed"`         // what is allowed
}

// String renders the violation as "path: value [rule]: what is allowed".
func (v Violation) String() string {
	var b strings.Builder
	b.WriteString(v.Path + ":")
	if v.Value != "" {
		b.WriteString(" " + v.Value)
	}
	if v.Rule != "" {
		b.WriteString(" [" + v.Rule + "]")
	}
	if v.Value != "" || v.Rule != "" {
		b.WriteString(":")
	}
	b.WriteString(" " + v.Allowed)
	return b.String()
}

// Errors holds all problems of a stack file, sorted by path and rule. It is the
// error that [Load] returns, and marshals to JSON for tools.
type Errors []Violation

// Error lists every problem, one a line.
func (e Errors) Error() string {
	lines := make([]string, 0, len(e)+1)
	noun := "problems"
	if len(e) == 1 {
		noun = "problem"
	}
	lines = append(lines, fmt.Sprintf("the stack file has %d %s:", len(e), noun))
	for _, v := range e {
		lines = append(lines, "  "+v.String())
	}
	return strings.Join(lines, "\n")
}

// JSON returns the problems in err as a JSON array, and false if err holds none.
func JSON(err error) ([]byte, bool) {
	var e Errors
	if !errors.As(err, &e) {
		return nil, false
	}
	out, jsonErr := json.MarshalIndent(e, "", "  ")
	return out, jsonErr == nil
}

// collector gathers violations.
type collector struct {
	found    Errors
	hidden   map[string]bool   // top-level keys whose values are never shown
	overlaid map[string]string // by the path of a value that the overlay set: its path in the overlay
	misread  misread
	whole    []string // paths of lists and objects that are encrypted as a whole
}

// add reports the reasons why the value at path is refused. A missing value is
// reported without the value.
func (c *collector) add(path *field.Path, value any, reasons ...rules.Reason) {
	at := path.String()
	for _, r := range reasons {
		c.found = append(c.found, Violation{Path: c.place(at), Value: c.show(at, value), Rule: r.Rule, Allowed: r.Allowed})
	}
}

// place returns the path at which a value was given: in the overlay, if that set
// it.
func (c *collector) place(path string) string {
	for p := path; p != "" && len(c.overlaid) > 0; p = parent(p) {
		if from, ok := c.overlaid[p]; ok {
			return from + path[len(p):]
		}
	}
	return path
}

// hides reports whether a path is below a key that holds a secret, in the overlay
// or in the base.
func (c *collector) hides(path string) bool {
	return c.hidden[topLevel(path)] || c.hidden[topLevel(c.place(path))]
}

// topLevel returns the key of the stack file that a path begins with.
func topLevel(path string) string {
	if end := strings.IndexAny(path, ".["); end >= 0 {
		return path[:end]
	}
	return path
}

// form reports a problem that has no rule number.
func (c *collector) form(path *field.Path, value any, format string, args ...any) {
	c.add(path, value, rules.Reason{Allowed: fmt.Sprintf(format, args...)})
}

func (c *collector) show(path string, value any) string {
	var s string
	switch v := value.(type) {
	case nil, map[string]any, []any:
		return ""
	case string:
		if v == "" {
			return ""
		}
		s = strconv.Quote(v)
		if runes := []rune(v); len(runes) > maxShown {
			s = strconv.Quote(string(runes[:maxShown])) + "…"
		}
	default:
		s = fmt.Sprint(v)
	}
	if s != "" && c.hides(path) {
		return masked
	}
	return s
}

// maxShown is the number of characters of a long text that an error shows.
const maxShown = 100

// errors returns what was found, or nil.
func (c *collector) errors() error {
	if len(c.found) == 0 {
		return nil
	}
	return c.sorted()
}

// sorted returns what was found, sorted by path and rule, without duplicates.
func (c *collector) sorted() Errors {
	slices.SortStableFunc(c.found, func(a, b Violation) int {
		return cmp.Or(compareNatural(a.Path, b.Path), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Allowed, b.Allowed))
	})
	return slices.Compact(c.found)
}

// compareNatural orders paths so that apps[2] comes before apps[10].
func compareNatural(a, b string) int {
	for {
		i, j := digits(a), digits(b)
		if c := cmp.Compare(a[:i], b[:j]); c != 0 {
			return c
		}
		a, b = a[i:], b[j:]
		i, j = notDigits(a), notDigits(b)
		if c := cmp.Or(cmp.Compare(i, j), cmp.Compare(a[:i], b[:j])); c != 0 || i == 0 {
			return c
		}
		a, b = a[i:], b[j:]
	}
}

// digits returns the position of the first digit of s, notDigits that of the
// first other character.
func digits(s string) int    { return position(s, func(c rune) bool { return c >= '0' && c <= '9' }) }
func notDigits(s string) int { return position(s, func(c rune) bool { return c < '0' || c > '9' }) }

func position(s string, is func(rune) bool) int {
	if i := strings.IndexFunc(s, is); i >= 0 {
		return i
	}
	return len(s)
}
