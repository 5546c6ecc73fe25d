package kube

import (
	"fmt"
	"maps"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Object is one registered Kubernetes object.
type Object struct {
	pulumi.CustomResourceState

	// Metadata of the object as the cluster has it.
	Metadata pulumi.MapOutput `pulumi:"metadata"`
}

// Name is the object's name in the cluster, also where the engine chose it. To
// refer to an object by it is to depend on the object.
func (o *Object) Name() pulumi.StringOutput {
	return o.Metadata.ApplyT(func(metadata map[string]any) string {
		name, _ := metadata["name"].(string)
		return name
	}).(pulumi.StringOutput)
}

// Manifest is a Kubernetes object to be.
type Manifest struct {
	// APIVersion and Kind, "v1" and "Secret". Required.
	APIVersion, Kind string
	// Name in the cluster. Default one that the engine makes up: a change that
	// replaces the object then makes the new one before it removes the old.
	Name string
	// Namespace of the object. Default none, for cluster-wide objects.
	Namespace pulumi.StringInput
	// Labels and Annotations. Default none.
	Labels, Annotations map[string]string
	// Fields are all others: spec, data, scopes.
	Fields pulumi.Map
}

// Type is the object's type token, "kubernetes:apps/v1:Deployment".
func (m Manifest) Type() string {
	group := m.APIVersion
	if !strings.Contains(group, "/") {
		group = "core/" + group
	}
	return "kubernetes:" + group + ":" + m.Kind
}

// ManagerAnnotation names the field manager of an object, see [Manager].
const ManagerAnnotation = "pulumi.com/patchFieldManager"

// Manager is the field manager of every object of a stack. By default the
// provider takes a new one for each object that it makes, and a run that goes on
// from one that was killed would come into conflict with what that one made and
// could not write down any more.
func Manager(ctx *pulumi.Context) string { return ctx.Project() + "-" + ctx.Stack() }

// Register makes the object.
func (m Manifest) Register(ctx *pulumi.Context, name string, opts ...pulumi.ResourceOption) (*Object, error) {
	object := &Object{}
	m.Annotations = maps.Clone(m.Annotations)
	if m.Annotations == nil {
		m.Annotations = map[string]string{}
	}
	m.Annotations[ManagerAnnotation] = Manager(ctx)
	if err := ctx.RegisterResource(m.Type(), name, m.inputs(), object, opts...); err != nil {
		return nil, fmt.Errorf("making the %s %q: %w", m.Kind, name, err)
	}
	return object, nil
}

func (m Manifest) inputs() pulumi.Map {
	metadata := pulumi.Map{}
	if m.Name != "" {
		metadata["name"] = pulumi.String(m.Name)
	}
	if m.Namespace != nil {
		metadata["namespace"] = m.Namespace
	}
	if len(m.Labels) > 0 {
		metadata["labels"] = pulumi.ToStringMap(m.Labels)
	}
	if len(m.Annotations) > 0 {
		metadata["annotations"] = pulumi.ToStringMap(m.Annotations)
	}
	inputs := pulumi.Map{
		"apiVersion": pulumi.String(m.APIVersion), "kind": pulumi.String(m.Kind), "metadata": metadata,
	}
	for key, value := range m.Fields {
		inputs[key] = value
	}
	return inputs
}

// skipAwait makes the provider not wait for an object.
var skipAwait = map[string]string{"pulumi.com/skipAwait": "true"}

// Namespace is the manifest of a namespace.
func Namespace(name string) Manifest {
	return Manifest{APIVersion: "v1", Kind: "Namespace", Name: name}
}

// Secret is the manifest of a Secret without a name of its own.
func Secret(namespace pulumi.StringInput, data pulumi.StringMap) Manifest {
	return Manifest{
		APIVersion: "v1", Kind: "Secret", Namespace: namespace,
		Fields: pulumi.Map{"stringData": pulumi.ToSecret(data)},
	}
}

// ServiceAccount is the manifest of a ServiceAccount without a token.
func ServiceAccount(name string, namespace pulumi.StringInput, labels map[string]string) Manifest {
	return Manifest{
		APIVersion: "v1", Kind: "ServiceAccount", Name: name, Namespace: namespace, Labels: labels,
		Fields: pulumi.Map{"automountServiceAccountToken": pulumi.Bool(false)},
	}
}

// Port is a port of a container or of a Service.
type Port struct {
	Name   string
	Number int
}

// Service is the manifest of a Service in front of the pods with the labels. It
// is not waited for: that takes ten seconds and says no more than the readiness
// of the pods.
func Service(name string, namespace pulumi.StringInput, labels map[string]string, ports []Port) Manifest {
	list := make(pulumi.MapArray, len(ports))
	for i, p := range ports {
		list[i] = pulumi.Map{
			"name": pulumi.String(p.Name), "port": pulumi.Int(p.Number), "targetPort": pulumi.String(p.Name),
		}
	}
	return Manifest{
		APIVersion: "v1", Kind: "Service", Name: name, Namespace: namespace, Labels: labels, Annotations: skipAwait,
		Fields: pulumi.Map{"spec": pulumi.Map{"selector": pulumi.ToStringMap(labels), "ports": list}},
	}
}

// Claim is the manifest of a volume claim without a name of its own, for one pod
// at a time. It is not waited for: it may rightly be unbound until its first
// pod. Without a class it takes the cluster's default one.
func Claim(namespace pulumi.StringInput, labels map[string]string, size, class string) Manifest {
	spec := pulumi.Map{
		"accessModes": pulumi.ToStringArray([]string{"ReadWriteOnce"}),
		"resources":   pulumi.Map{"requests": pulumi.Map{"storage": pulumi.String(size)}},
	}
	if class != "" {
		spec["storageClassName"] = pulumi.String(class)
	}
	return Manifest{
		APIVersion: "v1", Kind: "PersistentVolumeClaim", Namespace: namespace, Labels: labels, Annotations: skipAwait,
		Fields: pulumi.Map{"spec": spec},
	}
}
