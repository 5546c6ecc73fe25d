// Package supervisor starts programs in order, restarts the ones that end and
// publishes what it knows of them. It is written to be process 1 of a process
// namespace, and therefore buries every orphan too.
package supervisor
