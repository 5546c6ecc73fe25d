package lint

import (
	"bytes"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/daprstack/daprstack/config/rules"
)

// marker begins a comment that lets a finding pass:
//
//	# daprstack:ignore T-10 the proxy reads it
//
// Behind a value it is about that line, on a line of its own about the next one,
// and before the first line of an object about the whole object.
const marker = "daprstack:ignore"

// ignore is one such comment.
type ignore struct {
	line   int      // of the file
	on     int      // the line of the file that it is about, 0 for the whole document
	rules  []string // the numbers
	reason string
	used   map[string]bool // the numbers that it let pass
}

var comment = regexp.MustCompile(`(?:^|\s)#\s*` + marker + `\b[ \t]*(.*)$`)

// ignoresOf finds the comments of a document.
func ignoresOf(text []byte, root *yaml.Node, objects []*Object) (all []*ignore) {
	if !bytes.Contains(text, []byte(marker)) {
		return nil
	}
	first := objects[0].document.first
	begin := root.Content[0].Line // the line on which the object begins
	quoted := texts(root)
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		found := comment.FindStringSubmatch(strings.TrimRight(line, "\r"))
		number := i + 1
		if found == nil || quoted[number] {
			continue
		}
		g := &ignore{line: number + first, on: number + first, used: map[string]bool{}}
		g.rules, g.reason = numbers(found[1])
		if strings.HasPrefix(strings.TrimSpace(line), "#") { // on a line of its own
			switch {
			case number < begin:
				g.on = 0
			default:
				g.on = next(lines, i) + first
			}
		}
		all = append(all, g)
	}
	return all
}

// texts returns the lines that are within a text of several lines, where a number
// sign begins no comment.
func texts(n *yaml.Node) map[int]bool {
	lines := map[int]bool{}
	var visit func(*yaml.Node)
	visit = func(n *yaml.Node) {
		if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
			for i := range strings.Count(n.Value, "\n") + 1 {
				lines[n.Line+1+i] = true
			}
		}
		for _, c := range n.Content {
			visit(c)
		}
	}
	visit(n)
	return lines
}

// next returns the number of the next line with content, from 1.
func next(lines []string, i int) int {
	for j := i + 1; j < len(lines); j++ {
		if text := strings.TrimSpace(lines[j]); text != "" && text[0] != '#' {
			return j + 1
		}
	}
	return i + 1
}

var ruleNumber = regexp.MustCompile(`^[A-Z]-\d\d(,[A-Z]-\d\d)*$`)

// numbers splits "T-10,S-02 because" into the numbers and the reason.
func numbers(text string) (ids []string, reason string) {
	word, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	if !ruleNumber.MatchString(word) {
		return nil, strings.TrimSpace(text)
	}
	return strings.Split(word, ","), strings.TrimSpace(rest)
}

// lets reports whether the comment lets a finding of a rule pass that is on some
// lines.
func (g *ignore) lets(rule string, lines span) bool {
	for _, id := range g.rules {
		if id == rule && g.reason != "" && (g.on == 0 || lines.first <= g.on && g.on <= lines.last) {
			g.used[rule] = true
			return true
		}
	}
	return false
}

// faults returns what is wrong with the comment itself, once all findings of
// the document are known.
func (g *ignore) faults() (all []fault) {
	if len(g.rules) == 0 {
		return []fault{{Warning, "must name the rules that it is about, as in # " + marker + " T-10 why"}}
	}
	if g.reason == "" {
		all = append(all, fault{Warning, "must say why, behind the rules; without a reason it has no effect"})
	}
	for _, id := range g.rules {
		_, known := rules.Lookup(id)
		switch {
		case !known:
			all = append(all, fault{Warning, id + " is not a rule"})
		case g.reason != "" && !g.used[id]:
			all = append(all, fault{Note, id + " has nothing to let pass here: take the comment out"})
		}
	}
	return all
}

// fault is what is wrong with a comment.
type fault struct {
	level Level
	what  string
}
