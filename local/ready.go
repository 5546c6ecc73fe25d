//go:build linux

package local

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/daprstack/daprstack/local/supervisor"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

const (
	// readyTimeout is generous, for slow disks and busy machines.
	readyTimeout = 5 * time.Minute
	pollEvery    = 100 * time.Millisecond
)

// poll calls try until it succeeds or ctx ends. The error then says why ctx ended
// and why the last try before that failed.
func poll(ctx context.Context, try func(context.Context) error) error {
	var last error
	for {
		err := try(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil || last == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), last)
		case <-time.After(pollEvery):
		}
	}
}

// waitReady applies the add-ons and waits until every part of the node that was
// started at began is ready.
func waitReady(ctx context.Context, o Options, l layout, began time.Time) error {
	ctx, cancel := withReadyTimeout(ctx)
	defer cancel()
	client, err := clientset(l.kubeconfig())
	if err != nil {
		return err
	}
	step := o.Report.Start("waiting for the node to be ready")
	for _, stage := range []struct {
		what string
		try  func(context.Context) error
	}{
		{"the API server", apiReady(l)},
		{"the cluster's add-ons", func(ctx context.Context) error { return applyAddons(ctx, client) }},
		{"its programs", func(context.Context) error { return programsRun(l) }},
		{"the node", func(ctx context.Context) error { return nodeReady(ctx, client, began) }},
		{"the cluster's DNS", dnsAnswers},
		{"the service proxy", dials("tcp", net.JoinHostPort(kubernetesIP.String(), "443"))},
	} {
		step.Waiting("for %s", stage.what)
		if err := poll(ctx, stage.try); err != nil {
			return step.Fail(fmt.Errorf("waiting for %s: %w%s", stage.what, err, troubles(l)))
		}
	}
	step.Done()
	return nil
}

func withReadyTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, readyTimeout, fmt.Errorf("the local node was not ready after %s", readyTimeout))
}

// programsRun returns an error unless all of the node's programs are running.
func programsRun(l layout) error {
	var states []supervisor.State
	if err := readJSON(l.states(), &states); err != nil {
		return err
	}
	for _, s := range states {
		if s.Phase != supervisor.Running {
			return fmt.Errorf("%s is %s", s.Name, s.Phase)
		}
	}
	return nil
}

// nodeReady returns an error unless the node has reported that it is ready since
// began: what it reported before it was restarted does not count.
func nodeReady(ctx context.Context, client kubernetes.Interface, began time.Time) error {
	n, err := client.CoreV1().Nodes().Get(ctx, NodeName, metav1.GetOptions{})
	if err != nil {
		return err
	}
	ready, reason := readiness(n, began)
	if !ready {
		return fmt.Errorf("the node is not ready: %s", reason)
	}
	return nil
}

// readiness reports whether the node that was started at began is ready, and why
// or why not.
func readiness(n *corev1.Node, began time.Time) (ready bool, reason string) {
	for _, c := range n.Status.Conditions {
		if c.Type != corev1.NodeReady {
			continue
		}
		if c.LastHeartbeatTime.Time.Before(began.Truncate(time.Second)) { // heartbeats are in whole seconds
			return false, "the kubelet has not reported yet"
		}
		return c.Status == corev1.ConditionTrue, c.Message
	}
	return false, "the kubelet has not reported yet"
}

// dnsAnswers looks up the one name that every cluster has.
func dnsAnswers(ctx context.Context) error {
	resolver := net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, fmt.Sprintf("%s:%d", nodeIP, dnsPort))
		},
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	name := "kubernetes.default.svc." + clusterDomain + "."
	found, err := resolver.LookupHost(ctx, name)
	if err != nil {
		return err
	}
	if len(found) != 1 || found[0] != kubernetesIP.String() {
		return fmt.Errorf("%s is %s, not %s", name, strings.Join(found, ", "), kubernetesIP)
	}
	return nil
}

// troubles returns the programs that do not run, one a line, and how to see why.
func troubles(l layout) string {
	var states []supervisor.State
	if err := readJSON(l.states(), &states); err != nil {
		return ""
	}
	var b strings.Builder
	for _, s := range states {
		if s.Phase == supervisor.Running {
			continue
		}
		fmt.Fprintf(&b, "\n  - %s is %s", s.Name, s.Phase)
		if s.Reason != "" {
			fmt.Fprintf(&b, " (%s; see: daprstack local logs %s)", s.Reason, s.Name)
		}
	}
	return b.String()
}
