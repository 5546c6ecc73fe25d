// Package docs reads the pages of the documentation, for the tests that hold them
// against the program.
package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Page is a page of Markdown.
type Page struct {
	Path string // from the root of the repository, with slashes
	Text string
}

// Pages returns every page of the repository that a person reads, in the order of
// their paths.
func Pages(root string) ([]Page, error) {
	var pages []Page
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && path != root && (name == "testdata" || name == "bin" || name == "out" || name[0] == '.') {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".md" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		path, err = filepath.Rel(root, path)
		pages = append(pages, Page{Path: filepath.ToSlash(path), Text: string(text)})
		return err
	})
	return pages, err
}

// Block is a fenced block of a page.
type Block struct {
	Section  string // the anchor of the heading above it
	Language string
	Text     string // with its last newline
}

var fenced = regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```$")

// Blocks returns the fenced blocks of the page.
func (p Page) Blocks() []Block {
	var blocks []Block
	section, from := "", 0
	for _, at := range fenced.FindAllStringSubmatchIndex(p.Text, -1) {
		if found := headings(p.Text[from:at[0]]); len(found) > 0 {
			section = found[len(found)-1]
		}
		from = at[1]
		blocks = append(blocks, Block{section, p.Text[at[2]:at[3]], p.Text[at[4]:at[5]]})
	}
	return blocks
}

// Commands returns the commands of a block for the shell, one for each line that is
// not continued, without comments.
func (b Block) Commands() []string {
	var commands []string
	text := strings.ReplaceAll(b.Text, "\\\n", " ")
	for line := range strings.Lines(text) {
		if at := comment.FindStringIndex(line); at != nil {
			line = line[:at[0]]
		}
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			commands = append(commands, line)
		}
	}
	return commands
}

var comment = regexp.MustCompile(`(^|\s)#\s`)

// Prose returns the page without its fenced blocks.
func (p Page) Prose() string { return fenced.ReplaceAllString(p.Text, "") }

var (
	heading = regexp.MustCompile(`(?m)^#+ +(.*)$`)
	tag     = regexp.MustCompile(`<[^>]*>`)
	dropped = regexp.MustCompile(`[^\p{L}\p{N}_\- ]`)
	anchor  = regexp.MustCompile(`<a id="([^"]+)">`)
)

// headings returns the anchors of the headings, as GitHub makes them.
func headings(page string) []string {
	var found []string
	for _, h := range heading.FindAllStringSubmatch(page, -1) {
		text := tag.ReplaceAllString(strings.ToLower(h[1]), "")
		found = append(found, strings.ReplaceAll(dropped.ReplaceAllString(text, ""), " ", "-"))
	}
	return found
}

// Anchors returns what a link to the page may name: its headings, and the anchors
// that it writes itself.
func (p Page) Anchors() []string {
	found := headings(p.Prose())
	for _, a := range anchor.FindAllStringSubmatch(p.Text, -1) {
		found = append(found, a[1])
	}
	return found
}
