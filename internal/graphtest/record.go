package graphtest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"

	"github.com/daprstack/daprstack/internal/graph"
)

// Sentinel is the value of every random password. A test searches for it where
// no password may be.
const Sentinel = "sentinel-password-3f9c1d"

const (
	project = "daprstack"
	stack   = "test"
)

// custom lists the resource types of the pinned providers and CRDs. Anything
// else that a program registers is a mistake.
var custom = []string{
	"kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy",
	"kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding",
	"kubernetes:apps/v1:Deployment",
	"kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
	"kubernetes:batch/v1:CronJob",
	"kubernetes:batch/v1:Job",
	"kubernetes:core/v1:Namespace",
	"kubernetes:core/v1:PersistentVolumeClaim",
	"kubernetes:core/v1:Secret",
	"kubernetes:core/v1:Service",
	"kubernetes:core/v1:ServiceAccount",
	"kubernetes:dapr.io/v1alpha1:Component",
	"kubernetes:dapr.io/v1alpha1:Configuration",
	"kubernetes:dapr.io/v1alpha1:Resiliency",
	"kubernetes:dapr.io/v2alpha1:Subscription",
	"kubernetes:admissionregistration.k8s.io/v1:MutatingWebhookConfiguration",
	"kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition",
	"kubernetes:apps/v1:StatefulSet",
	"kubernetes:core/v1:ConfigMap",
	"kubernetes:gateway.networking.k8s.io/v1:HTTPRoute",
	"kubernetes:keda.sh/v1alpha1:ScaledObject",
	"kubernetes:keda.sh/v1alpha1:TriggerAuthentication",
	"kubernetes:networking.k8s.io/v1:Ingress",
	"kubernetes:networking.k8s.io/v1:NetworkPolicy",
	"kubernetes:policy/v1:PodDisruptionBudget",
	"kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
	"pulumi:providers:kubernetes",
	"random:index/randomId:RandomId",
	"random:index/randomPassword:RandomPassword",
	"tls:index/certRequest:CertRequest",
	"tls:index/locallySignedCert:LocallySignedCert",
	"tls:index/privateKey:PrivateKey",
	"tls:index/selfSignedCert:SelfSignedCert",
}

// component matches our own component types.
var component = regexp.MustCompile(`^daprstack:[a-z]+:[A-Z][A-Za-z]+$`)

// Option changes how a program is run.
type Option func(*recorder)

// Preview runs the program as in a preview. The mocks cannot carry unknown
// secrets, so what a provider computes is known all the same.
func Preview() Option { return func(r *recorder) { r.preview = true } }

// Hold keeps the resource first from coming up before the resource until is
// registered. It exposes a program that waits for first without need.
func Hold(first, until string) Option {
	return func(r *recorder) { r.held, r.until, r.arrived = first, until, make(chan struct{}) }
}

// Fail makes the engine refuse the resource with that name.
func Fail(name string) Option { return func(r *recorder) { r.failing = name } }

// holdTimeout limits how long a resource is held. Only a program that fails the
// test uses it up.
const holdTimeout = 10 * time.Second

// Run runs a program and returns what it registered. If the program returns an
// error, the graph holds what was registered before it.
func Run(t testing.TB, program pulumi.RunFunc, opts ...Option) (*Graph, error) {
	t.Helper()
	r := &recorder{exports: map[string]any{}}
	for _, opt := range opts {
		opt(r)
	}
	err := r.run(program)
	for _, problem := range r.problems {
		t.Error(problem)
	}
	return newGraph(r.found, r.charts, r.exports), err
}

// Print runs a program and prints the kind and name of each object of the cluster
// that it registered, or its error. It is for examples.
func Print(program pulumi.RunFunc) {
	r := &recorder{exports: map[string]any{}}
	if err := r.run(program); err != nil {
		fmt.Println(err)
		return
	}
	var objects []string
	for _, res := range r.found {
		kind, _, _ := strings.Cut(res.String(), " ")
		if strings.HasPrefix(res.Type, "kubernetes:") {
			objects = append(objects, fmt.Sprint(kind, " ", r.outputs(pulumi.MockResourceArgs{TypeToken: res.Type, Name: res.Name, Inputs: res.Inputs})["metadata"].ObjectValue()["name"].StringValue()))
		}
	}
	slices.Sort(objects)
	for _, object := range objects {
		fmt.Println(object)
	}
}

