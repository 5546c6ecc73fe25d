//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestWorkloads: what stands around the pods of apps. It has a target of its own: make
// e2e-workloads.
func TestWorkloads(t *testing.T) {
	if os.Getenv("WORKLOADS") == "" {
		t.Skip("make e2e-workloads")
	}
	run(t, "local", "up")
	run(t, "destroy", "--yes")
	s := &shop{t: t}
	s.loadImage()
	t.Run("all of it", func(t *testing.T) {
		s.t = t
		s.bringUp("workloads", "testdata/workloads.yaml") // destroyed at the end
		for _, step := range []struct {
			name string
			run  func(*testing.T)
		}{
			{"the Job has ended with its sidecar", s.jobEnded},
			{"so has a Job of the CronJob", s.cronJobEnded},
			{"verify proves it", func(*testing.T) { s.run("verify", "--quick") }},
			{"nothing is left to do", func(*testing.T) { s.run("preview", "--expect-no-changes") }},
			{"data survives its pod", s.dataSurvives},
			{"what an autoscaler sets stays", s.replicasStay},
			{"from a number to an autoscaler nothing is scaled", s.leaveReplicas},
			{"a kind that the cluster lacks is named before anything is changed", s.missingKind},
			{"the object beside the stack is there", s.objectIsThere},
		} {
			if !t.Run(step.name, func(t *testing.T) { s.t = t; step.run(t) }) {
				t.FailNow()
			}
		}
	})
	_, err := s.client.Kube.CoreV1().Namespaces().Get(t.Context(), "workloads", metav1.GetOptions{})
	require.True(t, apierrors.IsNotFound(err), "%v", err)
	eventually(t, "the volumes are gone", func(ctx context.Context) string {
		list, err := s.client.Kube.CoreV1().PersistentVolumes().List(ctx, metav1.ListOptions{})
		if err != nil || len(list.Items) > 0 {
			return fmt.Sprint(len(list.Items), " volumes, ", err)
		}
		return ""
	})
}

// endedWithSidecar checks a pod whose app has ended: Kubernetes has ended daprd too.
func endedWithSidecar(t *testing.T, pod corev1.Pod) {
	t.Helper()
	require.Equal(t, corev1.PodSucceeded, pod.Status.Phase)
	sidecar := pod.Status.InitContainerStatuses[0]
	require.Equal(t, "daprd", sidecar.Name)
	require.NotNil(t, sidecar.State.Terminated)
}

// jobEnded: up has waited for it.
func (s *shop) jobEnded(t *testing.T) {
	job, err := s.client.Kube.BatchV1().Jobs(s.stack.Namespace).Get(t.Context(), "migrate", metav1.GetOptions{})
	require.NoError(t, err)
	require.EqualValues(t, 1, job.Status.Succeeded)
	endedWithSidecar(t, s.pods(s.stack.Namespace, "migrate")[0])
}

func (s *shop) cronJobEnded(t *testing.T) {
	eventually(t, "a Job of the CronJob has succeeded", func(ctx context.Context) string {
		list, err := s.client.Kube.BatchV1().Jobs(s.stack.Namespace).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=nightly"})
		if err != nil || len(list.Items) == 0 || list.Items[0].Status.Succeeded == 0 {
			return fmt.Sprint("not yet ", err)
		}
		return ""
	})
	endedWithSidecar(t, s.pods(s.stack.Namespace, "nightly")[0])
}

