package dapr

import (
	"errors"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/components/secrets"
)

// StateStoreType is the type token of [StateStore].
const StateStoreType = "daprstack:dapr:StateStore"

// StateStoreArgs are the arguments of [NewStateStore].
type StateStoreArgs struct {
	// Name of the Component, used by the applications. Required (T-01).
	Name string
	// Namespace of the applications and of the Secret (T-04). Required.
	Namespace pulumi.StringInput
	// Backend is where the state is kept. Required.
	Backend Backend
	// Scopes are the app-ids that may use it. Required (T-09).
	Scopes []string
	// Metadata are further items that Dapr reads (T-10). Default none.
	Metadata map[string]string
	// SecretMetadata are items that Dapr reads from Secrets of the namespace, in
	// place of those of the same name in Metadata. Default none.
	SecretMetadata map[string]secrets.Ref
	// After must exist before the object is made. Default nothing.
	After []pulumi.Resource
}

func (a *StateStoreArgs) check() error {
	switch {
	case a == nil:
		return errors.New("arguments are required")
	case a.Name == "" || a.Namespace == nil:
		return errors.New("a name and a namespace are required")
	case len(a.Scopes) == 0:
		return errors.New("scopes are required: without them every app of the namespace may use it")
	}
	return checkBackend(a.Backend)
}

// StateStore is a Dapr state store.
type StateStore struct {
	pulumi.ResourceState
	single
}

// NewStateStore makes a state store.
func NewStateStore(ctx *pulumi.Context, name string, args *StateStoreArgs, opts ...pulumi.ResourceOption) (*StateStore, error) {
	if err := args.check(); err != nil {
		return nil, fmt.Errorf("state store %q: %w", name, err)
	}
	s := &StateStore{}
	if err := s.make(ctx, s, StateStoreType, name, "component", stateStore(args), slices.Concat(args.Backend.Ready(), args.After), opts); err != nil {
		return nil, err
	}
	return s, nil
}

func stateStore(args *StateStoreArgs) object {
	return object{
		apiVersion: v1alpha1, kind: "Component", name: args.Name, namespace: args.Namespace,
		scopes: args.Scopes,
		spec: pulumi.Map{
			"type":     pulumi.String("state." + args.Backend.Name()),
			"version":  pulumi.String("v1"),
			"metadata": metadata(append(args.Backend.items(), values(args.Metadata, args.SecretMetadata)...)),
		},
	}
}
