package engine

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
)

// State is what the state file tells about a stack.
type State struct {
	// Pending reports whether an update was ended in the middle of an operation.
	Pending bool
	// Leftovers are the Kubernetes objects that it was creating. The state does not
	// tell whether they exist.
	Leftovers []Leftover
	// Context is the kubeconfig context that the stack is deployed on, or "" if it
	// never was deployed.
	Context string
}

// Leftover is a Kubernetes object that an update was creating when it was ended.
type Leftover struct {
	APIVersion, Kind, Namespace, Name string
}

// Inspect reads the state, in one call of the engine.
func Inspect(ctx context.Context, stack *auto.Stack) (State, error) {
	exported, err := stack.Export(ctx)
	if err != nil {
		return State{}, fmt.Errorf("reading the state: %w", err)
	}
	state, err := inspect(exported.Deployment)
	if err != nil {
		return State{}, fmt.Errorf("reading the state: %w", err)
	}
	return state, nil
}

func inspect(raw json.RawMessage) (State, error) {
	if len(raw) == 0 {
		return State{}, nil
	}
	var deployment struct {
		Pending []struct {
			Type     string `json:"type"`
			Resource struct {
				Retain bool `json:"retainOnDelete"`
				Inputs struct {
					APIVersion string `json:"apiVersion"`
					Kind       string `json:"kind"`
					Metadata   struct {
						Name      string `json:"name"`
						Namespace string `json:"namespace"`
					} `json:"metadata"`
				} `json:"inputs"`
			} `json:"resource"`
		} `json:"pending_operations"`
		Resources []struct {
			Type   string `json:"type"`
			Inputs struct {
				Context string `json:"context"`
			} `json:"inputs"`
		} `json:"resources"`
	}
	if err := json.Unmarshal(raw, &deployment); err != nil {
		return State{}, err
	}
	state := State{Pending: len(deployment.Pending) > 0}
	for _, op := range deployment.Pending {
		in := op.Resource.Inputs
		if op.Type == "creating" && in.Kind != "" && in.Metadata.Name != "" && !op.Resource.Retain {
			state.Leftovers = append(state.Leftovers, Leftover{in.APIVersion, in.Kind, in.Metadata.Namespace, in.Metadata.Name})
		}
	}
	for _, resource := range deployment.Resources {
		if resource.Type == "pulumi:providers:kubernetes" {
			state.Context = resource.Inputs.Context
		}
	}
	return state, nil
}
