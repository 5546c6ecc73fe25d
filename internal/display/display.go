package display

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"

	"github.com/daprstack/daprstack/internal/progress"
)

// Options say how to show an update.
type Options struct {
	// Out is what it is shown on. Required.
	Out io.Writer
	// Size returns the width and height of the terminal that Out is. Default nil: Out
	// is a log.
	Size func() (width, height int)
	// Diagnose says what the pods of an app are waiting for, "" if nothing stands
	// out. It is called while they are awaited. Default nil: nobody is asked.
	Diagnose func(ctx context.Context, app string) string
}

// long is how long a part works before a log mentions it, and its app is diagnosed.
const long = 5 * time.Second

// again is how long after that the log mentions it again.
const again = 30 * time.Second

// Display follows one run of the engine: an update or a removal. On a log it writes a
// line for each part that takes long, when that is noticed and when it ends; on a
// terminal, a line for each part, which changes while it works.
type Display struct {
	options Options
	cancel  context.CancelFunc
	ended   chan struct{}

	mu        sync.Mutex
	start     time.Time
	resources map[string]resource // by URN
	parts     map[string]*part
	order     []*part
	counts    map[apitype.OpType]int // of what was done to objects
	problems  []string
	warnings  []string
	notes     []string
	drift     []string
	drawn     int // lines on the terminal
}

// resource is what events tell about a resource.
type resource struct{ typ, name, parent string }

// part is a part of the stack.
type part struct {
	name   string
	app    string // if it is an app
	open   []*operation
	began  time.Time // the work that goes on
	worked time.Duration
	done   int
	failed bool

	said      time.Time // when a log mentioned it, zero if it need not say that it ended
	asking    bool
	diagnosis string
}

// operation is the work on one object.
type operation struct {
	op                apitype.OpType
	urn, what, status string
}

// New returns a display. Whoever calls it calls [Display.Close].
func New(ctx context.Context, o Options) *Display {
	ctx, cancel := context.WithCancel(ctx)
	d := &Display{
		options: o, cancel: cancel, ended: make(chan struct{}), start: time.Now(),
		resources: map[string]resource{}, parts: map[string]*part{}, counts: map[apitype.OpType]int{},
	}
	go d.refresh(ctx)
	return d
}

// Close ends the display. On a terminal, what it showed last stays.
func (d *Display) Close() {
	d.cancel()
	<-d.ended
}

// Problems returns what the engine reported as errors, whole, each with the part of
// the stack that it is about.
func (d *Display) Problems() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.problems
}

// Warnings is [Display.Problems] for warnings.
func (d *Display) Warnings() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.warnings
}

// Notes is [Display.Problems] for what the program says of the whole stack.
func (d *Display) Notes() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.notes
}

// Drift returns the objects that a refresh found gone or changed.
func (d *Display) Drift() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.drift
}

// Summary says in one line what was done, such as "90 created, 3 updated, 2 removed".
func (d *Display) Summary() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []string
	for _, op := range slices.Sorted(maps.Keys(words)) {
		if n := d.counts[op]; n > 0 && words[op].done != "" {
			all = append(all, fmt.Sprintf("%d %s", n, words[op].done))
		}
	}
	return cmp.Or(strings.Join(all, ", "), "nothing changed")
}

// words are those for the operations that people are told of.
var words = map[apitype.OpType]struct{ doing, done string }{
	apitype.OpCreate:            {"creating", "created"},
	apitype.OpCreateReplacement: {"replacing", "replaced"},
	apitype.OpUpdate:            {"updating", "updated"},
	apitype.OpDelete:            {"removing", "removed"},
	apitype.OpDeleteReplaced:    {"removing the replaced", ""},
	apitype.OpRefresh:           {"looking at", ""},
}

// Handle shows what an event says.
func (d *Display) Handle(e apitype.EngineEvent) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case e.ResourcePreEvent != nil:
		d.begin(e.ResourcePreEvent.Metadata)
	case e.ResOutputsEvent != nil:
		d.end(e.ResOutputsEvent.Metadata, false)
	case e.ResOpFailedEvent != nil:
		d.end(e.ResOpFailedEvent.Metadata, true)
	case e.DiagnosticEvent != nil:
		d.note(*e.DiagnosticEvent)
	case e.PolicyEvent != nil:
		d.violation(*e.PolicyEvent)
	}
}

func (d *Display) begin(m apitype.StepEventMetadata) {
	state := cmp.Or(m.New, m.Old)
	if state == nil {
		return
	}
	d.resources[m.URN] = resource{m.Type, nameOf(m.URN), state.Parent}
	word, told := words[m.Op]
	if !told || !state.Custom {
		return
	}
	p := d.partOf(m.URN)
	if len(p.open) == 0 {
		p.began, p.diagnosis = time.Now(), ""
	}
	p.open = append(p.open, &operation{op: m.Op, urn: m.URN, what: word.doing + " " + label(state)})
}

