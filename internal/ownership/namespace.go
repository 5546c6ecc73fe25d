package ownership

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"

	"github.com/daprstack/daprstack/components/kube"
	"github.com/daprstack/daprstack/internal/cluster"
)

// Inside returns what is in a namespace and would go with it, although the
// deployment did not make it. Known is what its state lists. What the cluster and
// the controllers make by themselves does not count.
func Inside(ctx context.Context, c *cluster.Client, self Self, namespace string, known []cluster.Object) ([]Claim, error) {
	kinds, err := removable(c)
	if err != nil {
		return nil, err
	}
	var all []Claim
	for _, kind := range kinds {
		list, err := c.Objects.Resource(kind).Namespace(namespace).List(ctx, metav1.ListOptions{})
		if errors.IsNotFound(err) || errors.IsMethodNotSupported(err) {
			continue // served by somebody who keeps no objects
		}
		if err != nil {
			return nil, fmt.Errorf("listing the %s of namespace %s: %w", kind.Resource, namespace, err)
		}
		for _, o := range list.Items {
			if !expected(&o, self, known) {
				all = append(all, claimOf(&o))
			}
		}
	}
	slices.SortFunc(all, func(a, b Claim) int { return cmp.Compare(a.Object.String(), b.Object.String()) })
	// A kind may be served under several groups.
	return slices.CompactFunc(all, func(a, b Claim) bool { return a.Object.String() == b.Object.String() }), nil
}

// removable returns the kinds of namespaced objects that can be listed and
// deleted.
func removable(c *cluster.Client) ([]schema.GroupVersionResource, error) {
	lists, err := discovery.ServerPreferredNamespacedResources(c.Kube.Discovery())
	if err != nil {
		return nil, fmt.Errorf("looking up the kinds of the cluster: %w", err)
	}
	var kinds []schema.GroupVersionResource
	for _, list := range lists {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			return nil, err
		}
		for _, kind := range list.APIResources {
			if slices.Contains(kind.Verbs, "list") && slices.Contains(kind.Verbs, "delete") && !slices.Contains(traces, kind.Name) {
				kinds = append(kinds, version.WithResource(kind.Name))
			}
		}
	}
	return kinds, nil
}

// traces are the kinds that running workloads leave, and that nobody misses.
var traces = []string{"events", "leases", "endpoints", "endpointslices"}

// automatic lists what Kubernetes puts into every namespace.
var automatic = []string{"ServiceAccount default", "ConfigMap kube-root-ca.crt"}

// expected reports whether an object of a namespace is no surprise there: it is
// the deployment's, or follows from something else that is there.
func expected(o *unstructured.Unstructured, self Self, known []cluster.Object) bool {
	labels := o.GetLabels()
	ours := labels[kube.StackLabel] == self.Stack && labels[kube.AdoptedLabel] == "" && !belongsToAnother(self, labels)
	return ours || len(o.GetOwnerReferences()) > 0 ||
		slices.Contains(automatic, o.GetKind()+" "+o.GetName()) ||
		slices.ContainsFunc(known, func(k cluster.Object) bool {
			return k.Kind == o.GetKind() && k.Namespace == o.GetNamespace() && k.Name == o.GetName() || isClaimOf(o, k)
		})
}

// isClaimOf reports whether an object is a volume claim that a StatefulSet made.
func isClaimOf(o *unstructured.Unstructured, set cluster.Object) bool {
	if o.GetKind() != "PersistentVolumeClaim" || set.Kind != "StatefulSet" || set.Namespace != o.GetNamespace() {
		return false
	}
	_, after, found := strings.Cut(o.GetName(), "-"+set.Name+"-")
	return found && ordinal.MatchString(after)
}

var ordinal = regexp.MustCompile(`^\d+$`)

// Deployments returns the ids of the deployments of a stack whose objects are in
// the namespaces, sorted. A namespace may itself be one of the objects.
func Deployments(ctx context.Context, c *cluster.Client, stack string, namespaces ...string) ([]string, error) {
	selector := metav1.ListOptions{LabelSelector: kube.StackLabel + "=" + stack + "," + kube.DeploymentLabel}
	var ids []string
	note := func(o metav1.Object) {
		if id := o.GetLabels()[kube.DeploymentLabel]; !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for _, namespace := range namespaces {
		if namespace == "" {
			continue // a stack of the control plane alone has no namespace for apps
		}
		deployments, err := c.Kube.AppsV1().Deployments(namespace).List(ctx, selector)
		if err != nil {
			return nil, fmt.Errorf("looking for deployments of stack %s: %w", stack, err)
		}
		for i := range deployments.Items {
			note(&deployments.Items[i])
		}
		own, err := c.Kube.CoreV1().Namespaces().Get(ctx, namespace, metav1.GetOptions{})
		switch {
		case errors.IsNotFound(err) || errors.IsForbidden(err):
		case err != nil:
			return nil, fmt.Errorf("looking for deployments of stack %s: %w", stack, err)
		case own.Labels[kube.StackLabel] == stack && own.Labels[kube.DeploymentLabel] != "":
			note(own)
		}
	}
	slices.Sort(ids)
	return ids, nil
}

// Release takes the marks off an object that the stack had adopted.
func Release(ctx context.Context, c *cluster.Client, object cluster.Object) error {
	objects, known, err := c.Resource(object.APIVersion, object.Kind, object.Namespace)
	if err != nil || !known {
		return err
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"labels":      map[string]any{kube.StackLabel: nil, kube.DeploymentLabel: nil, kube.AdoptedLabel: nil},
		"annotations": map[string]any{kube.ManagerAnnotation: nil, kube.ForceAnnotation: nil},
	}})
	if err != nil {
		return err
	}
	_, err = objects.Patch(ctx, object.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	if errors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("taking the marks off the %s: %w", object, err)
	}
	return nil
}
