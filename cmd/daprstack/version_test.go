package main

import (
	"encoding/json"
	"os"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"

	"github.com/daprstack/daprstack/config/rules"
	"github.com/daprstack/daprstack/internal/version"
)

func TestVersionFlags(t *testing.T) {
	testFlags(t, newVersionCommand,
		flagCase[versionOptions]{want: versionOptions{console: quiet, output: "text"}},
		flagCase[versionOptions]{args: "-o json", want: versionOptions{console: quiet, output: "json"}},
		flagCase[versionOptions]{args: "--output xml", err: `invalid argument "xml" for "-o, --output" flag: must be one of text, json`},
		flagCase[versionOptions]{args: "x", err: `unknown command "x" for "version"`},
	)
}

// TestVersion: the versions are those of the modules that the driver is built with.
func TestVersion(t *testing.T) {
	content, err := os.ReadFile("../../go.mod")
	require.NoError(t, err)
	file, err := modfile.Parse("go.mod", content, nil)
	require.NoError(t, err)
	var sdk string
	for _, r := range file.Require {
		if r.Mod.Path == pulumiSDK {
			sdk = r.Mod.Version
		}
	}
	out, err := execute(t, "version", "--output", "json")
	require.NoError(t, err)
	var got map[string]string
	require.NoError(t, json.Unmarshal([]byte(out), &got))
	require.Equal(t, map[string]string{
		"version": version.Get().Version, "dapr": rules.PinnedDapr, "pulumi": sdk,
		"go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH,
	}, got)

	out, err = execute(t, "version")
	require.NoError(t, err)
	require.Contains(t, out, "daprstack   "+version.Get().String()+"\n")
	require.Contains(t, out, "Pulumi SDK  "+sdk+"\n")

	out, err = execute(t, "--version")
	require.NoError(t, err)
	require.Equal(t, "daprstack "+version.Get().String()+"\n", out)
}
