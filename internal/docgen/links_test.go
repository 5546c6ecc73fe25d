package main

import (
	"io/fs"
	"net/url"
	"os"
	slashpath "path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/internal/docs"
)

// pages returns the pages of the repository by their paths.
func pages(t *testing.T) map[string]docs.Page {
	t.Helper()
	found, err := docs.Pages(".")
	require.NoError(t, err)
	byPath := map[string]docs.Page{}
	for _, p := range found {
		byPath[p.Path] = p
	}
	return byPath
}

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// links returns the targets of the page's links within the repository, by their
// paths, and the anchors that they name.
func links(t *testing.T, p docs.Page) (targets [][2]string) {
	t.Helper()
	for _, l := range link.FindAllStringSubmatch(p.Prose(), -1) {
		target, err := url.Parse(l[1])
		require.NoError(t, err, p.Path)
		switch {
		case target.Scheme != "":
		case target.Path == "":
			targets = append(targets, [2]string{p.Path, target.Fragment})
		default:
			targets = append(targets, [2]string{slashpath.Join(slashpath.Dir(p.Path), target.Path), target.Fragment})
		}
	}
	return targets
}

// TestLinks: each link within the repository leads to something, and to an anchor
// if it names one.
func TestLinks(t *testing.T) {
	all := pages(t)
	for _, p := range all {
		for _, target := range links(t, p) {
			_, err := os.Stat(target[0])
			assert.NoError(t, err, p.Path)
			if target[1] != "" {
				assert.Contains(t, all[target[0]].Anchors(), target[1], "%s: %s", p.Path, target[0])
			}
		}
	}
}

// TestEveryPageIsFound: the map leads to every page of the documentation, and the
// page of the decisions to each of them.
func TestEveryPageIsFound(t *testing.T) {
	all := pages(t)
	var found []string
	for _, from := range []string{"docs/README.md", "docs/adr/README.md"} {
		for _, target := range links(t, all[from]) {
			found = append(found, target[0])
		}
	}
	for name := range all {
		if slashpath.Dir(name) != "." && name != "docs/README.md" {
			assert.True(t, slices.Contains(found, name), "no map leads to %s", name)
		}
	}
}

// TestNamedTestsAreThere: a test that a page names as its witness exists.
func TestNamedTestsAreThere(t *testing.T) {
	var code strings.Builder
	require.NoError(t, filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		code.Write(text)
		return err
	}))
	seen := 0
	for _, p := range pages(t) {
		for _, m := range regexp.MustCompile("`(Test[A-Z]\\w*)`").FindAllStringSubmatch(p.Prose(), -1) {
			seen++
			assert.True(t, strings.Contains(code.String(), "func "+m[1]+"(t *testing.T)"), "%s: %s", p.Path, m[1])
		}
	}
	require.Positive(t, seen)
}
