package changes

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Text writes what changes for a terminal.
func Text(w io.Writer, stacks []*Stack) error {
	var b strings.Builder
	for i, s := range stacks {
		if i > 0 {
			b.WriteByte('\n')
		}
		s.text(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// sign marks the kinds of change, as diffs and Pulumi do.
var sign = map[Kind]string{Added: "+", Removed: "-", Changed: "~", Restarted: "↻"}

func (s *Stack) text(b *strings.Builder) {
	fmt.Fprintf(b, "stack %s: %s\n", s.Name, s.headline())
	if s.Note != "" {
		fmt.Fprintf(b, "  %s\n", strings.ReplaceAll(s.Note, "\n", "\n  "))
	}
	owner := ""
	for _, o := range s.Changes {
		if o.Owner != owner {
			owner = o.Owner
			fmt.Fprintf(b, "\n  %s\n", owner)
		}
		fmt.Fprintf(b, "    %s %s\n", sign[o.Kind], o.ID)
		for _, f := range o.Fields {
			fmt.Fprintf(b, "        %s: %s → %s\n", f.Path, short(f.From), short(f.To))
		}
	}
	for _, section := range s.sections() {
		if len(section.lines) > 0 {
			fmt.Fprintf(b, "\n  %s\n", section.title)
		}
		for _, line := range section.lines {
			fmt.Fprintf(b, "    %s\n", line)
		}
	}
	if len(s.Values) > 0 {
		b.WriteString("\n  Values of the stack file\n")
	}
	for _, f := range s.Values {
		fmt.Fprintf(b, "    %s: %s → %s\n", f.Path, short(f.From), short(f.To))
	}
}

// headline says how much changes.
func (s *Stack) headline() string {
	if s.Objects == 0 && len(s.Changes) == 0 {
		return "not compared"
	}
	var parts []string
	for _, kind := range []Kind{Added, Changed, Removed} {
		if n := s.Count(kind); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, kind))
		}
	}
	switch {
	case len(parts) > 0:
		return fmt.Sprintf("%s (%d objects)", strings.Join(parts, ", "), s.Objects)
	case s.Note != "":
		return fmt.Sprintf("%d objects", s.Objects)
	default:
		return fmt.Sprintf("nothing changes (%d objects)", s.Objects)
	}
}

// section is one question of a reviewer, with what there is to say.
type section struct {
	title string
	lines []string
}

func (s *Stack) sections() []section {
	restarts, replaced, risks := section{title: "Restarts"}, section{title: "Replaced"}, section{title: "Data at risk"}
	for _, o := range s.Changes {
		if o.Restarts != "" {
			restarts.lines = append(restarts.lines, o.ID+": "+o.Restarts)
		}
		if o.Replaced != "" {
			replaced.lines = append(replaced.lines, o.ID+": "+o.Replaced)
		}
		for _, risk := range o.Risks {
			risks.lines = append(risks.lines, o.ID+": "+risk)
		}
	}
	return []section{restarts, replaced, risks}
}

// longest is how much of a long value is shown.
const longest = 160

// short returns a value on one line, "-" if there is none.
func short(value any) string {
	if value == nil {
		return "-"
	}
	text, ok := value.(string)
	if !ok || text == "" || strings.ContainsAny(text, "\n\t") {
		raw, err := marshal(value)
		if err != nil {
			return err.Error()
		}
		text = raw
	}
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return text
}

// marshal returns a value as JSON in which < stays <.
func marshal(value any) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(value)
	return strings.TrimSpace(b.String()), err
}
