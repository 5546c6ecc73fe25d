package dapr

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
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

// ResiliencyArgs are the arguments of [NewResiliency].
type ResiliencyArgs struct {
	// Name of the object. Required.
	Name string
	// Namespace of the applications. Required.
	Namespace pulumi.StringInput
	// Inbound is the delivery of each pub/sub, by its name. Required.
	Inbound map[string]Delivery
	// After must exist before the object is made. Default nothing.
	After []pulumi.Resource
}

func (a *ResiliencyArgs) check() error {
	if a == nil || a.Name == "" || a.Namespace == nil || len(a.Inbound) == 0 {
		return errors.New("name, namespace and at least one delivery are required")
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

// resiliency names one retry policy and one timeout after each pub/sub and uses
// them for its inbound direction. A target that names no policy of the same
// object silently has none, so both are written here, from one map.
func resiliency(args *ResiliencyArgs) object {
	retries, timeouts, targets := pulumi.Map{}, pulumi.Map{}, pulumi.Map{}
	for _, name := range slices.Sorted(maps.Keys(args.Inbound)) {
		retries[name] = retry(args.Inbound[name])
		timeouts[name] = pulumi.String(args.Inbound[name].HandlerTimeout.String())
		targets[name] = pulumi.Map{"inbound": pulumi.Map{
			"retry": pulumi.String(name), "timeout": pulumi.String(name),
		}}
	}
	return object{
		apiVersion: v1alpha1, kind: "Resiliency", name: args.Name, namespace: args.Namespace,
		spec: pulumi.Map{
			"policies": pulumi.Map{"retries": retries, "timeouts": timeouts},
			"targets":  pulumi.Map{"components": targets},
		},
	}
}

func retry(d Delivery) pulumi.Map {
	policy := pulumi.Map{"policy": pulumi.String(d.Policy), "maxRetries": pulumi.Int(d.MaxRetries)}
	if d.Policy == "exponential" {
		policy["maxInterval"] = pulumi.String(d.Interval.String())
	} else {
		policy["duration"] = pulumi.String(d.Interval.String())
	}
	return policy
}
