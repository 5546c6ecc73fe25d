package dapr

import (
	"errors"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/config/rules"
)

// ConfigurationType is the type token of [Configuration].
const ConfigurationType = "daprstack:dapr:Configuration"

// ConfigurationArgs are the arguments of [NewConfiguration].
type ConfigurationArgs struct {
	// Name of the object, to which the sidecars refer (S-09). Required.
	Name string
	// Namespace of the applications. Required.
	Namespace pulumi.StringInput
	// SamplingRate is the share of traces that is kept, "0" to "1". Default "0".
	SamplingRate string
	// Otel is the address of an OpenTelemetry collector, OTLP over gRPC. Default
	// none.
	Otel string
	// Access says who may invoke the app. It needs mTLS to know the callers.
	// Default anybody.
	Access *Access
	// After must exist before the object is made. Default nothing.
	After []pulumi.Resource
}

func (a *ConfigurationArgs) check() error {
	if a == nil || a.Name == "" || a.Namespace == nil {
		return errors.New("a name and a namespace are required")
	}
	return nil
}

// Access restricts who may invoke the app through its sidecar. Everybody else
// gets a 403.
type Access struct {
	// Callers are the apps that may. Default none.
	Callers []Caller
}

// Caller is an app that may invoke another one.
type Caller struct {
	// App is its app-id. Required.
	App string
	// Namespace of the caller. Default that of the app that it invokes.
	Namespace string
	// Operations are all that it may call. Default everything.
	Operations []rules.Operation
}

// Configuration is the Dapr Configuration of sidecars.
type Configuration struct {
	pulumi.ResourceState
	single
}

// NewConfiguration makes a configuration.
func NewConfiguration(ctx *pulumi.Context, name string, args *ConfigurationArgs, opts ...pulumi.ResourceOption) (*Configuration, error) {
	if err := args.check(); err != nil {
		return nil, fmt.Errorf("configuration %q: %w", name, err)
	}
	c := &Configuration{}
	if err := c.make(ctx, c, ConfigurationType, name, "configuration", configuration(args), args.After, opts); err != nil {
		return nil, err
	}
	return c, nil
}

func configuration(args *ConfigurationArgs) object {
	rate := args.SamplingRate
	if rate == "" {
		rate = "0"
	}
	tracing := pulumi.Map{"samplingRate": pulumi.String(rate)}
	if args.Otel != "" {
		tracing["otel"] = pulumi.Map{
			"endpointAddress": pulumi.String(args.Otel), "isSecure": pulumi.Bool(false), "protocol": pulumi.String("grpc"),
		}
	}
	spec := pulumi.Map{
		"tracing": tracing,
		// A sidecar reads its objects when it starts, and only then (ADR 5).
		"features": pulumi.Array{pulumi.Map{"name": pulumi.String("HotReload"), "enabled": pulumi.Bool(false)}},
	}
	if args.Access != nil {
		spec["accessControl"] = accessControl(args)
	}
	return object{
		apiVersion: v1alpha1, kind: "Configuration", name: args.Name, namespace: args.Namespace, spec: spec,
	}
}

// appTrustDomain is the trust domain of the sidecars' certificates: Dapr's
// default for applications (pkg/config).
const appTrustDomain = "public"

func accessControl(args *ConfigurationArgs) pulumi.Map {
	policies := pulumi.Array{}
	for _, c := range args.Access.Callers {
		namespace := args.Namespace
		if c.Namespace != "" {
			namespace = pulumi.String(c.Namespace)
		}
		policy := pulumi.Map{
			"appId": pulumi.String(c.App), "namespace": namespace, "trustDomain": pulumi.String(appTrustDomain),
			"defaultAction": pulumi.String("allow"),
		}
		if len(c.Operations) > 0 {
			policy["defaultAction"] = pulumi.String("deny")
			policy["operations"] = operations(c.Operations)
		}
		policies = append(policies, policy)
	}
	control := pulumi.Map{"defaultAction": pulumi.String("deny"), "trustDomain": pulumi.String(appTrustDomain)}
	if len(policies) > 0 {
		control["policies"] = policies
	}
	return control
}

// operations returns what a caller may call. An operation of an HTTP app without a
// verb would allow nothing.
func operations(all []rules.Operation) pulumi.Array {
	all = slices.Clone(all)
	rules.SortOperations(all)
	list := pulumi.Array{}
	for _, o := range all {
		verbs := o.Verbs
		if len(verbs) == 0 {
			verbs = []string{"*"}
		}
		list = append(list, pulumi.Map{
			"name": pulumi.String(o.Path), "httpVerb": pulumi.ToStringArray(verbs), "action": pulumi.String("allow"),
		})
	}
	return list
}
