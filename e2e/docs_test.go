//go:build e2e

package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/internal/docs"
)

// readers are the sections of README and tutorial that have commands, each with the
// test that runs them as a reader does.
var readers = map[string]map[string]string{
	"README.md": {
		"daprstack":                        "", // those of runOtherwise
		"try-it":                           "TestDevStack",
		"your-own-app-on-your-own-cluster": "TestDevStack and TestStock",
		"in-ci":                            "TestReadmeInCI",
	},
	"docs/tutorial.md": {
		"1-a-node": "", "2-the-application": "TestTutorial", "3-the-stack-file": "TestTutorial", "4-a-change-an-event": "TestTutorial",
		"5-a-dead-letter": "TestTutorial", "6-nothing-left": "TestTutorial",
	},
}

// runOtherwise are the commands that no reader runs, each with what does.
var runOtherwise = map[string]string{
	"make up":   "TestDevStack runs what it does: daprstack local up and up; make e2e has built the tools",
	"make node": "the same, without up",
	"make test": ".ci/run",
	"make down": "TestDevStack: daprstack local down",
}

// TestReadersReadEverything: each section with commands has a reader.
func TestReadersReadEverything(t *testing.T) {
	for path, sections := range readers {
		found := map[string]bool{}
		for _, b := range page(t, path).Blocks() {
			for _, command := range b.Commands() {
				if b.Language != "sh" {
					continue
				}
				found[b.Section] = true
				test, known := sections[b.Section]
				assert.True(t, known && test != "" || runOtherwise[command] != "", "%s: nobody runs %q", path, command)
			}
		}
		for section := range sections {
			assert.True(t, found[section], "%s: no commands in %s", path, section)
		}
	}
}

func page(t *testing.T, path string) docs.Page {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(checkout(t), path))
	require.NoError(t, err)
	return docs.Page{Path: path, Text: string(text)}
}

// A reader does what a page says, in a copy of the checkout: types its commands into
// one shell, writes its stack files, and compares what it shows.
type reader struct {
	page     docs.Page
	dir      string
	replaced [][2]string // what a reader types in the place of what the page says

	in  io.Writer
	out *bufio.Reader
}

// commandsOf returns the commands of the block of README that begins as given.
func commandsOf(t *testing.T, beginning string) []string {
	t.Helper()
	for _, b := range page(t, "README.md").Blocks() {
		if strings.HasPrefix(b.Text, beginning) {
			return b.Commands()
		}
	}
	t.Fatalf("README has no commands that begin with %s", beginning)
	return nil
}

// endOfOutput follows the output of each command, before its exit code.
const endOfOutput = "--- that was it: "

func newReader(t *testing.T, path string) *reader {
	t.Helper()
	r := &reader{page: page(t, path), dir: copyOfCheckout(t)}
	bin := filepath.Join(r.dir, "bin")
	require.NoError(t, os.Mkdir(bin, 0o755))
	built, err := filepath.Glob(filepath.Join(checkout(t), "bin", "*"))
	require.NoError(t, err)
	for _, program := range built {
		require.NoError(t, os.Symlink(program, filepath.Join(bin, filepath.Base(program))))
	}
	shell := exec.CommandContext(t.Context(), "bash", "--noprofile", "--norc")
	shell.Dir, shell.Env = r.dir, append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	r.in, err = shell.StdinPipe()
	require.NoError(t, err)
	out, err := shell.StdoutPipe()
	require.NoError(t, err)
	r.out = bufio.NewReader(out)
	shell.Stderr = shell.Stdout
	require.NoError(t, shell.Start())
	t.Cleanup(func() {
		_ = shell.Process.Kill() // it waits for the next command
		_ = shell.Wait()
	})
	return r
}

// types replaces what the page says by what a reader types.
func (r *reader) types(said, typed string) { r.replaced = append(r.replaced, [2]string{said, typed}) }

// asks matches the commands that ask before they do something.
var asks = regexp.MustCompile(`daprstack (up|destroy)\b|pulumi up\b`)

func (r *reader) typed(text string) string {
	for _, pair := range r.replaced {
		text = strings.ReplaceAll(text, pair[0], pair[1])
	}
	return asks.ReplaceAllString(text, "$0 --yes")
}

// run runs a command in the shell, which must succeed, and returns its output.
func (r *reader) run(t *testing.T, command string) string {
	t.Helper()
	start := time.Now()
	_, err := fmt.Fprintf(r.in, "{ %s\n} </dev/null; echo \"%s$?\"\n", command, endOfOutput)
	require.NoError(t, err)
	var out strings.Builder
	for {
		line, err := r.out.ReadString('\n')
		require.NoError(t, err, "%s:\n%s", command, out.String())
		before, code, ended := strings.Cut(line, endOfOutput)
		out.WriteString(before)
		fmt.Fprint(os.Stderr, before)
		if ended {
			require.Equal(t, "0", strings.TrimSpace(code), "%s:\n%s", command, out.String())
			break
		}
	}
	t.Logf("%s: %s", command, time.Since(start).Round(100*time.Millisecond))
	return out.String()
}

