package main

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/changes"
	"github.com/daprstack/daprstack/internal/migration"
	"github.com/daprstack/daprstack/internal/render"
)

// takeover is how a stack takes over what it was made from.
type takeover struct {
	changes *changes.Stack
	stack   string
	from    *source
	adopt   []string // are the same objects, as Kind/name
	remove  []string // have to go first
	left    []string // stay beside the stack
}

// planTakeover compares the objects that a stack would make with those that it was
// made from. Nothing but the stack file is needed for that: the control plane is left
// out.
func planTakeover(ctx context.Context, stack string, from *source, r *migration.Result) (*takeover, error) {
	content, err := r.YAML(migration.Document{})
	if err != nil {
		return nil, err
	}
	values, err := parsed(content)
	if err != nil {
		return nil, fmt.Errorf("reading what was written: %w", err)
	}
	cfg, err := config.Load(values)
	if err != nil {
		return nil, fmt.Errorf("reading what was written: %w", err)
	}
	from.Namespace = r.Stack.Namespace
	p := &takeover{stack: stack, from: from, remove: slices.Clone(r.Replaced), left: r.Left}
	note := "Compared with what is there; what is not named stays as it is."
	if installs(cfg) {
		cfg.Dapr.Install = new(false)
		note += " The control plane, Dapr " + cfg.Dapr.Version + ", comes on top."
	}
	made, err := render.Stack(ctx, "daprstack", stack, cfg, nil)
	if err != nil {
		return nil, err
	}
	there, err := objectsOf(from, r.Stack.Namespace, made)
	if err != nil {
		return nil, err
	}
	there = slices.DeleteFunc(there, func(o *render.Object) bool {
		return !slices.ContainsFunc(made, func(m *render.Object) bool { return m.ID() == o.ID() })
	})
	found := changes.Compare(there, made, nil)
	for _, o := range there {
		i := slices.IndexFunc(found, func(c *changes.Object) bool { return c.ID == o.ID() })
		key := o.Kind() + "/" + o.Name()
		if i >= 0 {
			found[i].Fields = slices.DeleteFunc(found[i].Fields, ofNobody)
		}
		if i >= 0 && differentShape(o, found[i]) {
			p.remove = append(p.remove, key)
			found[i].Fields, found[i].Restarts, found[i].Replaced = nil, "", "has another shape in the stack, and is made anew"
			continue
		}
		p.remove = slices.DeleteFunc(p.remove, func(other string) bool { return other == key })
		p.adopt = append(p.adopt, key)
	}
	found = slices.DeleteFunc(found, func(c *changes.Object) bool {
		return c.Kind == changes.Changed && len(c.Fields) == 0 && c.Replaced == ""
	})
	p.left = slices.DeleteFunc(slices.Clone(p.left), func(key string) bool { return slices.Contains(p.adopt, key) })
	slices.Sort(p.remove)
	p.remove = slices.Compact(p.remove)
	slices.Sort(p.adopt)
	p.changes = &changes.Stack{Name: stack, Note: note, Objects: len(made), Changes: found}
	return p, nil
}

// clusterDefaults are the values that the API server writes into what it stores, by
// the last key of their path.
var clusterDefaults = map[string][]any{
	"progressDeadlineSeconds": {600.0}, "revisionHistoryLimit": {10.0},
	"strategy":      {map[string]any{"type": "RollingUpdate", "rollingUpdate": map[string]any{"maxSurge": "25%", "maxUnavailable": "25%"}}},
	"restartPolicy": {"Always"}, "dnsPolicy": {"ClusterFirst"}, "schedulerName": {"default-scheduler"}, "terminationGracePeriodSeconds": {30.0},
	"securityContext": {map[string]any{}}, "resources": {map[string]any{}}, "serviceAccount": nil, "creationTimestamp": nil,
	"terminationMessagePath": {"/dev/termination-log"}, "terminationMessagePolicy": {"File"}, "imagePullPolicy": nil,
	"protocol": {"TCP"}, "scheme": {"HTTP"}, "successThreshold": {1.0}, "failureThreshold": {3.0}, "periodSeconds": {10.0}, "timeoutSeconds": {1.0},
	"service": {""}, "defaultMode": {420.0},
	"clusterIP": nil, "clusterIPs": nil, "ipFamilies": nil, "ipFamilyPolicy": nil, "internalTrafficPolicy": {"Cluster"},
	"sessionAffinity": {"None"}, "type": {"ClusterIP"},
}

