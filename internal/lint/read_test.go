package lint

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// files writes files below a new folder, by their names.
func files(t *testing.T, content map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, text := range content {
		path := filepath.Join(folder, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	return folder
}

const (
	aService = "apiVersion: v1\nkind: Service\nmetadata: { name: a }\n"
	aBroken  = "apiVersion: v1\nkind: Service\nmetadata: { name: a\n"
	aChart   = "apiVersion: v2\nname: shop\nversion: 0.1.0\n"
)

// names returns the objects of an input.
func names(in *Input) (all []string) {
	for _, o := range in.Objects {
		all = append(all, o.String())
	}
	return all
}

// TestFolder: every kind of file that may lie in a folder.
func TestFolder(t *testing.T) {
	for name, c := range map[string]struct {
		files   map[string]string
		objects []string
		other   int
		skipped []string
		err     string
	}{
		"nothing":                   {},
		"a manifest":                {files: map[string]string{"a.yaml": aService}, objects: []string{"Service a"}},
		"below, in order":           {files: map[string]string{"b/a.yml": aService, "a.yaml": strings.Replace(aService, "a }", "b }", 1)}, objects: []string{"Service b", "Service a"}},
		"several in a file":         {files: map[string]string{"a.yaml": aService + "---\n# nothing\n---\n" + aService + "--- \n" + aService}, objects: []string{"Service a", "Service a", "Service a"}},
		"with a byte order mark":    {files: map[string]string{"a.yaml": "\xef\xbb\xbf" + aService}, objects: []string{"Service a"}},
		"of Windows":                {files: map[string]string{"a.yaml": strings.ReplaceAll(aService+"---\n"+aService, "\n", "\r\n")}, objects: []string{"Service a", "Service a"}},
		"a list":                    {files: map[string]string{"a.yaml": "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Service\n  metadata: { name: b, namespace: n }\n- 7\n"}, objects: []string{"Service n/b"}},
		"a list within a list":      {files: map[string]string{"a.json": `{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"ServiceList","items":[{"apiVersion":"v1","kind":"Service"}]}]}`}, objects: []string{"Service"}},
		"JSON with tabs":            {files: map[string]string{"a.json": "{\n\t\"apiVersion\": \"v1\",\n\t\"kind\": \"Service\"\n}"}, objects: []string{"Service"}},
		"no manifests":              {files: map[string]string{"a.yaml": "a: b\n", "b.json": "[1, 2]", "c.yaml": "", "d.yml": "- a\n", "e.json": "{", "f.yaml": "kind: 7\napiVersion: v1\n"}, other: 6},
		"other files":               {files: map[string]string{"a.txt": aService, "b.md": aService}},
		"folders of tools":          {files: map[string]string{".git/a.yaml": aService, "node_modules/x/a.yaml": aService, "vendor/a.yaml": aService}, objects: []string{"Service a"}},
		"something binary":          {files: map[string]string{"a.yaml": "apiVersion: v1\x00kind: Service", "b.yaml": "\xff\xfe"}, other: 2},
		"a template":                {files: map[string]string{"a.yaml": "apiVersion: v1\nkind: Service\nmetadata:\n  name: {{ .Values.name }}\n", "b.yaml": "{{- if .Values.on }}\n" + aService + "{{- end }}\n"}, skipped: []string{"a.yaml", "b.yaml"}},
		"braces in a text":          {files: map[string]string{"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata:\n  note: 'write {{ so }}'\n"}, objects: []string{"ConfigMap a"}},
		"a kustomization":           {files: map[string]string{"kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1\nkind: Kustomization\n"}, skipped: []string{"kustomization.yaml"}},
		"something too large":       {files: map[string]string{"a.yaml": strings.Repeat("#", maxFile+1), "b.yaml": aService}, objects: []string{"Service a"}, skipped: []string{"a.yaml"}},
		"something broken":          {files: map[string]string{"a.yaml": aService + "---\n" + aBroken, "b.yaml": aService}, objects: []string{"Service a", "Service a"}, err: "a.yaml: line 6: did not find expected ',' or '}'"},
		"an anchor in itself":       {files: map[string]string{"a.yaml": aService + "spec: &a\n  b: *a\n"}, err: "a.yaml:1: an anchor contains itself"},
		"anchors and merged fields": {files: map[string]string{"a.yaml": "x: &x { name: m, namespace: n }\napiVersion: v1\nkind: Service\nmetadata:\n  <<: *x\n  name: a\n"}, objects: []string{"Service n/a"}},
		"a chart that lacks values": {files: map[string]string{"c/Chart.yaml": aChart, "c/templates/a.yaml": `{{ required "no name" .Values.name }}`, "a.yaml": aService}, objects: []string{"Service a"}, skipped: []string{"c"}},
	} {
		t.Run(name, func(t *testing.T) {
			folder := files(t, c.files)
			in, err := Read(Source{Path: folder})
			if c.err == "" {
				require.NoError(t, err)
			} else {
				require.EqualError(t, err, filepath.Join(folder, c.err))
			}
			require.Equal(t, c.objects, names(in))
			require.Equal(t, c.other, in.Other)
			var skipped []string
			for _, s := range in.Skipped {
				rel, err := filepath.Rel(folder, s.File)
				require.NoError(t, err)
				require.NotEmpty(t, s.Why)
				skipped = append(skipped, rel)
			}
			require.Equal(t, c.skipped, skipped)
		})
	}
}

// TestNamed: a file that was named has to be a manifest.
func TestNamed(t *testing.T) {
	folder := files(t, map[string]string{
		"a.yaml": aService, "b.txt": aService, "no.yaml": "a: b\n", "binary.yaml": "a\x00", "large.yaml": strings.Repeat("a", maxFile+1), "broken.yaml": aBroken,
	})
	for name, want := range map[string]string{
		"a.yaml": "", "b.txt": "",
		"no.yaml":      "%s/no.yaml: not a Kubernetes manifest",
		"binary.yaml":  "%s/binary.yaml: not text",
		"large.yaml":   "%s/large.yaml: larger than 16 MiB",
		"broken.yaml":  "%s/broken.yaml: line 2: did not find expected ',' or '}'",
		"missing.yaml": "stat %s/missing.yaml: no such file or directory",
	} {
		in, err := Read(Source{Path: filepath.Join(folder, name)})
		if want == "" {
			require.NoError(t, err)
			require.Equal(t, []string{"Service a"}, names(in))
			continue
		}
		require.EqualError(t, err, fmt.Sprintf(want, folder))
	}
	_, err := Read(Source{Path: "-", Stdin: strings.NewReader("")})
	require.EqualError(t, err, "<stdin>: not a Kubernetes manifest")
	in, err := Read(Source{Path: "-", Stdin: strings.NewReader(aService)})
	require.NoError(t, err)
	require.Equal(t, "<stdin>", in.Objects[0].File)
	_, err = Read(Source{Path: filepath.Join(folder, "a.yaml"), Values: []string{"v.yaml"}})
	require.EqualError(t, err, folder+"/a.yaml: there is no chart that the values could be for")
}

// TestLinks: links to files are read, loops are not followed, and what leads nowhere
// is told.
func TestLinks(t *testing.T) {
	folder := files(t, map[string]string{"real/a.yaml": aService})
	for link, to := range map[string]string{"b.yaml": "real/a.yaml", "real/loop": "..", "folder": "real"} {
		require.NoError(t, os.Symlink(to, filepath.Join(folder, link)))
	}
	in, err := Read(Source{Path: folder})
	require.NoError(t, err)
	require.Equal(t, []string{"Service a", "Service a"}, names(in))

	in, err = Read(Source{Path: filepath.Join(folder, "folder")})
	require.NoError(t, err)
	require.Equal(t, filepath.Join(folder, "folder", "a.yaml"), in.Objects[0].File, "as it was named")

	require.NoError(t, os.Symlink("c.yaml", filepath.Join(folder, "c.yaml")))
	require.NoError(t, os.Symlink("nowhere", filepath.Join(folder, "d.yaml")))
	in, err = Read(Source{Path: folder})
	require.ErrorContains(t, err, "c.yaml: too many levels of symbolic links\nstat ")
	require.ErrorContains(t, err, "d.yaml: no such file or directory")
	require.Len(t, in.Objects, 2, "the rest is read")
}

// TestForbidden: what may not be read is told, and the rest is read.
func TestForbidden(t *testing.T) {
	folder := files(t, map[string]string{"a.yaml": aService, "b/b.yaml": aService, "c.yaml": aService})
	require.NoError(t, os.Chmod(filepath.Dir(folder), 0o755))
	require.NoError(t, os.Chmod(filepath.Join(folder, "b"), 0))
	require.NoError(t, os.Chmod(filepath.Join(folder, "c.yaml"), 0))
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(folder, "b"), 0o700) })
	if os.Getuid() == 0 { // root may read everything: be somebody else, on this thread
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		require.NoError(t, unix.Setfsuid(65534))
		defer func() { require.NoError(t, unix.Setfsuid(0)) }()
	}
	in, err := Read(Source{Path: folder})
	require.EqualError(t, err, fmt.Sprintf("open %[1]s/b: permission denied\nopen %[1]s/c.yaml: permission denied", folder))
	require.Equal(t, []string{"Service a"}, names(in))
}

