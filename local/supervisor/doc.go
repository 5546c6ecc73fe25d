// Package supervisor starts programs in order, restarts those that end and
// publishes their states. It is meant to be process 1 of a process namespace and
// therefore also reaps orphans.
package supervisor
