//go:build dapr117

package upstream_test

import "google.golang.org/grpc"

// connect returns the connection itself, which a sidecar of 1.17 opens once.
func connect(c *grpc.ClientConn) *grpc.ClientConn { return c }
