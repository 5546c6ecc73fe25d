package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/daprstack/daprstack/config/rules"
	"github.com/daprstack/daprstack/internal/cluster"
)

// kinds maps the kinds of Dapr objects to their resources.
var kinds = map[string]schema.GroupVersionResource{
	"Component": cluster.Components, "Configuration": cluster.Configurations,
	"Resiliency": cluster.Resiliencies, "Subscription": cluster.Subscriptions,
}

func (v *verifier) objects() []check {
	if v.stack.IsPlatform() {
		return nil // it has no namespace
	}
	return []check{{
		entity: "stack", rules: []string{"X-01", "S-09"}, what: "the namespace has exactly the Dapr objects of the stack file",
		prove: v.sameObjects,
	}}
}

// sameObjects compares the Dapr objects of the namespace with those of the
// stack.
func (v *verifier) sameObjects(ctx context.Context) error {
	want := map[string]bool{}
	for _, a := range v.stack.Apps {
		if a.Sidecar != nil {
			want["Configuration "+v.stack.ConfigurationOf(a.Sidecar.AppID)] = true
		}
	}
	for _, c := range v.declared() {
		want["Component "+c.name] = true
	}
	if len(v.stack.PubSubs) > 0 || v.stack.HasPolicies() {
		want["Resiliency "+resiliencyName] = true
	}
	for _, e := range v.stack.Events {
		for _, s := range e.Subscribers {
			want["Subscription "+rules.SubscriptionName(e.PubSub, e.Type, s.App)] = true
		}
	}
	found, err := v.daprObjects(ctx)
	if err != nil {
		return err
	}
	apps := map[string]bool{}
	for _, a := range v.stack.Apps {
		if a.Sidecar != nil {
			apps[a.Sidecar.AppID] = true
		}
	}
	var problems []error
	for _, name := range sorted(want) {
		if _, there := found[name]; !there {
			problems = append(problems, fmt.Errorf("%s is missing", name))
		}
	}
	for _, name := range sorted(found) {
		if !want[name] {
			problems = append(problems, fmt.Errorf("%s does not belong to this stack", name))
		}
		scopes, _, _ := unstructured.NestedStringSlice(found[name].Object, "scopes")
		for _, app := range scopes {
			if !apps[app] {
				problems = append(problems, fmt.Errorf("%s is scoped to %s, which is not the app-id of any app of the stack", name, app))
			}
		}
	}
	return errors.Join(problems...)
}

// daprObjects returns the Dapr objects of the namespace as "Kind name". A
// cluster without Dapr's CRDs has none.
func (v *verifier) daprObjects(ctx context.Context) (map[string]unstructured.Unstructured, error) {
	found := map[string]unstructured.Unstructured{}
	for kind, resource := range kinds {
		list, err := v.cluster.Objects.Resource(resource).Namespace(v.stack.Namespace).List(ctx, metav1.ListOptions{})
		if apierrors.IsNotFound(err) || meta.IsNoMatchError(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("listing the objects of kind %s: %w", kind, err)
		}
		for _, item := range list.Items {
			found[kind+" "+item.GetName()] = item
		}
	}
	return found, nil
}

// plainApps returns the checks of the apps in a stack without Dapr.
func (v *verifier) plainApps() (all []check) {
	for i, a := range v.stack.Apps {
		if a.Ends() {
			all = append(all, v.endingChecks(a, v.stack.Environments()[i])...)
			continue
		}
		all = append(all, v.appChecks(a, v.stack.Environments()[i])...)
	}
	return all
}

func (v *verifier) withoutDapr() []check {
	return []check{{
		entity: "stack", rules: []string{"C-04"}, what: "no Dapr object, annotation or sidecar is left", prove: v.noDapr,
	}}
}

func (v *verifier) noDapr(ctx context.Context) error {
	found, err := v.daprObjects(ctx)
	if err != nil {
		return err
	}
	var problems []error
	for _, name := range sorted(found) {
		problems = append(problems, fmt.Errorf("%s is left", name))
	}
	for _, a := range v.stack.Apps {
		pods, err := v.cluster.Pods(ctx, v.stack.Namespace, a.Name)
		if err != nil {
			return err
		}
		for _, pod := range pods {
			for _, name := range sorted(pod.Annotations) {
				if strings.HasPrefix(name, "dapr.io/") {
					problems = append(problems, fmt.Errorf("pod %s has the annotation %s", pod.Name, name))
				}
			}
			if container(pod, daprd) != nil {
				problems = append(problems, fmt.Errorf("pod %s has a sidecar", pod.Name))
			}
		}
	}
	return errors.Join(problems...)
}

func sorted[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
