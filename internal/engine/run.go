package engine

import (
	"context"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// Handle is called with each event of the engine, one after the other.
type Handle func(apitype.EngineEvent)

// Preview previews a stack and returns what an update would do.
func Preview(ctx context.Context, stack *auto.Stack, handle Handle, options ...optpreview.Option) (Plan, error) {
	var plan Plan
	stream, end := follow(plan.Add, handle)
	result, err := stack.Preview(ctx, append(options, optpreview.EventStreams(stream))...)
	end()
	if err != nil {
		return Plan{}, err
	}
	for op, n := range result.ChangeSummary {
		if op != apitype.OpSame {
			plan.Changes += n
		}
	}
	return plan, nil
}

// Up updates a stack and returns its outputs.
func Up(ctx context.Context, stack *auto.Stack, handle Handle, options ...optup.Option) (Outputs, error) {
	var outputs Outputs
	stream, end := follow(outputs.read, handle)
	_, err := stack.Up(withoutSummary(ctx), append(options, optup.EventStreams(stream))...)
	end()
	return outputs, err
}

// Destroy removes what a stack has made.
func Destroy(ctx context.Context, stack *auto.Stack, handle Handle, options ...optdestroy.Option) error {
	stream, end := follow(handle)
	_, err := stack.Destroy(withoutSummary(ctx), append(options, optdestroy.EventStreams(stream))...)
	end()
	return err
}

// Refresh brings the state to what the cluster has.
func Refresh(ctx context.Context, stack *auto.Stack, handle Handle, options ...optrefresh.Option) error {
	stream, end := follow(handle)
	_, err := stack.Refresh(withoutSummary(ctx), append(options, optrefresh.EventStreams(stream))...)
	end()
	return err
}

// follow returns the channel for the events of one run of the engine. When the run
// has ended, every event of it was sent; end returns when all are handled.
func follow(handlers ...Handle) (stream chan<- events.EngineEvent, end func()) {
	events, over, done := make(chan events.EngineEvent), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case e, open := <-events:
				if !open {
					return
				}
				for _, handle := range handlers {
					if handle != nil && e.Error == nil {
						handle(e.EngineEvent)
					}
				}
			case <-over: // the Automation API closes the channel only if there was an event
				return
			}
		}
	}()
	return events, func() {
		close(over)
		<-done
	}
}

// Outputs are the outputs of a stack that are not secret.
type Outputs map[string]any

const stackType = "pulumi:pulumi:Stack"

func (o *Outputs) read(e apitype.EngineEvent) {
	if e.ResOutputsEvent != nil && e.ResOutputsEvent.Metadata.Type == stackType && e.ResOutputsEvent.Metadata.New != nil {
		*o = e.ResOutputsEvent.Metadata.New.Outputs
	}
}
