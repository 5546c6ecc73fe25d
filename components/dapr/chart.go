package dapr

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/daprstack/daprstack/components/kube"
)

// chartObjects holds the objects of the chart, in the order in which they are
// made.
type chartObjects struct {
	crds     []unstructured.Unstructured
	settings []unstructured.Unstructured // what the services run with
	gates    []unstructured.Unstructured // the services that are awaited
	services []unstructured.Unstructured // the other ones

	// public is what the chart renders without the secret values, by the object's
	// identity; nil if no value is secret.
	public map[string]map[string]any
}

// gates are the services that are awaited: no Dapr object and no pod with a
// sidecar can be made before they serve. Awaiting all of them would occupy every
// slot of a small machine while what they wait for is still queued.
var gates = []string{"dapr-operator", injector}

const injector = "dapr-sidecar-injector"

func (c *chartObjects) add(o unstructured.Unstructured) {
	switch kind := o.GetKind(); {
	case kind == "CustomResourceDefinition":
		c.crds = append(c.crds, o)
	case kind == "Deployment" && slices.Contains(gates, o.GetName()):
		c.gates = append(c.gates, o)
	case kind == "Deployment" || kind == "StatefulSet":
		c.services = append(c.services, o)
	default:
		c.settings = append(c.settings, o)
	}
}

// injectorEnv returns the variables of the injector, which shape the sidecars
// that it adds.
func (c *chartObjects) injectorEnv() (env []any) {
	for _, o := range c.gates {
		containers, _, _ := unstructured.NestedSlice(o.Object, "spec", "template", "spec", "containers")
		for _, container := range containers {
			if fields, ok := container.(map[string]any); ok && o.GetName() == injector {
				env = append(env, fields["env"])
			}
		}
	}
	return env
}

// render returns the objects of the chart as Helm renders them, without making
// any.
func render(ctx *pulumi.Context, args *ControlPlaneArgs, parent pulumi.Resource) (*chartObjects, error) {
	rendered, err := template(ctx, args, parent)
	if err != nil {
		return nil, err
	}
	objects := &chartObjects{}
	for _, o := range rendered {
		objects.add(o)
	}
	if !args.SecretValues || len(args.Values) == 0 {
		return objects, nil
	}
	// What depends on the secret values is what is different without them. A chart
	// that cannot do without them has nothing that is known not to depend on them.
	public := *args
	public.Values = nil
	objects.public = map[string]map[string]any{}
	if rendered, err = template(ctx, &public, parent); err == nil {
		for _, o := range rendered {
			objects.public[identity(o)] = o.Object
		}
	}
	return objects, nil
}

// identity tells the objects of a chart apart.
func identity(o unstructured.Unstructured) string {
	return o.GetKind() + " " + o.GetNamespace() + "/" + o.GetName()
}

// template calls the provider of the parent, which includes Helm, so that the
// program need not (docs/adr/0006).
func template(ctx *pulumi.Context, args *ControlPlaneArgs, parent pulumi.Resource) ([]unstructured.Unstructured, error) {
	options, err := json.Marshal(chartOptions(args))
	if err != nil {
		return nil, fmt.Errorf("writing the values of Dapr's chart: %w", err)
	}
	request := struct {
		Options string `pulumi:"jsonOpts"`
	}{string(options)}
	var answer struct {
		Result []map[string]any `pulumi:"result"`
	}
	if err := ctx.Invoke("kubernetes:helm:template", &request, &answer, pulumi.Parent(parent)); err != nil {
		return nil, fmt.Errorf("rendering Dapr's chart: %w", err)
	}
	objects := make([]unstructured.Unstructured, len(answer.Result))
	for i, object := range answer.Result {
		objects[i].Object = object
	}
	return objects, nil
}

// chartOptions returns the options of that function of the provider
// (HelmChartOpts in its invoke_helm_template.go).
func chartOptions(args *ControlPlaneArgs) map[string]any {
	options := map[string]any{
		"release_name": "dapr", // the objects of the chart have names of their own
		"namespace":    args.Namespace,
		"values":       chartValues(args),
	}
	if args.ChartPath == "" {
		options["chart"], options["version"] = "dapr", args.Version
		options["fetch_opts"] = map[string]any{"repo": args.ChartRepository}
		return options
	}
	path := filepath.Clean(args.ChartPath)
	options["path"], options["chart"] = filepath.Dir(path), filepath.Base(path)
	return options
}

// chart registers objects of the chart.
type chart struct {
	ctx       *pulumi.Context
	name      string
	plane     *ControlPlane
	namespace string
	authority *Authority
	public    map[string]map[string]any // see chartObjects
}

