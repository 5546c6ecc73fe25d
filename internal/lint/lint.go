package lint

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"

	"github.com/daprstack/daprstack/config/rules"
	"github.com/daprstack/daprstack/policy/check"
	"github.com/daprstack/daprstack/policy/settings"
)

// Level says how grave a finding is.
type Level = settings.Level

// The levels of findings.
const (
	Error   = settings.Error
	Warning = settings.Warning
	Note    = settings.Note
)

// Finding is one violation of a rule.
type Finding struct {
	File     string `json:"file"`
	Line     int    `json:"line"`
	Rendered bool   `json:"rendered,omitempty"` // the line is one of what the chart renders
	Level    Level  `json:"level"`
	Rule     string `json:"rule"`           // IgnoreRule for a comment
	Object   string `json:"object"`         // "Component todo/pubsub"
	Path     string `json:"path,omitempty"` // of the field
	Value    string `json:"value,omitempty"`
	Message  string `json:"message"`
	Fix      string `json:"fix"`
}

// IgnoreRule stands in place of a rule's number where a comment that lets
// findings pass is itself at fault.
const IgnoreRule = "ignore"

const ignoreFix = "correct the comment, or take it out"

// Options say how the objects are judged. The zero value takes what the rules
// give.
type Options struct {
	// Complete means that the objects are all there are: a reference to anything
	// else is dangling. Default false: the rest may be elsewhere.
	Complete bool
	// Policies is a policy configuration file, as the policy pack takes it, that
	// passed [settings.Check]. Default: the levels of the policies, no exemptions.
	Policies []byte
}

// Report is what was found, in the order of files and lines.
type Report struct {
	Files    int       `json:"files"`
	Objects  int       `json:"objects"` // that a rule is about
	Other    int       `json:"other"`   // files that are no manifests
	Ignored  int       `json:"ignored"` // findings that comments let pass
	Skipped  []Skipped `json:"skipped"`
	Findings []Finding `json:"findings"`
}

// Count returns how many findings are at least of a level.
func (r *Report) Count(level Level) (n int) {
	for _, f := range r.Findings {
		if f.Level.AtLeast(level) {
			n++
		}
	}
	return n
}

// Check judges manifests.
func Check(in *Input, opts Options) (*Report, error) {
	levels, exempt, err := settings.LintLevels(opts.Policies)
	if err != nil {
		return nil, err
	}
	report := &Report{Files: in.Files, Other: in.Other, Skipped: in.Skipped, Findings: []Finding{}}
	all, objects := judged(in.Objects, opts.Complete)
	report.Objects = len(objects)
	together := check.Together(all, view(opts.Complete))
	for i, o := range objects {
		for _, f := range slices.Concat(check.Alone(all[i]), together[i]) {
			level := levels[f.Rule]
			if level == settings.Off || exempt[f.Rule].Exempts(f.Subject, o.namespace()) {
				continue
			}
			lines := o.at(f.Path)
			if o.ignores(f.Rule, lines) {
				report.Ignored++
				continue
			}
			report.Findings = append(report.Findings, Finding{
				File: o.File, Line: lines.first, Rendered: o.Rendered, Level: level, Rule: f.Rule, Object: o.String(),
				Path: f.Path, Value: f.Shown, Message: f.Allowed, Fix: fixOf(f.Rule),
			})
		}
	}
	for _, d := range in.documents {
		report.Findings = append(report.Findings, d.faults()...)
	}
	slices.SortStableFunc(report.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Path, b.Path))
	})
	report.Findings = slices.Compact(report.Findings)
	return report, nil
}

