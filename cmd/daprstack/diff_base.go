package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"

	stackconfig "github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/changes"
	"github.com/daprstack/daprstack/internal/render"
	"github.com/daprstack/daprstack/internal/revision"
)

// runDiffBase says what the change from a revision to the files of this folder does
// to the objects of each stack.
func runDiffBase(ctx context.Context, o *diffOptions) (err error) {
	projectFile, err := findProject()
	if err != nil {
		return err
	}
	folder := filepath.Dir(projectFile)
	rev, err := revision.Open(ctx, folder, o.base)
	if err != nil {
		return err
	}
	r, err := newRenderer(folder, o.err)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.charts.Close()) }()
	root, err := os.MkdirTemp("", "daprstack-base-")
	if err != nil {
		return fmt.Errorf("making a folder for revision %s: %w", o.base, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(root)) }()

	b := &baseDiff{options: o, here: folder, rev: rev, root: root, folder: rev.Folder(root), renderer: r}
	names, err := b.stacks(ctx)
	if err != nil {
		return err
	}
	stacks := []*changes.Stack{}
	for _, name := range names {
		stack, err := b.compare(ctx, name)
		if err != nil {
			return err
		}
		stacks = append(stacks, stack)
	}
	switch {
	case o.json:
		return writeJSON(o.out, stacks)
	case o.markdown:
		return changes.Markdown(o.out, stacks)
	default:
		return changes.Text(o.out, stacks)
	}
}

// baseDiff compares the stacks of a folder with those of a revision.
type baseDiff struct {
	options  *diffOptions
	here     string // the folder of the stacks
	rev      *revision.Revision
	root     string // of a copy of the repository, with the files of the revision that are needed
	folder   string // the folder in it
	renderer *renderer
}

