package dapr

import (
	"errors"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/components/kube"
)

// ControlPlaneType is the type token of [ControlPlane].
const ControlPlaneType = "daprstack:dapr:ControlPlane"

// ControlPlaneArgs are the arguments of [NewControlPlane].
type ControlPlaneArgs struct {
	// Namespace to make for the control plane. Required.
	Namespace string
	// Version of the chart and of the images. Required.
	Version string
	// ChartPath is a local chart, used instead of ChartRepository.
	ChartPath string
	// ChartRepository is the Helm repository. Required without ChartPath.
	ChartRepository string
	// Values are further Helm values, merged over those of this package. Default
	// none.
	Values map[string]any
	// SecretValues makes a secret of whatever the chart renders from Values, for
	// values of which at least one is secret. Default false.
	SecretValues bool
	// Authority signs the certificates of the control plane and of the sidecars.
	// Required.
	Authority *Authority
	// HA runs three replicas of every service. Default false.
	HA bool
	// MTLS encrypts and authenticates the traffic between sidecars.
	MTLS bool
	// LogLevel of the services. Required.
	LogLevel string
	// SchedulerInMemory, or the size and class of the scheduler's volumes.
	SchedulerInMemory                       bool
	SchedulerStorage, SchedulerStorageClass string
	// RetainNamespace and RetainCRDs leave them behind on destroy. Default false.
	RetainNamespace, RetainCRDs bool
	// ProtectNamespace makes the engine refuse to delete the namespace, which holds
	// the jobs and reminders of the scheduler. Default false.
	ProtectNamespace bool
}

func (a *ControlPlaneArgs) check() error {
	switch {
	case a == nil:
		return errors.New("arguments are required")
	case a.Namespace == "" || a.Version == "" || a.LogLevel == "":
		return errors.New("namespace, version and log level are required")
	case a.ChartPath == "" && a.ChartRepository == "":
		return errors.New("a chart is required, by its repository or its path")
	case a.Authority == nil:
		return errors.New("a certificate authority is required")
	}
	return nil
}

// ControlPlane is Dapr's control plane, from its Helm chart.
//
// The chart is rendered, and each of its objects is a resource of its own, in
// this order: the CRDs, the system Configuration and what the services run with,
// the services. Without this order, services that start too early crash and back
// off.
type ControlPlane struct {
	pulumi.ResourceState

	gates []pulumi.Resource
	// reads is what a sidecar gets from the control plane when it starts.
	reads pulumi.Map
}

// NewControlPlane makes a control plane.
func NewControlPlane(ctx *pulumi.Context, name string, args *ControlPlaneArgs, opts ...pulumi.ResourceOption) (*ControlPlane, error) {
	if err := args.check(); err != nil {
		return nil, fmt.Errorf("control plane %q: %w", name, err)
	}
	c := &ControlPlane{}
	if err := ctx.RegisterComponentResource(ControlPlaneType, name, c, opts...); err != nil {
		return nil, fmt.Errorf("registering control plane %q: %w", name, err)
	}
	if err := c.make(ctx, name, args); err != nil {
		return nil, fmt.Errorf("making control plane %q: %w", name, err)
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"namespace": pulumi.String(args.Namespace), "version": pulumi.String(args.Version),
	})
}

func (c *ControlPlane) make(ctx *pulumi.Context, name string, args *ControlPlaneArgs) error {
	objects, err := render(ctx, args, c)
	if err != nil {
		return err
	}
	namespace, err := kube.NewNamespace(ctx, name+"-namespace", args.Namespace,
		pulumi.Parent(c), pulumi.RetainOnDelete(args.RetainNamespace), pulumi.Protect(args.ProtectNamespace))
	if err != nil {
		return fmt.Errorf("making the namespace: %w", err)
	}
	chart := &chart{ctx: ctx, name: name + "-chart", plane: c, namespace: args.Namespace, authority: args.Authority, public: objects.public}
	// What is cluster-wide waits for the namespace too: another deployment of the
	// stack fails there.
	crds, err := chart.register(objects.crds, true, pulumi.RetainOnDelete(args.RetainCRDs), pulumi.DependsOn([]pulumi.Resource{namespace}))
	if err != nil {
		return err
	}
	system := systemConfiguration(args, namespace.Name)
	configuration, err := system.register(ctx, name+"-system", pulumi.Parent(c), pulumi.DependsOn(crds))
	if err != nil {
		return err
	}
	settings, err := chart.register(objects.settings, false, pulumi.DependsOn([]pulumi.Resource{namespace}))
	if err != nil {
		return err
	}
	first := slices.Concat(settings, []pulumi.Resource{namespace, configuration})
	if c.gates, err = chart.register(objects.gates, true, pulumi.DependsOn(first)); err != nil {
		return err
	}
	if _, err = chart.register(objects.services, false, pulumi.DependsOn(first)); err != nil {
		return err
	}
	c.reads = pulumi.Map{
		"injector": pulumi.Any(objects.injectorEnv()), "system": system.spec, "root": args.Authority.Root,
	}
	return nil
}

// Ready returns the resources that exist once pods with a sidecar and Dapr
// objects can be made. The other services come up meanwhile.
func (c *ControlPlane) Ready() []pulumi.Resource { return c.gates }

// trustDomain is the chart's default.
const trustDomain = "cluster.local"

// systemConfiguration returns the Configuration that the control plane itself
// reads.
func systemConfiguration(args *ControlPlaneArgs, namespace pulumi.StringInput) object {
	return object{
		apiVersion: v1alpha1, kind: "Configuration", name: "daprsystem", namespace: namespace,
		spec: pulumi.Map{"mtls": pulumi.Map{
			"enabled":                 pulumi.Bool(args.MTLS),
			"workloadCertTTL":         pulumi.String("24h"),
			"allowedClockSkew":        pulumi.String("15m"),
			"controlPlaneTrustDomain": pulumi.String(trustDomain),
			"sentryAddress":           pulumi.String("dapr-sentry." + args.Namespace + ".svc.cluster.local:443"),
		}},
	}
}
