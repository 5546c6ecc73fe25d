package migration

import (
	"fmt"
	"strings"
)

// titles of the kinds of notes, in the order of a report.
var titles = []struct {
	kind  NoteKind
	title string
}{
	{ToFill, "To fill in or to check: a placeholder, or nothing, stands in the stack file"},
	{Lost, "Not taken over"},
	{Differs, "Different in the stack"},
}

// Text returns notes for people: what is the same for several objects is said once.
func Text(notes []Note) string {
	var b strings.Builder
	for _, t := range titles {
		type group struct{ why, instead string }
		var order []group
		lines := map[group][]string{}
		for _, n := range notes {
			if n.Kind != t.kind {
				continue
			}
			g := group{n.Why, n.Instead}
			if lines[g] == nil {
				order = append(order, g)
			}
			line := n.Object
			for _, more := range []string{n.Path, n.Value} {
				if more != "" {
					line += ": " + more
				}
			}
			lines[g] = append(lines[g], line)
		}
		if len(order) == 0 {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s\n", t.title)
		for _, g := range order {
			text := g.why
			if g.instead != "" {
				text += ": " + g.instead
			}
			fmt.Fprintf(&b, "  %s\n", text)
			for _, line := range lines[g] {
				fmt.Fprintf(&b, "    %s\n", line)
			}
		}
	}
	return b.String()
}
