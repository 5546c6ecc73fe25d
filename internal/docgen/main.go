// Command docgen writes the pages and the schema that follow from the code:
//
//	docs/reference/rules.md       from the table of package config/rules
//	docs/reference/lint.md        from that of the policies
//	docs/reference/stack-file.md  from the types of package config and their comments
//	docs/reference/compatibility.md from the pinned versions
//	docs/stack-file.schema.json   the same, for editors
//	docs/project-file.schema.json the same for the values in Pulumi.yaml
//	provider/schema.json          the same for the component provider
//
// Run it at the root of the repository (make generate). A test fails while a
// file is stale.
package main

import (
	"fmt"
	"os"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "docgen:", err)
		os.Exit(1)
	}
}

func run() error {
	files, err := generate()
	if err != nil {
		return err
	}
	for name, content := range files {
		if err := os.WriteFile(name, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// generate returns the content of every file, by its name.
func generate() (map[string][]byte, error) {
	objects, err := stackFile()
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for name, write := range map[string]func() ([]byte, error){
		"docs/reference/rules.md":         rulesPage,
		"docs/reference/compatibility.md": compatibilityPage,
		"docs/reference/lint.md":          lintPage,
		"docs/reference/stack-file.md":    func() ([]byte, error) { return stackFilePage(objects) },
		"docs/stack-file.schema.json":     func() ([]byte, error) { return schemaFile(objects) },
		"docs/project-file.schema.json":   func() ([]byte, error) { return projectSchema(objects[0]) },
		"provider/schema.json":            func() ([]byte, error) { return pulumiSchema(objects) },
	} {
		if files[name], err = write(); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return files, nil
}
