// Package components holds the parts of a stack, each usable alone: secrets,
// redis, dapr and app.
//
// They share a few habits. What decides the shape of the graph is plain Go in
// the Args; what can come from another resource is an input. Ready returns the
// resources that exist once a component can be used, for the After of what comes
// next. Unlike the option pulumi.DependsOn, After holds up neither the component
// nor the program, only what the component makes.
package components
