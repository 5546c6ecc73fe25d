package verify

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

// listen returns a listener and how to reach it.
func listen(t *testing.T) (net.Listener, func() (net.Conn, error)) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	return listener, func() (net.Conn, error) { return net.Dial("tcp", listener.Addr().String()) }
}

// selfSigned is a certificate that nobody vouches for.
func selfSigned(t *testing.T) *tls.Config {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	t.Cleanup(server.Close)
	return server.TLS
}

// TestGRPCHealth: I-04 of an app that speaks gRPC, with and without TLS and the
// health service. Who speaks HTTP/1.1 only does not answer.
func TestGRPCHealth(t *testing.T) {
	for name, c := range map[string]struct {
		protocol string
		service  bool
		want     healthpb.HealthCheckResponse_ServingStatus
	}{
		"healthy":         {"grpc", true, healthpb.HealthCheckResponse_SERVING},
		"without service": {"grpc", false, healthpb.HealthCheckResponse_SERVICE_UNKNOWN},
		"with TLS":        {"grpcs", true, healthpb.HealthCheckResponse_SERVING},
		"TLS, no service": {"grpcs", false, healthpb.HealthCheckResponse_SERVICE_UNKNOWN},
	} {
		t.Run(name, func(t *testing.T) {
			var options []grpc.ServerOption
			if c.protocol == "grpcs" {
				options = append(options, grpc.Creds(credentials.NewTLS(selfSigned(t))))
			}
			server := grpc.NewServer(options...)
			if c.service {
				healthpb.RegisterHealthServer(server, health.NewServer())
			}
			listener, dial := listen(t)
			go func() { _ = server.Serve(listener) }()
			t.Cleanup(server.Stop)
			said, err := grpcHealth(t.Context(), c.protocol, dial)
			require.NoError(t, err)
			require.Equal(t, c.want, said)
		})
	}
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	_, err := grpcHealth(t.Context(), "grpc", func() (net.Conn, error) { return net.Dial("tcp", plain.Listener.Addr().String()) })
	require.Error(t, err)
}

// TestSpeak: an app is asked in HTTP/1.1, with TLS or in HTTP/2 without it.
func TestSpeak(t *testing.T) {
	for protocol, want := range map[string]string{"http": "http HTTP/1.1", "https": "https HTTP/1.1", "h2c": "http HTTP/2.0"} {
		t.Run(protocol, func(t *testing.T) {
			listener, dial := listen(t)
			server := &http.Server{Handler: http.NotFoundHandler(), Protocols: new(http.Protocols)}
			server.Protocols.SetHTTP1(protocol != "h2c")
			server.Protocols.SetUnencryptedHTTP2(protocol == "h2c")
			if protocol == "https" {
				listener = tls.NewListener(listener, selfSigned(t))
			}
			go func() { _ = server.Serve(listener) }()
			t.Cleanup(func() { _ = server.Close() })
			client := &http.Client{Transport: &http.Transport{
				DialContext: func(context.Context, string, string) (net.Conn, error) { return dial() },
			}}
			scheme := setProtocol(client, protocol)
			answer, err := client.Get(scheme + "://localhost/")
			require.NoError(t, err)
			require.NoError(t, answer.Body.Close())
			require.Equal(t, want, scheme+" "+answer.Proto)
		})
	}
}
