package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/httpstream" //nolint:staticcheck // deprecated, but in the interfaces of client-go 0.36
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
)

// Dial connects to a port of a pod from inside the pod, so that ports on its
// loopback can be reached too. The connection is closed when ctx is done.
func (c *Client) Dial(ctx context.Context, namespace, pod string, port int) (net.Conn, error) {
	dialer, err := c.dialer(namespace, pod)
	if err != nil {
		return nil, fmt.Errorf("reaching pod %s: %w", pod, err)
	}
	connection, _, err := dialer.Dial(portforward.PortForwardProtocolV1Name)
	if err != nil {
		return nil, fmt.Errorf("reaching pod %s: %w", pod, err)
	}
	t := &tunnel{connection: connection, address: address(fmt.Sprintf("%s/%s:%d", namespace, pod, port)), refused: make(chan error, 1)}
	if err := t.open(port); err != nil {
		return nil, errors.Join(fmt.Errorf("reaching port %d of pod %s: %w", port, pod, err), connection.Close())
	}
	context.AfterFunc(ctx, func() { _ = t.Close() })
	return t, nil
}

// dialer returns a dialer that, like kubectl, uses SPDY over a WebSocket and falls
// back to plain SPDY.
func (c *Client) dialer(namespace, pod string) (httpstream.Dialer, error) {
	url := c.Kube.CoreV1().RESTClient().Post().Resource("pods").Namespace(namespace).Name(pod).SubResource("portforward").URL()
	transport, upgrader, err := spdy.RoundTripperFor(c.config)
	if err != nil {
		return nil, err
	}
	plain := spdy.NewDialer(upgrader, &http.Client{Transport: transport}, http.MethodPost, url)
	tunneled, err := portforward.NewSPDYOverWebsocketDialer(url, c.config)
	if err != nil {
		return nil, err
	}
	return portforward.NewFallbackDialer(tunneled, plain, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	}), nil
}

// tunnel is a connection to a port of a pod.
type tunnel struct {
	connection httpstream.Connection
	data       httpstream.Stream
	address    address
	refused    chan error // holds one value: the error of the other side, or nil
}

func (t *tunnel) open(port int) error {
	headers := http.Header{}
	headers.Set(corev1.PortHeader, strconv.Itoa(port))
	headers.Set(corev1.PortForwardRequestIDHeader, "0")
	headers.Set(corev1.StreamType, corev1.StreamTypeError)
	failures, err := t.connection.CreateStream(headers)
	if err != nil {
		return err
	}
	if err := failures.Close(); err != nil { // we write nothing to it
		return err
	}
	headers.Set(corev1.StreamType, corev1.StreamTypeData)
	if t.data, err = t.connection.CreateStream(headers); err != nil {
		return err
	}
	go func() {
		text, err := io.ReadAll(failures)
		if err == nil && len(text) > 0 {
			err = errors.New(string(text))
		}
		t.refused <- err
	}()
	return nil
}

// Read implements io.Reader. Instead of io.EOF it returns the error of the other
// side when the port could not be reached.
func (t *tunnel) Read(p []byte) (int, error) {
	n, err := t.data.Read(p)
	if n > 0 || !errors.Is(err, io.EOF) {
		return n, err
	}
	select {
	case refused := <-t.refused:
		t.refused <- refused
		if refused != nil {
			return 0, fmt.Errorf("%s: %w", t.address, refused)
		}
	case <-time.After(time.Second): // both streams are closed together
	}
	return 0, io.EOF
}

func (t *tunnel) Write(p []byte) (int, error)      { return t.data.Write(p) }
func (t *tunnel) Close() error                     { return t.connection.Close() }
func (t *tunnel) LocalAddr() net.Addr              { return t.address }
func (t *tunnel) RemoteAddr() net.Addr             { return t.address }
func (t *tunnel) SetDeadline(time.Time) error      { return nil } // the context limits it
func (t *tunnel) SetReadDeadline(time.Time) error  { return nil }
func (t *tunnel) SetWriteDeadline(time.Time) error { return nil }

// address is a port of a pod.
type address string

func (address) Network() string  { return "pod" }
func (a address) String() string { return string(a) }
