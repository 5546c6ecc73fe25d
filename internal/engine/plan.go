package engine

import (
	"reflect"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/daprstack/daprstack/internal/cluster"
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
	// Outputs of the stack, as far as they are known, and whether they would change.
	Outputs    Outputs
	NewOutputs bool

	// made are all resources that the state does not know yet, in the order in which
	// they are registered.
	made []apitype.StepEventStateMetadata
}

func (p *Plan) add(e apitype.EngineEvent) {
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

// objectOf returns the object that the inputs of a resource describe.
func objectOf(inputs map[string]any) cluster.Object {
	metadata, _ := inputs["metadata"].(map[string]any)
	text := func(m map[string]any, key string) string { s, _ := m[key].(string); return s }
	return cluster.Object{
		APIVersion: text(inputs, "apiVersion"), Kind: text(inputs, "kind"),
		Namespace: text(metadata, "namespace"), Name: text(metadata, "name"),
	}
}
