package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	jsonschema "github.com/santhosh-tekuri/jsonschema/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules"
	"github.com/daprstack/daprstack/config/rules/rulestest"
	"github.com/daprstack/daprstack/internal/docs"
	"github.com/daprstack/daprstack/internal/stackfile"
)

// TestMain works at the root of the repository, as the command does.
func TestMain(m *testing.M) {
	if err := os.Chdir(filepath.Join("..", "..")); err != nil {
		panic(err)
	}
	m.Run()
}

func TestNothingIsStale(t *testing.T) {
	files, err := generate()
	require.NoError(t, err)
	for name, want := range files {
		got, err := os.ReadFile(name)
		require.NoError(t, err, "run make generate")
		require.Empty(t, cmp.Diff(strings.Split(string(got), "\n"), strings.Split(string(want), "\n")),
			"%s is stale: run make generate", name)
	}
}

// TestRulesPage: every rule has a row, and what refers to one finds it.
func TestRulesPage(t *testing.T) {
	page, err := rulesPage()
	require.NoError(t, err)
	for _, r := range rules.Table {
		require.Contains(t, string(page), `<a id="`+anchor(r.ID)+`"></a>`+r.ID+" |")
	}
}

// TestStatedDefaults holds what the comments say about defaults against what
// Default really fills in.
func TestStatedDefaults(t *testing.T) {
	stack := &config.Stack{
		Context: "c", Namespace: "n",
		StateStores: []config.StateStore{{Name: "s"}},
		PubSubs:     []config.PubSub{{Name: "p"}, {Name: "q"}},
		Apps:        []config.App{{Name: "a", Port: 8000, Sidecar: &config.Sidecar{AppID: "a-app"}}},
		Events:      []config.Event{{Type: "a.b"}},
	}
	config.Default(stack)
	external := &config.ExternalRedis{}
	config.Default(&config.Stack{Redis: config.Redis{External: external}})
	objects, err := stackFile()
	require.NoError(t, err)
	seen := 0
	for _, o := range objects {
		for _, v := range append(valuesOf(reflect.ValueOf(stack), o.Name), valuesOf(reflect.ValueOf(external), o.Name)...) {
			for _, k := range o.Keys {
				stated, _ := k.standard()
				if k.Field == "" {
					require.NotEmpty(t, stated, "%s.%s states no default", o.Name, k.Name)
					continue // the text comes from the default
				}
				field := v.FieldByName(k.Field)
				if inner, _ := structure(k.Type, ""); k.Required || (inner != nil && k.Type.Kind() == reflect.Struct) {
					continue
				}
				require.NotEmpty(t, stated, "the comment of %s.%s states no default", o.Name, k.Name)
				if relative[o.Name+"."+k.Name] {
					continue
				}
				seen++
				require.True(t, states(stated, field), "%s.%s: the comment says %q, and it is %v", o.Name, k.Name, stated, field)
			}
		}
	}
	require.Greater(t, seen, 50)
}

// relative are the keys whose default follows from another value; the comment
// says from which.
var relative = map[string]bool{
	"Redis.maxMemory": true, "Sidecar.appPort": true, "App.port": true, "Sidecar.config": true, "Event.pubSub": true, "Stack.events": true,
	"Stack.stateStores": true, "Stack.pubSubs": true, // given above
	"Resources.requests": true, "Resources.limits": true, // TestStatedResources
}

// states reports whether a text states a value.
func states(text string, v reflect.Value) bool {
	if v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	first := strings.TrimRight(strings.Fields(text)[0], ",;:")
	if v.IsZero() && v.Kind() != reflect.Bool && v.Kind() != reflect.Int {
		for _, words := range []string{"none", "the cluster's", "those of the image", "a random"} {
			if strings.HasPrefix(text, words) {
				return true
			}
		}
		return false
	}
	if d, ok := v.Interface().(config.Duration); ok {
		stated, err := time.ParseDuration(first)
		return err == nil && stated == d.Duration
	}
	raw, err := json.Marshal(v.Interface())
	return err == nil && strings.Trim(first, `"`) == strings.Trim(string(raw), `"`)
}

// TestStatedResources: the comments state each default request and limit.
func TestStatedResources(t *testing.T) {
	stack := &config.Stack{Apps: []config.App{{Sidecar: &config.Sidecar{}}}}
	config.Default(stack)
	comments, err := goComments()
	require.NoError(t, err)
	for id, r := range map[string]config.Resources{
		"Redis.Resources":   stack.Redis.Resources,
		"App.Resources":     stack.Apps[0].Resources,
		"Sidecar.Resources": stack.Apps[0].Sidecar.Resources,
	} {
		want := "Default requests " + r.Requests["cpu"] + " CPU and " + r.Requests["memory"] + ", limit " + r.Limits["memory"] + " of memory."
		require.Contains(t, comments[id], want)
	}
}

// valuesOf returns the structures of a type within v.
func valuesOf(v reflect.Value, name string) (found []reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return valuesOf(v.Elem(), name)
		}
	case reflect.Slice:
		for i := range v.Len() {
			found = append(found, valuesOf(v.Index(i), name)...)
		}
	case reflect.Struct:
		if v.Type().Name() == name {
			return []reflect.Value{v}
		}
		for i := range v.NumField() {
			found = append(found, valuesOf(v.Field(i), name)...)
		}
	default: // holds no structure
	}
	return found
}

// ours returns the stack files of the project.
func ours(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob("Pulumi.*.yaml")
	require.NoError(t, err)
	require.Len(t, names, 4)
	return names
}

