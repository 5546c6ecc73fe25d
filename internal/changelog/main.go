// Command changelog cuts a release out of CHANGELOG.md, and prints what a version has
// as the notes of its release (docs/how-to/releasing.md):
//
//	go run ./internal/changelog cut v1.2.3
//	go run ./internal/changelog notes v1.2.3
package main

import (
	"errors"
	"fmt"
	"os"
	"time"
)

const file = "CHANGELOG.md"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "changelog:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 || args[0] != "cut" && args[0] != "notes" {
		return errors.New("usage: go run ./internal/changelog cut|notes v1.2.3")
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if args[0] == "notes" {
		text, err := notes(string(content), args[1])
		fmt.Print(text)
		return err
	}
	changed, err := cut(string(content), args[1], time.Now())
	if err != nil {
		return err
	}
	return os.WriteFile(file, []byte(changed), 0o644)
}
