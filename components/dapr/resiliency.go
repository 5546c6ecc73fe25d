package dapr

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/config/rules"
)

// ResiliencyType is the type token of [Resiliency].
const ResiliencyType = "daprstack:dapr:Resiliency"

// Delivery describes how the events of one pub/sub are delivered to a handler.
type Delivery struct {
	// Apps are the app-ids that use the pub/sub. Default none.
	Apps []string
	// MaxRetries is how often a failing handler is called again.
	MaxRetries int
	// Policy is constant or exponential.
	Policy string
	// Interval is the wait between two attempts, or the longest one of an
	// exponential policy.
	Interval time.Duration
	// HandlerTimeout is how long one call may take; a slower call has failed.
	HandlerTimeout time.Duration
}

// Policies are named policies in Dapr's form, by kind: timeouts, retries and
// circuitBreakers.
type Policies map[string]map[string]any

// Target is something that policies are for.
type Target struct {
	// Kind is apps, components or actors.
	Kind string
	// Name of the app, the component or the type of actors.
	Name string
	// Apps are the app-ids whose sidecars use the policies. Default all.
	Apps []string
	// Names are those of its policies, in Dapr's form.
	Names map[string]any
}

// ResiliencyArgs are the arguments of [NewResiliency].
type ResiliencyArgs struct {
	// Name of the object. Required.
	Name string
	// Namespace of the applications. Required.
	Namespace pulumi.StringInput
	// Inbound is the delivery of each pub/sub, by its name. Default none.
	Inbound map[string]Delivery
	// Policies are further policies, none with the name of a pub/sub. Default none.
	Policies Policies
	// Targets of those. For a pub/sub with a delivery they add to it. Default none.
	Targets []Target
	// After must exist before the object is made. Default nothing.
	After []pulumi.Resource
}

func (a *ResiliencyArgs) check() error {
	if a == nil || a.Name == "" || a.Namespace == nil || len(a.Inbound)+len(a.Policies) == 0 {
		return errors.New("name, namespace and at least one delivery or policy are required")
	}
	return nil
}

// Resiliency holds the retry policies with which events are delivered. Without
// it the Redis pub/sub acknowledges an event whose handler failed: it is lost.
type Resiliency struct {
	pulumi.ResourceState
	single

	args *ResiliencyArgs
}

// NewResiliency makes a resiliency object.
func NewResiliency(ctx *pulumi.Context, name string, args *ResiliencyArgs, opts ...pulumi.ResourceOption) (*Resiliency, error) {
	if err := args.check(); err != nil {
		return nil, fmt.Errorf("resiliency %q: %w", name, err)
	}
	r := &Resiliency{args: args}
	if err := r.make(ctx, r, ResiliencyType, name, "resiliency", resiliency(args), args.After, opts); err != nil {
		return nil, err
	}
	return r, nil
}

func resiliency(args *ResiliencyArgs) object {
	return object{
		apiVersion: v1alpha1, kind: "Resiliency", name: args.Name, namespace: args.Namespace, spec: pulumi.ToMap(args.spec()),
	}
}

// spec names one retry policy and one timeout after each pub/sub and uses them for
// its inbound direction. A target that names no policy of the same object silently
// has none, so both are written here, from one map.
func (a *ResiliencyArgs) spec() map[string]any {
	policies := map[string]map[string]any{"retries": {}, "timeouts": {}}
	for kind, named := range a.Policies {
		policies[kind] = maps.Clone(named)
	}
	targets := map[string]map[string]any{}
	target := func(kind, name string) map[string]any {
		if targets[kind] == nil {
			targets[kind] = map[string]any{}
		}
		if targets[kind][name] == nil {
			targets[kind][name] = map[string]any{}
		}
		return targets[kind][name].(map[string]any)
	}
	for _, t := range a.Targets {
		maps.Copy(target(t.Kind, t.Name), t.Names)
	}
	for name, delivery := range a.Inbound {
		policies["retries"][name] = retry(delivery)
		policies["timeouts"][name] = delivery.HandlerTimeout.String()
		inbound := map[string]any{"retry": name, "timeout": name}
		component := target("components", name)
		if given, ok := component["inbound"].(map[string]any); ok {
			maps.Copy(inbound, given)
		}
		component["inbound"] = inbound
	}
	maps.DeleteFunc(policies, func(_ string, named map[string]any) bool { return len(named) == 0 })
	return map[string]any{"policies": policies, "targets": targets}
}

func retry(d Delivery) map[string]any {
	policy := map[string]any{"policy": d.Policy, "maxRetries": d.MaxRetries}
	if d.Policy == "exponential" {
		policy["maxInterval"] = d.Interval.String()
	} else {
		policy["duration"] = d.Interval.String()
	}
	return policy
}

// usedBy returns what the sidecar of an app uses of the arguments.
func (a *ResiliencyArgs) usedBy(appID string) *ResiliencyArgs {
	used := *a
	used.Inbound = maps.Clone(a.Inbound)
	maps.DeleteFunc(used.Inbound, func(_ string, d Delivery) bool { return !slices.Contains(d.Apps, appID) })
	used.Targets = slices.DeleteFunc(slices.Clone(a.Targets), func(t Target) bool {
		return t.Apps != nil && !slices.Contains(t.Apps, appID)
	})
	named := map[string]bool{}
	for _, t := range used.Targets {
		namesIn(t.Names, named)
	}
	used.Policies = Policies{}
	for kind, policies := range a.Policies {
		used.Policies[kind] = maps.Clone(policies)
		maps.DeleteFunc(used.Policies[kind], func(name string, _ any) bool {
			return !named[name] && !rules.NeedsNoTarget(name)
		})
	}
	return &used
}

// namesIn collects the names of the policies of a target.
func namesIn(target map[string]any, found map[string]bool) {
	for _, v := range target {
		switch v := v.(type) {
		case string:
			found[v] = true
		case map[string]any:
			namesIn(v, found)
		}
	}
}