// TestChart: a chart is rendered with its values, those of files and its
// dependencies, and each object has its template.
func TestChart(t *testing.T) {
	folder := files(t, map[string]string{
		"shop/Chart.yaml":  aChart,
		"shop/values.yaml": "type: state.redis\npassword: \"\"\n",
		"shop/templates/store.yaml": "{{- if .Values.type }}\n" + component("{{ .Values.type }}",
			"  - name: redisHost\n    value: redis:6379\n  - name: redisPassword\n    value: {{ .Values.password | quote }}\n") + "{{- end }}\n",
		"shop/templates/NOTES.txt":            "{{ .Release.Name }}",
		"shop/templates/_helpers.tpl":         `{{ define "x" }}x{{ end }}`,
		"shop/charts/inner/Chart.yaml":        "apiVersion: v2\nname: inner\nversion: 0.1.0\n",
		"shop/charts/inner/templates/in.yaml": aService,
		"values.yaml":                         "password: s3cret\n",
		"more.yaml":                           "password: REPLACE_ME\n",
		"broken/Chart.yaml":                   aChart, "broken/templates/a.yaml": "{{ .Values.a.b }}",
	})
	shop, values := filepath.Join(folder, "shop"), filepath.Join(folder, "values.yaml")
	for name, c := range map[string]struct {
		values []string
		want   []string
	}{
		"own values":       {nil, nil},
		"values of a file": {[]string{values}, []string{"T-06 spec.metadata[redisPassword]"}},
		"the last counts":  {[]string{values, filepath.Join(folder, "more.yaml")}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			in, err := Read(Source{Path: shop, Values: c.values})
			require.NoError(t, err)
			require.Equal(t, []string{"Service a", "Component store"}, names(in))
			require.Equal(t, 2, in.Files)
			report, err := Check(in, Options{})
			require.NoError(t, err)
			require.Equal(t, c.want, said(report))
			for _, f := range report.Findings {
				require.Equal(t, filepath.Join(shop, "templates", "store.yaml"), f.File)
				require.True(t, f.Rendered)
				var text, log bytes.Buffer
				require.NoError(t, WriteText(&text, report))
				require.Contains(t, text.String(), "store.yaml:12 (rendered): error [T-06]")
				require.NoError(t, WriteSARIF(&log, report))
				require.NotContains(t, log.String(), "startLine")
				validSARIF(t, log.Bytes())
			}
		})
	}
	_, err := Read(Source{Path: filepath.Join(folder, "broken")})
	require.ErrorContains(t, err, "broken: the chart cannot be rendered: template: shop/templates/a.yaml:1:10")
	_, err = Read(Source{Path: shop, Values: []string{filepath.Join(folder, "none.yaml")}})
	require.ErrorContains(t, err, "none.yaml: no such file or directory")
}

