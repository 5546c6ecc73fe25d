package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/internal/changes"
)

func TestDiffBaseFlags(t *testing.T) {
	testFlags(t, newDiffCommand,
		flagCase[diffOptions]{args: "--base main", want: diffOptions{console: quiet, base: "main"}},
		flagCase[diffOptions]{
			args: "--base HEAD~1 -s prod --markdown -c a=1 --config b=2",
			want: diffOptions{console: quiet, base: "HEAD~1", stack: "prod", markdown: true, config: []string{"a=1", "b=2"}},
		},
		flagCase[diffOptions]{args: "--base main --json", want: diffOptions{console: quiet, base: "main", json: true}},
		flagCase[diffOptions]{args: "--base main dev prod", err: `unknown command "dev" for "diff"`},
		flagCase[diffOptions]{args: "dev prod -s x", err: "--stack goes with --base"},
		flagCase[diffOptions]{args: "dev prod --markdown", err: "--markdown goes with --base"},
		flagCase[diffOptions]{args: "dev prod -c a=1", err: "--config goes with --base"},
		flagCase[diffOptions]{
			args: "--base main --json --markdown",
			err:  "if any flags in the group [json markdown] are set none of the others can be; [json markdown] were all set",
		},
	)
}

// repositoryOf makes a repository of these files, in which everything is committed,
// and works in it.
func repositoryOf(t *testing.T, files map[string]string) {
	t.Helper()
	checkoutOf(t, files)
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	for _, args := range [][]string{
		{"init", "-q", "-b", "main"}, {"add", "-A"},
		{"-c", "user.name=n", "-c", "user.email=e@example.com", "commit", "-q", "-m", "m"},
	} {
		out, err := exec.Command("git", args...).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
}

// edit replaces text in a file.
func edit(t *testing.T, file, old, with string) {
	t.Helper()
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Contains(t, string(content), old)
	write(t, file, strings.Replace(string(content), old, with, 1))
}

// compared returns what diff --base says, by stack.
func compared(t *testing.T, o diffOptions) map[string]*changes.Stack {
	t.Helper()
	var out bytes.Buffer
	o.base, o.json, o.console = "main", true, console{out: &out, err: &out}
	if o.config == nil {
		o.config = withoutChart[1:]
	}
	require.NoError(t, runDiff(t.Context(), &o))
	var all []*changes.Stack
	require.NoError(t, json.Unmarshal(out.Bytes(), &all))
	found := map[string]*changes.Stack{}
	for _, s := range all {
		found[s.Name] = s
	}
	return found
}

// TestDiffBase: the change that all stacks inherit, and that of one stack.
func TestDiffBase(t *testing.T) {
	repositoryOf(t, shopFiles)
	for name, s := range compared(t, diffOptions{}) {
		require.Empty(t, s.Changes, name)
		require.Empty(t, s.Values, name)
		require.NotZero(t, s.Objects, name)
	}
	edit(t, "Pulumi.yaml", "port: 81", "port: 82")
	edit(t, "Pulumi.prod.yaml", `tag: "2"`, `tag: "3"`)
	found := compared(t, diffOptions{})
	require.Len(t, found, 2)
	require.Equal(t, []changes.Field{{Path: "apps[till].port", From: 81.0, To: 82.0}}, found["dev"].Values)
	require.Len(t, found["dev"].Changes, 2, "Deployment and Service")
	require.Len(t, found["prod"].Changes, 3)
	require.Contains(t, found["prod"].Values, changes.Field{Path: "apps[web].image", From: "web:2", To: "web:3"})
	require.Len(t, compared(t, diffOptions{stack: "prod"}), 1)

	var out bytes.Buffer
	require.NoError(t, runDiff(t.Context(), &diffOptions{base: "main", stack: "prod", config: withoutChart[1:], markdown: true, console: console{out: &out, err: &out}}))
	require.Contains(t, out.String(), changes.Marker+"\n### What this change does\n\n#### Stack prod: 3 changed (")
	require.NotContains(t, out.String(), "cipher")
	require.NoError(t, os.Mkdir("below", 0o755))
	t.Chdir("below")
	require.Len(t, compared(t, diffOptions{}), 2, "from a folder below")
}

// TestDiffBaseOfStacksThatComeAndGo: a stack file on one side only.
func TestDiffBaseOfStacksThatComeAndGo(t *testing.T) {
	repositoryOf(t, shopFiles)
	write(t, "Pulumi.staging.yaml", shopFiles["Pulumi.dev.yaml"])
	require.NoError(t, os.Remove("Pulumi.dev.yaml"))
	found := compared(t, diffOptions{})
	require.Equal(t, "It is new: revision main does not have it.", found["staging"].Note)
	require.Equal(t, found["staging"].Objects, found["staging"].Count(changes.Added))
	require.Contains(t, found["dev"].Note, "Its stack file is gone.")
	require.Empty(t, found["dev"].Changes)
	require.Empty(t, found["prod"].Note)

	err := runDiff(t.Context(), &diffOptions{base: "main", stack: "nowhere", console: quiet})
	require.ErrorContains(t, err, `there is no stack "nowhere"`)
}

// TestDiffBaseThatIsNotValid: a change may repair its base, but must be valid itself.
func TestDiffBaseThatIsNotValid(t *testing.T) {
	files := map[string]string{"Pulumi.yaml": strings.Replace(shopFiles["Pulumi.yaml"], "port: 80", "port: 70000", 1), "Pulumi.dev.yaml": shopFiles["Pulumi.dev.yaml"]}
	repositoryOf(t, files)
	err := runDiff(t.Context(), &diffOptions{base: "main", config: withoutChart[1:], console: quiet})
	require.ErrorContains(t, err, "the stack file Pulumi.dev.yaml is not valid")
	edit(t, "Pulumi.yaml", "port: 70000", "port: 80")
	dev := compared(t, diffOptions{})["dev"]
	require.Contains(t, dev.Note, "It cannot be compared: in revision main its files are not valid for this version of daprstack.")
	require.Contains(t, dev.Note, "apps[0].port: 70000: must be between 1 and 65535")
	require.Empty(t, dev.Changes)
	require.NotZero(t, dev.Objects)
}

// TestDiffBaseOfSecrets: a value that is encrypted anew is named, with what restarts.
func TestDiffBaseOfSecrets(t *testing.T) {
	repositoryOf(t, shopFiles)
	edit(t, "Pulumi.prod.yaml", "v1:nonce:other", "v1:nonce2:other2")
	prod := compared(t, diffOptions{})["prod"]
	require.Equal(t, "Encrypted anew: apps[web].env.TOKEN. Whether the value is another one cannot be seen without the passphrase.", prod.Note)
	require.Len(t, prod.Changes, 2)
	require.Contains(t, prod.Changes[0].Restarts, "a Secret that it reads")
}

// TestDiffBaseWithItsChart: a chart in the repository is that of the revision.
func TestDiffBaseWithItsChart(t *testing.T) {
	files := map[string]string{}
	for name, content := range shopFiles {
		files[name] = content
	}
	files["Pulumi.dev.yaml"] += "  daprstack:dapr: { enabled: false, chart: { path: chart } }\n"
	files["chart"] = "" // a file will do where there is no Dapr
	repositoryOf(t, files)
	require.NoError(t, os.Rename("chart", "charts"))
	edit(t, "Pulumi.dev.yaml", "path: chart", "path: charts")
	dev := compared(t, diffOptions{stack: "dev", config: []string{"namespace=shop"}})["dev"]
	require.Empty(t, dev.Note, "the chart of the revision is there")
	require.Equal(t, []changes.Field{{Path: "dapr.chart.path", From: "chart", To: "charts"}}, dev.Values)
}

func TestDiffBaseRefuses(t *testing.T) {
	repositoryOf(t, shopFiles)
	require.ErrorContains(t, runDiff(t.Context(), &diffOptions{base: "nowhere", console: quiet}), `the repository has no revision "nowhere"`)
	for _, name := range []string{"Pulumi.dev.yaml", "Pulumi.prod.yaml"} {
		require.NoError(t, os.Remove(name))
	}
	repositoryOf(t, map[string]string{"Pulumi.yaml": shopFiles["Pulumi.yaml"]})
	require.ErrorContains(t, runDiff(t.Context(), &diffOptions{base: "main", console: quiet}), "no stack file (Pulumi.<stack>.yaml) in ")

	checkoutOf(t, shopFiles)
	wd, err := os.Getwd()
	require.NoError(t, err)
	t.Setenv("GIT_CEILING_DIRECTORIES", filepath.Dir(wd))
	require.ErrorContains(t, runDiff(t.Context(), &diffOptions{base: "main", console: quiet}), "is in no git repository")
}