func (s *shop) dataSurvives(t *testing.T) {
	file := func(query string) string {
		answer, err := s.client.HTTP(s.stack.Namespace, "stock-0", 8000).Get("http://localhost/file" + query)
		if err != nil {
			return err.Error()
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		if answer.StatusCode != http.StatusOK {
			return answer.Status
		}
		return string(body)
	}
	require.Equal(t, "kept", file("?write=kept"))
	before, err := s.client.Kube.CoreV1().Pods(s.stack.Namespace).Get(t.Context(), "stock-0", metav1.GetOptions{})
	require.NoError(t, err)
	require.NoError(t, s.client.Kube.CoreV1().Pods(s.stack.Namespace).Delete(t.Context(), "stock-0", metav1.DeleteOptions{}))
	eventually(t, "another pod has the file", func(ctx context.Context) string {
		pod, err := s.client.Kube.CoreV1().Pods(s.stack.Namespace).Get(ctx, "stock-0", metav1.GetOptions{})
		if err != nil || pod.UID == before.UID {
			return fmt.Sprint("not yet ", err)
		}
		if said := file(""); said != "kept" {
			return said
		}
		return ""
	})
}

// replicas returns the number of pods that a Deployment is to have.
func (s *shop) replicasOf(t *testing.T, app string) int32 {
	t.Helper()
	d, err := s.client.Kube.AppsV1().Deployments(s.stack.Namespace).Get(t.Context(), app, metav1.GetOptions{})
	require.NoError(t, err)
	return *d.Spec.Replicas
}

// setScale sets the number as an autoscaler does.
func (s *shop) setScale(t *testing.T, app string, replicas int32) {
	t.Helper()
	_, err := s.client.Kube.AppsV1().Deployments(s.stack.Namespace).UpdateScale(t.Context(), app, &autoscalingv1.Scale{
		ObjectMeta: metav1.ObjectMeta{Name: app, Namespace: s.stack.Namespace}, Spec: autoscalingv1.ScaleSpec{Replicas: replicas},
	}, metav1.UpdateOptions{FieldManager: "autoscaler"})
	require.NoError(t, err)
}

// replicasStay: neither another up nor another pod template resets it
// (pulumi-kubernetes#2491).
func (s *shop) replicasStay(t *testing.T) {
	s.setScale(t, "scaled", 2)
	s.run("up", "--yes")
	require.EqualValues(t, 2, s.replicasOf(t, "scaled"))
	s.run("up", "--yes", "-c", "apps[0].env.RELEASE=two")
	require.EqualValues(t, 2, s.replicasOf(t, "scaled"), "after a release")
	s.run("preview", "--refresh", "--expect-no-changes", "-c", "apps[0].env.RELEASE=two")
}

// leaveReplicas: of the number that the stack has applied itself, nothing falls back to
// one.
func (s *shop) leaveReplicas(t *testing.T) {
	require.EqualValues(t, 2, s.replicasOf(t, "left"))
	s.args = append(s.args, "-c", "apps[0].env.RELEASE=two", "-c", "overlay.apps.left.autoscale.external=true")
	s.run("up", "--yes")
	require.EqualValues(t, 2, s.replicasOf(t, "left"))
	s.setScale(t, "left", 3)
	s.run("up", "--yes", "-c", "apps[1].env.RELEASE=two")
	require.EqualValues(t, 3, s.replicasOf(t, "left"))
}

func (s *shop) missingKind(t *testing.T) {
	out, err := try(t, append([]string{"up", "--yes", "-c", `apps[1].httpRoute.parentRefs[0].name=public`}, s.args...)...)
	require.Error(t, err)
	require.Contains(t, out, "nothing was changed")
	require.Contains(t, out, "apps[1].httpRoute: the cluster has no HTTPRoute (gateway.networking.k8s.io/v1); install the Gateway API")
}

func (s *shop) objectIsThere(t *testing.T) {
	settings, err := s.client.Kube.CoreV1().ConfigMaps(s.stack.Namespace).Get(t.Context(), "settings", metav1.GetOptions{})
	require.NoError(t, err)
	require.Equal(t, "fast", settings.Data["MODE"])
	require.NotEmpty(t, settings.Labels["daprstack.io/deployment"])
	ingress, err := s.client.Kube.NetworkingV1().Ingresses(s.stack.Namespace).Get(t.Context(), "scaled", metav1.GetOptions{})
	require.NoError(t, err)
	require.Equal(t, "scaled-tls", ingress.Spec.TLS[0].SecretName)
	_, err = s.client.Kube.AutoscalingV2().HorizontalPodAutoscalers(s.stack.Namespace).Get(t.Context(), "scaled", metav1.GetOptions{})
	require.NoError(t, err)
}
