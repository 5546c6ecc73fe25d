package dapr

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/config/rules"
)

// SubscriptionType is the type token of [Subscription].
const SubscriptionType = "daprstack:dapr:Subscription"

// SubscriptionArgs are the arguments of [NewSubscription].
type SubscriptionArgs struct {
	// Namespace of the subscriber. Required.
	Namespace pulumi.StringInput
	// PubSub and Topic are what the app subscribes to. Required.
	PubSub, Topic string
	// App is the app-id of the subscriber. Required.
	App string
	// Path of the handler. Required.
	Path string
	// After must exist before the object is made. Default nothing.
	After []pulumi.Resource
}

func (a *SubscriptionArgs) check() error {
	if a == nil || a.Namespace == nil || a.PubSub == "" || a.Topic == "" || a.App == "" || a.Path == "" {
		return errors.New("namespace, pub/sub, topic, app and path are required")
	}
	return nil
}

// Name returns the name of the Subscription, unique for each subscriber of a
// topic.
func (a *SubscriptionArgs) Name() string { return rules.SubscriptionName(a.PubSub, a.Topic, a.App) }

// Subscription delivers one topic to one app. What the app cannot handle goes to
// a dead-letter topic of its own (E-09).
type Subscription struct {
	pulumi.ResourceState
	single
}

// NewSubscription makes a subscription.
func NewSubscription(ctx *pulumi.Context, name string, args *SubscriptionArgs, opts ...pulumi.ResourceOption) (*Subscription, error) {
	if err := args.check(); err != nil {
		return nil, fmt.Errorf("subscription %q: %w", name, err)
	}
	s := &Subscription{}
	if err := s.make(ctx, s, SubscriptionType, name, "subscription", subscription(args), args.After, opts); err != nil {
		return nil, err
	}
	return s, nil
}

// subscription returns an object with a default route and no rules: an event
// that matches no rule would be dropped.
func subscription(args *SubscriptionArgs) object {
	return object{
		apiVersion: v2alpha1, kind: "Subscription", name: args.Name(), namespace: args.Namespace,
		scopes: []string{args.App},
		spec: pulumi.Map{
			"pubsubname":      pulumi.String(args.PubSub),
			"topic":           pulumi.String(args.Topic),
			"routes":          pulumi.Map{"default": pulumi.String(args.Path)},
			"deadLetterTopic": pulumi.String(rules.DeadLetterTopic(args.Topic, args.App)),
		},
	}
}
