package lint

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/daprstack/daprstack/config/rules/rulestest"
	"github.com/daprstack/daprstack/internal/graphtest"
	"github.com/daprstack/daprstack/internal/stackfile"
	"github.com/daprstack/daprstack/policy/check"
	"github.com/daprstack/daprstack/policy/settings"
	"github.com/daprstack/daprstack/stacks"
)

var update = flag.Bool("update", false, "write the golden files anew")

// manifest is one object of the dev stack.
type manifest struct {
	resource string // the name of the Pulumi resource
	fields   map[string]any
}

// devStack returns the manifests of the dev stack.
func devStack(t *testing.T) []manifest {
	t.Helper()
	values, err := stackfile.Load(filepath.Join("..", "..", "Pulumi.yaml"), filepath.Join("..", "..", "Pulumi.dev.yaml"))
	require.NoError(t, err)
	g, err := graphtest.Run(t, stacks.Program(rulestest.Apply(t, values, nil)))
	require.NoError(t, err)
	var all []manifest
	for _, r := range g.Resources {
		version, kind, ok := strings.Cut(strings.TrimPrefix(r.Type, "kubernetes:"), ":")
		if !ok || check.KindOf(r.Type) == "" {
			continue
		}
		m := manifest{r.Name, r.Inputs.MapRepl(nil, revealed)}
		m.fields["apiVersion"], m.fields["kind"] = strings.TrimPrefix(version, "core/"), kind
		if metadata, ok := m.fields["metadata"].(map[string]any); ok && metadata["name"] == nil {
			metadata["name"] = r.Name + "-1a2b3c4d" // as the provider names it
		}
		all = append(all, m)
	}
	return all
}

// revealed replaces a secret by its value.
func revealed(v resource.PropertyValue) (any, bool) {
	if !v.IsSecret() {
		return nil, false
	}
	return v.SecretValue().Element.MapRepl(nil, revealed), true
}

// edited returns the manifests as one file, after the edits of a case.
func edited(t *testing.T, manifests []manifest, c rulestest.Case) []byte {
	t.Helper()
	var file bytes.Buffer
	done := 0
	for _, m := range manifests {
		fields, _ := copied(t, m.fields).(map[string]any)
		metadata, _ := m.fields["metadata"].(map[string]any)
		for _, o := range c.Objects {
			if o.Kind == fields["kind"] && (o.Name == m.resource || o.Name == metadata["name"]) {
				for _, e := range o.Edits {
					rulestest.Set(fields, e)
				}
				done++
			}
		}
		text, err := yaml.Marshal(fields)
		require.NoError(t, err)
		file.WriteString("---\n")
		file.Write(text)
	}
	require.Equal(t, len(c.Objects), done, "every edit has its object")
	return file.Bytes()
}

func copied(t *testing.T, v any) (again any) {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &again))
	return again
}

// linted reads a text as standard input and judges it.
func linted(t *testing.T, text []byte, opts Options) *Report {
	t.Helper()
	in, err := Read(Source{Path: "-", Stdin: bytes.NewReader(text)})
	require.NoError(t, err)
	report, err := Check(in, opts)
	require.NoError(t, err)
	return report
}

// said returns "RULE path" of each finding.
func said(r *Report) (all []string) {
	for _, f := range r.Findings {
		all = append(all, strings.TrimSpace(f.Rule+" "+f.Path))
	}
	return all
}

// TestCases: what the policy pack reports of an object, lint reports of its
// manifest, and nothing else. The manifests of the stack itself have no findings.
func TestCases(t *testing.T) {
	dev := devStack(t)
	strict := Options{Complete: true, Policies: []byte(`{"all": "mandatory"}`)}
	require.Empty(t, linted(t, edited(t, dev, rulestest.Case{}), strict).Findings)
	seen := map[string]bool{}
	for _, c := range slices.Concat(rulestest.Cases(), rulestest.ObjectCases()) {
		if c.Objects == nil || !check.Checked(c.Rule) {
			continue
		}
		t.Run(c.Rule+" "+c.Name, func(t *testing.T) {
			found := linted(t, edited(t, dev, c), strict).Findings
			require.NotEmpty(t, found)
			for _, f := range found {
				require.Contains(t, []string{c.Rule, "T-10"}, f.Rule, "%v", f)
				require.Equal(t, Error, f.Level)
				seen[f.Rule] = true
			}
		})
	}
	for _, p := range settings.Policies {
		require.True(t, seen[p.Rule], p.Rule)
	}
}

