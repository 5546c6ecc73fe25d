package app

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	policyv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/policy/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/components/kube"
	"github.com/daprstack/daprstack/components/secrets"
	"github.com/daprstack/daprstack/config/rules"
)

// Type is the type token of [App].
const Type = "daprstack:app:App"

// Variable is one environment variable: a plain value, or a key of a Secret or of a
// ConfigMap.
type Variable struct {
	Name      string
	Value     string
	Secret    *secrets.Ref  // used instead of Value
	ConfigMap *ConfigMapKey // likewise
}

// ConfigMapKey is one key of a ConfigMap of the app's namespace.
type ConfigMapKey struct{ Name, Key string }

// ServiceAccount is who the pods are.
type ServiceAccount struct {
	// Name of a ServiceAccount that is there. Default none: the app gets one of its own.
	Name string
	// Annotations of the app's own. Default none.
	Annotations map[string]string
	// Token mounts the token of the Kubernetes API into the pods. Default false.
	Token bool
}

// Sidecar describes how the app's Dapr sidecar runs.
type Sidecar struct {
	// AppID identifies the app to Dapr (S-01). Required.
	AppID string
	// AppPort is where daprd calls the app (S-04). Default 0: it does not.
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
	// Ports of the container and of the Service; the first is the main one, which is
	// probed unless Unprobed or the pods run to their end. Default none: there is no
	// Service and nothing to probe.
	Ports []kube.Port
	// Unprobed leaves the ports without probes. Default false.
	Unprobed bool
	// Startup is how long the app may take to start, in whole seconds. Default 0: it has
	// no startup probe.
	Startup time.Duration
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
	// Command and Args of the container, which may be secrets. Default those of the
	// image.
	Command, Args pulumi.StringArrayInput
	// Env are its environment variables, in this order. Default none.
	Env []Variable
	// Protocol that the app speaks on its main port, also to the probes: http,
	// https, grpc (gRPC's health service), or grpcs and h2c, where the probes only
	// check that it listens. Default http.
	Protocol string
	// HealthPath of the probes. Required with http and https, if there are probes.
	HealthPath string
	// Resources of the container. Default none.
	Resources kube.Resources
	// User that the container runs as. Required, not root, unless PlatformUser.
	User int
	// PlatformUser leaves the user to the cluster. Default false.
	PlatformUser bool
	// Labels of the pods and of all objects of the app, beside those that select the
	// pods. Default none.
	Labels map[string]string
	// Annotations of the pods, beside those of the sidecar. Default none.
	Annotations map[string]string
	// ServiceAccount of the pods. Default one of the app's own, without a token.
	ServiceAccount ServiceAccount
	// Grace is how long the pod has to end before it is killed, in whole seconds.
	// Default that of Kubernetes, 30s.
	Grace time.Duration
	// Patches are strategic merge patches on the pod template, applied in this order:
	// values of JSON, which may have Inputs of Pulumi among them. Default none.
	Patches []map[string]any
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
	case a.probed() && a.HealthPath == "" && (a.Protocol == "" || strings.HasPrefix(a.Protocol, "http")):
		return errors.New("a health path is required")
	case a.User < 1 && !a.PlatformUser:
		return errors.New("a user other than root is required")
	case a.Sidecar != nil && (a.Sidecar.AppID == "" || a.Sidecar.Config == ""):
		return errors.New("the sidecar needs an app-id and a Configuration")
	case a.Sidecar != nil && a.Sidecar.Options.Err(a.Grace) != nil:
		return a.Sidecar.Options.Err(a.Grace)
	}
	return a.checkKind()
}

// probed reports whether the app has probes of its main port.
func (a *Args) probed() bool { return len(a.Ports) > 0 && !a.Unprobed && !a.Kind.ends() }

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
	if _, err := kube.PatchPod(workload(ctx, args, nil), args.Patches, args.Kind.template()...); err != nil { // before anything is made
		return nil, fmt.Errorf("app %q: %w", name, err)
	}
	a := &App{}
	err := ctx.RegisterComponentResource(Type, name, a, opts...)
	if err != nil {
		return nil, fmt.Errorf("registering app %q: %w", name, err)
	}
	child := pulumi.Parent(a)
	account, err := accountName(ctx, name, args, child)
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
	a.workload, err = newWorkload(ctx, name, args, account, child, pulumi.DependsOn(args.After))
	if err != nil {
		return nil, fmt.Errorf("making the %s of app %q: %w", cmp.Or(args.Kind, Deployment), name, err)
	}
	if err := newAutoscaler(ctx, name, args, child); err != nil {
		return nil, fmt.Errorf("making the autoscaler of app %q: %w", name, err)
	}
	return a, ctx.RegisterResourceOutputs(a, pulumi.Map{"name": pulumi.String(args.Name)})
}

// accountName makes the ServiceAccount of an app, unless it is there already, and
// returns its name.
func accountName(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (pulumi.StringPtrInput, error) {
	if existing := args.ServiceAccount.Name; existing != "" {
		return pulumi.String(existing), nil
	}
	made, err := corev1.NewServiceAccount(ctx, name+"-account", account(ctx, args), opts...)
	if err != nil {
		return nil, err
	}
	return made.Metadata.Name(), nil
}

// Ready returns the resources that exist once the app serves.
func (a *App) Ready() []pulumi.Resource { return []pulumi.Resource{a.workload} }
