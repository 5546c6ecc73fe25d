//go:build e2e

package e2e

import (
	"context"
	"io"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/daprstack/daprstack/config/rules"
)

// TestGRPC: an app that speaks gRPC comes up, is probed by gRPC and verifies, and
// is invoked over HTTP as any other. So do the options that no other stack has.
func TestGRPC(t *testing.T) {
	run(t, "local", "up")
	run(t, "destroy", "--yes")
	s := &shop{t: t}
	s.loadImage()
	asThere(t, "grpc")
	s.bringUp("grpc", "testdata/grpc.yaml")
	for _, step := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"verify proves it", func(*testing.T) { s.run("verify") }},
		{"it is invoked over HTTP", s.invokedOverHTTP},
		{"its pod has gRPC probes", s.probedByGRPC},
		{"a native sidecar mounts what the app writes", s.nativeSidecar},
		{"an app without a port has what it asked for", s.withoutPort},
		{"an app that is slow to start was not restarted", s.slowStart},
		{"verify finds another option", s.anotherOption},
		{"nothing is left to do", func(*testing.T) { s.run("preview", "--expect-no-changes") }},
	} {
		if !t.Run(step.name, func(t *testing.T) { s.t = t; step.run(t) }) {
			t.FailNow()
		}
	}
}

func (s *shop) invokedOverHTTP(t *testing.T) {
	sidecar := s.client.HTTP(s.stack.Namespace, s.pods(s.stack.Namespace, "caller")[0].Name, rules.SidecarPorts[0])
	answer, err := sidecar.Get("http://localhost/v1.0/invoke/greeter-app/method/greet")
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.StatusCode, string(body))
	require.Equal(t, "greet", string(body))
}

func (s *shop) probedByGRPC(t *testing.T) {
	for _, c := range s.pods(s.stack.Namespace, "greeter")[0].Spec.Containers {
		if c.Name == "greeter" {
			require.EqualValues(t, 7001, c.ReadinessProbe.GRPC.Port)
			require.EqualValues(t, 7001, c.LivenessProbe.GRPC.Port)
		}
	}
}

func (s *shop) nativeSidecar(t *testing.T) {
	pod := s.pods(s.stack.Namespace, "caller")[0]
	require.Len(t, pod.Spec.Containers, 1)
	at := slices.IndexFunc(pod.Spec.InitContainers, func(c corev1.Container) bool { return c.Name == "daprd" })
	require.GreaterOrEqual(t, at, 0)
	require.True(t, slices.ContainsFunc(pod.Spec.InitContainers[at].VolumeMounts, func(m corev1.VolumeMount) bool {
		return m.Name == "writable-0" && m.MountPath == "/scratch" && !m.ReadOnly
	}))
}

// asThere makes a namespace, with a ConfigMap and a Secret in it, as somebody else has
// made them.
func asThere(t *testing.T, namespace string) {
	c := localCluster(t)
	c.create(namespaces, newObject("Namespace", "", namespace))
	t.Cleanup(func() {
		require.NoError(t, c.Resource(namespaces).Delete(context.Background(), namespace, metav1.DeleteOptions{})) // t.Context has ended
	})
	settings, token := newObject("ConfigMap", namespace, "settings"), newObject("Secret", namespace, "token")
	settings.Object["data"] = map[string]any{"mode": "fast"}
	token.Object["stringData"] = map[string]any{"token": "t0k3n"}
	c.create(configMaps, settings)
	c.create(schema.GroupVersionResource{Version: "v1", Resource: "secrets"}, token)
}

// withoutPort: nothing stands before the worker, and its pod is as it was asked for. It
// runs only if all its files are there.
func (s *shop) withoutPort(t *testing.T) {
	_, err := s.client.Kube.CoreV1().Services(s.stack.Namespace).Get(t.Context(), "worker", metav1.GetOptions{})
	require.True(t, apierrors.IsNotFound(err), "%v", err)
	pod := s.pods(s.stack.Namespace, "worker")[0]
	require.NotContains(t, pod.Annotations, "dapr.io/app-port")
	require.Equal(t, "work", pod.Labels["team"])
	require.Equal(t, "work", pod.Annotations["example.com/owner"])
	require.Equal(t, "worker", pod.Spec.Hostname)
	require.EqualValues(t, 40, *pod.Spec.TerminationGracePeriodSeconds)
	require.Equal(t, "worker", pod.Spec.Containers[0].Name)
	require.Equal(t, "/work", pod.Spec.Containers[0].WorkingDir)
	require.Contains(t, pod.Spec.Containers[0].Env, corev1.EnvVar{Name: "MODE", ValueFrom: &corev1.EnvVarSource{
		ConfigMapKeyRef: &corev1.ConfigMapKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "settings"}, Key: "mode"},
	}})
	prepare := pod.Spec.InitContainers[slices.IndexFunc(pod.Spec.InitContainers, func(c corev1.Container) bool { return c.Name == "prepare" })]
	require.True(t, *prepare.SecurityContext.ReadOnlyRootFilesystem)
	account, err := s.client.Kube.CoreV1().ServiceAccounts(s.stack.Namespace).Get(t.Context(), "worker", metav1.GetOptions{})
	require.NoError(t, err)
	require.Equal(t, "worker", account.Annotations["example.com/role"])
}

func (s *shop) slowStart(t *testing.T) {
	pod := s.pods(s.stack.Namespace, "slow")[0]
	for _, status := range pod.Status.ContainerStatuses {
		require.Zero(t, status.RestartCount, status.Name)
	}
	require.EqualValues(t, 60, pod.Spec.Containers[0].StartupProbe.FailureThreshold)
}

// anotherOption asks for options that the running sidecars do not have.
func (s *shop) anotherOption(t *testing.T) {
	expectFailures(t, []string{
		`caller-app: it has the settings of the stack file: pod caller-`,
		`greeter-app: it has the settings of the stack file: pod greeter-`,
	}, append(s.args, "--quick", "-c", "apps[0].sidecar.readBufferSize=8Ki", "-c", "apps[1].sidecar.gracefulShutdown=4s")...)
}
