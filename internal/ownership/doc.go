// Package ownership tells whose the objects of a cluster are: a stack's, by the
// labels that its program gives them (components/kube), or somebody else's.
//
// The provider creates by upsert, and a namespace takes with it what is inside.
// The driver therefore asks before it makes or removes anything.
package ownership
