package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	openStore = "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: { name: store }\nspec: { type: state.in-memory, version: v1, metadata: [] }\n"
	goodStore = openStore + "scopes: [a-app]\n"
)

// TestLint runs the command in a folder that is no checkout, on a machine without
// anything.
func TestLint(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(folder)
	for name, content := range map[string]string{
		"good/a.yaml": goodStore, "open/a.yaml": openStore, "broken/a.yaml": "apiVersion: v1\nkind: {\n", "broken/b.yaml": openStore,
		"empty/readme.md": "", "notes/a.yaml": strings.Replace(goodStore, "metadata: []", "metadata: [{ name: keyPrefix, value: 'a:b' }]", 1),
		"off.json": `{"t-09-scopes": "disabled"}`, "hard.json": `{"t-09-scopes": "mandatory"}`, "bad.json": `{"t-9": "disabled"}`,
	} {
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o700))
		write(t, name, content)
	}
	for args, want := range map[string]struct {
		code int
		out  string
		err  string
	}{
		"good":                                   {0, "nothing found in 1 object of 1 file\n", ""},
		"empty":                                  {0, "nothing found in 0 objects of 0 files\n", ""},
		"open":                                   {1, "1 warning in 1 object of 1 file", "1 at or above warning; docs/reference/lint.md says how to let one pass"},
		"open --level error":                     {0, "1 warning in 1 object of 1 file", ""},
		"open --policy-config off.json":          {0, "nothing found", ""},
		"open --policy-config hard.json":         {1, "1 error in 1 object of 1 file", "1 at or above warning; docs/reference/lint.md says how to let one pass"},
		"notes":                                  {0, "1 note in 1 object of 1 file", ""},
		"notes --level note":                     {1, "1 note in 1 object of 1 file", "1 at or above note; docs/reference/lint.md says how to let one pass"},
		"broken":                                 {2, "1 warning in 1 object of 1 file", "could not be read:\nbroken/a.yaml: line 2: did not find expected node content"},
		"nowhere":                                {2, "nothing found", "could not be read:\nstat nowhere: no such file or directory"},
		"good --values v.yaml":                   {2, "nothing found", "could not be read:\ngood: there is no chart that the values could be for"},
		"good --policy-config bad.json":          {2, "", "the policy configuration bad.json is not valid; nothing was changed:\nt-9: is not a policy"},
		"good --policy-config none.json":         {2, "", "reading the policy configuration: open " + filepath.Join(must(os.Getwd()), "none.json") + ": no such file or directory"},
		"open --format json --level error":       {0, `"rule": "T-09"`, ""},
		"open --format sarif --level error":      {0, `"ruleId": "T-09"`, ""},
		"broken --format json --level error":     {2, `"rule": "T-09"`, "could not be read:\nbroken/a.yaml: line 2: did not find expected node content"},
		"broken/b.yaml --level error":            {0, "broken/b.yaml:1: warning [T-09] Component store: scopes: is required", ""},
		"good --complete --level note":           {1, "T-09", "1 at or above note; docs/reference/lint.md says how to let one pass"},
		"good/a.yaml --format text --level=note": {0, "nothing found", ""},
	} {
		t.Run(args, func(t *testing.T) {
			out, err := execute(t, append([]string{"lint"}, strings.Fields(args)...)...)
			require.Contains(t, out, want.out)
			if want.err == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, want.err)
			require.Equal(t, want.code, exitCode(err))
		})
	}
}

// TestLintStdin reads what is piped into it.
func TestLintStdin(t *testing.T) {
	var out bytes.Buffer
	root := newRootCommand()
	root.SetIn(strings.NewReader(openStore))
	root.SetOut(&out)
	root.SetErr(io.Discard)
	root.SetArgs([]string{"lint", "-", "--format", "json"})
	require.Equal(t, 1, exitCode(root.ExecuteContext(t.Context())))
	var report struct{ Findings []struct{ File, Rule string } }
	require.NoError(t, json.Unmarshal(out.Bytes(), &report))
	require.Len(t, report.Findings, 1)
	require.Equal(t, "<stdin>", report.Findings[0].File)
}
