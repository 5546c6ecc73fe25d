package cluster_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/daprstack/daprstack/internal/cluster"
)

// TestDiagnose: what keeps the newest pods of an app from being ready.
func TestDiagnose(t *testing.T) {
	meta := metav1.ObjectMeta{Namespace: "todo", Name: "web-1", Labels: map[string]string{"app.kubernetes.io/name": "web"}}
	pod := func(status corev1.PodStatus) *corev1.Pod { return &corev1.Pod{ObjectMeta: meta, Status: status} }
	containers := func(all ...corev1.ContainerStatus) corev1.PodStatus { return corev1.PodStatus{ContainerStatuses: all} }
	ready := corev1.ContainerStatus{Name: "daprd", Ready: true}
	warning := func(kind, name, message string, minute int) *corev1.Event {
		return &corev1.Event{
			ObjectMeta:     metav1.ObjectMeta{Namespace: "todo", Name: message},
			InvolvedObject: corev1.ObjectReference{Kind: kind, Name: name}, Type: corev1.EventTypeWarning,
			Message: message, LastTimestamp: metav1.NewTime(time.Date(2026, 1, 1, 0, minute, 0, 0, time.UTC)),
		}
	}
	ended := corev1.ContainerStateTerminated{ExitCode: 1}
	for name, c := range map[string]struct {
		objects []runtime.Object
		want    string
	}{
		"nothing": {nil, ""},
		"no room": {[]runtime.Object{pod(corev1.PodStatus{Conditions: []corev1.PodCondition{
			{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Message: "0/1 nodes are available"},
		}})}, "no node takes its pod: 0/1 nodes are available"},
		"no image": {[]runtime.Object{pod(containers(ready, corev1.ContainerStatus{Name: "web", State: corev1.ContainerState{
			Waiting: &corev1.ContainerStateWaiting{Reason: "ErrImagePull", Message: "not found"},
		}}))}, "container web: ErrImagePull: not found"},
		"crashes": {[]runtime.Object{pod(containers(corev1.ContainerStatus{
			Name:                 "web",
			State:                corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff", Message: "back-off 10s"}},
			LastTerminationState: corev1.ContainerState{Terminated: &ended},
		}))}, "container web ended with exit code 1: fake logs"},
		"has ended": {[]runtime.Object{pod(containers(corev1.ContainerStatus{Name: "web", State: corev1.ContainerState{Terminated: &ended}}))}, "container web ended with exit code 1: fake logs"},
		"wrong port": {[]runtime.Object{
			pod(containers(ready, corev1.ContainerStatus{Name: "web"})),
			warning("Pod", "web-1", "an older one", 1),
			warning("Pod", "web-1", "Readiness probe failed: connection refused", 2),
		}, "Readiness probe failed: connection refused; nothing listens there: is it the port of the application?"},
		"ready": {[]runtime.Object{pod(containers(ready)), warning("Pod", "web-1", "over", 1)}, ""},
		"refused": {[]runtime.Object{
			&appsv1.ReplicaSet{ObjectMeta: meta, Spec: appsv1.ReplicaSetSpec{Replicas: new(int32(1))}},
			warning("ReplicaSet", "web-1", "failed calling webhook", 1),
		}, "failed calling webhook"},
	} {
		t.Run(name, func(t *testing.T) {
			client := &cluster.Client{Kube: fake.NewClientset(c.objects...)}
			found, err := client.Diagnose(t.Context(), "todo", "web")
			require.NoError(t, err)
			require.Equal(t, c.want, found)
		})
	}
}
