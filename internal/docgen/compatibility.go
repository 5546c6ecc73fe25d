package main

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules"
	"github.com/daprstack/daprstack/local/images"
	"github.com/daprstack/daprstack/toolchain"
)

//go:embed compatibility.md.tmpl
var compatibilityTemplate string

// versions is what the page of the versions says.
type versions struct {
	Go, ClientGo       string
	Dapr               string   // the default
	Minors             []string // of Dapr, newest first
	Older              string   // of the minor version before, against whose code the tables are held
	Contrib, OlderLibs string   // components-contrib of both
	Kubernetes         string
	ProviderClient     string // client-go of the provider
	Pulumi, SDK        string
	Providers          []pin
	YAML, GoProvider   string
	RedisImage         string
	RedisNode          string
	RedisReleases      []string
}

// pin is a plugin of the engine with its version and that of its SDK.
type pin struct{ Name, Version, SDK string }

// compatibilityPage renders the page from what the modules and the toolchain pin.
func compatibilityPage() ([]byte, error) {
	main, err := readModule("go.mod")
	if err != nil {
		return nil, err
	}
	dapr, err := readModule(filepath.Join("toolchain", "dapr", "go.mod"))
	if err != nil {
		return nil, err
	}
	older, err := readModule(filepath.Join("toolchain", "dapr-1.17", "go.mod"))
	if err != nil {
		return nil, err
	}
	provider, err := readModule(filepath.Join("toolchain", "kubernetes-provider", "go.mod"))
	if err != nil {
		return nil, err
	}
	yaml, err := toolchain.Version(toolchain.YAMLHost)
	if err != nil {
		return nil, err
	}
	v := versions{
		ProviderClient: provider.version("k8s.io/client-go"),
		Go:             main.goVersion, ClientGo: main.version("k8s.io/client-go"),
		Dapr: rules.PinnedDapr, Minors: rules.DaprMinors(), Older: older.version("github.com/dapr/dapr"),
		Contrib: dapr.version("github.com/dapr/components-contrib"), OlderLibs: older.version("github.com/dapr/components-contrib"),
		Kubernetes: toolchain.KubernetesVersion, Pulumi: toolchain.PulumiVersion,
		SDK: main.version("github.com/pulumi/pulumi/sdk/v3"), YAML: yaml, GoProvider: main.version("github.com/pulumi/pulumi-go-provider"),
		RedisImage: config.DefaultRedisImage, RedisNode: images.DebianRedis, RedisReleases: rules.RedisReleases(),
	}
	slices.Reverse(v.Minors)
	for name, sdk := range map[string]string{
		toolchain.KubernetesProvider: "github.com/pulumi/pulumi-kubernetes/sdk/v4",
		toolchain.RandomProvider:     "github.com/pulumi/pulumi-random/sdk/v4",
		toolchain.TLSProvider:        "github.com/pulumi/pulumi-tls/sdk/v5",
	} {
		version, err := toolchain.Version(name)
		if err != nil {
			return nil, err
		}
		v.Providers = append(v.Providers, pin{strings.TrimPrefix(name, "pulumi-resource-"), version, main.version(sdk)})
	}
	slices.SortFunc(v.Providers, func(a, b pin) int { return strings.Compare(a.Name, b.Name) })
	return render(compatibilityTemplate, v)
}

// module is what a go.mod requires.
type module struct {
	goVersion string
	required  map[string]string
}

func readModule(path string) (module, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return module{}, err
	}
	file, err := modfile.Parse(path, content, nil)
	if err != nil {
		return module{}, fmt.Errorf("%s: %w", path, err)
	}
	m := module{goVersion: file.Go.Version, required: map[string]string{}}
	for _, r := range file.Require {
		m.required[r.Mod.Path] = strings.TrimPrefix(r.Mod.Version, "v")
	}
	return m, nil
}

// version returns the version of a module, without its v; a module that is not
// required is a mistake of ours, and is seen on the page.
func (m module) version(path string) string {
	if v := m.required[path]; v != "" {
		return v
	}
	return "(no " + path + ")"
}
