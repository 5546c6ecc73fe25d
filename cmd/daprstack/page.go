package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/daprstack/daprstack/internal/cluster"
	"github.com/daprstack/daprstack/internal/engine"
)

// printPage prints how to open the page of the stack that is up, if an app of it
// has one. Services of the local node can be reached from this machine; those of
// another cluster need a port-forward.
func (t *target) printPage(ctx context.Context, w io.Writer, outputs engine.Outputs) error {
	open, ok := outputs["page"].(string)
	if !ok {
		return nil
	}
	if !t.isLocal() {
		_, err := fmt.Fprintf(w, "\nOpen the page with: %s\n", open)
		return err
	}
	app, ok := appOfPage(outputs, open)
	if !ok {
		return nil
	}
	client, err := t.client()
	if err != nil {
		return err
	}
	namespace, _ := outputs["namespace"].(string)
	address, err := serviceAddress(ctx, client, namespace, app)
	if err != nil {
		return fmt.Errorf("finding the page: %w", err)
	}
	_, err = fmt.Fprintf(w, "\nThe page, on this machine: http://%s\nFrom elsewhere: %s\n", address, open)
	return err
}

// appOfPage returns the app that is opened by the same command as the page.
func appOfPage(outputs engine.Outputs, open string) (string, bool) {
	apps, _ := outputs["apps"].(map[string]any)
	for name, app := range apps {
		if fields, _ := app.(map[string]any); fields["open"] == open {
			return name, true
		}
	}
	return "", false
}

func serviceAddress(ctx context.Context, c *cluster.Client, namespace, name string) (string, error) {
	service, err := c.Kube.CoreV1().Services(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	if len(service.Spec.Ports) == 0 {
		return "", errors.New("service " + name + " has no port")
	}
	return net.JoinHostPort(service.Spec.ClusterIP, strconv.Itoa(int(service.Spec.Ports[0].Port))), nil
}
