package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/daprstack/daprstack/components/kube"
	"github.com/daprstack/daprstack/internal/cluster"
	"github.com/daprstack/daprstack/internal/engine"
)

// manager returns what [kube.Manager] returns in the program.
func (t *target) manager() string { return string(t.project.Name) + "-" + t.stack }

// removeLeftovers removes the objects that an interrupted run made and had no time
// to record: up adopts them, but destroy does not know them. An object without the
// mark of the stack, its manager, is somebody else's and stays. It returns what was
// removed, also when it fails.
func removeLeftovers(ctx context.Context, c *cluster.Client, manager string, leftovers []engine.Leftover) (removed []string, err error) {
	for _, l := range leftovers {
		did, err := removeLeftover(ctx, c, manager, l)
		if err != nil {
			return removed, fmt.Errorf("removing the %s %s, which an interrupted run made: %w", l.Kind, l.Name, err)
		}
		if did {
			removed = append(removed, l.Kind+" "+l.Name)
		}
	}
	return removed, nil
}

func removeLeftover(ctx context.Context, c *cluster.Client, manager string, l engine.Leftover) (bool, error) {
	objects, known, err := resourceOf(c, l)
	if err != nil || !known {
		return false, err
	}
	found, err := objects.Get(ctx, l.Name, metav1.GetOptions{})
	if errors.IsNotFound(err) {
		return false, nil
	}
	if err != nil || found.GetAnnotations()[kube.ManagerAnnotation] != manager {
		return false, err
	}
	// The precondition is that it is still the object that was looked at.
	err = objects.Delete(ctx, l.Name, metav1.DeleteOptions{Preconditions: metav1.NewUIDPreconditions(string(found.GetUID()))})
	if errors.IsNotFound(err) {
		err = nil
	}
	return err == nil, err
}

// resourceOf returns the objects of a leftover's kind and namespace. A kind that the
// cluster does not know is not known: nothing of it is left. The kind is looked up
// in its own group version, because client-go's RESTMapper also calls a kind unknown
// when the discovery of its group fails.
func resourceOf(c *cluster.Client, l engine.Leftover) (objects dynamic.ResourceInterface, known bool, err error) {
	version, err := schema.ParseGroupVersion(l.APIVersion)
	if err != nil {
		return nil, false, err
	}
	list, err := c.Kube.Discovery().ServerResourcesForGroupVersion(l.APIVersion)
	if errors.IsNotFound(err) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	i := slices.IndexFunc(list.APIResources, func(r metav1.APIResource) bool {
		return r.Kind == l.Kind && !strings.Contains(r.Name, "/") // no subresource
	})
	if i < 0 {
		return nil, false, nil
	}
	resource := c.Objects.Resource(version.WithResource(list.APIResources[i].Name))
	if list.APIResources[i].Namespaced {
		return resource.Namespace(l.Namespace), true, nil
	}
	return resource, true, nil
}
