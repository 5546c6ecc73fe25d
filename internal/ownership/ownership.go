package ownership

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/daprstack/daprstack/components/kube"
	"github.com/daprstack/daprstack/internal/cluster"
)

// Self is the deployment of a stack that asks.
type Self struct {
	// Stack is the stack, as [kube.StackOf] returns it.
	Stack string
	// Deployment is the id of the deployment, "" before the first up.
	Deployment string
	// Adopt lists, as Kind/name, what it may take over from others.
	Adopt []string
}

// A Claim is an object that exists and is not the deployment's.
type Claim struct {
	cluster.Object
	// Stack and Deployment are the marks of the deployment that it belongs to, ""
	// for an object without them.
	Stack, Deployment string
	// Owner says in words whose it is.
	Owner string
	// Deleting reports whether it is being deleted: it will not be there for long.
	Deleting bool
}

// String returns the object and whose it is.
func (c Claim) String() string { return c.Object.String() + ": " + c.Owner }

// Key returns the object as it is listed in [Self.Adopt].
func (c Claim) Key() string { return c.Kind + "/" + c.Name }

// lookups is how many objects are looked up at once.
const lookups = 8

// Taken returns those of the objects that exist and that the deployment must not
// make, because they are not its own. What an earlier deployment of the stack
// left on purpose (keep in the stack file) is the stack's.
func Taken(ctx context.Context, c *cluster.Client, self Self, objects []cluster.Object) ([]Claim, error) {
	return claims(ctx, c, objects, func(o *unstructured.Unstructured) bool {
		labels := o.GetLabels()
		switch {
		case o.GetDeletionTimestamp() != nil:
			return true
		case slices.Contains(self.Adopt, o.GetKind()+"/"+o.GetName()):
			return belongsToAnother(self, labels)
		case labels[kube.StackLabel] != self.Stack || labels[kube.AdoptedLabel] != "":
			return true
		default:
			return belongsToAnother(self, labels)
		}
	})
}

// Lost returns those of the objects in the state of the deployment that by now
// bear the mark of another one.
func Lost(ctx context.Context, c *cluster.Client, self Self, objects []cluster.Object) ([]Claim, error) {
	return claims(ctx, c, objects, func(o *unstructured.Unstructured) bool {
		return belongsToAnother(self, o.GetLabels())
	})
}

func belongsToAnother(self Self, labels map[string]string) bool {
	deployment := labels[kube.DeploymentLabel]
	return deployment != "" && deployment != self.Deployment
}

// Known is an object that the state lists, with the UID that the cluster gave it.
type Known struct {
	cluster.Object
	UID string
}

// Remains reports whether at least one of the objects is still there: not only its
// name, which another cluster may have too.
func Remains(ctx context.Context, c *cluster.Client, objects []Known) (bool, error) {
	for _, known := range objects {
		live, err := get(ctx, c, known.Object)
		if err != nil || live != nil && string(live.GetUID()) == known.UID {
			return err == nil, err
		}
	}
	return false, nil
}