// TestSchemaOfGoodFiles: our stack files are good as they stand, with what they
// inherit, and so are those of the tests.
func TestSchemaOfGoodFiles(t *testing.T) {
	schema := compiled(t)
	check := func(name string, values map[string]string, err error) {
		require.NoError(t, err)
		_, err = config.Load(values)
		require.NoError(t, err, name)
		require.NoError(t, schema.Validate(asFile(t, values)), name)
		require.NoError(t, schema.Validate(parse(t, name)), name)
	}
	for _, name := range ours(t) {
		values, err := stackfile.Load("Pulumi.yaml", name)
		check(name, values, err)
	}
	for _, name := range examples {
		values, err := stackfile.Read(name)
		check(name, values, err)
	}
}

// TestPagesShowGoodFiles: a stack file on a page is a good one, with what it inherits
// from the project file above it or from ours, and so is a part of one, in a stack
// with our applications.
func TestPagesShowGoodFiles(t *testing.T) {
	schema, seen := compiled(t), 0
	for _, page := range pages(t) {
		project := "Pulumi.yaml"
		for _, block := range page.Blocks() {
			name, content, ok := stackFileOf(t, block)
			if !ok {
				continue
			}
			path := filepath.Join(t.TempDir(), name)
			require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
			if name == "Pulumi.yaml" {
				project = path
				continue
			}
			seen++
			values, err := stackfile.Load(project, path)
			require.NoError(t, err, page.Path)
			_, err = config.Load(values)
			assert.NoError(t, err, "%s:\n%s", page.Path, block.Text)
			assert.NoError(t, schema.Validate(asFile(t, values)), "%s:\n%s", page.Path, block.Text)
		}
	}
	require.Greater(t, seen, 10)
}

var shownFile = regexp.MustCompile(`^# (Pulumi(?:\.[a-z]+)?\.yaml)\n`)

// stackFileOf returns the file that a block shows: whole, if its first line names it,
// or the part of one that begins with a key of the stack file.
func stackFileOf(t *testing.T, block docs.Block) (name, content string, ok bool) {
	t.Helper()
	if block.Language != "yaml" {
		return "", "", false
	}
	if m := shownFile.FindStringSubmatch(block.Text); m != nil {
		return m[1], block.Text, true
	}
	if regexp.MustCompile(`(?m)\A(#.*\n)*config:`).MatchString(block.Text) {
		return "Pulumi.shown.yaml", block.Text, true
	}
	first, _, _ := strings.Cut(block.Text, ":")
	if _, ok := reflect.TypeFor[config.Stack]().FieldByNameFunc(func(field string) bool { return strings.EqualFold(field, first) }); !ok {
		return "", "", false
	}
	part := "  " + strings.ReplaceAll(strings.TrimRight(block.Text, "\n"), "\n", "\n  ") + "\n"
	for _, key := range []string{"context", "namespace"} {
		if !strings.Contains(part, "\n  "+key+":") && !strings.HasPrefix(part, "  "+key+":") {
			part = "  " + key + ": todo\n" + part
		}
	}
	return "Pulumi.shown.yaml", "config:\n" + part, true
}

// TestPageOfEnvironments: the problems that it shows are those that a reader would
// get.
func TestPageOfEnvironments(t *testing.T) {
	page := pages(t)["docs/how-to/environments.md"]
	dir := t.TempDir()
	for _, block := range page.Blocks() {
		if name, content, ok := stackFileOf(t, block); ok {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
		}
	}
	values, err := stackfile.Load(filepath.Join(dir, "Pulumi.yaml"), filepath.Join(dir, "Pulumi.prod.yaml"))
	require.NoError(t, err)
	_, err = config.Load(rulestest.Apply(t, values, []rulestest.Edit{
		{Path: "overlay.apps.till.replicas", Value: -1}, {Path: "overlay.apps.til", Value: tree{}},
	}))
	var problems config.Errors
	require.ErrorAs(t, err, &problems)
	require.Len(t, problems, 2)
	for _, p := range problems {
		require.Contains(t, page.Text, p.String())
	}
}

// TestStackFilesAreShort: what an environment does not share fits on one screen.
func TestStackFilesAreShort(t *testing.T) {
	for _, name := range ours(t) {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		require.LessOrEqual(t, strings.Count(string(text), "\n"), 25, name)
	}
}

// TestEditorsFindTheSchema: each file names its schema, by a path from where the
// file is.
func TestEditorsFindTheSchema(t *testing.T) {
	for _, name := range append(append(ours(t), "Pulumi.yaml"), examples...) {
		raw, err := os.ReadFile(name)
		require.NoError(t, err)
		path, ok := strings.CutPrefix(strings.SplitN(string(raw), "\n", 2)[0], "# yaml-language-server: $schema=")
		require.True(t, ok, name)
		require.FileExists(t, filepath.Join(filepath.Dir(name), path))
	}
}

func compiled(t testing.TB) *jsonschema.Schema { return compile(t, "stack-file") }

// compile returns one of the schemas that docs has.
func compile(t testing.TB, name string) *jsonschema.Schema {
	t.Helper()
	objects, err := stackFile()
	require.NoError(t, err)
	raw, err := schemaFile(objects)
	require.NoError(t, err)
	project, err := projectSchema(objects[0])
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("file:///stack-file.schema.json", bytes.NewReader(raw)))
	require.NoError(t, c.AddResource("file:///project-file.schema.json", bytes.NewReader(project)))
	schema, err := c.Compile("file:///" + name + ".schema.json")
	require.NoError(t, err)
	return schema
}

func parse(t testing.TB, name string) map[string]any {
	t.Helper()
	raw, err := os.ReadFile(name)
	require.NoError(t, err)
	var file map[string]any
	require.NoError(t, yaml.Unmarshal(raw, &file))
	return file
}