func (d *Display) end(m apitype.StepEventMetadata, failed bool) {
	p := d.partOf(m.URN)
	at := slices.IndexFunc(p.open, func(o *operation) bool { return o.urn == m.URN })
	if at < 0 {
		return
	}
	o := p.open[at]
	p.open = slices.Delete(p.open, at, at+1)
	switch {
	case failed:
		p.failed = true
	case o.op == apitype.OpRefresh:
		p.done++
		d.found(m)
	default:
		p.done++
		d.counts[o.op]++
	}
	if len(p.open) > 0 {
		return
	}
	took := time.Since(p.began)
	p.worked += took
	if !p.said.IsZero() {
		p.said = time.Time{}
		how := "done"
		if failed {
			how = "failed"
		}
		d.line("%s: %s after %s", p.name, how, progress.Short(took))
	}
}

// found notes what a refresh found out about an object.
func (d *Display) found(m apitype.StepEventMetadata) {
	var what string
	switch m.Op {
	case apitype.OpDelete:
		what = "is gone"
	case apitype.OpUpdate:
		what = "was changed"
		if paths := slices.Sorted(maps.Keys(m.DetailedDiff)); len(paths) > 0 {
			what += ": " + strings.Join(paths, ", ")
		}
	default:
		return
	}
	d.drift = append(d.drift, d.partOf(m.URN).name+": "+label(cmp.Or(m.New, m.Old))+" "+what)
}

// note takes up a message of the engine. One that is ephemeral says what an object is
// waiting for.
func (d *Display) note(e apitype.DiagnosticEvent) {
	message := strings.TrimSpace(colors.Never.Colorize(e.Prefix + e.Message))
	p := d.partOf(e.URN)
	if e.Ephemeral {
		for _, o := range p.open {
			if o.urn == e.URN {
				o.status = message
			}
		}
		return
	}
	message = strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(message, "error:"), "warning:"))
	if p.name != theStack {
		message = p.name + ": " + nameOf(e.URN) + ": " + message
	}
	switch e.Severity {
	case "error":
		if overall.MatchString(message) {
			return
		}
		d.problems = appendOnce(d.problems, message)
	case "warning":
		d.warnings = appendOnce(d.warnings, message)
	case "info":
		if p.name == theStack {
			d.notes = appendOnce(d.notes, message)
		}
	}
}

// overall matches what the engine says of a run whose errors it has reported.
var overall = regexp.MustCompile("^(preview|update|refresh|destroy) failed$")

func (d *Display) violation(e apitype.PolicyEvent) {
	message := strings.TrimSpace(colors.Never.Colorize(e.Message))
	if e.EnforcementLevel == "mandatory" {
		d.problems = appendOnce(d.problems, message)
	} else {
		d.warnings = appendOnce(d.warnings, message)
	}
}

func appendOnce(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// refresh looks from time to time at what takes long.
func (d *Display) refresh(ctx context.Context) {
	defer close(d.ended)
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			d.mu.Lock()
			d.draw()
			d.mu.Unlock()
			return
		case <-tick.C:
			d.mu.Lock()
			d.look(ctx)
			d.draw()
			d.mu.Unlock()
		}
	}
}

func (d *Display) look(ctx context.Context) {
	for _, p := range d.order {
		if len(p.open) == 0 || time.Since(p.began) < long {
			continue
		}
		if p.app != "" && d.options.Diagnose != nil && !p.asking {
			p.asking = true
			go d.diagnose(ctx, p)
		}
		if d.options.Size == nil && time.Since(p.said) > again {
			p.said = time.Now()
			d.line("%s: %s", p.name, p.status())
		}
	}
}

// diagnose asks what an app is waiting for. What it learns first, a log says at once.
func (d *Display) diagnose(ctx context.Context, p *part) {
	found := d.options.Diagnose(ctx, p.app)
	d.mu.Lock()
	defer d.mu.Unlock()
	if found != p.diagnosis && len(p.open) > 0 {
		p.diagnosis = found
		if d.options.Size == nil && found != "" {
			p.said = time.Now()
			d.line("%s: %s", p.name, p.status())
		}
	}
	time.AfterFunc(long, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		p.asking = false
	})
}

// status says what a part is doing, and for how long.
func (p *part) status() string {
	o := p.open[0]
	text := fmt.Sprintf("%s, %s", o.what, progress.Short(time.Since(p.began)))
	if why := cmp.Or(p.diagnosis, o.status); why != "" {
		text += ": " + strings.Join(strings.Fields(why), " ")
	}
	return text
}

// line writes a line of a log.
func (d *Display) line(format string, args ...any) {
	if d.options.Size == nil {
		fmt.Fprintf(d.options.Out, "%7s  %s\n", progress.Short(time.Since(d.start)), fmt.Sprintf(format, args...))
	}
}
