package cluster

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
)

// Object names an object of a cluster.
type Object struct {
	APIVersion, Kind string
	Namespace        string // "" for a cluster-wide object
	Name             string
}

// String returns the kind and the name, such as "Secret todo/redis-password".
func (o Object) String() string {
	return o.Kind + " " + strings.TrimPrefix(o.Namespace+"/"+o.Name, "/")
}

// Resource returns the objects of a kind, those of one namespace if the kind has
// any. It reports false for a kind that the cluster does not know. The kind is
// looked up in its own group version, because client-go's RESTMapper also calls a
// kind unknown when the discovery of its group fails.
func (c *Client) Resource(apiVersion, kind, namespace string) (dynamic.ResourceInterface, bool, error) {
	version, err := schema.ParseGroupVersion(apiVersion)
	if err != nil {
		return nil, false, err
	}
	list, err := c.kindsOf(apiVersion)
	if err != nil {
		return nil, false, fmt.Errorf("looking up the kinds of %s: %w", apiVersion, err)
	}
	i := slices.IndexFunc(list, func(r metav1.APIResource) bool {
		return r.Kind == kind && !strings.Contains(r.Name, "/") // no subresource
	})
	if i < 0 {
		return nil, false, nil
	}
	resource := c.Objects.Resource(version.WithResource(list[i].Name))
	if list[i].Namespaced {
		return resource.Namespace(namespace), true, nil
	}
	return resource, true, nil
}

// kindsOf returns the kinds of a group version, none if there is no such version.
// It asks the cluster once for each.
func (c *Client) kindsOf(apiVersion string) ([]metav1.APIResource, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if list, ok := c.kinds[apiVersion]; ok {
		return list, nil
	}
	list, err := c.Kube.Discovery().ServerResourcesForGroupVersion(apiVersion)
	if errors.IsNotFound(err) {
		list, err = &metav1.APIResourceList{}, nil
	}
	if err != nil {
		return nil, err
	}
	if c.kinds == nil {
		c.kinds = map[string][]metav1.APIResource{}
	}
	c.kinds[apiVersion] = list.APIResources
	return list.APIResources, nil
}
