// Package cluster gives access to the objects of a cluster and to the ports of its
// pods. Ports are reached through the API server, as kubectl port-forward does it,
// but without opening a port on this machine.
package cluster

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// Client is a client of one cluster.
type Client struct {
	Kube    kubernetes.Interface
	Objects dynamic.Interface

	config *rest.Config

	mu    sync.Mutex
	kinds map[string][]metav1.APIResource // by group version
}

// New returns a client of the cluster that config points to.
func New(config *rest.Config) (*Client, error) {
	config = rest.CopyConfig(config)
	config.QPS, config.Burst = 100, 200 // the defaults, 5 and 10, are for controllers
	kube, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("connecting to the cluster: %w", err)
	}
	objects, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("connecting to the cluster: %w", err)
	}
	return &Client{Kube: kube, Objects: objects, config: config}, nil
}

// Pods returns the pods of an app of ours. Those that are being deleted are left
// out.
func (c *Client) Pods(ctx context.Context, namespace, app string) ([]corev1.Pod, error) {
	list, err := c.Kube.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=" + app})
	if err != nil {
		return nil, fmt.Errorf("listing the pods of %s: %w", app, err)
	}
	var pods []corev1.Pod
	for _, pod := range list.Items {
		if pod.DeletionTimestamp == nil {
			pods = append(pods, pod)
		}
	}
	return pods, nil
}

// Sidecar is the name that Dapr's injector gives to the sidecar's container.
const Sidecar = "daprd"

// Log returns the log of a container of a pod: of the running container, or of the
// one before its last restart.
func (c *Client) Log(ctx context.Context, namespace, pod, container string, previous bool) ([]byte, error) {
	log, err := c.Kube.CoreV1().Pods(namespace).GetLogs(pod, &corev1.PodLogOptions{Container: container, Previous: previous}).DoRaw(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the log of %s in pod %s: %w", container, pod, err)
	}
	return log, nil
}

// HTTP returns an HTTP client that sends every request, whatever its host, to one
// port of a pod.
func (c *Client) HTTP(namespace, pod string, port int) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return c.Dial(ctx, namespace, pod, port)
		},
	}}
}

// The kinds of Dapr objects in an application's namespace.
var (
	Components     = schema.GroupVersionResource{Group: "dapr.io", Version: "v1alpha1", Resource: "components"}
	Configurations = schema.GroupVersionResource{Group: "dapr.io", Version: "v1alpha1", Resource: "configurations"}
	Resiliencies   = schema.GroupVersionResource{Group: "dapr.io", Version: "v1alpha1", Resource: "resiliencies"}
	Subscriptions  = schema.GroupVersionResource{Group: "dapr.io", Version: "v2alpha1", Resource: "subscriptions"}
)
