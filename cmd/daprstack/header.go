package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/daprstack/daprstack/internal/version"
)

// What a stack file refers to, in a checkout.
const (
	stackSchema = "docs/stack-file.schema.json"
	stackPage   = "docs/reference/stack-file.md"
)

// header returns the comment at the top of a new stack file of a folder: the schema
// for editors, and the page that lists every key. Outside a checkout they are those
// of the release on the web, or of its next one.
func header(folder string) string {
	schema, page := stackSchema, stackPage
	if _, err := os.Stat(filepath.Join(folder, schema)); err != nil {
		revision := "main"
		if v := version.Get(); v.Released() {
			revision = v.Version
		}
		schema = "https://raw.githubusercontent.com/daprstack/daprstack/" + revision + "/" + schema
		page = "https://github.com/daprstack/daprstack/blob/" + revision + "/" + page
	}
	return fmt.Sprintf("# yaml-language-server: $schema=%s\n# Every key: %s\n", schema, page)
}