func (r *recorder) run(program pulumi.RunFunc) error {
	return pulumi.RunErr(func(ctx *pulumi.Context) error {
		if err := program(ctx); err != nil {
			return err
		}
		for name, value := range ctx.GetCurrentExportMap() {
			result, err := internals.UnsafeAwaitOutput(ctx.Context(), pulumi.ToOutput(value))
			if err != nil {
				return fmt.Errorf("output %s: %w", name, err)
			}
			r.exports[name] = result.Value
		}
		return nil
	}, pulumi.WithMocks(project, stack, r), func(info *pulumi.RunInfo) { info.DryRun = r.preview })
}

// recorder is the mock that records registrations.
type recorder struct {
	preview     bool
	held, until string
	failing     string
	arrived     chan struct{}

	mu       sync.Mutex
	found    []*Resource
	exports  map[string]any
	charts   []map[string]any
	problems []string
}

// NewResource implements pulumi.MockResourceMonitor.
func (r *recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	r.record(args)
	if args.Name == r.failing {
		return "", nil, fmt.Errorf("%s failed", args.Name)
	}
	if args.Name == r.held && r.arrived != nil {
		select {
		case <-r.arrived:
		case <-time.After(holdTimeout):
			r.mu.Lock()
			defer r.mu.Unlock()
			r.problems = append(r.problems, fmt.Sprintf("%s is not registered before %s is up", r.until, r.held))
		}
	}
	return args.Name + "-id", r.outputs(args), nil
}

func (r *recorder) record(args pulumi.MockResourceArgs) {
	r.mu.Lock()
	defer r.mu.Unlock()
	res := graph.Of(project, stack, args)
	r.found = append(r.found, res)
	known := slices.Contains(custom, res.Type)
	if !args.Custom && !args.RegisterRPC.GetRemote() {
		known = component.MatchString(res.Type)
	}
	if !known {
		r.problems = append(r.problems, fmt.Sprintf("%s %q: unknown resource type", res.Type, res.Name))
	}
	if args.Name == r.until && r.arrived != nil {
		close(r.arrived)
	}
}

// outputs returns what a provider would: the inputs and the values that it
// computes.
func (r *recorder) outputs(args pulumi.MockResourceArgs) resource.PropertyMap {
	out := args.Inputs.Copy()
	if meta := out["metadata"]; meta.IsObject() {
		m := meta.ObjectValue().Copy()
		if _, named := m["name"]; !named {
			// Auto-naming happens before a preview too.
			m["name"] = resource.NewProperty(args.Name + "-1a2b3c4d")
		}
		out["metadata"] = resource.NewProperty(m)
	}
	computed := func(key, text string) { out[resource.PropertyKey(key)] = resource.NewProperty(text) }
	switch args.TypeToken {
	case "random:index/randomPassword:RandomPassword":
		out["result"] = resource.MakeSecret(resource.NewProperty(Sentinel))
	case "random:index/randomId:RandomId":
		computed("hex", "0123456789abcdef")
	case "tls:index/privateKey:PrivateKey":
		out["privateKeyPem"] = resource.MakeSecret(resource.NewProperty(Sentinel + " of " + args.Name))
	case "tls:index/certRequest:CertRequest":
		computed("certRequestPem", "request "+args.Name)
	case "tls:index/locallySignedCert:LocallySignedCert", "tls:index/selfSignedCert:SelfSignedCert":
		computed("certPem", "certificate "+args.Name)
	}
	return out
}

// Call implements pulumi.MockResourceMonitor. The only function that programs call
// is the provider's, which renders a chart.
func (r *recorder) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	if args.Token != "kubernetes:helm:template" {
		return nil, fmt.Errorf("unexpected call of %s", args.Token)
	}
	var options map[string]any
	if err := json.Unmarshal([]byte(args.Args["jsonOpts"].StringValue()), &options); err != nil {
		return nil, fmt.Errorf("reading the options of %s: %w", args.Token, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.charts = append(r.charts, options)
	return resource.NewPropertyMapFromMap(map[string]any{"result": rendered(options)}), nil
}