// register registers objects as resources. With await, the engine waits until
// they are ready.
func (c *chart) register(objects []unstructured.Unstructured, await bool, opts ...pulumi.ResourceOption) ([]pulumi.Resource, error) {
	opts = append(opts, pulumi.Parent(c.plane), c.alias())
	var all []pulumi.Resource
	for _, o := range objects {
		in := c.inputs(o)
		annotate(in, kube.ManagerAnnotation, pulumi.String(kube.Manager(c.ctx)))
		if !await {
			annotate(in, kube.SkipAwaitAnnotation, pulumi.String("true"))
		}
		name := c.name + ":" + strings.TrimPrefix(o.GetNamespace()+"/"+o.GetName(), "/")
		made := &pulumi.CustomResourceState{}
		if err := c.ctx.RegisterResource(kube.Token(o.GetAPIVersion(), o.GetKind()), name, in, made, opts...); err != nil {
			return nil, fmt.Errorf("making the %s %s of Dapr's chart: %w", o.GetKind(), o.GetName(), err)
		}
		all = append(all, made)
	}
	return all, nil
}

// alias names the parent of the objects from when a Chart resource registered
// them, so that a running stack keeps them.
func (c *chart) alias() pulumi.ResourceOption {
	return pulumi.Aliases([]pulumi.Alias{{ParentURN: pulumi.CreateURN(
		pulumi.String(c.name), pulumi.String("kubernetes:helm.sh/v4:Chart"), c.plane.URN().ToStringOutput(),
		pulumi.String(c.ctx.Project()), pulumi.String(c.ctx.Stack()),
	)}})
}

// inputs returns the inputs of an object: as rendered, with what comes from the
// certificate authority filled in.
func (c *chart) inputs(o unstructured.Unstructured) pulumi.Map {
	in := kube.Fields(o.Object)
	if c.public != nil {
		hide(in, o.Object, withIdentity(o, c.public[identity(o)]))
	}
	if template, ok := at(in, "spec", "template"); ok {
		annotate(template, rootAnnotation, digest(pulumi.Array{c.authority.Root}))
	}
	switch o.GetKind() + " " + o.GetName() {
	case "Secret " + trustBundle:
		in["stringData"] = pulumi.ToSecret(pulumi.StringMap{
			"ca.crt": c.authority.Root, "issuer.crt": c.authority.Issuer, "issuer.key": c.authority.IssuerKey,
		})
	case "ConfigMap " + trustBundle:
		in["data"] = pulumi.StringMap{"ca.crt": c.authority.Root}
	case "CustomResourceDefinition subscriptions.dapr.io":
		c.completeConversion(in)
	}
	return in
}

// rootAnnotation replaces the pods of the control plane when they get another
// root. They would read it by themselves, but only once the kubelet has brought
// it, and until then the injector would give the old one to new pods, which would
// crash for ever.
const rootAnnotation = "daprstack.io/root"

// trustBundle names the Secret from which sentry reads the authority, and the
// ConfigMap from which the services read its root.
const trustBundle = "dapr-trust-bundle"

// completeConversion fills in what the operator would patch into the CRD when it
// starts. That patch would end its own watch of Subscriptions, and it would miss
// new ones for some seconds.
func (c *chart) completeConversion(crd pulumi.Map) {
	client, ok := at(crd, "spec", "conversion", "webhook", "clientConfig")
	if !ok {
		return // a version of Dapr without a conversion
	}
	client["caBundle"] = c.authority.Root.ApplyT(func(pem string) string {
		return base64.StdEncoding.EncodeToString([]byte(pem))
	}).(pulumi.StringOutput)
	if service, ok := at(client, "service"); ok {
		service["namespace"] = pulumi.String(c.namespace)
	}
}

// at returns the map at a path, and false if there is none.
func at(m pulumi.Map, path ...string) (pulumi.Map, bool) {
	for _, key := range path {
		var ok bool
		if m, ok = m[key].(pulumi.Map); !ok {
			return nil, false
		}
	}
	return m, true
}

// hide makes secrets of the inputs that differ from what is public.
func hide(in pulumi.Map, object, public map[string]any) {
	for key, value := range object {
		given, kept := in[key]
		below, isMap := given.(pulumi.Map)
		known, isPublic := public[key].(map[string]any)
		switch {
		case isMap && isPublic:
			hide(below, value.(map[string]any), known)
		case kept && !reflect.DeepEqual(value, public[key]):
			in[key] = pulumi.ToSecret(given)
		}
	}
}

// withIdentity returns what is public of an object, with what the engine has to
// see of every object: what it is.
func withIdentity(o unstructured.Unstructured, public map[string]any) map[string]any {
	all := map[string]any{"apiVersion": o.GetAPIVersion(), "kind": o.GetKind()}
	metadata := map[string]any{"name": o.GetName(), "namespace": o.GetNamespace()}
	maps.Copy(all, public)
	if known, ok := public["metadata"].(map[string]any); ok {
		maps.Copy(metadata, known)
	}
	all["metadata"] = metadata
	return all
}

// annotate adds an annotation to the inputs of an object.
func annotate(object pulumi.Map, key string, value pulumi.StringInput) {
	metadata, ok := at(object, "metadata")
	if !ok {
		metadata = pulumi.Map{}
		object["metadata"] = metadata
	}
	annotations, ok := at(metadata, "annotations")
	if !ok {
		annotations = pulumi.Map{}
		metadata["annotations"] = annotations
	}
	annotations[key] = value
}
