// Package components holds the parts of a stack, each usable alone: secrets,
// redis, dapr and app.
//
// They share a few habits. What decides the shape of the graph is plain Go in
// the Args; what can come from another resource is an input. Ready returns the
// resources that have to be there before the component can be used, to be given
// to the After of what comes next.
package components
