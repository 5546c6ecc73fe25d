package dapr

import (
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
)

// A signal lets a resource wait for something that is no resource of the
// program, such as an object of a chart passing through a transform.
type signal struct {
	once    sync.Once
	output  pulumi.Output
	resolve func(any)
	reject  func(error)
}

func newSignal(ctx *pulumi.Context) *signal {
	s := &signal{}
	s.output, s.resolve, s.reject = ctx.NewOutput()
	return s
}

// after is the option of a resource that waits for the signal.
func (s *signal) after() pulumi.ResourceOption {
	return pulumi.DependsOnInputs(s.output.ApplyT(func(any) []pulumi.Resource { return nil }).(pulumi.ResourceArrayOutput))
}

// give gives the signal, once.
func (s *signal) give() { s.once.Do(func() { s.resolve(true) }) }

// fail makes what waits fail too, unless the signal was given. A signal that is
// neither given nor failed would hold the program for ever.
func (s *signal) fail(err error) { s.once.Do(func() { s.reject(err) }) }

// giveWith gives the signal at the latest when the resource is there; when the
// resource failed, what waits fails with it.
func (s *signal) giveWith(ctx *pulumi.Context, resource pulumi.Resource) {
	go func() {
		if _, err := internals.UnsafeAwaitOutput(ctx.Context(), resource.URN()); err != nil {
			s.fail(err)
			return
		}
		s.give()
	}()
}
