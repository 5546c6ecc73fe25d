package revision_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/internal/revision"
)

// repository makes a repository of these files with one commit, and returns its
// folder.
func repository(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	}
	commit(t, dir)
	return dir
}

// commit commits everything, whatever git's configuration on this machine is.
func commit(t *testing.T, dir string) {
	t.Helper()
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	for _, args := range [][]string{
		{"init", "-q", "-b", "main"}, {"add", "-A"},
		{"-c", "user.name=n", "-c", "user.email=e@example.com", "commit", "-q", "-m", "m"},
	} {
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
}

func TestCopy(t *testing.T) {
	repo := repository(t, map[string]string{
		"infra/Pulumi.yaml": "committed", "infra/odd name.yaml": "odd\n\n", "infra/empty": "",
		"charts/dapr/Chart.yaml": "chart", "charts/dapr/templates/a.yaml": "a", "other": "no",
		".gitattributes": "* export-ignore\n",
	})
	require.NoError(t, os.Symlink("../charts/dapr/Chart.yaml", filepath.Join(repo, "infra", "link.yaml")))
	commit(t, repo)
	dir := filepath.Join(repo, "infra")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), []byte("edited"), 0o600))

	r, err := revision.Open(t.Context(), dir, "main")
	require.NoError(t, err)
	names, err := r.Names(t.Context())
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"Pulumi.yaml", "odd name.yaml", "empty", "link.yaml"}, names)

	root := t.TempDir()
	into := r.Folder(root)
	require.Equal(t, filepath.Join(root, "infra"), into)
	chart, ok := r.Inside(filepath.Join(repo, "charts", "dapr"))
	require.True(t, ok)
	found, err := r.Copy(t.Context(), root, "Pulumi.yaml", "odd name.yaml", "empty", "link.yaml", "missing", chart)
	require.NoError(t, err)
	require.True(t, found)
	for name, want := range map[string]string{
		"Pulumi.yaml": "committed", "odd name.yaml": "odd\n\n", "empty": "", "link.yaml": "chart",
		"../charts/dapr/Chart.yaml": "chart", "../charts/dapr/templates/a.yaml": "a",
	} {
		content, err := os.ReadFile(filepath.Join(into, name))
		require.NoError(t, err)
		require.Equal(t, want, string(content), name)
	}
	require.NoFileExists(t, filepath.Join(into, "missing"))
	require.NoFileExists(t, filepath.Join(into, "..", "other"))

	found, err = r.Copy(t.Context(), root, "missing")
	require.NoError(t, err)
	require.False(t, found)
	_, ok = r.Inside(filepath.Join(repo, "..", "elsewhere"))
	require.False(t, ok)
}

// TestFolderThatIsNew: a folder that the revision does not have has no files there.
func TestFolderThatIsNew(t *testing.T) {
	repo := repository(t, map[string]string{"a": ""})
	dir := filepath.Join(repo, "new")
	require.NoError(t, os.Mkdir(dir, 0o755))
	r, err := revision.Open(t.Context(), dir, "HEAD")
	require.NoError(t, err)
	names, err := r.Names(t.Context())
	require.NoError(t, err)
	require.Empty(t, names)
}

func TestOpenRefuses(t *testing.T) {
	repo := repository(t, map[string]string{"a": ""})
	_, err := revision.Open(t.Context(), repo, "origin/next")
	require.EqualError(t, err, `the repository has no revision "origin/next"; fetch it first, as in git fetch origin next (in a workflow: actions/checkout with fetch-depth: 0)`)
	_, err = revision.Open(t.Context(), repo, "--help")
	require.ErrorContains(t, err, `has no revision "--help"`)

	elsewhere := t.TempDir()
	t.Setenv("GIT_CEILING_DIRECTORIES", filepath.Dir(elsewhere))
	_, err = revision.Open(t.Context(), elsewhere, "main")
	require.ErrorContains(t, err, elsewhere+" is in no git repository, so there is no revision main of it: ")

	t.Setenv("PATH", elsewhere)
	_, err = revision.Open(t.Context(), repo, "main")
	require.EqualError(t, err, "reading revision main: git is not on PATH")
}