// TestFormats: the three ways to print a report. The text of SARIF is valid against
// its schema.
func TestFormats(t *testing.T) {
	in, err := Read(Source{Path: filepath.Join("testdata", "shop")})
	require.NoError(t, err)
	report, err := Check(in, Options{})
	require.NoError(t, err)
	for name, write := range map[string]func(io.Writer, *Report) error{
		"shop.txt": WriteText, "shop.json": WriteJSON, "shop.sarif": WriteSARIF,
	} {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			require.NoError(t, write(&got, report))
			golden(t, name, got.Bytes())
			if name == "shop.sarif" {
				validSARIF(t, got.Bytes())
			}
		})
	}
}

func validSARIF(t *testing.T, text []byte) {
	t.Helper()
	log, err := sarif.FromBytes(text)
	require.NoError(t, err)
	require.NoError(t, log.Validate())
	strict := json.NewDecoder(bytes.NewReader(text))
	strict.DisallowUnknownFields()
	require.NoError(t, strict.Decode(&sarif.Report{}), "nothing that SARIF does not know")
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, got, 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
}

// TestEmptyFormats: a report of nothing is valid too.
func TestEmptyFormats(t *testing.T) {
	var text, sarifText, jsonText bytes.Buffer
	require.NoError(t, WriteText(&text, &Report{}))
	require.Equal(t, "nothing found in 0 objects of 0 files\n", text.String())
	require.NoError(t, WriteSARIF(&sarifText, &Report{}))
	validSARIF(t, sarifText.Bytes())
	report, err := Check(&Input{}, Options{})
	require.NoError(t, err)
	require.NoError(t, WriteJSON(&jsonText, report))
	require.Contains(t, jsonText.String(), `"skipped": []`)
	require.Contains(t, jsonText.String(), `"findings": []`)
}

// component returns a manifest of a component with some metadata.
func component(typ, metadata string) string {
	return "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: store\nspec:\n  type: " + typ +
		"\n  version: v1\n  metadata:\n" + metadata + "scopes: [a-app]\n"
}

// deployment returns a manifest of an app with some annotations.
func deployment(name, annotations string) string {
	return "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: " + name + "\nspec:\n  template:\n    metadata:\n      annotations:\n" +
		"        dapr.io/enabled: \"true\"\n        dapr.io/app-id: " + name + "\n" + annotations +
		"    spec:\n      containers:\n        - name: app\n          ports: [{ containerPort: 80 }]\n"
}

// TestLevels: each rule has a level, which a policy configuration changes, and
// exemptions.
func TestLevels(t *testing.T) {
	text := []byte(deployment("basket", "        dapr.io/app-port: http\n"))
	levels := func(policies string) map[string]Level {
		found := map[string]Level{}
		for _, f := range linted(t, text, Options{Policies: []byte(policies)}).Findings {
			found[f.Rule] = f.Level
		}
		return found
	}
	require.Equal(t, map[string]Level{"S-02": Note, "S-10": Error}, levels(""))
	require.Equal(t, map[string]Level{"S-02": Error, "S-10": Warning}, levels(`{"s-02-app-id-convention": "mandatory", "s-10-annotation-form": {"enforcementLevel": "advisory"}}`))
	require.Equal(t, map[string]Level{"S-10": Warning}, levels(`{"all": "advisory", "s-02-app-id-convention": "disabled"}`))
	require.Equal(t, map[string]Level{"S-10": Error}, levels(`{"s-02-app-id-convention": {"allow": ["basket"]}}`))
	require.Empty(t, levels(`{"all": "disabled"}`))

	r := &Report{Findings: []Finding{{Level: Error}, {Level: Note}, {Level: Warning}}}
	require.Equal(t, []int{1, 2, 3}, []int{r.Count(Error), r.Count(Warning), r.Count(Note)})
	_, err := Check(&Input{}, Options{Policies: []byte("{")})
	require.Error(t, err)
}

// TestComplete: of a name that is not there, only a typing error is reported, unless
// the manifests are all there are.
func TestComplete(t *testing.T) {
	store := strings.Replace(component("state.in-memory", "    []\n"), "[a-app]", "[basket-app, orders-ap, shipping-app]", 1)
	text := []byte(store + "---\n" + deployment("orders-app", "") + "---\n" + deployment("basket-app", ""))
	require.Equal(t, []string{"T-09 scopes[1]"}, said(linted(t, text, Options{})))
	require.Equal(t, []string{"T-09 scopes[1]", "T-09 scopes[2]"}, said(linted(t, text, Options{Complete: true})))
}
