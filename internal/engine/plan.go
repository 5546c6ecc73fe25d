package engine

import (
	"context"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
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

	// made are all resources that the state does not know yet, in the order in which
	// they are registered.
	made []apitype.StepEventStateMetadata
}

// Preview previews a stack and returns what an update would make and remove.
func Preview(ctx context.Context, stack *auto.Stack, options ...optpreview.Option) (Plan, error) {
	var plan Plan
	stream, done := make(chan events.EngineEvent), make(chan struct{})
	go func() {
		defer close(done)
		for event := range stream {
			if event.ResourcePreEvent != nil {
				plan.add(event.ResourcePreEvent.Metadata)
			}
		}
	}()
	if _, err := stack.Preview(ctx, append(options, optpreview.EventStreams(stream))...); err != nil {
		return Plan{}, err // the stream may never be closed
	}
	<-done
	return plan, nil
}

func (p *Plan) add(step apitype.StepEventMetadata) {
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
