package cluster

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Diagnose says in a line what keeps the pods of an app of ours from being ready: an
// image that cannot be had, a container that ends, a probe that fails, no room on the
// nodes. It returns "" if nothing stands out.
func (c *Client) Diagnose(ctx context.Context, namespace, app string) (string, error) {
	pods, err := c.Pods(ctx, namespace, app)
	if err != nil {
		return "", err
	}
	slices.SortFunc(pods, func(a, b corev1.Pod) int { // the newest first
		return b.CreationTimestamp.Compare(a.CreationTimestamp.Time)
	})
	for _, pod := range pods {
		found, err := c.diagnosePod(ctx, pod)
		if err != nil || found != "" {
			return found, err
		}
	}
	return c.refusedPods(ctx, namespace, app)
}

func (c *Client) diagnosePod(ctx context.Context, pod corev1.Pod) (string, error) {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
			return "no node takes its pod: " + condition.Message, nil
		}
	}
	statuses := slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses)
	for _, s := range statuses {
		if w := s.State.Waiting; w != nil && w.Message != "" && s.LastTerminationState.Terminated == nil {
			return fmt.Sprintf("container %s: %s: %s", s.Name, w.Reason, w.Message), nil
		}
	}
	for _, s := range statuses {
		ended := s.State.Terminated
		if ended == nil {
			ended = s.LastTerminationState.Terminated
		}
		if ended == nil || ended.ExitCode == 0 && s.Ready {
			continue
		}
		said := fmt.Sprintf("container %s ended with exit code %d", s.Name, ended.ExitCode)
		// The log may be gone; that it ended is what matters.
		if log, err := c.Log(ctx, pod.Namespace, pod.Name, s.Name, s.State.Terminated == nil); err == nil {
			said = strings.TrimSuffix(said+": "+lastLine(log), ": ")
		}
		return said, nil
	}
	if len(statuses) > 0 && !slices.ContainsFunc(pod.Status.ContainerStatuses, func(s corev1.ContainerStatus) bool { return !s.Ready }) {
		return "", nil
	}
	message, err := c.lastWarning(ctx, pod.Namespace, "Pod", pod.Name)
	if strings.Contains(message, "connection refused") {
		message += "; nothing listens there: is it the port of the application?"
	}
	return message, err
}

// refusedPods says why no pod of an app could be made.
func (c *Client) refusedPods(ctx context.Context, namespace, app string) (string, error) {
	sets, err := c.Kube.AppsV1().ReplicaSets(namespace).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=" + app})
	if err != nil {
		return "", fmt.Errorf("listing the replica sets of %s: %w", app, err)
	}
	for _, set := range sets.Items {
		if set.Spec.Replicas != nil && *set.Spec.Replicas > set.Status.Replicas {
			return c.lastWarning(ctx, namespace, "ReplicaSet", set.Name)
		}
	}
	return "", nil
}

// lastWarning returns the message of the newest warning about an object.
func (c *Client) lastWarning(ctx context.Context, namespace, kind, name string) (string, error) {
	list, err := c.Kube.CoreV1().Events(namespace).List(ctx, metav1.ListOptions{
		FieldSelector: "involvedObject.kind=" + kind + ",involvedObject.name=" + name + ",type=" + corev1.EventTypeWarning,
	})
	if err != nil {
		return "", fmt.Errorf("listing the events of %s %s: %w", kind, name, err)
	}
	if len(list.Items) == 0 {
		return "", nil
	}
	newest := slices.MaxFunc(list.Items, func(a, b corev1.Event) int { return a.LastTimestamp.Compare(b.LastTimestamp.Time) })
	return strings.TrimSpace(newest.Message), nil
}

func lastLine(log []byte) string {
	lines := strings.Split(strings.TrimSpace(string(log)), "\n")
	return lines[len(lines)-1]
}
