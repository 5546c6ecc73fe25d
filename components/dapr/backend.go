package dapr

import (
	"errors"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// A Backend is what a component keeps its data in. Together with a row of
// rules.ComponentTypes it makes a type of component.
type Backend interface {
	// Name is the second part of the component's type: "redis" of state.redis.
	Name() string
	// Ready returns the resources that exist once a sidecar can reach it.
	Ready() []pulumi.Resource
	// check reports what is missing.
	check() error
	// items returns the metadata items with which a sidecar reaches it.
	items() []Item
}

func checkBackend(b Backend) error {
	if b == nil {
		return errors.New("a backend is required")
	}
	return b.check()
}