// stacks returns the names of the stacks to compare: that of --stack, or all that
// have a file here or in the revision, which it copies.
func (b *baseDiff) stacks(ctx context.Context) ([]string, error) {
	names, err := b.rev.Names(ctx)
	if err != nil {
		return nil, err
	}
	found := map[string]bool{}
	copied := []string{projectFile}
	for _, name := range names {
		if stack, ok := stackOf(name); ok {
			found[stack] = true
			copied = append(copied, name)
		}
	}
	if _, err := b.rev.Copy(ctx, b.root, copied...); err != nil {
		return nil, err
	}
	if b.options.stack != "" {
		return []string{b.options.stack}, nil
	}
	entries, err := os.ReadDir(b.here)
	if err != nil {
		return nil, fmt.Errorf("looking for stack files: %w", err)
	}
	for _, e := range entries {
		if stack, ok := stackOf(e.Name()); ok {
			found[stack] = true
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("no stack file (Pulumi.<stack>.yaml) in %s or in revision %s of it", b.here, b.options.base)
	}
	return sortedNames(found), nil
}

// stackOf returns the stack of a file Pulumi.<stack>.yaml.
func stackOf(file string) (string, bool) {
	name, ok1 := strings.CutPrefix(file, "Pulumi.")
	name, ok2 := strings.CutSuffix(name, ".yaml")
	return name, ok1 && ok2 && name != "" && !strings.Contains(name, ".")
}

// side is a stack as it is in the revision or here.
type side struct {
	objects  []*render.Object
	settings []stackconfig.Setting
	ciphers  map[string]string // encrypted values, by path
}

// compare returns what happens to one stack. A base that does not load is not an
// error: a change may be there to repair it.
func (b *baseDiff) compare(ctx context.Context, stack string) (*changes.Stack, error) {
	result := &changes.Stack{Name: stack, Values: []changes.Field{}, Changes: []*changes.Object{}}
	before, isThere := &side{}, b.has(b.folder, stack)
	var note error
	if isThere {
		var err error
		if before, note, err = b.before(ctx, stack); err != nil {
			return nil, fmt.Errorf("revision %s: %w", b.options.base, err)
		}
	}
	if isThere && !b.has(b.here, stack) {
		result.Note = fmt.Sprintf("Its stack file is gone. What it has deployed stays until daprstack destroy -s %s, which needs the file.", stack)
		return result, nil
	}
	t, err := readTarget(filepath.Join(b.here, projectFile), b.of(stack))
	if err != nil {
		return nil, err
	}
	after, err := b.render(ctx, t)
	if err != nil {
		return nil, err
	}
	result.Objects = len(after.objects)
	switch {
	case note != nil:
		result.Note = fmt.Sprintf("It cannot be compared: in revision %s its files are not valid for this version of daprstack.\n%v", b.options.base, note)
		return result, nil
	case !isThere:
		result.Note = fmt.Sprintf("It is new: revision %s does not have it.", b.options.base)
	}
	rotated := rotated(before.ciphers, after.ciphers)
	if len(rotated) > 0 {
		result.Note = fmt.Sprintf("Encrypted anew: %s. Whether the value is another one cannot be seen without the passphrase.", strings.Join(rotated, ", "))
	}
	for _, d := range differences(before.settings, after.settings) {
		result.Values = append(result.Values, changes.Field(d))
	}
	result.Changes = changes.Compare(before.objects, after.objects, rotated)
	return result, nil
}

func (b *baseDiff) has(folder, stack string) bool {
	_, err := os.Stat(filepath.Join(folder, "Pulumi."+stack+".yaml"))
	return err == nil
}

func (b *baseDiff) of(stack string) stackOptions {
	return stackOptions{stack: stack, config: b.options.config}
}

// before returns the stack as it is in the revision, or why its files are not valid.
func (b *baseDiff) before(ctx context.Context, stack string) (_ *side, invalid, err error) {
	t, err := readTarget(filepath.Join(b.folder, projectFile), b.of(stack))
	if err != nil {
		return nil, err, nil
	}
	chart, err := b.copyChart(ctx, t)
	if err != nil {
		return nil, nil, err
	}
	if err := b.copyObjects(ctx, t); err != nil {
		return nil, nil, err
	}
	if _, err := t.load(); err != nil {
		return nil, err, nil
	}
	s, err := b.render(ctx, t)
	if err != nil {
		return nil, nil, err
	}
	for i := range s.settings {
		if chart != "" && s.settings[i].Path == chartPath {
			s.settings[i].Value = chart
		}
	}
	return s, nil, nil
}

const chartPath = "dapr.chart.path"

// copyChart makes a stack of the revision use the chart of the revision, if its
// chart is in the repository, and returns the path that its file says.
func (b *baseDiff) copyChart(ctx context.Context, t *target) (chart string, err error) {
	if t.source(chartPath) == "--config" {
		return "", nil
	}
	value, given, err := t.settings.Config.Get(t.key(chartPath), true)
	if err != nil || !given {
		return "", err
	}
	if chart, err = value.Value(undeciphered{}); err != nil {
		return "", err
	}
	absolute, err := filepath.Abs(chart)
	if err != nil {
		return "", err
	}
	inside, ok := b.rev.Inside(absolute)
	if !ok {
		return "", nil
	}
	if found, err := b.rev.Copy(ctx, b.root, inside); err != nil || !found {
		return "", err
	}
	copied := config.NewTypedValue(filepath.Join(b.folder, inside), config.TypeString)
	return chart, t.settings.Config.Set(t.key(chartPath), copied, true)
}

// copyObjects copies the manifests of the revision that a stack of it names. What is
// not in the repository cannot be compared: load says what is missing.
func (b *baseDiff) copyObjects(ctx context.Context, t *target) error {
	raw, secretKeys, err := t.rawConfig()
	if err != nil {
		return nil //nolint:nilerr // load says it
	}
	stack, err := stackconfig.Load(raw, secretKeys...)
	if err != nil {
		return nil //nolint:nilerr // load says it
	}
	for _, path := range stack.Objects {
		if inside, ok := b.rev.Inside(filepath.Join(b.here, path)); ok && !filepath.IsAbs(path) {
			if _, err := b.rev.Copy(ctx, b.root, inside); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *baseDiff) render(ctx context.Context, t *target) (*side, error) {
	settings, err := t.list()
	if err != nil {
		return nil, err
	}
	ciphers, err := t.ciphers(settings)
	if err != nil {
		return nil, err
	}
	objects, err := b.renderer.render(ctx, t)
	return &side{objects, settings, ciphers}, err
}

// rotated returns the paths of the values that are encrypted on both sides, but not
// in the same way.
func rotated(before, after map[string]string) []string {
	found := map[string]bool{}
	for path, cipher := range after {
		if old, ok := before[path]; ok && old != cipher {
			found[path] = true
		}
	}
	return sortedNames(found)
}

func sortedNames(set map[string]bool) []string {
	names := make([]string, 0, len(set))
	for name := range set {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// ciphers returns the encrypted values of the settings, as they are encrypted, by
// path.
func (t *target) ciphers(settings []stackconfig.Setting) (map[string]string, error) {
	raw := make(map[string]string)
	for key, value := range t.settings.Config {
		var err error
		if raw[key.String()], err = value.Value(undeciphered{}); err != nil {
			return nil, fmt.Errorf("reading %s: %w", key, err)
		}
	}
	unknown, _, err := t.rawConfig()
	if err != nil {
		return nil, err
	}
	hidden, given := stackconfig.Texts(unknown), stackconfig.Texts(raw)
	found := map[string]string{}
	for _, s := range settings {
		if hidden[s.From] == stackconfig.Encrypted {
			found[s.Path] = given[s.From]
		}
	}
	return found, nil
}
