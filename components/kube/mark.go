package kube

import (
	"reflect"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Labels that tell whose an object is. The provider creates by upsert: without
// them, nobody could tell an object of a stack from one that was there before.
const (
	// StackLabel holds the stack, see [Manager].
	StackLabel = "daprstack.io/stack"
	// DeploymentLabel holds the id of the deployment of the stack, which is as old
	// as its state. An object that outlives the deployment does not bear it.
	DeploymentLabel = "daprstack.io/deployment"
	// AdoptedLabel is "true" on an object that was there before the stack.
	AdoptedLabel = "daprstack.io/adopted"
)

// Marks describes the labels of all objects of a stack.
type Marks struct {
	// Deployment is the id of the deployment. Required.
	Deployment pulumi.StringInput
	// Adopt lists the objects, as Kind/name, that the stack may take over from
	// whoever made them. They stay when the stack is destroyed. Default none.
	Adopt []string
}

// contested are the kinds whose fields an update must not take from others. At its
// namespaces another deployment of the stack has to fail; into the others, parts of
// the control plane write.
var contested = []string{"Namespace", "CustomResourceDefinition", "MutatingWebhookConfiguration"}

// Mark makes a Kubernetes object, or every one of a component, bear the labels. What
// somebody changed by hand in an object, the next update that changes it puts back.
func Mark(ctx *pulumi.Context, marks Marks) pulumi.ResourceOption {
	stack := StackOf(ctx.Project(), ctx.Stack())
	return pulumi.Transformations([]pulumi.ResourceTransformation{func(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
		if !strings.HasPrefix(args.Type, "kubernetes:") {
			return nil
		}
		object, ok := metadataOf(args.Props)
		if !ok {
			return nil
		}
		kind := args.Type[strings.LastIndex(args.Type, ":")+1:]
		object.label(StackLabel, pulumi.String(stack))
		options, err := pulumi.NewResourceOptions(args.Opts...)
		kept := err == nil && options.RetainOnDelete
		switch {
		case slices.Contains(marks.Adopt, kind+"/"+object.name()):
			object.label(AdoptedLabel, pulumi.String("true"))
			object.annotate(ForceAnnotation, pulumi.String("true"))
			return &pulumi.ResourceTransformationResult{Props: args.Props, Opts: append(slices.Clone(args.Opts), pulumi.RetainOnDelete(true))}
		case kept:
		default:
			object.label(DeploymentLabel, marks.Deployment)
		}
		if !slices.Contains(contested, kind) {
			object.annotate(ForceAnnotation, pulumi.String("true"))
		}
		return &pulumi.ResourceTransformationResult{Props: args.Props, Opts: args.Opts}
	}})
}

// StackOf returns the value of [StackLabel]: project-stack, cut to the length of a
// label.
func StackOf(project, stack string) string {
	name := project + "-" + stack
	return strings.Trim(name[:min(len(name), 63)], "-_.")
}

// metadata is the metadata of an object in the form in which it is registered.
type metadata struct {
	typed *metav1.ObjectMetaArgs
	plain pulumi.Map
}

// metadataOf returns the metadata of the inputs of an object, and makes it where
// there is none. It reports false for inputs of another form.
func metadataOf(props pulumi.Input) (metadata, bool) {
	switch object := props.(type) {
	case pulumi.Map: // an object of a chart
		return metadata{plain: mapIn(object, "metadata")}, true
	case kubernetes.UntypedArgs: // a custom resource
		typed, ok := object["metadata"].(*metav1.ObjectMetaArgs)
		return metadata{typed: typed}, ok
	}
	args := reflect.Indirect(reflect.ValueOf(props))
	if args.Kind() != reflect.Struct {
		return metadata{}, false
	}
	field := args.FieldByName("Metadata")
	if !field.IsValid() {
		return metadata{}, false
	}
	if field.IsNil() {
		field.Set(reflect.ValueOf(&metav1.ObjectMetaArgs{}))
	}
	typed, ok := field.Interface().(*metav1.ObjectMetaArgs)
	return metadata{typed: typed}, ok
}

// name returns the name, "" if the engine generates it.
func (m metadata) name() string {
	var name pulumi.Input
	if m.typed != nil {
		name = m.typed.Name
	} else {
		name = m.plain["name"]
	}
	text, _ := name.(pulumi.String)
	return string(text)
}

func (m metadata) label(key string, value pulumi.StringInput) {
	if m.typed == nil {
		mapIn(m.plain, "labels")[key] = value
		return
	}
	m.typed.Labels = with(m.typed.Labels, key, value)
}

func (m metadata) annotate(key string, value pulumi.StringInput) {
	if m.typed == nil {
		mapIn(m.plain, "annotations")[key] = value
		return
	}
	m.typed.Annotations = with(m.typed.Annotations, key, value)
}

// with returns the map with one more value.
func with(m pulumi.StringMapInput, key string, value pulumi.StringInput) pulumi.StringMap {
	all := pulumi.StringMap{}
	if m, ok := m.(pulumi.StringMap); ok {
		for k, v := range m {
			all[k] = v
		}
	}
	all[key] = value
	return all
}

// mapIn returns the map under a key, and makes it where there is none.
func mapIn(m pulumi.Map, key string) pulumi.Map {
	if inner, ok := m[key].(pulumi.Map); ok {
		return inner
	}
	inner := pulumi.Map{}
	m[key] = inner
	return inner
}
