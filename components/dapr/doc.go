// Package dapr makes the Dapr objects of a stack: the control plane from its
// Helm chart, and Configuration, Component, Subscription and Resiliency objects
// behind typed arguments.
//
// Every object that applications or other objects refer to has exactly the name
// that it is given; what may be sensitive can only be written as a reference to
// a Secret (see [Item]).
package dapr
