package kube

import (
	"strconv"
	"strings"
	"time"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Annotations that the provider reads.
const (
	// ManagerAnnotation names the field manager of an object, see [Manager].
	ManagerAnnotation = "pulumi.com/patchFieldManager"
	// SkipAwaitAnnotation makes the provider not wait until an object is ready.
	SkipAwaitAnnotation = "pulumi.com/skipAwait"
	// timeoutAnnotation is how many seconds the provider waits until it is.
	timeoutAnnotation = "pulumi.com/timeoutSeconds"
	// ForceAnnotation makes the provider take over fields that others manage.
	ForceAnnotation = "pulumi.com/patchForce"
)

// Manager returns the field manager of every object of a stack. By default the
// provider uses a new one for each object that it makes, and a run that resumes
// a killed one would conflict with objects that the killed run made but did not
// record.
func Manager(ctx *pulumi.Context) string { return ctx.Project() + "-" + ctx.Stack() }

// Meta describes the metadata of an object.
type Meta struct {
	// Name in the cluster. Default one that the engine generates: a change that
	// replaces the object then makes the new one before it removes the old.
	Name string
	// Namespace of the object. Default none, for cluster-wide objects.
	Namespace pulumi.StringInput
	// Labels of the object. Default none.
	Labels map[string]string
	// Annotations of the object, besides those of the provider. Default none.
	Annotations map[string]string
	// SkipAwait makes the provider not wait until the object is ready.
	SkipAwait bool
	// Timeout is how long the provider waits instead. Default that of the kind.
	Timeout time.Duration
}

// Args returns the metadata for the SDK, with the stack's field manager.
func (m Meta) Args(ctx *pulumi.Context) *metav1.ObjectMetaArgs {
	annotations := pulumi.ToStringMap(m.Annotations)
	annotations[ManagerAnnotation] = pulumi.String(Manager(ctx))
	if m.SkipAwait {
		annotations[SkipAwaitAnnotation] = pulumi.String("true")
	}
	if m.Timeout > 0 {
		annotations[timeoutAnnotation] = pulumi.String(strconv.Itoa(int(m.Timeout.Seconds())))
	}
	for name, value := range m.Annotations {
		annotations[name] = pulumi.String(value)
	}
	args := &metav1.ObjectMetaArgs{Annotations: annotations}
	if m.Name != "" {
		args.Name = pulumi.String(m.Name)
	}
	if m.Namespace != nil {
		args.Namespace = m.Namespace.ToStringOutput().ToStringPtrOutput()
	}
	if len(m.Labels) > 0 {
		args.Labels = pulumi.ToStringMap(m.Labels)
	}
	return args
}

// Token returns the type token of a kind, "kubernetes:apps/v1:Deployment".
func Token(apiVersion, kind string) string {
	if !strings.Contains(apiVersion, "/") {
		apiVersion = "core/" + apiVersion
	}
	return "kubernetes:" + apiVersion + ":" + kind
}
