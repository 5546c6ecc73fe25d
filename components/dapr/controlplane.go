package dapr

import (
	"errors"
	"fmt"

	helmv4 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/helm/v4"
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
	// First makes what the operator has to find when it starts, and returns it: the
	// Subscriptions. The operator gives the sidecars what it has seen of them, and
	// for some seconds after its start sees no new ones: it changes their CRD, and
	// with that its own watch ends. They can be made after what First is given.
	// Default nothing.
	First func(after []pulumi.Resource) ([]pulumi.Resource, error)
}

func (a *ControlPlaneArgs) check() error {
	switch {
	case a == nil:
		return errors.New("arguments are required")
	case a.Namespace == "" || a.Version == "" || a.LogLevel == "":
		return errors.New("namespace, version and log level are required")
	case a.ChartPath == "" && a.ChartRepository == "":
		return errors.New("a chart is required, by its repository or its path")
	}
	return nil
}

// ControlPlane is Dapr's control plane, from its Helm chart. It is ready when
// the operator and the injector serve; the rest of it comes up meanwhile.
//
// The chart would make the system Configuration in no particular order, and the
// services that start before it crash and back off. Here it is a resource of
// its own, on which the workloads of the chart depend. It is made as soon as its
// CRD is on the way: the provider tries again until the CRD is there, but at
// ever longer intervals, and a chart may take a while to download.
type ControlPlane struct {
	pulumi.ResourceState

	chart *helmv4.Chart
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
	namespace, err := kube.Namespace(args.Namespace).Register(ctx, name+"-namespace",
		pulumi.Parent(c), pulumi.RetainOnDelete(args.RetainNamespace))
	if err != nil {
		return nil, err
	}
	in := namespace.Name()
	crd := newSignal(ctx)
	if err := c.register(ctx, name, args, in, crd); err != nil {
		crd.fail(err)
		return nil, err
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"namespace": in, "version": pulumi.String(args.Version),
	})
}

// register makes the system Configuration, then what else has to be there first,
// then the chart. The first of them waits for the CRD, which the last brings.
func (c *ControlPlane) register(ctx *pulumi.Context, name string, args *ControlPlaneArgs, namespace pulumi.StringOutput, crd *signal) error {
	system, err := systemConfiguration(args, namespace).register(ctx, name+"-system", pulumi.Parent(c), crd.after())
	if err != nil {
		return err
	}
	first := []pulumi.Resource{system}
	if args.First != nil {
		more, err := args.First(first)
		if err != nil {
			return err
		}
		first = append(first, more...)
	}
	c.chart, err = helmv4.NewChart(ctx, name+"-chart", chart(args, namespace), pulumi.Parent(c),
		pulumi.Transforms([]pulumi.ResourceTransform{chartTransform(kube.Manager(ctx), first, crd.give, args.RetainCRDs)}))
	if err != nil {
		return fmt.Errorf("making the chart of control plane %q: %w", name, err)
	}
	crd.giveWith(ctx, c.chart)
	return nil
}

// Ready returns what has to be there before a pod with a sidecar is created, and
// before a Dapr object is: the chart, which is there when its operator and its
// injector serve.
func (c *ControlPlane) Ready() []pulumi.Resource { return []pulumi.Resource{c.chart} }

// releaseName names the Helm release; the objects of the chart have names of
// their own.
const releaseName = "dapr"

func chart(args *ControlPlaneArgs, namespace pulumi.StringInput) *helmv4.ChartArgs {
	c := &helmv4.ChartArgs{
		Name:      pulumi.String(releaseName),
		Namespace: namespace.ToStringOutput().ToStringPtrOutput(),
		Values:    inputs(chartValues(args)),
	}
	if args.ChartPath != "" {
		c.Chart = pulumi.String(args.ChartPath)
		return c
	}
	c.Chart = pulumi.String("dapr")
	c.Version = pulumi.String(args.Version)
	c.RepositoryOpts = &helmv4.RepositoryOptsArgs{Repo: pulumi.String(args.ChartRepository)}
	return c
}

// trustDomain is the one of the chart's defaults.
const trustDomain = "cluster.local"

// systemConfiguration is the Configuration that the control plane itself reads.
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
