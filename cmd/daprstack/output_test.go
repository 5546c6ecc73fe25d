package main

import (
	"bytes"
	"testing"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/daprstack/daprstack/internal/cluster"
	"github.com/daprstack/daprstack/internal/engine"
	"github.com/daprstack/daprstack/internal/events"
	"github.com/daprstack/daprstack/internal/streams"
	"github.com/daprstack/daprstack/verify"
)

func TestOutputsMaskSecrets(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, writeOutputs(&out, auto.OutputMap{"page": {Value: "http"}, "password": {Value: "hunter2", Secret: true}}))
	require.JSONEq(t, `{"page":"http","password":"[secret]"}`, out.String())
}

func TestStatusTable(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, writeStatuses(&out, []events.Status{
		{Type: "task.created", PubSub: "pubsub", Kept: 12, App: "a-app", Lag: 3, Pending: 2, DeadLetters: 1},
		{Type: "task.created", PubSub: "pubsub", Kept: 12, App: "b-app", Lag: events.Unknown, Pending: events.Unknown},
		{Type: "task.quiet", PubSub: "pubsub"},
	}))
	require.Equal(t, `EVENT         PUB/SUB  KEPT  SUBSCRIBER  LAG  PENDING  DEAD LETTERS
task.created  pubsub   12    a-app       3    2        1
task.created  pubsub   12    b-app       -    -        0
task.quiet    pubsub   0     -           -    -        -
`, out.String())
}

func TestLetterTable(t *testing.T) {
	letter := func(id string) streams.Entry {
		e := event.New()
		e.SetID(id)
		e.SetSource("/s")
		return streams.Entry{ID: "1794907384526-0", Body: []byte("{}"), Event: e}
	}
	var out bytes.Buffer
	table := newLetterTable(&out, map[string]string{"a": "it had expired"})
	for _, l := range []streams.Entry{letter("a"), letter("b"), {ID: "1794907384526-1", Body: []byte("?")}} {
		require.NoError(t, table.write(l))
	}
	require.NoError(t, table.Flush())
	require.Equal(t, `DEAD SINCE            EVENT ID    SOURCE  TIME                  BYTES  REASON
2026-11-17T09:23:04Z  a           /s      0001-01-01T00:00:00Z  2      it had expired
2026-11-17T09:23:04Z  b           /s      0001-01-01T00:00:00Z  2      -
2026-11-17T09:23:04Z  (no event)  -       -                     1      -
`, out.String())
}

func TestDataOfALetterIsOneLine(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, writeData(&out, []byte(`{"id":"a"}`)))
	require.NoError(t, writeData(&out, []byte("no\njson")))
	require.Equal(t, "{\"id\":\"a\"}\n\"no\\njson\"\n", out.String())
}

func TestPage(t *testing.T) {
	var out bytes.Buffer
	elsewhere := &target{context: "mine"}
	require.NoError(t, elsewhere.printPage(t.Context(), &out, engine.Outputs{}))
	require.Empty(t, out.String(), "no app has a page")
	outputs := engine.Outputs{
		"page": "kubectl port-forward",
		"apps": map[string]any{"backend": map[string]any{}, "frontend": map[string]any{"open": "kubectl port-forward"}},
	}
	require.NoError(t, elsewhere.printPage(t.Context(), &out, outputs))
	require.Equal(t, "\nOpen the page with: kubectl port-forward\n", out.String())

	app, ok := appOfPage(outputs, "kubectl port-forward")
	require.True(t, ok)
	require.Equal(t, "frontend", app)
	_, ok = appOfPage(outputs, "another command")
	require.False(t, ok)
}

func TestServiceAddress(t *testing.T) {
	service := func(name string, ports ...corev1.ServicePort) *corev1.Service {
		return &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Namespace: "todo", Name: name},
			Spec:       corev1.ServiceSpec{ClusterIP: "10.0.0.7", Ports: ports},
		}
	}
	c := &cluster.Client{Kube: fake.NewClientset(service("frontend", corev1.ServicePort{Port: 3000}), service("headless"))}
	address, err := serviceAddress(t.Context(), c, "todo", "frontend")
	require.NoError(t, err)
	require.Equal(t, "10.0.0.7:3000", address)
	_, err = serviceAddress(t.Context(), c, "todo", "headless")
	require.EqualError(t, err, "service headless has no port")
	_, err = serviceAddress(t.Context(), c, "todo", "nobody")
	require.EqualError(t, err, `services "nobody" not found`)
}

func TestVerdict(t *testing.T) {
	passed, failed := verify.Result{Status: verify.Passed}, verify.Result{Status: verify.Failed}
	require.NoError(t, verdict(verify.Report{Results: []verify.Result{passed, {Status: verify.Skipped}}}))
	require.EqualError(t, verdict(verify.Report{Results: []verify.Result{passed, failed, failed}}), "2 of 3 checks failed")
}
