package main

import (
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	fence   = regexp.MustCompile("(?ms)^```.*?^```$")
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ +(.*)$`)
	dropped = regexp.MustCompile(`[^\p{L}\p{N}_\- ]`)
	anchors = regexp.MustCompile(`<a id="([^"]+)">`)
)

// pages returns every page of Markdown that a person reads.
func pages(t *testing.T) (found []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := entry.Name(); entry.IsDir() && (name == "testdata" || name == "bin" || len(name) > 1 && name[0] == '.') {
			return filepath.SkipDir
		}
		if filepath.Ext(path) == ".md" {
			found = append(found, path)
		}
		return nil
	}))
	require.GreaterOrEqual(t, len(found), 30)
	return found
}

// TestLinks: each relative link of a page leads to a file of the repository, and to
// an anchor if it names one.
func TestLinks(t *testing.T) {
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, l := range link.FindAllStringSubmatch(fence.ReplaceAllString(string(text), ""), -1) {
			target, err := url.Parse(l[1])
			require.NoError(t, err, page)
			if target.Scheme != "" {
				continue
			}
			file := page
			if target.Path != "" {
				file = filepath.Join(filepath.Dir(page), target.Path)
			}
			content := []byte(nil)
			if info, err := os.Stat(file); err == nil && !info.IsDir() {
				content, err = os.ReadFile(file)
				require.NoError(t, err)
			} else if !assert.NoError(t, err, "%s: %s", page, l[1]) {
				continue
			}
			if target.Fragment != "" {
				assert.Contains(t, anchorsOf(string(content)), target.Fragment, "%s: %s", page, l[1])
			}
		}
	}
}

// anchorsOf returns the anchors of a page: those of its headings, as GitHub makes
// them, and those that it writes itself.
func anchorsOf(page string) (found []string) {
	for _, a := range anchors.FindAllStringSubmatch(page, -1) {
		found = append(found, a[1])
	}
	for _, h := range heading.FindAllStringSubmatch(fence.ReplaceAllString(page, ""), -1) {
		found = append(found, strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(h[1]), ""), " ", "-"))
	}
	return found
}
