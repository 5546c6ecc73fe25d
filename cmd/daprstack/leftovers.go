package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/discovery"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/daprstack/daprstack/components/kube"
	"github.com/daprstack/daprstack/internal/engine"
)

// removeLeftovers removes the objects that an interrupted run made and had no
// time to write down: up takes them over, destroy does not know them. What does
// not carry the stack's mark is somebody else's and stays. It returns what was
// removed.
func (t *target) removeLeftovers(ctx context.Context, leftovers []engine.Leftover) (removed []string, err error) {
	if len(leftovers) == 0 {
		return nil, nil
	}
	config, err := t.clientConfig()
	if err != nil {
		return nil, err
	}
	client, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("context %q: %w", t.context, err)
	}
	for _, l := range leftovers {
		at, err := pathOf(client, l)
		if err != nil {
			return removed, err
		}
		if at == "" {
			continue
		}
		raw, err := client.RESTClient().Get().AbsPath(at).DoRaw(ctx)
		if errors.IsNotFound(err) {
			continue
		}
		var found metav1.PartialObjectMetadata
		if err == nil {
			err = json.Unmarshal(raw, &found)
		}
		if err == nil && found.Annotations[kube.ManagerAnnotation] != t.manager() {
			continue
		}
		if err == nil {
			err = client.RESTClient().Delete().AbsPath(at).Do(ctx).Error()
		}
		if err != nil && !errors.IsNotFound(err) {
			return removed, fmt.Errorf("removing the %s %s, which an interrupted run made: %w", l.Kind, l.Name, err)
		}
		removed = append(removed, l.Kind+" "+l.Name)
	}
	return removed, nil
}

// manager is what [kube.Manager] is in the program.
func (t *target) manager() string { return string(t.project.Name) + "-" + t.stack }

// pathOf is where the API server has an object; empty when the cluster does not
// know the kind, and so has none of it.
func pathOf(client *discovery.DiscoveryClient, l engine.Leftover) (string, error) {
	list, err := client.ServerResourcesForGroupVersion(l.APIVersion)
	if errors.IsNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("looking for the kind %s of %s: %w", l.Kind, l.APIVersion, err)
	}
	i := slices.IndexFunc(list.APIResources, func(r metav1.APIResource) bool {
		return r.Kind == l.Kind && !strings.Contains(r.Name, "/")
	})
	if i < 0 {
		return "", nil
	}
	group := "/apis"
	if !strings.Contains(l.APIVersion, "/") {
		group = "/api"
	}
	namespace := ""
	if list.APIResources[i].Namespaced {
		namespace = path.Join("namespaces", l.Namespace)
	}
	return path.Join(group, l.APIVersion, namespace, list.APIResources[i].Name, l.Name), nil
}