// read does what the sections of the page say, of which none means all of them.
// after, unless it is nil, sees the output of each command.
func (r *reader) read(t *testing.T, after func(output string), sections ...string) {
	t.Helper()
	var shown func(want string)
	for _, block := range r.page.Blocks() {
		if len(sections) > 0 && !slices.Contains(sections, block.Section) {
			continue
		}
		switch {
		case block.Language == "sh" && !strings.HasPrefix(block.Text, "pulumi "): // those are TestStock's
			shown = r.block(t, block, after)
		case block.Language == "" && shown != nil:
			shown(r.typed(block.Text))
			shown = nil
		case block.Language == "yaml":
			shown = nil
			if m := regexp.MustCompile(`^# (Pulumi\.\w+\.yaml)\n`).FindStringSubmatch(block.Text); m != nil {
				require.NoError(t, os.WriteFile(filepath.Join(r.dir, m[1]), []byte(r.typed(block.Text)), 0o600))
			}
		}
	}
}

// looks matches the commands that only look, so that a reader may look again until
// what an event does is there.
var looks = regexp.MustCompile(`^curl -s "|daprstack events (-s|show)`)

// block runs the commands of a block, and returns what compares their output.
func (r *reader) block(t *testing.T, block docs.Block, after func(output string)) func(want string) {
	t.Helper()
	var last, before, output string // of the last command, and of those before it
	for _, said := range block.Commands() {
		if runOtherwise[said] != "" {
			continue
		}
		last, before = r.typed(said), before+output
		output = r.run(t, last)
		if after != nil {
			after(output)
		}
	}
	return func(want string) {
		t.Helper()
		shown := pattern(want)
		if !looks.MatchString(last) {
			require.Regexp(t, shown, squeezed(before+output))
			return
		}
		eventually(t, "it is as the page shows it", func(context.Context) string {
			if shown.MatchString(squeezed(before + output)) {
				return ""
			}
			said := before + output
			output = r.run(t, last)
			return said
		})
	}
}

// pattern matches the output that a page shows: "…" stands for anything within a line
// or, alone, for any lines.
func pattern(shown string) *regexp.Regexp {
	var lines []string
	for line := range strings.Lines(squeezed(shown)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "…" {
			lines = append(lines, `(?:.*\n)*`)
			continue
		}
		lines = append(lines, strings.ReplaceAll(regexp.QuoteMeta(line), "…", ".+")+`\n`)
	}
	return regexp.MustCompile(`^` + strings.Join(lines, "") + `$`)
}

// squeezed returns a text with one space between the words of each line.
func squeezed(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.Join(strings.Fields(line), " ") + "\n")
	}
	return b.String()
}

// TestTutorial does what the tutorial says.
func TestTutorial(t *testing.T) {
	t.Cleanup(func() {
		if t.Failed() {
			collect(t)
		}
	})
	run(t, "local", "up")
	run(t, "destroy", "--yes")
	r := newReader(t, "docs/tutorial.md")
	address := regexp.MustCompile(`The page, on this machine: (\S+)`)
	const shown = "http://10.211.0.57:8080"
	require.Contains(t, r.page.Text, shown)
	r.read(t, func(output string) {
		if m := address.FindStringSubmatch(output); m != nil && len(r.replaced) == 0 {
			r.types(shown, m[1])
		}
	})
	nothingIsLeft(t)
}

// readmeTryIt looks at the running stack as README says.
func readmeTryIt(t *testing.T) {
	var said strings.Builder
	newReader(t, "README.md").read(t, func(output string) { said.WriteString(output) }, "try-it")
	for _, want := range []string{"kube-apiserver", `"frontend-app"`, "task.created", " 0 failed"} {
		assert.Contains(t, said.String(), want)
	}
}

// TestReadmeInCI runs the commands of README that a pull request runs, in a
// repository whose main branch is elsewhere.
func TestReadmeInCI(t *testing.T) {
	r := newReader(t, "README.md")
	for _, args := range [][]string{
		{"init", "--quiet"}, {"add", "--all"},
		{"-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "--quiet", "--message", "base"},
		{"update-ref", "refs/remotes/origin/main", "HEAD"},
	} {
		command(t, r.dir, "git", args...)
	}
	stackFile := filepath.Join(r.dir, "Pulumi.prod.yaml")
	content, err := os.ReadFile(stackFile)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(stackFile, []byte(strings.ReplaceAll(string(content), "logLevel: warn", "logLevel: info")), 0o600))
	var said strings.Builder
	r.read(t, func(output string) { said.WriteString(output) }, "in-ci")
	assert.Contains(t, said.String(), "dapr.logLevel: warn → info")
	assert.Contains(t, said.String(), "nothing found")
}
