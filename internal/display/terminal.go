package display

import (
	"fmt"
	"slices"
	"strings"

	"github.com/daprstack/daprstack/internal/progress"
)

// draw replaces what stands on the terminal: a line for each part that had work to
// do. If they are too many, those that have ended without an error make room.
func (d *Display) draw() {
	if d.options.Size == nil {
		return
	}
	width, height := d.options.Size()
	var lines []string
	shown := slices.DeleteFunc(slices.Clone(d.order), func(p *part) bool { return len(p.open) == 0 && p.done == 0 && !p.failed })
	hidden := 0
	for _, p := range shown {
		if len(p.open) == 0 && !p.failed && len(shown)-hidden >= height-1 {
			hidden++
			continue
		}
		lines = append(lines, p.row())
	}
	if room := max(1, height-2); len(lines) > room {
		hidden += len(lines) - room
		lines = lines[:room]
	}
	if hidden > 0 {
		lines = append(lines, fmt.Sprintf("  and %d more", hidden))
	}
	var out strings.Builder
	if d.drawn > 0 {
		fmt.Fprintf(&out, "\x1b[%dA", d.drawn) // up
	}
	out.WriteString("\x1b[J") // clear what is below
	for _, line := range lines {
		out.WriteString(cut(line, width-1) + "\n")
	}
	d.drawn = len(lines)
	fmt.Fprint(d.options.Out, out.String())
}

func (p *part) row() string {
	switch {
	case len(p.open) > 0:
		return fmt.Sprintf("… %-20s %s", p.name, p.status())
	case p.failed:
		return fmt.Sprintf("✗ %-20s failed after %s", p.name, progress.Short(p.worked))
	default:
		return fmt.Sprintf("✓ %-20s %d done in %s", p.name, p.done, progress.Short(p.worked))
	}
}

func cut(line string, width int) string {
	if runes := []rune(line); len(runes) > width && width > 1 {
		return string(runes[:width-1]) + "…"
	}
	return line
}
