//go:build e2e

package e2e

import (
	"io"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/daprstack/daprstack/config/rules"
)

// TestGRPC: an app that speaks gRPC comes up, is probed by gRPC and verifies, and
// is invoked over HTTP as any other. So do the options that no other stack has.
func TestGRPC(t *testing.T) {
	run(t, "local", "up")
	run(t, "destroy", "--yes")
	s := &shop{t: t}
	s.loadImage()
	s.bringUp("grpc", "testdata/grpc.yaml")
	for _, step := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"verify proves it", func(*testing.T) { s.run("verify") }},
		{"it is invoked over HTTP", s.invokedOverHTTP},
		{"its pod has gRPC probes", s.probedByGRPC},
		{"a native sidecar mounts what the app writes", s.nativeSidecar},
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

// anotherOption asks for options that the running sidecars do not have.
func (s *shop) anotherOption(t *testing.T) {
	expectFailures(t, []string{
		`caller-app: it has the settings of the stack file: pod caller-`,
		`greeter-app: it has the settings of the stack file: pod greeter-`,
	}, append(s.args, "--quick", "-c", "apps[0].sidecar.readBufferSize=8Ki", "-c", "apps[1].sidecar.gracefulShutdown=4s")...)
}
