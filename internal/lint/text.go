package lint

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/daprstack/daprstack/policy/settings"
)

// WriteText prints a report for people: each finding with its file and line, its
// object, its rule, what is wrong and what to do, and a summary.
func WriteText(w io.Writer, r *Report) error {
	var b strings.Builder
	for _, s := range r.Skipped {
		fmt.Fprintf(&b, "%s: skipped: %s\n", s.File, s.Why)
	}
	for _, f := range r.Findings {
		rendered := ""
		if f.Rendered {
			rendered = " (rendered)"
		}
		fmt.Fprintf(&b, "%s:%d%s: %s [%s] %s: %s\n    %s\n", f.File, f.Line, rendered, f.Level, f.Rule, f.Object, f.what(), f.Fix)
	}
	fmt.Fprintln(&b, r.summary())
	_, err := io.WriteString(w, b.String())
	return err
}

// what says what is wrong.
func (f Finding) what() string {
	var parts []string
	for _, part := range []string{f.Path, f.Value, f.Message} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ": ")
}

// summary counts what was read and found.
func (r *Report) summary() string {
	var found []string
	for _, level := range settings.Levels {
		n := 0
		for _, f := range r.Findings {
			if f.Level == level {
				n++
			}
		}
		if n > 0 {
			found = append(found, count(n, string(level)))
		}
	}
	text := "nothing found"
	if len(found) > 0 {
		text = strings.Join(found, ", ")
	}
	text += fmt.Sprintf(" in %s of %s", count(r.Objects, "object"), count(r.Files, "file"))
	if r.Ignored > 0 {
		text += fmt.Sprintf(", %d ignored by comments", r.Ignored)
	}
	if r.Other > 0 {
		text += "; no manifest in " + count(r.Other, "other file")
	}
	if len(r.Skipped) > 0 {
		text += fmt.Sprintf("; %d skipped", len(r.Skipped))
	}
	return text
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// WriteJSON prints a report as one JSON object.
func WriteJSON(w io.Writer, r *Report) error {
	if r.Skipped == nil {
		r.Skipped = []Skipped{}
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(r)
}
