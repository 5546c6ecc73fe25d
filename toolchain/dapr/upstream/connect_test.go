//go:build !dapr117

package upstream_test

import "google.golang.org/grpc"

// connect returns how a sidecar gets its connection to the app.
func connect(c *grpc.ClientConn) func() (*grpc.ClientConn, func(bool), error) {
	return func() (*grpc.ClientConn, func(bool), error) { return c, func(bool) {}, nil }
}
