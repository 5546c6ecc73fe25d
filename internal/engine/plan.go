package engine

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	presource "github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/daprstack/daprstack/internal/cluster"
	"github.com/daprstack/daprstack/internal/graph"
)

// Plan lists the Kubernetes objects that an update would make and remove.
type Plan struct {
	// Creates are the objects that the state does not know yet. Those whose name
	// the engine generates are left out.
	Creates []cluster.Object
	// Deletes are the objects that would go.
	Deletes []cluster.Object
	// Changes is how many resources would change in any way.
	Changes int
	// Objects is how many Kubernetes objects the stack would have.
	Objects int
	// Before and After are the objects that would change, as they are and as they
	// would be, and all components. Secrets are masked.
	Before, After []*graph.Resource
	// Updates and Replaces are the paths of what would change in objects, by URN:
	// in place, and by another object.
	Updates, Replaces map[string][]string
	// Others says what would happen to resources that are no objects.
	Others map[string]string
	// Outputs of the stack, as far as they are known, and whether they would change.
	Outputs    Outputs
	NewOutputs bool

	steps map[string]string // what would happen to resources, by URN
	// made are all resources that the state does not know yet, in the order in which
	// they are registered.
	made []apitype.StepEventStateMetadata
}

// Add notes what an event of a preview says.
func (p *Plan) Add(e apitype.EngineEvent) {
	switch {
	case e.ResourcePreEvent != nil:
		p.addStep(e.ResourcePreEvent.Metadata)
	case e.ResOutputsEvent != nil && e.ResOutputsEvent.Metadata.Type == stackType:
		m := e.ResOutputsEvent.Metadata
		p.Outputs.read(e)
		p.NewOutputs = m.Old == nil || m.New == nil || !reflect.DeepEqual(m.Old.Outputs, m.New.Outputs)
	}
}

func (p *Plan) addStep(step apitype.StepEventMetadata) {
	if step.Op == apitype.OpCreate && step.New != nil {
		p.made = append(p.made, *step.New)
	}
	p.compare(step)
	if !strings.HasPrefix(step.Type, "kubernetes:") {
		return
	}
	switch {
	case step.Op == apitype.OpCreate && step.New != nil:
		if object := objectOf(step.New.Inputs); object.Name != "" {
			p.Creates = append(p.Creates, object)
		}
	case step.Op == apitype.OpDelete && step.Old != nil && !step.Old.RetainOnDelete:
		p.Deletes = append(p.Deletes, objectOf(step.Old.Inputs))
	}
}

// compare notes what a step changes.
func (p *Plan) compare(step apitype.StepEventMetadata) {
	state := cmp.Or(step.New, step.Old)
	if state == nil || step.Type == stackType {
		return
	}
	object := strings.HasPrefix(step.Type, "kubernetes:")
	words := map[apitype.OpType]string{
		apitype.OpCreate: "new", apitype.OpUpdate: "changed", apitype.OpDelete: "removed", apitype.OpCreateReplacement: "replaced",
	}
	word, changes := words[step.Op]
	if !state.Custom { // a component tells whose the objects are
		p.Before, p.After = append(p.Before, resourceOf(state)), append(p.After, resourceOf(state))
		return
	}
	if object && (changes || step.Op == apitype.OpSame) && step.Op != apitype.OpDelete {
		p.Objects++
	}
	if !changes || strings.HasPrefix(step.Type, "pulumi:") {
		return
	}
	p.note(step)
	if !object {
		if p.Others == nil {
			p.Others = map[string]string{}
		}
		p.Others[step.Type[strings.LastIndexByte(step.Type, ':')+1:]+" "+nameIn(step.URN)] = word
		return
	}
	paths := slices.Sorted(maps.Keys(step.DetailedDiff))
	if step.Op == apitype.OpUpdate {
		put(&p.Updates, step.URN, paths, step.Diffs)
	}
	if step.Op == apitype.OpCreateReplacement {
		put(&p.Replaces, step.URN, step.Keys, paths)
	}
	if step.Old != nil {
		p.Before = append(p.Before, withInputs(step.Old))
	}
	if step.New != nil && step.Op != apitype.OpDelete {
		p.After = append(p.After, withInputs(step.New))
	}
}

// objectOf returns the object that the inputs of a resource describe.
func objectOf(inputs map[string]any) cluster.Object {
	metadata, _ := inputs["metadata"].(map[string]any)
	text := func(m map[string]any, key string) string { s, _ := m[key].(string); return s }
	return cluster.Object{
		APIVersion: text(inputs, "apiVersion"), Kind: text(inputs, "kind"),
		Namespace: text(metadata, "namespace"), Name: text(metadata, "name"),
	}
}

// put puts the first list that has something into a map.
func put(m *map[string][]string, key string, lists ...[]string) {
	if *m == nil {
		*m = map[string][]string{}
	}
	(*m)[key] = nil
	for _, list := range slices.Backward(lists) {
		if len(list) > 0 {
			(*m)[key] = list
		}
	}
}

func nameIn(urn string) string { return urn[strings.LastIndexByte(urn, ':')+1:] }

func resourceOf(state *apitype.StepEventStateMetadata) *graph.Resource {
	return &graph.Resource{
		Type: state.Type, Name: nameIn(state.URN), URN: state.URN, Parent: state.Parent,
		Retain: state.RetainOnDelete, Protect: state.Protect,
	}
}

// withInputs returns a resource with its inputs, of which some may not be known yet.
func withInputs(state *apitype.StepEventStateMetadata) *graph.Resource {
	r := resourceOf(state)
	inputs, _ := known(state.Inputs).(map[string]any)
	r.Inputs = presource.NewPropertyMapFromMap(inputs)
	return r
}

// known returns a value in which people can read what is known only after the update.
func known(value any) any {
	switch value := value.(type) {
	case map[string]any:
		all := make(map[string]any, len(value))
		for key, v := range value {
			all[key] = known(v)
		}
		return all
	case []any:
		all := make([]any, len(value))
		for i, v := range value {
			all[i] = known(v)
		}
		return all
	case string:
		if value == unknown {
			return "<known after up>"
		}
	}
	return value
}
