package display

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/daprstack/daprstack/components/app"
	"github.com/daprstack/daprstack/components/dapr"
	"github.com/daprstack/daprstack/components/redis"
)

// theStack is the part of what belongs to no other, such as the namespace.
const theStack = "stack"

// platform names the parts of a stack that are no apps, by the type of their
// component.
var platform = map[string]string{
	dapr.ControlPlaneType:  "control plane",
	dapr.AuthorityType:     "certificates",
	redis.Type:             "Redis",
	dapr.StateStoreType:    "components",
	dapr.PubSubType:        "components",
	dapr.ResiliencyType:    "components",
	dapr.ConfigurationType: "components",
	dapr.SubscriptionType:  "subscriptions",
}

// partOf returns the part that a resource belongs to: that of its outermost
// component.
func (d *Display) partOf(urn string) *part {
	name, application := theStack, ""
	for r, ok := d.resources[urn]; ok; r, ok = d.resources[r.parent] {
		if r.typ == app.Type {
			name, application = "app "+r.name, r.name
		} else if known, is := platform[r.typ]; is {
			name, application = known, ""
		}
	}
	p, ok := d.parts[name]
	if !ok {
		p = &part{name: name, app: application}
		d.parts[name] = p
		d.order = append(d.order, p)
	}
	return p
}

func nameOf(urn string) string { return urn[strings.LastIndexByte(urn, ':')+1:] }

// label names an object as kubectl does, or another resource by its type.
func label(state *apitype.StepEventStateMetadata) string {
	kind := state.Type[strings.LastIndexByte(state.Type, ':')+1:]
	metadata, _ := state.Inputs["metadata"].(map[string]any)
	if name, ok := metadata["name"].(string); ok {
		return kind + " " + name
	}
	return kind + " " + nameOf(state.URN)
}
