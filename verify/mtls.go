package verify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"

	"github.com/daprstack/daprstack/config"
)

// internalPort is the port on which sidecars call each other.
const internalPort = 50002

// certified proves that the app's sidecars accept nobody without TLS and
// present a certificate for their app-id and namespace (a SPIFFE ID).
func (v *verifier) certified(ctx context.Context, a config.App) error {
	if !*v.stack.Dapr.MTLS {
		return skipped("mTLS is off in the stack file")
	}
	pods, err := v.pods(ctx, a)
	if err != nil {
		return err
	}
	want := fmt.Sprintf("spiffe://public/ns/%s/%s", v.stack.Namespace, a.Sidecar.AppID)
	var problems []error
	for _, pod := range pods {
		id, err := v.identity(ctx, pod.Name)
		if err == nil && id != want {
			err = fmt.Errorf("its certificate is for %q, not for %s", id, want)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("pod %s: %w", pod.Name, err))
		}
	}
	return errors.Join(problems...)
}

// identity returns the SPIFFE ID in a sidecar's certificate.
func (v *verifier) identity(ctx context.Context, pod string) (id string, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel() // closes the connection
	raw, err := v.cluster.Dial(ctx, v.stack.Namespace, pod, internalPort)
	if err != nil {
		return "", err
	}
	connection := tls.Client(raw, &tls.Config{
		NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12,
		InsecureSkipVerify: true, // the certificate is read below; nothing is sent
		VerifyConnection: func(state tls.ConnectionState) error {
			for _, uri := range state.PeerCertificates[0].URIs {
				id = uri.String()
			}
			return nil
		},
	})
	if err := connection.HandshakeContext(ctx); err != nil && id == "" {
		return "", fmt.Errorf("port %d: %w", internalPort, err)
	}
	return id, nil
}
