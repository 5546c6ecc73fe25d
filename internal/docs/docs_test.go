package docs

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const page = "# A page\nIn `daprstack up`, prose.\n\n## <a id=\"x\"></a>Its *first* part\n\n" +
	"```sh\n# alone\nmake up   # behind\nmake a \\\n  B=1\necho 'no#comment'\n\n```\n\n```\n# no heading\n```\n"

func TestPage(t *testing.T) {
	p := Page{Text: page}
	require.Equal(t, []Block{
		{"its-first-part", "sh", "# alone\nmake up   # behind\nmake a \\\n  B=1\necho 'no#comment'\n\n"},
		{"its-first-part", "", "# no heading\n"},
	}, p.Blocks())
	require.Equal(t, []string{"make up", "make a B=1", "echo 'no#comment'"}, p.Blocks()[0].Commands())
	require.Equal(t, []string{"a-page", "its-first-part", "x"}, p.Anchors())
}

// TestPages finds the pages of the repository, and those of no tool or test.
func TestPages(t *testing.T) {
	pages, err := Pages("../..")
	require.NoError(t, err)
	var paths []string
	for _, p := range pages {
		paths = append(paths, p.Path)
	}
	require.Subset(t, paths, []string{"CHANGELOG.md", "README.md", "docs/adr/README.md", "docs/tutorial.md", "examples/todo/README.md"})
	require.NotContains(t, paths, "internal/eventpage/testdata/everything.md")
}