// ofNobody reports whether a field says nothing about what an object does: it is one
// that only the API server has set, or a mark of a stack.
func ofNobody(f changes.Field) bool {
	if strings.Contains(f.Path, `"daprstack.io/stack"`) || f.Path == "metadata.labels" && f.From == nil || strings.Contains(f.Path, `"daprstack.io/settings"`) {
		return true
	}
	values, known := clusterDefaults[f.Path[strings.LastIndexByte(f.Path, '.')+1:]]
	return f.To == nil && known && (values == nil || slices.ContainsFunc(values, func(v any) bool { return reflect.DeepEqual(v, f.From) }))
}

// differentShape reports whether an object cannot become that of the stack where it
// stands: a selector cannot be changed, and what only the old one has stays in lists
// and mappings of an object that is taken over.
func differentShape(o *render.Object, change *changes.Object) bool {
	if o.Kind() != "Deployment" && o.Kind() != "Service" {
		return false
	}
	return slices.ContainsFunc(change.Fields, func(f changes.Field) bool {
		return strings.HasPrefix(f.Path, "spec.selector") || strings.HasPrefix(f.Path, "spec.") && f.To == nil
	})
}

// objectsOf returns the objects of a source as a render has them, those of the kinds
// that the stack makes for the whole cluster without a namespace.
func objectsOf(from *source, namespace string, made []*render.Object) ([]*render.Object, error) {
	wide := map[string]bool{}
	for _, o := range made {
		wide[o.Kind()] = o.Namespace() == ""
	}
	var all []*render.Object
	for _, o := range from.objects {
		fields, err := asJSON(o.Fields)
		if err != nil {
			return nil, err
		}
		migration.Strip(fields)
		metadata, _ := fields["metadata"].(map[string]any)
		if metadata == nil {
			continue
		}
		if metadata["namespace"] == nil && !wide[o.Kind()] {
			metadata["namespace"] = namespace
		}
		all = append(all, &render.Object{Fields: fields})
	}
	return all, nil
}

// comment returns what stands at the end of the stack file.
func (p *takeover) comment(notes string) string {
	var b strings.Builder
	b.WriteString("\n" + notes)
	if notes == "" {
		b.WriteString("Everything was taken over.\n")
	}
	if len(p.left) > 0 {
		fmt.Fprintf(&b, "\nStays beside the stack, which has nothing to do with it\n  %s\n", strings.Join(p.left, ", "))
	}
	b.WriteString(p.next())
	if len(p.adopt) > 0 {
		fmt.Fprintf(&b, "\nWith a stock Pulumi: add the key adopt to the values above\n  adopt: [%s]\n", strings.Join(p.adopt, ", "))
	}
	return b.String()
}

// next says how the stack takes over.
func (p *takeover) next() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\nNext\n  daprstack preview -s %s\n", p.stack)
	if len(p.remove) > 0 {
		fmt.Fprintf(&b, "  kubectl --context %s -n %s delete %s\n    right before up: the stack has these under other names or in another shape, and nothing in them is data\n",
			p.from.Context, p.from.Namespace, strings.ToLower(strings.Join(p.remove, " ")))
	}
	if len(p.adopt) > 0 {
		fmt.Fprintf(&b, "  daprstack up -s %s --adopt\n    takes over %s\n", p.stack, strings.Join(p.adopt, ", "))
	} else {
		fmt.Fprintf(&b, "  daprstack up -s %s\n", p.stack)
	}
	return b.String()
}
