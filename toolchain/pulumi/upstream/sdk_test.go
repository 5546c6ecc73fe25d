package upstream_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

// TestSDKs: from the schema of the component provider, Pulumi generates a package in
// TypeScript and one in Python, as pulumi package add does, with a class for each
// resource. SDKS names a folder in which to keep them.
func TestSDKs(t *testing.T) {
	raw, err := os.ReadFile("../../../provider/schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, language := range []struct {
		name     string
		generate func(*schema.Package, schema.ReferenceLoader) (map[string][]byte, error)
		class    string
	}{
		{"nodejs", func(p *schema.Package, l schema.ReferenceLoader) (map[string][]byte, error) {
			return nodejs.GeneratePackage("test", p, nil, nil, true, l)
		}, "export class NAME extends pulumi.ComponentResource"},
		{"python", func(p *schema.Package, l schema.ReferenceLoader) (map[string][]byte, error) {
			return python.GeneratePackage("test", p, nil, l)
		}, "class NAME(pulumi.ComponentResource):"},
	} {
		t.Run(language.name, func(t *testing.T) {
			var spec schema.PackageSpec
			if err := json.Unmarshal(raw, &spec); err != nil {
				t.Fatal(err)
			}
			loader := schema.NewPluginLoader(nil)
			pkg, err := schema.ImportSpec(spec, nil, loader, schema.ValidationOptions{})
			if err != nil {
				t.Fatal(err)
			}
			files, err := language.generate(pkg, loader)
			if err != nil {
				t.Fatal(err)
			}
			var all strings.Builder
			for name, content := range files {
				all.Write(content)
				if dir := os.Getenv("SDKS"); dir != "" {
					keep(t, filepath.Join(dir, language.name, name), content)
				}
			}
			for token := range spec.Resources {
				class := strings.ReplaceAll(language.class, "NAME", token[strings.LastIndex(token, ":")+1:])
				if !strings.Contains(all.String(), class) {
					t.Errorf("no %q", class)
				}
			}
		})
	}
}

func keep(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}