// claims looks objects up and returns those that exist and are foreign.
func claims(ctx context.Context, c *cluster.Client, objects []cluster.Object, foreign func(*unstructured.Unstructured) bool) ([]Claim, error) {
	found := make([]*Claim, len(objects))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(lookups)
	for i, object := range objects {
		group.Go(func() error {
			live, err := get(ctx, c, object)
			if err == nil && live != nil && foreign(live) {
				claim := claimOf(live)
				claim.Object = object
				found[i] = &claim
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var all []Claim
	for _, claim := range found {
		if claim != nil {
			all = append(all, *claim)
		}
	}
	slices.SortFunc(all, func(a, b Claim) int { return cmp.Compare(a.Object.String(), b.Object.String()) })
	return all, nil
}

// Find returns an object of the deployment, or one that its stack keeps, nil if
// there is none. With a prefix, the object is the deployment's only one of its kind
// whose name begins with it.
func Find(ctx context.Context, c *cluster.Client, self Self, object cluster.Object, prefix string) (*unstructured.Unstructured, error) {
	if prefix != "" {
		return findNamed(ctx, c, self, object, prefix)
	}
	live, err := get(ctx, c, object)
	if err != nil || live == nil {
		return nil, err
	}
	if labels := live.GetLabels(); labels[kube.StackLabel] != self.Stack || belongsToAnother(self, labels) {
		return nil, nil
	}
	return live, nil
}

func findNamed(ctx context.Context, c *cluster.Client, self Self, object cluster.Object, prefix string) (*unstructured.Unstructured, error) {
	objects, known, err := c.Resource(object.APIVersion, object.Kind, object.Namespace)
	if err != nil || !known {
		return nil, err
	}
	list, err := objects.List(ctx, metav1.ListOptions{LabelSelector: kube.DeploymentLabel + "=" + self.Deployment})
	if err != nil {
		return nil, fmt.Errorf("looking for the %s %s…: %w", object.Kind, prefix, err)
	}
	var found []*unstructured.Unstructured
	for i := range list.Items {
		if strings.HasPrefix(list.Items[i].GetName(), prefix) {
			found = append(found, &list.Items[i])
		}
	}
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return found[0], nil
	default:
		return nil, fmt.Errorf("there are %d objects %s %s…: remove those that nothing uses", len(found), object.Kind, prefix)
	}
}

// get returns an object, nil if it does not exist.
func get(ctx context.Context, c *cluster.Client, object cluster.Object) (*unstructured.Unstructured, error) {
	objects, known, err := c.Resource(object.APIVersion, object.Kind, object.Namespace)
	if err != nil || !known {
		return nil, err
	}
	live, err := objects.Get(ctx, object.Name, metav1.GetOptions{})
	if errors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking up the %s: %w", object, err)
	}
	return live, nil
}

func claimOf(o *unstructured.Unstructured) Claim {
	labels := o.GetLabels()
	return Claim{
		Object: cluster.Object{APIVersion: o.GetAPIVersion(), Kind: o.GetKind(), Namespace: o.GetNamespace(), Name: o.GetName()},
		Stack:  labels[kube.StackLabel], Deployment: labels[kube.DeploymentLabel],
		Owner: ownerOf(o), Deleting: o.GetDeletionTimestamp() != nil,
	}
}

// marksOfOthers are the labels and annotations by which other tools mark what is
// theirs, with the words for it.
var marksOfOthers = []struct{ key, words string }{
	{"meta.helm.sh/release-name", "Helm release"},
	{"argocd.argoproj.io/instance", "Argo CD application"},
	{"kustomize.toolkit.fluxcd.io/name", "Flux kustomization"},
	{"helm.toolkit.fluxcd.io/name", "Flux Helm release"},
	{"app.kubernetes.io/managed-by", "managed by"},
}

// ownerOf says whose an object is, as far as it tells.
func ownerOf(o *unstructured.Unstructured) string {
	labels, annotations := o.GetLabels(), o.GetAnnotations()
	since := ", since " + o.GetCreationTimestamp().UTC().Format("2006-01-02 15:04 MST")
	switch {
	case o.GetDeletionTimestamp() != nil:
		return "it is being deleted"
	case labels[kube.AdoptedLabel] != "":
		return "stack " + labels[kube.StackLabel] + " had adopted it" + since
	case labels[kube.DeploymentLabel] != "":
		return "stack " + labels[kube.StackLabel] + ", deployment " + labels[kube.DeploymentLabel] + since
	case labels[kube.StackLabel] != "":
		return "stack " + labels[kube.StackLabel] + " keeps it" + since
	}
	for _, mark := range marksOfOthers {
		if value := cmp.Or(annotations[mark.key], labels[mark.key]); value != "" {
			return mark.words + " " + value + since
		}
	}
	var managers []string
	for _, entry := range o.GetManagedFields() {
		if entry.Subresource == "" && !slices.Contains(managers, entry.Manager) {
			managers = append(managers, entry.Manager)
		}
	}
	if len(managers) == 0 {
		return "unknown" + since
	}
	return "made with " + strings.Join(managers, ", ") + since
}
