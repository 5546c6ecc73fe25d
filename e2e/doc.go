// Package e2e tests the whole product as a person would use it: the driver that
// make built, a real node, the real engine, Dapr and Redis. It needs root,
// Linux and the build tag e2e; run make e2e.
package e2e
