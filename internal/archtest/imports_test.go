package archtest

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/daprstack/daprstack"

// layers lists what the packages under each folder may import of this module. A
// folder that is not listed may import anything; the longest match applies.
var layers = map[string][]string{
	".":                      {"stacks"},
	"stacks":                 {"components", "config"},
	"components":             {"components", "config/rules"},
	"config":                 {"config/rules"},
	"config/rules":           {},
	"config/rules/rulestest": {"config/rules"},
	"policy":                 {"policy", "config/rules", "internal/version"},
	"contracts":              {"contracts", "config/rules"},
	"provider":               {"config", "stacks", "internal/version"},
	"verify":                 {"config", "contracts", "internal/cluster", "internal/controlplane", "internal/streams"},
	"internal/asyncapi":      {"config"},
	"internal/eventpage":     {"config"},
	"internal/cluster":       {},
	"internal/controlplane":  {"config", "internal/cluster"},
	"internal/streams":       {"config", "contracts", "internal/cluster"},
	"internal/events":        {"config", "internal/cluster", "internal/streams"},
	"internal/lint":          {"config/rules", "policy/check", "policy/settings"},
	"internal/migration":     {"config", "internal/stackfile"},
	"internal/proc":          {},
	"internal/graph":         {},
	"internal/version":       {},
	"internal/revision":      {},
	"internal/render":        {"components", "config", "internal/graph", "stacks", "toolchain"},
	"internal/changes":       {"config", "internal/engine", "internal/render"},
	"examples":               {"examples", "contracts"},
	"examples/library":       {"components"},
	"local":                  {"local", "internal"},
	"toolchain":              {"toolchain", "internal"},
}

// noPulumi lists the folders that programs without Pulumi can import.
var noPulumi = []string{
	"config", "config/rules", "contracts", "examples/todo", "internal/controlplane", "internal/lint", "internal/migration", "local", "policy/check", "policy/settings", "toolchain", "verify",
}

// The packages of the Kubernetes SDK that the program may use: each API group
// costs seconds of every cold build. The packages helm/v3, yaml and yaml/v2 import
// all sixty groups and cost minutes.
const sdk = "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"

var sdkPackages = []string{
	sdk, sdk + "/admissionregistration/v1", sdk + "/apiextensions", sdk + "/apps/v1", sdk + "/autoscaling/v2", sdk + "/batch/v1", sdk + "/core/v1", sdk + "/meta/v1", sdk + "/networking/v1", sdk + "/policy/v1", sdk + "/utilities",
}

func TestImportsPointOneWay(t *testing.T) {
	for _, i := range imports(t) {
		allowed, layered := layerOf(i.folder)
		target, ours := strings.CutPrefix(i.path, module+"/")
		if layered && ours && !slices.ContainsFunc(allowed, func(a string) bool { return within(target, a) }) {
			t.Errorf("%s imports %s: %s may import only %v", i.file, target, i.folder, allowed)
		}
	}
}

func TestNoPulumiWhereNoneIsNeeded(t *testing.T) {
	for _, i := range imports(t) {
		for _, folder := range noPulumi {
			if within(i.folder, folder) && strings.HasPrefix(i.path, "github.com/pulumi/") {
				t.Errorf("%s imports %s: %s is for programs without Pulumi", i.file, i.path, folder)
			}
		}
	}
}

// providerModules are what only the component provider is built with. The program
// and the driver are not.
var providerModules = []string{"github.com/pulumi/pulumi-go-provider", "github.com/pulumi/pulumi/pkg/v3"}

func TestHeavyImports(t *testing.T) {
	for _, i := range imports(t) {
		if within(i.path, sdk) && !slices.Contains(sdkPackages, i.path) {
			t.Errorf("%s imports %s, which every cold build would pay for: add it to sdkPackages if it is worth its seconds", i.file, i.path)
		}
		for _, m := range append(providerModules, module+"/provider") {
			if within(i.path, m) && !slices.Contains([]string{"provider", "cmd/pulumi-resource-daprstack", "internal/docgen"}, i.folder) {
				t.Errorf("%s imports %s, which is for the component provider alone", i.file, i.path)
			}
		}
	}
}

// TestLayersExist finds layers whose folder was renamed. Without it, the tests
// above would pass because there are no files to check.
func TestLayersExist(t *testing.T) {
	seen := map[string]bool{}
	for _, i := range imports(t) {
		for folder := range layers {
			seen[folder] = seen[folder] || within(i.folder, folder)
		}
	}
	for folder := range layers {
		if !seen[folder] {
			t.Errorf("no Go file under %s", folder)
		}
	}
}

// layerOf returns what a folder may import.
func layerOf(folder string) (allowed []string, layered bool) {
	for f := folder; ; f = path.Dir(f) {
		if allowed, ok := layers[f]; ok && (f != "." || folder == ".") {
			return allowed, true
		}
		if f == "." {
			return nil, false
		}
	}
}

// within reports whether name is folder or below it.
func within(name, folder string) bool {
	return name == folder || strings.HasPrefix(name, folder+"/")
}

// imported is one import of one file.
type imported struct{ file, folder, path string }

// imports returns every import of the module, tests excluded. Folders with
// their own go.mod are other modules.
func imports(t *testing.T) []imported {
	t.Helper()
	root := filepath.Join("..", "..")
	var all []imported
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if p != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || exists(filepath.Join(p, "go.mod"))) {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return fmt.Errorf("%s: %w", rel, err)
			}
			rel := filepath.ToSlash(rel)
			all = append(all, imported{file: rel, folder: path.Dir(rel), path: name})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}
