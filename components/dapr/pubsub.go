package dapr

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/components/secrets"
)

// PubSubType is the type token of [PubSub].
const PubSubType = "daprstack:dapr:PubSub"

// PubSubArgs are the arguments of [NewPubSub].
type PubSubArgs struct {
	// Name of the Component, used by the applications. Required (T-01).
	Name string
	// Namespace of the applications and of the Secret (T-04). Required.
	Namespace pulumi.StringInput
	// Backend carries the events. Required.
	Backend Backend
	// Scopes are the app-ids that may use it. Required (T-09).
	Scopes []string
	// Topics are all topics of the pub/sub. Other topics can be neither published
	// nor subscribed to. Default none, which restricts nothing.
	Topics []Topic
	// ConsumerID names the consumer group. Default each app's own app-id.
	ConsumerID string
	// RedeliverInterval is how often unacknowledged events are looked for.
	// Required.
	RedeliverInterval time.Duration
	// ProcessingTimeout is how long an event may stay unacknowledged before it is
	// delivered again. Required.
	ProcessingTimeout time.Duration
	// QueueDepth is how many events of a topic a sidecar takes at a time, and
	// Concurrency how many it hands to the app at a time. Default those of Dapr.
	QueueDepth, Concurrency int
	// StreamTTL is how long events are kept (E-10). Required unless MaxLenApprox
	// is given.
	StreamTTL time.Duration
	// MaxLenApprox is the number of events that a stream keeps.
	MaxLenApprox int
	// Metadata are further items that Dapr reads (T-10). Default none.
	Metadata map[string]string
	// SecretMetadata are items that Dapr reads from Secrets of the namespace, in
	// place of those of the same name in Metadata. Default none.
	SecretMetadata map[string]secrets.Ref
	// After must exist before the object is made. Default nothing.
	After []pulumi.Resource
}

func (a *PubSubArgs) check() error {
	switch {
	case a == nil:
		return errors.New("arguments are required")
	case a.Name == "" || a.Namespace == nil:
		return errors.New("a name and a namespace are required")
	case len(a.Scopes) == 0:
		return errors.New("scopes are required: without them every app of the namespace may use it")
	case a.RedeliverInterval < time.Millisecond || a.ProcessingTimeout < time.Millisecond:
		return errors.New("redeliverInterval and processingTimeout must be positive: without them nothing is delivered again")
	case (a.StreamTTL > 0) == (a.MaxLenApprox > 0):
		return errors.New("either streamTTL or maxLenApprox is required")
	}
	return checkBackend(a.Backend)
}

// PubSub is a Dapr pub/sub component.
type PubSub struct {
	pulumi.ResourceState
	single

	args *PubSubArgs
}

// NewPubSub makes a pub/sub component.
func NewPubSub(ctx *pulumi.Context, name string, args *PubSubArgs, opts ...pulumi.ResourceOption) (*PubSub, error) {
	if err := args.check(); err != nil {
		return nil, fmt.Errorf("pub/sub %q: %w", name, err)
	}
	p := &PubSub{args: args}
	if err := p.make(ctx, p, PubSubType, name, "component", pubSub(args), slices.Concat(args.Backend.Ready(), args.After), opts); err != nil {
		return nil, err
	}
	return p, nil
}

func pubSub(args *PubSubArgs) object {
	items := append(args.Backend.items(),
		Value("redeliverInterval", milliseconds(args.RedeliverInterval)),
		Value("processingTimeout", args.ProcessingTimeout.String()))
	if args.QueueDepth > 0 {
		items = append(items, Value("queueDepth", strconv.Itoa(args.QueueDepth)))
	}
	if args.Concurrency > 0 {
		items = append(items, Value("concurrency", strconv.Itoa(args.Concurrency)))
	}
	if args.ConsumerID != "" {
		items = append(items, Value("consumerID", args.ConsumerID))
	}
	if args.StreamTTL > 0 {
		items = append(items, Value("streamTTL", args.StreamTTL.String()))
	} else {
		items = append(items, Value("maxLenApprox", strconv.Itoa(args.MaxLenApprox)))
	}
	items = append(items, topicScopes(args.Topics)...)
	return object{
		apiVersion: v1alpha1, kind: "Component", name: args.Name, namespace: args.Namespace,
		scopes: args.Scopes,
		spec: pulumi.Map{
			"type":     pulumi.String("pubsub." + args.Backend.Name()),
			"version":  pulumi.String("v1"),
			"metadata": metadata(append(items, values(args.Metadata, args.SecretMetadata)...)),
		},
	}
}
