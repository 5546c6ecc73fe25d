package version

import (
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/blang/semver"
	"github.com/stretchr/testify/require"
)

// TestOf: the version of a release comes first, then that of the module; every
// version is one that Pulumi takes for a plugin's.
func TestOf(t *testing.T) {
	settings := func(modified string) []debug.BuildSetting {
		return []debug.BuildSetting{{Key: "vcs.revision", Value: "1f2e3d4c5b6a79881f2e3d4c5b6a79881f2e3d4c"}, {Key: "vcs.modified", Value: modified}}
	}
	pseudo := "v0.0.0-20261128104500-1f2e3d4c5b6a"
	for name, tc := range map[string]struct {
		release, module string
		settings        []debug.BuildSetting
		text, number    string
		released        bool
	}{
		"a release":              {"v1.2.3", pseudo, settings("false"), "v1.2.3 (1f2e3d4c5b6a)", "1.2.3", true},
		"a release candidate":    {"v1.3.0-rc.1", "", nil, "v1.3.0-rc.1", "1.3.0-rc.1", true},
		"go install …@v1.2.3":    {"", "v1.2.3", nil, "v1.2.3", "1.2.3", true},
		"go install …@main":      {"", pseudo, nil, pseudo, pseudo[1:], false},
		"a changed checkout":     {"", pseudo + "+dirty", settings("true"), pseudo + "+dirty (1f2e3d4c5b6a, modified)", pseudo[1:] + "+dirty", false},
		"no version control":     {"", "(devel)", nil, "(devel)", "0.0.0-dev", false},
		"nothing known at all":   {"", "", nil, "(devel)", "0.0.0-dev", false},
		"a revision, no version": {"", "(devel)", settings("false"), "(devel) (1f2e3d4c5b6a)", "0.0.0-dev", false},
	} {
		t.Run(name, func(t *testing.T) {
			i := of(tc.release, &debug.BuildInfo{Main: debug.Module{Version: tc.module}, Settings: tc.settings})
			require.Equal(t, tc.text, i.String())
			require.Equal(t, tc.number, i.Number())
			require.Equal(t, tc.released, i.Released())
			_, err := semver.Parse(i.Number())
			require.NoError(t, err)
		})
	}
}

func TestModule(t *testing.T) {
	i := of("", &debug.BuildInfo{Deps: []*debug.Module{
		{Path: "example.com/a", Version: "v1.0.0"},
		{Path: "example.com/b", Version: "v1.0.0", Replace: &debug.Module{Path: "example.com/b", Version: "v1.1.0"}},
	}})
	require.Equal(t, "v1.0.0", i.Module("example.com/a"))
	require.Equal(t, "v1.1.0", i.Module("example.com/b"))
	require.Empty(t, i.Module("example.com/c"))
	require.Equal(t, runtime.Version(), Get().Go)
}
