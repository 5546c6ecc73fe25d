package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/daprstack/daprstack/components/kube"
	"github.com/daprstack/daprstack/internal/cluster"
)

// State is what the state file tells about a stack.
type State struct {
	// Pending reports whether an update was ended in the middle of an operation.
	Pending bool
	// Leftovers are the Kubernetes objects that it was creating. The state does not
	// tell whether they exist.
	Leftovers []cluster.Object
	// Context is the kubeconfig context that the stack is deployed on, or "" if it
	// never was deployed.
	Context string
	// Namespace is that of its applications, or "" if it has none.
	Namespace string
	// Deployment is the id of the deployment, or "" before the first update.
	Deployment string
	// Objects are the Kubernetes objects of the deployment.
	Objects []Object
}

// Object is a Kubernetes object of a deployment.
type Object struct {
	cluster.Object
	// UID of the object, as the cluster gave it.
	UID string
	// Retained objects stay when the engine deletes them.
	Retained bool
	// Adopted objects were there before the stack.
	Adopted bool
	// Protected objects are not deleted.
	Protected bool
}

// Inspect returns what the state tells, as it was when the stack was opened; called
// again, as it is now.
func Inspect(ctx context.Context, stack *auto.Stack) (State, error) {
	exported, err := export(ctx, stack)
	if err != nil {
		return State{}, fmt.Errorf("reading the state: %w", err)
	}
	state, err := inspect(exported.Deployment)
	if err != nil {
		return State{}, fmt.Errorf("reading the state: %w", err)
	}
	return state, nil
}

// export returns the state that the opening of the stack left, or reads it.
func export(ctx context.Context, stack *auto.Stack) (apitype.UntypedDeployment, error) {
	c, ok := stack.Workspace().PulumiCommand().(command)
	if !ok || *c.exported == "" {
		return stack.Export(ctx)
	}
	var exported apitype.UntypedDeployment
	err := json.Unmarshal([]byte(*c.exported), &exported)
	*c.exported = ""
	return exported, err
}

// resource is a resource as the state file has it.
type resource struct {
	Type    string         `json:"type"`
	Inputs  map[string]any `json:"inputs"`
	Outputs map[string]any `json:"outputs"`
	Retain  bool           `json:"retainOnDelete"`
	Protect bool           `json:"protect"`
}

func inspect(raw json.RawMessage) (State, error) {
	if len(raw) == 0 {
		return State{}, nil
	}
	var deployment struct {
		Pending []struct {
			Type     string   `json:"type"`
			Resource resource `json:"resource"`
		} `json:"pending_operations"`
		Resources []resource `json:"resources"`
	}
	if err := json.Unmarshal(raw, &deployment); err != nil {
		return State{}, err
	}
	state := State{Pending: len(deployment.Pending) > 0}
	for _, op := range deployment.Pending {
		object := objectOf(op.Resource.Inputs)
		if op.Type == "creating" && object.Kind != "" && object.Name != "" && !op.Resource.Retain {
			state.Leftovers = append(state.Leftovers, object)
		}
	}
	for _, r := range deployment.Resources {
		state.add(r)
	}
	return state, nil
}

func (s *State) add(r resource) {
	switch {
	case r.Type == stackType:
		s.Namespace, _ = r.Outputs["namespace"].(string)
	case r.Type == "pulumi:providers:kubernetes":
		s.Context, _ = r.Inputs["context"].(string)
	case r.Type == "random:index/randomId:RandomId":
		s.Deployment, _ = r.Outputs["hex"].(string)
	case strings.HasPrefix(r.Type, "kubernetes:"):
		metadata, _ := r.Inputs["metadata"].(map[string]any)
		labels, _ := metadata["labels"].(map[string]any)
		live, _ := r.Outputs["metadata"].(map[string]any)
		uid, _ := live["uid"].(string)
		s.Objects = append(s.Objects, Object{
			Object: objectOf(r.Inputs), UID: uid,
			Retained: r.Retain, Adopted: labels[kube.AdoptedLabel] != nil, Protected: r.Protect,
		})
	}
}
