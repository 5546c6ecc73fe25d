package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// sayPage says how to open the page of the stack that is up. The services of the
// local node can be reached from this machine; another cluster's take a
// port-forward.
func sayPage(ctx context.Context, w io.Writer, t *target, outputs auto.OutputMap) error {
	open, ok := outputs["page"].Value.(string)
	if !ok {
		return nil // no app has a page
	}
	if !t.isLocal() {
		_, err := fmt.Fprintf(w, "\nOpen the page with: %s\n", open)
		return err
	}
	namespace, _ := outputs["namespace"].Value.(string)
	apps, _ := outputs["apps"].Value.(map[string]any)
	for name, app := range apps {
		if fields, _ := app.(map[string]any); fields["open"] != open {
			continue
		}
		address, err := t.serviceAddress(ctx, namespace, name)
		if err != nil {
			return fmt.Errorf("finding the page: %w", err)
		}
		_, err = fmt.Fprintf(w, "\nThe page, on this machine: http://%s\nFrom elsewhere: %s\n", address, open)
		return err
	}
	return nil
}

func (t *target) serviceAddress(ctx context.Context, namespace, name string) (string, error) {
	config, err := t.clientConfig()
	if err != nil {
		return "", err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return "", err
	}
	service, err := client.CoreV1().Services(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	return address(service), nil
}

func address(service *corev1.Service) string {
	return net.JoinHostPort(service.Spec.ClusterIP, strconv.Itoa(int(service.Spec.Ports[0].Port)))
}
