package controlplane

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/daprstack/daprstack/internal/cluster"
)

// Sidecars are those of one version in one namespace.
type Sidecars struct {
	// Namespace of the pods.
	Namespace string
	// Manager is the field manager of the stack that made them, "project-stack";
	// empty if that was somebody else.
	Manager string
	// Version of Dapr; empty if the image does not tell.
	Version string
	// AppIDs of the pods, sorted.
	AppIDs []string
}

// String describes the sidecars on one line.
func (s Sidecars) String() string {
	by := ""
	if s.Manager != "" {
		by = ", made by the stack " + s.Manager
	}
	return fmt.Sprintf("namespace %s%s: %s of %s", s.Namespace, by, cmp.Or(s.Version, "an unknown version"), strings.Join(s.AppIDs, ", "))
}

// FindSidecars returns the sidecars of a namespace, or of all, sorted by namespace
// and version.
func FindSidecars(ctx context.Context, c *cluster.Client, namespace string) ([]Sidecars, error) {
	pods, err := c.Kube.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: "dapr.io/sidecar-injected=true"})
	if err != nil {
		return nil, fmt.Errorf("looking for sidecars: %w", err)
	}
	managers, err := managersOf(ctx, c, namespace)
	if err != nil {
		return nil, err
	}
	type key struct{ namespace, manager, version string }
	found := map[key]map[string]bool{}
	for _, pod := range pods.Items {
		if pod.DeletionTimestamp != nil {
			continue
		}
		k := key{pod.Namespace, managers[pod.Namespace+"/"+pod.Labels["app.kubernetes.io/name"]], sidecarVersion(pod)}
		if found[k] == nil {
			found[k] = map[string]bool{}
		}
		found[k][pod.Labels["dapr.io/app-id"]] = true
	}
	all := make([]Sidecars, 0, len(found))
	for k, ids := range found {
		all = append(all, Sidecars{k.namespace, k.manager, k.version, slices.Sorted(maps.Keys(ids))})
	}
	slices.SortFunc(all, func(a, b Sidecars) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Manager, b.Manager), cmp.Compare(a.Version, b.Version))
	})
	return all, nil
}

// managersOf returns the field managers of the apps of stacks, by
// "namespace/app".
func managersOf(ctx context.Context, c *cluster.Client, namespace string) (map[string]string, error) {
	apps, err := c.Kube.AppsV1().Deployments(namespace).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/managed-by=daprstack"})
	if err != nil {
		return nil, fmt.Errorf("looking for the stacks of sidecars: %w", err)
	}
	managers := map[string]string{}
	for _, d := range apps.Items {
		managers[d.Namespace+"/"+d.Name] = d.Annotations[managerAnnotation]
	}
	return managers, nil
}

// sidecarVersion returns the version of a pod's sidecar. A native sidecar is among
// the init containers.
func sidecarVersion(pod corev1.Pod) string {
	for _, c := range slices.Concat(pod.Spec.Containers, pod.Spec.InitContainers) {
		if c.Name == cluster.Sidecar {
			return version(c.Image, nil)
		}
	}
	return ""
}

// OlderThan returns the sidecars of the cluster, or of one namespace, that are
// older than a version.
func OlderThan(ctx context.Context, c *cluster.Client, namespace, version string) ([]Sidecars, error) {
	all, err := FindSidecars(ctx, c, namespace)
	return slices.DeleteFunc(all, func(s Sidecars) bool { return !Older(s.Version, version) }), err
}