// judged returns the objects that a rule is about, in the form of the checks.
func judged(given []*Object, complete bool) (all []check.Object, objects []*Object) {
	named := slices.ContainsFunc(given, func(o *Object) bool { return o.namespace() != "" })
	inKubernetes := map[string]bool{} // the folders with objects that only Kubernetes reads
	for _, o := range given {
		if group, _, _ := strings.Cut(o.APIVersion, "/"); group != "dapr.io" {
			inKubernetes[o.folder()] = true
		}
	}
	for _, o := range given {
		kind := check.KindOfManifest(o.APIVersion, o.Kind)
		if kind == "" {
			continue
		}
		c := check.Object{Kind: kind, Fields: unwritten(o.Fields), Anywhere: !inKubernetes[o.folder()]}
		if !complete {
			c.Unit = o.unit()
		}
		if named && o.namespace() == "" {
			c.Fields = nowhere(c.Fields)
		}
		all, objects = append(all, c), append(objects, o)
	}
	return all, objects
}

// unwritten returns the fields with an unknown value in place of what is still to be
// written, as <name>. Metadata items are left as they are: their rules know.
func unwritten(fields map[string]any) map[string]any {
	all, _ := unwrittenIn(fields, false).(map[string]any)
	return all
}

func unwrittenIn(v any, item bool) any {
	switch v := v.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for key, inner := range v {
			m[key] = unwrittenIn(inner, item || key == "metadata" && isList(inner))
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i, inner := range v {
			list[i] = unwrittenIn(inner, item)
		}
		return list
	case string:
		if !item && rules.Placeholder(v) {
			return check.Unknown{}
		}
	}
	return v
}

func isList(v any) bool {
	_, ok := v.([]any)
	return ok
}

// nowhere returns the fields with a namespace that is not known: that of an object
// which names none is decided by whoever applies it. Only if no object names one are
// they certainly in the same.
func nowhere(fields map[string]any) map[string]any {
	metadata, _ := fields["metadata"].(map[string]any)
	all, placed := map[string]any{}, map[string]any{}
	for key, v := range fields {
		all[key] = v
	}
	for key, v := range metadata {
		placed[key] = v
	}
	placed["namespace"] = check.Unknown{}
	all["metadata"] = placed
	return all
}

// unit returns what the object is applied together with for certain: the other
// objects of its file or of its chart.
func (o *Object) unit() string {
	if o.Rendered {
		return o.chart
	}
	return o.File
}

// folder returns the folder of the object's file, or its chart.
func (o *Object) folder() string {
	if o.Rendered {
		return o.chart
	}
	return filepath.Dir(o.File)
}

func (o *Object) namespace() string {
	metadata, _ := o.Fields["metadata"].(map[string]any)
	namespace, _ := metadata["namespace"].(string)
	return namespace
}

// view returns what the objects are to the checks.
func view(complete bool) check.View {
	return check.View{
		Partial: !complete, App: "the app-id of an app with a sidecar", PubSub: "a pub/sub", Component: "a component",
		Configuration: "the name of a Configuration of the namespace",
	}
}

// ignores reports whether a comment lets a finding pass. All comments that do are
// noted as used.
func (o *Object) ignores(rule string, lines span) (passes bool) {
	for _, g := range o.document.ignores {
		passes = g.lets(rule, lines) || passes
	}
	return passes
}

// faults returns the findings about the comments of a document.
func (d *document) faults() (all []Finding) {
	for _, g := range d.ignores {
		for _, f := range g.faults() {
			all = append(all, Finding{
				File: d.file, Line: g.line, Rendered: d.rendered, Level: f.level, Rule: IgnoreRule, Object: "comment",
				Message: f.what, Fix: ignoreFix,
			})
		}
	}
	return all
}

func fixOf(rule string) string {
	i := slices.IndexFunc(settings.Policies, func(p settings.Policy) bool { return p.Rule == rule })
	if i < 0 {
		return ""
	}
	return settings.Policies[i].Fix
}

// statement returns what a rule says.
func statement(rule string) string {
	r, _ := rules.Lookup(rule)
	return r.Statement
}

// slashed returns a path as URIs have it.
func slashed(file string) string { return filepath.ToSlash(file) }
