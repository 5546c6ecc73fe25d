package app

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	policyv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/policy/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/components/kube"
	"github.com/daprstack/daprstack/components/secrets"
	"github.com/daprstack/daprstack/config/rules"
)

// Type is the type token of [App].
const Type = "daprstack:app:App"

// Variable is one environment variable: a plain value or a key of a Secret.
type Variable struct {
	Name   string
	Value  string
	Secret *secrets.Ref // used instead of Value
}

// Sidecar describes how the app's Dapr sidecar runs.
type Sidecar struct {
	// AppID identifies the app to Dapr (S-01). Required.
	AppID string
	// AppPort is where daprd calls the app (S-04). Required.
	AppPort int
	// Options are the options of daprd (S-12). Default those of Dapr.
	Options rules.SidecarOptions
	// SecretEnv are environment variables of daprd from Secrets that the stack
	// makes, beside those of Options. Default none.
	SecretEnv map[string]secrets.Ref
	// Config names the Configuration (S-09). Required.
	Config string
	// Settings identifies what daprd reads when it starts: a change replaces the
	// pods. Default none.
	Settings pulumi.StringInput
	// Resources of the daprd container. Default none.
	Resources kube.Resources
	// SecretVolumes are volumes of the pod for the option volumeMounts, by name,
	// each with the Secret that it holds. Default none.
	SecretVolumes map[string]string
	// RedisCA is the Secret with the certificate of the authority of Redis, the
	// file ca.crt of the volume [rules.RedisCAVolume]. Default none.
	RedisCA *secrets.Ref
}

// Args are the arguments of [New].
type Args struct {
	// Name of what runs the pods, of the Service and of the ServiceAccount. Required.
	Name string
	// Namespace of the app. Required.
	Namespace pulumi.StringInput
	// Image of the container, and when it is pulled. Required.
	Image, ImagePullPolicy string
	// PullSecrets are Secrets with registry credentials. Default none.
	PullSecrets []string
	// Kind is what runs the pods. Default Deployment.
	Kind Kind
	// Ports of the container and of the Service; the first is the main one, which
	// is probed. Required, unless the pods run to their end.
	Ports []kube.Port
	// Replicas is the number of pods.
	Replicas int
	// Autoscale makes something else set the number of pods, which is never changed
	// then. Default none: it is Replicas.
	Autoscale *Autoscale
	// Disruption bounds how many pods are away while nodes are drained. Default one at a
	// time, for more than one of Replicas.
	Disruption *Disruption
	// NoDisruption makes no such bound. Default false.
	NoDisruption bool
	// Stateful is what a StatefulSet has besides its pods. Default nothing.
	Stateful Stateful
	// Run says how the pods of a Job or CronJob run. Default as Kubernetes does it.
	Run Run
	// Timetable says when the Jobs of a CronJob run. Required for one.
	Timetable Timetable
	// Service is what the Service has besides its pods. Default nothing.
	Service kube.ServiceForm
	// Ingress makes the app reachable from outside the cluster. Default none.
	Ingress *Ingress
	// Route makes the app reachable through a Gateway. Default none.
	Route *Route
	// Args of the container, which may be a secret. Default those of the image.
	Args pulumi.StringArrayInput
	// Env are its environment variables, in this order. Default none.
	Env []Variable
	// Protocol that the app speaks on its main port, also to the probes: http,
	// https, grpc (gRPC's health service), or grpcs and h2c, where the probes only
	// check that it listens. Default http.
	Protocol string
	// HealthPath of the probes. Required with http and https.
	HealthPath string
	// Resources of the container. Default none.
	Resources kube.Resources
	// User that the container runs as. Required, not root.
	User int
	// WritablePaths are directories that it may write to. Default none.
	WritablePaths []string
	// Sidecar is its Dapr sidecar. Default none.
	Sidecar *Sidecar
	// After must exist before a pod starts. Default nothing.
	After []pulumi.Resource
}

func (a *Args) check() error {
	switch {
	case a == nil:
		return errors.New("arguments are required")
	case a.Name == "" || a.Namespace == nil || a.Image == "":
		return errors.New("name, namespace and image are required")
	case len(a.Ports) == 0 && !a.Kind.ends():
		return errors.New("at least one port is required")
	case !a.Kind.ends() && a.HealthPath == "" && (a.Protocol == "" || strings.HasPrefix(a.Protocol, "http")):
		return errors.New("a health path is required")
	case a.User < 1:
		return errors.New("a user other than root is required")
	case a.Sidecar != nil && (a.Sidecar.AppID == "" || a.Sidecar.Config == "" || a.Sidecar.AppPort < 1 && !a.Kind.ends()):
		return errors.New("the sidecar needs an app-id, an app-port and a Configuration")
	case a.Sidecar != nil && a.Sidecar.Options.Err() != nil:
		return a.Sidecar.Options.Err()
	}
	return a.checkKind()
}

// App is one application.
type App struct {
	pulumi.ResourceState

	workload pulumi.Resource
}

// New makes an application.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*App, error) {
	if err := args.check(); err != nil {
		return nil, fmt.Errorf("app %q: %w", name, err)
	}
	a := &App{}
	err := ctx.RegisterComponentResource(Type, name, a, opts...)
	if err != nil {
		return nil, fmt.Errorf("registering app %q: %w", name, err)
	}
	child := pulumi.Parent(a)
	account, err := corev1.NewServiceAccount(ctx, name+"-account", account(ctx, args), child)
	if err != nil {
		return nil, fmt.Errorf("making the ServiceAccount of app %q: %w", name, err)
	}
	if err := newServices(ctx, name, args, child); err != nil {
		return nil, err
	}
	if args.Disruption == nil && args.Autoscale == nil && args.Replicas > 1 {
		args.Disruption = &Disruption{MaxUnavailable: "1"}
	}
	if args.Disruption != nil && !args.NoDisruption && !args.Kind.ends() {
		if _, err := policyv1.NewPodDisruptionBudget(ctx, name+"-budget", budget(ctx, args), child); err != nil {
			return nil, fmt.Errorf("making the PodDisruptionBudget of app %q: %w", name, err)
		}
	}
	a.workload, err = newWorkload(ctx, name, args, account.Metadata.Name(), child, pulumi.DependsOn(args.After))
	if err != nil {
		return nil, fmt.Errorf("making the %s of app %q: %w", cmp.Or(args.Kind, Deployment), name, err)
	}
	if err := newAutoscaler(ctx, name, args, child); err != nil {
		return nil, fmt.Errorf("making the autoscaler of app %q: %w", name, err)
	}
	return a, ctx.RegisterResourceOutputs(a, pulumi.Map{"name": pulumi.String(args.Name)})
}

// Ready returns the resources that exist once the app serves.
func (a *App) Ready() []pulumi.Resource { return []pulumi.Resource{a.workload} }
