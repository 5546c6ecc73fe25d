package verify

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strconv"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules"
)

// answers proves that an app responds on a port, in the protocol that it speaks
// there.
func (v *verifier) answers(ctx context.Context, pod string, a config.App, port int) error {
	if a.GRPC(port) {
		_, err := v.grpcHealth(ctx, pod, a, port)
		return err
	}
	_, err := v.getHealth(ctx, pod, a, port)
	return err
}

// reportsHealthy proves that an app reports that it is healthy. A gRPC app needs
// the health service only if its probes ask for it.
func (v *verifier) reportsHealthy(ctx context.Context, pod string, a config.App) error {
	if a.GRPC(a.Port) {
		said, err := v.grpcHealth(ctx, pod, a, a.Port)
		needed := a.Protocol(a.Port) == "grpc"
		if err == nil && said != healthpb.HealthCheckResponse_SERVING && (needed || said != healthpb.HealthCheckResponse_SERVICE_UNKNOWN) {
			err = fmt.Errorf("pod %s: gRPC's health service answers %s", pod, said)
		}
		return err
	}
	said, err := v.getHealth(ctx, pod, a, a.Port)
	if path := a.ReadyPath(); err == nil && path != "" && (said.status < 200 || said.status >= 400) {
		err = fmt.Errorf("pod %s answers %d to %s", pod, said.status, path)
	}
	return err
}

// getHealth requests the health path of an app over HTTP, with TLS or HTTP/2 if
// the app speaks that.
func (v *verifier) getHealth(ctx context.Context, pod string, a config.App, port int) (answer, error) {
	client := v.cluster.HTTP(v.stack.Namespace, pod, port)
	url := setProtocol(client, a.Protocol(port)) + "://localhost:" + strconv.Itoa(port) + cmp.Or(a.ReadyPath(), "/")
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return answer{}, err
	}
	return v.sendBy(client, pod, port, req)
}

// setProtocol sets the protocol of a client, and returns the scheme of its URLs.
func setProtocol(client *http.Client, protocol string) (scheme string) {
	transport, _ := client.Transport.(*http.Transport)
	switch protocol {
	case "https":
		transport.TLSClientConfig = unverified()
		return "https"
	case "h2c":
		transport.Protocols = new(http.Protocols)
		transport.Protocols.SetUnencryptedHTTP2(true)
	}
	return "http"
}

// unverified returns a configuration that accepts any certificate, as daprd does
// from its app.
func unverified() *tls.Config { return &tls.Config{InsecureSkipVerify: true} }

// grpcHealth calls the gRPC health service of an app.
func (v *verifier) grpcHealth(ctx context.Context, pod string, a config.App, port int) (healthpb.HealthCheckResponse_ServingStatus, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel() // which also closes the connection
	said, err := grpcHealth(ctx, a.Protocol(port), func() (net.Conn, error) {
		return v.cluster.Dial(ctx, v.stack.Namespace, pod, port)
	})
	if err != nil {
		return 0, fmt.Errorf("pod %s, port %d: %w", pod, port, err)
	}
	return said, nil
}

// grpcHealth calls the gRPC health service over a connection. A server without
// that service counts as SERVICE_UNKNOWN; an error means that nothing speaks
// gRPC there.
func grpcHealth(ctx context.Context, protocol string, dial func() (net.Conn, error)) (healthpb.HealthCheckResponse_ServingStatus, error) {
	transport := insecure.NewCredentials()
	if protocol == "grpcs" {
		transport = credentials.NewTLS(unverified())
	}
	connection, err := grpc.NewClient("passthrough:///localhost", grpc.WithTransportCredentials(transport),
		grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) { return dial() }))
	if err != nil {
		return 0, err
	}
	defer connection.Close()
	said, err := healthpb.NewHealthClient(connection).Check(ctx, &healthpb.HealthCheckRequest{})
	switch code := status.Code(err); {
	case err == nil:
		return said.GetStatus(), nil
	case code == codes.Unimplemented || code == codes.NotFound || code == codes.Unauthenticated || code == codes.PermissionDenied:
		return healthpb.HealthCheckResponse_SERVICE_UNKNOWN, nil // it answered
	}
	return 0, err
}

// tokenHeader is the header in which Dapr expects and sends tokens.
const tokenHeader = "dapr-api-token"

// token returns the token that callers of a pod's port have to show: that of
// daprd's API, or that of its app. It is "" if there is none.
func (v *verifier) token(ctx context.Context, pod string, port int) (string, error) {
	stored, _ := v.podApps.Load(pod)
	a, _ := stored.(config.App)
	if a.Sidecar == nil || !*v.stack.Dapr.Enabled {
		return "", nil
	}
	name := ""
	switch port {
	case rules.SidecarPorts[0]:
		name = a.Sidecar.Options.Text(rules.OptionAPITokenSecret)
	case a.AppPort():
		name = a.Sidecar.Options.Text(rules.OptionAppTokenSecret)
	}
	if name == "" {
		return "", nil
	}
	secret, err := v.cluster.Kube.CoreV1().Secrets(v.stack.Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("reading the token of pod %s: %w", pod, err)
	}
	return string(secret.Data["token"]), nil
}
