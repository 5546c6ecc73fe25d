package main

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/daprstack/daprstack/components/kube"
	"github.com/daprstack/daprstack/internal/cluster"
	"github.com/daprstack/daprstack/internal/engine"
)

// removeLeftovers removes the objects that an interrupted run made and had no time
// to record: up finds them again, but destroy does not know them. An object without
// the mark of the deployment is somebody else's and stays. It returns what was
// removed, also when it fails.
func removeLeftovers(ctx context.Context, c *cluster.Client, state engine.State) (removed []string, err error) {
	for _, l := range state.Leftovers {
		did, err := removeLeftover(ctx, c, state.Deployment, l)
		if err != nil {
			return removed, fmt.Errorf("removing the %s, which an interrupted run made: %w", l, err)
		}
		if did {
			removed = append(removed, l.String())
		}
	}
	return removed, nil
}

func removeLeftover(ctx context.Context, c *cluster.Client, deployment string, l cluster.Object) (bool, error) {
	objects, known, err := c.Resource(l.APIVersion, l.Kind, l.Namespace)
	if err != nil || !known {
		return false, err
	}
	found, err := objects.Get(ctx, l.Name, metav1.GetOptions{})
	if errors.IsNotFound(err) {
		return false, nil
	}
	if err != nil || deployment == "" || found.GetLabels()[kube.DeploymentLabel] != deployment {
		return false, err
	}
	// The precondition is that it is still the object that was looked at.
	err = objects.Delete(ctx, l.Name, metav1.DeleteOptions{Preconditions: metav1.NewUIDPreconditions(string(found.GetUID()))})
	if errors.IsNotFound(err) {
		err = nil
	}
	return err == nil, err
}
