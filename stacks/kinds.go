package stacks

import (
	"fmt"

	"github.com/daprstack/daprstack/config"
)

// Kind is a kind of object that a stack needs and that neither Kubernetes nor the
// stack itself brings.
type Kind struct {
	APIVersion, Kind string
	Path             string // what needs it, in the stack file
	Remedy           string // what to do if the cluster does not have it
}

// KindsOfOthers returns the kinds that have to be in the cluster before the stack.
func KindsOfOthers(cfg *config.Stack) (kinds []Kind, err error) {
	for i, a := range cfg.Apps {
		at := fmt.Sprintf("apps[%d].", i)
		if auto := a.Autoscale; *cfg.Dapr.Enabled && auto != nil && len(auto.Events) > 0 {
			kinds = append(kinds, Kind{"keda.sh/v1alpha1", "ScaledObject", at + "autoscale.events", "install KEDA first, or scale by cpu or memory"})
		}
		if a.HTTPRoute != nil {
			kinds = append(kinds, Kind{"gateway.networking.k8s.io/v1", "HTTPRoute", at + "httpRoute", "install the Gateway API and a controller for it first, or use ingress"})
		}
	}
	objects, err := readObjects(cfg)
	for _, o := range objects {
		kinds = append(kinds, Kind{o.GetAPIVersion(), o.GetKind(), "objects: " + o.GetKind() + " " + o.GetName(), "install what brings it first"})
	}
	return kinds, err
}
