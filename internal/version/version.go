// Package version says which version of daprstack a program is: the driver, the
// policy pack and the component provider.
package version

import (
	"cmp"
	"runtime/debug"
	"strings"
)

// release is the version of a release, as in v1.2.3. The linker sets it.
var release string

// devel is the version of a program that was built from a checkout without one.
const devel = "(devel)"

// Info says what a program was built from.
type Info struct {
	// Version is that of the release, or of the module as go install has it, both
	// as in v1.2.3; otherwise "(devel)".
	Version string `json:"version"`
	// Revision is the commit, if Go knows it, and Modified that the files were not
	// those of the commit.
	Revision string `json:"revision,omitempty"`
	Modified bool   `json:"modified,omitempty"`
	// Go is the version of Go, as in go1.26.0.
	Go string `json:"go"`

	modules map[string]string
}

// Get returns what this program was built from.
func Get() Info {
	built, ok := debug.ReadBuildInfo()
	if !ok {
		built = &debug.BuildInfo{}
	}
	return of(release, built)
}

func of(release string, built *debug.BuildInfo) Info {
	i := Info{
		Version: cmp.Or(release, built.Main.Version, devel),
		Go:      built.GoVersion,
		modules: make(map[string]string, len(built.Deps)),
	}
	for _, setting := range built.Settings {
		switch setting.Key {
		case "vcs.revision":
			i.Revision = setting.Value
		case "vcs.modified":
			i.Modified = setting.Value == "true"
		}
	}
	for _, dep := range built.Deps {
		if dep.Replace != nil {
			dep = dep.Replace
		}
		i.modules[dep.Path] = dep.Version
	}
	return i
}

// Released reports whether there is such a version for everybody, and not only the
// files that the program was built from.
func (i Info) Released() bool {
	return i.Version != devel && !strings.HasPrefix(i.Version, "v0.0.0-") && !strings.Contains(i.Version, "+dirty")
}

// Number returns the version as plugins of Pulumi have it: 1.2.3, or 0.0.0-dev of a
// program without a version.
func (i Info) Number() string {
	if i.Version == devel {
		return "0.0.0-dev"
	}
	return strings.TrimPrefix(i.Version, "v")
}

// Module returns the version of a module that the program was built with, "" if it
// has none.
func (i Info) Module(path string) string { return i.modules[path] }

// String returns the version with the revision, as in "v1.2.3 (1f2e3d4)".
func (i Info) String() string {
	if i.Revision == "" {
		return i.Version
	}
	revision := i.Revision[:min(len(i.Revision), 12)]
	if i.Modified {
		revision += ", modified"
	}
	return i.Version + " (" + revision + ")"
}
