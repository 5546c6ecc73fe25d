// Package e2e runs the whole product as a person would: the driver that make
// built, a real node, the real engine, Dapr and Redis. It needs root, Linux and
// the tag e2e: make e2e.
package e2e