// TestBomb: aliases of aliases cost no more than their text.
func TestBomb(t *testing.T) {
	var text strings.Builder
	text.WriteString("a0: &a0 { name: a }\nl0: &l0 { apiVersion: dapr.io/v1alpha1, kind: Component, metadata: { name: a }, spec: { metadata: [*a0] } }\n")
	for i := range 40 {
		fmt.Fprintf(&text, "a%d: &a%[1]d { <<: [*a%[2]d, *a%[2]d, *a%[2]d] }\n", i+1, i)
		fmt.Fprintf(&text, "l%d: &l%[1]d { apiVersion: v1, kind: List, items: [*l%[2]d, *l%[2]d, *l%[2]d] }\n", i+1, i)
	}
	text.WriteString("apiVersion: v1\nkind: List\nitems: [*l40, { apiVersion: dapr.io/v1alpha1, kind: Component, metadata: *a40 }]\n")
	report := linted(t, []byte(text.String()), Options{})
	require.Equal(t, 2, report.Objects)
	require.NotEmpty(t, report.Findings)
}

// FuzzRead: no text ends the reader, and every finding has a line of the text.
func FuzzRead(f *testing.F) {
	shop, err := os.ReadFile(filepath.Join("testdata", "shop", "app.yaml"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(shop)
	f.Add([]byte(component("state.redis", "  - <<: &a [*a]\n")))
	f.Add([]byte("a: &a { <<: [*a, { <<: *a }] }\napiVersion: v1\nkind: List\nitems: [*a]"))
	f.Add([]byte(`{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"dapr.io/v1alpha1","kind":"Component","spec":7}]}`))
	f.Add([]byte("---\n---\napiVersion: v1\nkind: Pod\nmetadata:\n  ? [a]\n  : b\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		in, _ := Read(Source{Path: "-", Stdin: bytes.NewReader(text)})
		for _, complete := range []bool{false, true} {
			report, err := Check(in, Options{Complete: complete})
			if err != nil {
				t.Fatal(err)
			}
			for _, found := range report.Findings {
				if found.Line < 1 || found.Line > bytes.Count(text, []byte("\n"))+bytes.Count(text, []byte("\r"))+1 {
					t.Errorf("line %d of %q: %v", found.Line, text, found)
				}
			}
			for _, write := range []func(*bytes.Buffer) error{
				func(b *bytes.Buffer) error { return WriteText(b, report) },
				func(b *bytes.Buffer) error { return WriteJSON(b, report) },
				func(b *bytes.Buffer) error { return WriteSARIF(b, report) },
			} {
				if err := write(&bytes.Buffer{}); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}
