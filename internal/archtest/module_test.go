package archtest

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"
	modzip "golang.org/x/mod/zip"
)

// file is a file of the checkout, as package zip wants it.
type file string

func (f file) Path() string                 { return string(f) }
func (f file) Lstat() (os.FileInfo, error)  { return os.Lstat(f.local()) }
func (f file) Open() (io.ReadCloser, error) { return os.Open(f.local()) }
func (f file) local() string                { return filepath.Join("..", "..", filepath.FromSlash(string(f))) }

// TestModule: the module can be had from a proxy, and go install takes it, which
// refuses one with a replace directive. Everybody downloads it: nothing large is in it.
func TestModule(t *testing.T) {
	content, err := os.ReadFile(file("go.mod").local())
	require.NoError(t, err)
	parsed, err := modfile.Parse("go.mod", content, nil)
	require.NoError(t, err)
	require.Empty(t, parsed.Replace, "go install refuses a module that replaces others")
	require.Empty(t, parsed.Exclude, "and one that excludes versions")

	git := exec.Command("git", "ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate", "-z")
	git.Dir = file("").local()
	names, err := git.Output()
	if err != nil {
		t.Skip("not in a git repository")
	}
	var files []modzip.File
	for name := range strings.SplitSeq(strings.TrimRight(string(names), "\x00"), "\x00") {
		if f := file(name); exists(f.local()) {
			files = append(files, f)
		}
	}
	checked, err := modzip.CheckFiles(files)
	require.NoError(t, err)
	require.Empty(t, checked.Invalid)
	require.Contains(t, checked.Valid, "cmd/daprstack/main.go")
	require.NotContains(t, checked.Valid, "toolchain/pulumi/go.mod", "a module of its own")
	var total int64
	for _, name := range checked.Valid {
		info, err := file(name).Lstat()
		require.NoError(t, err)
		require.Less(t, info.Size(), int64(1<<20), name)
		total += info.Size()
	}
	require.Less(t, total, int64(16<<20))
}
