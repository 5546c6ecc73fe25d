package main

import (
	"bytes"
	_ "embed"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/internal/docs"
)

var updateDocs = flag.Bool("update", false, "write docs/reference/commands.md")

var root = filepath.Join("..", "..")

//go:embed testdata/commands.md.tmpl
var commandsTemplate string

// TestCommandsPage: the page of the commands is what the commands say of themselves.
// With -update it is written (make generate).
func TestCommandsPage(t *testing.T) {
	page, err := template.New("").Funcs(template.FuncMap{
		"anchor": func(s string) string { return strings.ReplaceAll(s, " ", "-") }, "flags": flagsOf, "outdent": func(s string) string { return strings.ReplaceAll(strings.TrimPrefix(s, "  "), "\n  ", "\n") }, "onStack": worksOnStack,
		"stackFlags": func() []*pflag.Flag { return visible(stackFlags()) },
		"cell":       strings.NewReplacer("|", `\|`, "<", "&lt;").Replace,
	}).Parse(commandsTemplate)
	require.NoError(t, err)
	var want bytes.Buffer
	require.NoError(t, page.Execute(&want, commandsOf(newRootCommand())))
	path := filepath.Join(root, "docs", "reference", "commands.md")
	if *updateDocs {
		require.NoError(t, os.WriteFile(path, want.Bytes(), 0o644))
	}
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(strings.Split(string(got), "\n"), strings.Split(want.String(), "\n")), "run make generate")
}

// commandsOf returns the commands that a person runs, with those below them.
func commandsOf(cmd *cobra.Command) []*cobra.Command {
	var all []*cobra.Command
	if cmd.Runnable() && !cmd.Hidden {
		all = append(all, cmd)
	}
	for _, child := range cmd.Commands() {
		if !child.Hidden {
			all = append(all, commandsOf(child)...)
		}
	}
	return all
}

// stackFlags are those of every command that works on a stack.
func stackFlags() *pflag.FlagSet {
	cmd := &cobra.Command{}
	(&stackOptions{}).registerStack(cmd)
	return cmd.Flags()
}

func worksOnStack(cmd *cobra.Command) bool {
	return !slices.ContainsFunc(visible(stackFlags()), func(f *pflag.Flag) bool {
		own := cmd.Flags().Lookup(f.Name)
		return own == nil || own.Usage != f.Usage
	})
}

// flagsOf returns the flags of a command, without those of every command that works
// on a stack.
func flagsOf(cmd *cobra.Command) []*pflag.Flag {
	common, onStack := stackFlags(), worksOnStack(cmd)
	return slices.DeleteFunc(visible(cmd.LocalFlags()), func(f *pflag.Flag) bool {
		return onStack && common.Lookup(f.Name) != nil
	})
}

func visible(set *pflag.FlagSet) (flags []*pflag.Flag) {
	set.VisitAll(func(f *pflag.Flag) {
		if !f.Hidden && f.Name != "help" {
			flags = append(flags, f)
		}
	})
	return flags
}

var (
	spans       = regexp.MustCompile("`([^`\n]+)`")
	placeholder = regexp.MustCompile(`<[^>]*>|\[[^\]]*\]|"[^"]*"|'[^']*'|\$\([^)]*\)`)
	driverLine  = regexp.MustCompile(`(?:^|[\s(|;&])(?:bin/)?daprstack ([^|;&)>]*)`)
	makeLine    = regexp.MustCompile(`(?:^|[\s(|;&])make ([a-z][a-z0-9-]*)((?: +[A-Z_]+=\S*)*)`)
)

// TestCommandsOfThePages: every command line of daprstack and of make on a page is
// one that is there, with the flags that it has; in a block its arguments fit too.
func TestCommandsOfThePages(t *testing.T) {
	pages, err := docs.Pages(root)
	require.NoError(t, err)
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	require.NoError(t, err)
	seen := 0
	check := func(page, line string, whole bool) {
		for _, m := range makeLine.FindAllStringSubmatch(line, -1) {
			assert.True(t, regexp.MustCompile(`(?m)^`+m[1]+`:`).Match(makefile), "%s: %s", page, line)
			for _, variable := range strings.Fields(m[2]) {
				name, _, _ := strings.Cut(variable, "=")
				assert.True(t, strings.Contains(string(makefile), "$("+name+")"), "%s: %s", page, line)
			}
		}
		line = strings.ReplaceAll(line, "resource daprstack", "") // the plugin of that name
		for _, m := range driverLine.FindAllStringSubmatch(line, -1) {
			seen++
			assert.NoError(t, fits(strings.Fields(m[1]), whole), "%s: %s", page, line)
		}
	}
	for _, p := range pages {
		if p.Path == "CHANGELOG.md" || strings.HasPrefix(p.Path, "docs/adr/") {
			continue // they speak of what was
		}
		for _, b := range p.Blocks() {
			if b.Language == "sh" {
				for _, command := range b.Commands() {
					check(p.Path, blanked(command), true)
				}
			}
		}
		for _, span := range spans.FindAllStringSubmatch(p.Prose(), -1) {
			if line := blanked(span[1]); regexp.MustCompile(`^(bin/|\./bin/)?(daprstack|make) `).MatchString(line) {
				check(p.Path, line, false)
			}
		}
	}
	assert.Greater(t, seen, 100, "command lines of daprstack")
}

// blanked replaces what may hold anything: placeholders, and what is in quotes.
func blanked(line string) string {
	inner := regexp.MustCompile(`\$\((bin/daprstack [^)]*)\)`).FindStringSubmatch(line)
	line = placeholder.ReplaceAllString(line, "X")
	if inner != nil {
		line += " ; " + inner[1]
	}
	return line
}

// fits reports how a command line does not fit the commands that there are.
func fits(args []string, whole bool) error {
	var given []string
	for _, a := range args {
		if a != "…" && a != "..." {
			given = append(given, a)
		}
	}
	all := newRootCommand()
	all.InitDefaultHelpCmd()
	cmd, rest, err := all.Find(given)
	if err != nil {
		return err
	}
	if !whole {
		rest = append(rest, "X") // the argument that the last flag may need
	}
	if err := cmd.ParseFlags(rest); err != nil {
		return err
	}
	if err := cmd.ValidateFlagGroups(); err != nil || !whole {
		return err
	}
	return cmd.ValidateArgs(cmd.Flags().Args())
}
