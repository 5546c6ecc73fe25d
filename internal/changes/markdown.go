package changes

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"sigs.k8s.io/yaml"
)

// Marker is the first line of the Markdown, by which a workflow finds the comment
// that it wrote before.
const Marker = "<!-- daprstack diff -->"

// largest is how long the Markdown may become: a comment on GitHub has at most
// 65,536 characters.
const largest = 60_000

// How many lines a part of the summary and a cell of its table have at most.
const (
	shown  = 40
	inCell = 12
)

// Markdown writes what changes as the comment of a pull request: for each stack a
// summary, and the details folded. What does not fit into a comment is left out, and
// that is said.
func Markdown(w io.Writer, stacks []*Stack) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n### What this change does\n", Marker)
	budget := (largest - b.Len()) / max(1, len(stacks))
	for _, s := range stacks {
		start := b.Len()
		s.markdown(&b, func() int { return budget - (b.Len() - start) })
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (s *Stack) markdown(b *strings.Builder, left func() int) {
	fmt.Fprintf(b, "\n#### Stack %s: %s\n", s.Name, s.headline())
	if s.Note != "" {
		fmt.Fprintf(b, "\n%s\n", fenced("", s.Note))
	}
	if len(s.Changes) == 0 {
		s.values(b, left)
		return
	}
	b.WriteString("\n| | |\n|---|---|\n")
	for _, section := range s.sections() {
		fmt.Fprintf(b, "| **%s** | %s |\n", section.title, cell(section.lines))
	}
	b.WriteString("\n")
	s.owners(b)
	s.values(b, left)
	s.details(b, left)
}

// owners lists the objects of each part of the stack on a line.
func (s *Stack) owners(b *strings.Builder) {
	var lines []string
	for i := 0; i < len(s.Changes); {
		owner, objects := s.Changes[i].Owner, []string{}
		for ; i < len(s.Changes) && s.Changes[i].Owner == owner; i++ {
			o := s.Changes[i]
			objects = append(objects, fmt.Sprintf("%s %s", sign[o.Kind], code(o.ID)))
		}
		if more := len(objects) - shown; more > 0 {
			objects = append(objects[:shown], fmt.Sprintf("and %d more", more))
		}
		lines = append(lines, fmt.Sprintf("- **%s**: %s", escape(owner), strings.Join(objects, ", ")))
	}
	if more := len(lines) - shown; more > 0 {
		lines = append(lines[:shown], fmt.Sprintf("- and %d more", more))
	}
	b.WriteString(strings.Join(lines, "\n") + "\n")
}

// values lists the values of the stack file that differ.
func (s *Stack) values(b *strings.Builder, left func() int) {
	lines := make([]string, len(s.Values))
	for i, f := range s.Values {
		lines[i] = fmt.Sprintf("%s: %s → %s", f.Path, short(f.From), short(f.To))
	}
	fold(b, fmt.Sprintf("Values of the stack file (%d)", len(lines)), "", lines, left)
}

// details lists every field that differs, and the whole of what is new.
func (s *Stack) details(b *strings.Builder, left func() int) {
	var lines []string
	for _, o := range s.Changes {
		lines = append(lines, o.details())
	}
	fold(b, fmt.Sprintf("Objects (%d)", len(lines)), "diff", lines, left)
}

func (o *Object) details() string {
	lines := []string{"# " + string(o.Kind) + ": " + o.ID}
	for _, f := range o.Fields {
		if f.From != nil {
			lines = append(lines, "- "+f.Path+": "+short(f.From))
		}
		if f.To != nil {
			lines = append(lines, "+ "+f.Path+": "+short(f.To))
		}
	}
	// A CRD is Dapr's, and thousands of lines long.
	if o.Kind == Added && o.object.Kind() != "CustomResourceDefinition" {
		if document, err := yaml.Marshal(o.object.Fields); err == nil {
			for line := range strings.Lines(string(document)) {
				lines = append(lines, "+ "+strings.TrimRight(line, "\n"))
			}
		}
	}
	return strings.Join(lines, "\n")
}

// fold writes blocks that are shown when somebody asks for them, as many as there is
// room for.
func fold(b *strings.Builder, title, language string, blocks []string, left func() int) {
	if len(blocks) == 0 {
		return
	}
	const frame = 200 // what is around the blocks
	var fits []string
	room := left() - frame
	for _, block := range blocks {
		if room -= len(block) + 1; room < 0 {
			break
		}
		fits = append(fits, block)
	}
	if rest := len(blocks) - len(fits); rest > 0 {
		fits = append(fits, fmt.Sprintf("# %d more, for which there is no room here", rest))
	}
	fmt.Fprintf(b, "\n<details><summary>%s</summary>\n\n%s\n</details>\n", title, fenced(language, strings.Join(fits, "\n")))
}

var backticks = regexp.MustCompile("`+")

// fenced returns a code block whose content cannot end it.
func fenced(language, content string) string {
	fence := "```"
	for _, run := range backticks.FindAllString(content, -1) {
		if len(run) >= len(fence) {
			fence = run + "`"
		}
	}
	return fence + language + "\n" + content + "\n" + fence + "\n"
}

// cell returns lines for the cell of a table.
func cell(lines []string) string {
	if len(lines) == 0 {
		return "nothing"
	}
	var out []string
	for _, line := range lines[:min(len(lines), inCell)] {
		id, text, _ := strings.Cut(line, ": ")
		out = append(out, code(id)+": "+escape(text))
	}
	if more := len(lines) - inCell; more > 0 {
		out = append(out, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(out, "<br>")
}

// code returns a text as code. Names of objects have no backticks; whoever writes
// one gets it replaced.
func code(text string) string {
	return "`" + strings.NewReplacer("`", "'", "|", "¦", "\n", " ").Replace(text) + "`"
}

// escape makes a text mean itself in Markdown.
func escape(text string) string {
	return strings.NewReplacer("|", "\\|", "<", "&lt;", "\n", " ", "`", "'", "@", "@\u200b", "[", "\\[", "*", "\\*").Replace(text)
}
