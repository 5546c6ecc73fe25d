// Package upstream compares what daprstack knows about Pulumi with the pinned
// Pulumi's own code.
package upstream_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	pkgworkspace "github.com/pulumi/pulumi/pkg/v3/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/common/esc"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
)

// TestInheritedConfiguration: what a stack comes to is what package stackfile
// says, value by value.
func TestInheritedConfiguration(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	testdata := filepath.Join(root, "internal", "stackfile", "testdata")
	for name, files := range map[string][2]string{
		"shop":    {filepath.Join(testdata, "Pulumi.yaml"), filepath.Join(testdata, "Pulumi.dev.yaml")},
		"dev":     {filepath.Join(root, "Pulumi.yaml"), filepath.Join(root, "Pulumi.dev.yaml")},
		"staging": {filepath.Join(root, "Pulumi.yaml"), filepath.Join(root, "Pulumi.staging.yaml")},
		"prod":    {filepath.Join(root, "Pulumi.yaml"), filepath.Join(root, "Pulumi.prod.yaml")},
	} {
		t.Run(name, func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join(testdata, name+".values.json"))
			if err != nil {
				t.Fatal(err)
			}
			var want map[string]string
			if err := json.Unmarshal(raw, &want); err != nil {
				t.Fatal(err)
			}
			got := inherited(t, files[0], files[1])
			for key := range want {
				if _, ok := got[key]; !ok {
					t.Errorf("Pulumi has no %s", key)
				}
			}
			for key, text := range got {
				if ours, ok := want[key]; !ok || !reflect.DeepEqual(meaning(ours), meaning(text)) {
					t.Errorf("%s: Pulumi says %q, package stackfile %q", key, text, ours)
				}
			}
		})
	}
}

// TestProjectOfAnotherName: pulumi new copies the project file under the name of
// the new project, which makes keys that begin with the old one invalid.
func TestProjectOfAnotherName(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "Pulumi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	renamed := filepath.Join(t.TempDir(), "Pulumi.yaml")
	if err := os.WriteFile(renamed, bytes.Replace(text, []byte("name: daprstack\n"), []byte("name: other\n"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	project, err := workspace.LoadProject(renamed)
	if err != nil {
		t.Fatal(err)
	}
	if project.Name != "other" {
		t.Errorf("the project is called %s", project.Name)
	}
}

// inherited returns the configuration that Pulumi hands to the program of a stack.
func inherited(t *testing.T, projectFile, stackFile string) map[string]string {
	t.Helper()
	project, err := workspace.LoadProject(projectFile)
	if err != nil {
		t.Fatal(err)
	}
	stack, err := workspace.LoadProjectStack(nil, project, stackFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := pkgworkspace.ValidateStackConfigAndApplyProjectConfig(t.Context(), "dev", project, esc.Value{}, stack.Config,
		config.NewPanicCrypter(), config.NopDecrypter); err != nil {
		t.Fatal(err)
	}
	values, err := stack.Config.Decrypt(config.NopDecrypter)
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]string, len(values))
	for key, text := range values {
		all[key.String()] = text
	}
	return all
}

// meaning returns what a program reads in a value: JSON, or else text.
func meaning(text string) any {
	var v any
	if json.Unmarshal([]byte(text), &v) != nil {
		return text
	}
	return v
}
