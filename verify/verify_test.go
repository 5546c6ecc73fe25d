package verify

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules"
)

func report() Report {
	return Report{Took: 3 * time.Second, Results: []Result{
		{Entity: "sidecar", Rules: []string{"S-11"}, Check: "web: ready", Status: Passed, Took: time.Second},
		{Entity: "state", Rules: []string{"N-05", "N-07"}, Check: "store: gone", Status: Failed, Details: []string{"still there", "and <that>"}},
		{Entity: "pub/sub", Check: "bus: looked", Status: Skipped, Details: []string{"takes 1m0s"}},
	}}
}

func TestTable(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, report().Write(&b, "text"))
	require.Equal(t, `ENTITY   CHECK        RULES      RESULT   TIME
sidecar  web: ready   S-11       passed   1.0s
state    store: gone  N-05 N-07  failed   0.0s
pub/sub  bus: looked             skipped  0.0s
failed: store: gone: still there
failed: store: gone: and <that>
skipped: bus: looked: takes 1m0s
1 passed, 1 failed, 1 skipped in 3.0s
`, b.String())
}

func TestMachineFormats(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, report().Write(&b, "json"))
	var again Report
	require.NoError(t, json.Unmarshal(b.Bytes(), &again))
	require.Equal(t, report(), again)

	b.Reset()
	require.NoError(t, report().Write(&b, "junit"))
	var suite junitSuite
	require.NoError(t, xml.Unmarshal(b.Bytes(), &suite))
	require.Equal(t, []int{3, 1, 1}, []int{suite.Tests, suite.Failures, suite.Skipped})
	require.Equal(t, "store: gone N-05 N-07", suite.Cases[1].Name)
	require.Equal(t, "still there\nand <that>", suite.Cases[1].Failure.Message)
	require.Nil(t, suite.Cases[0].Failure)
	require.Equal(t, "takes 1m0s", suite.Cases[2].Skipped.Message)

	require.EqualError(t, report().Write(&b, "yaml"), `unknown format "yaml": must be one of text, json, junit`)
}

// TestRun covers how a check ends, and that it is retried while a stack
// settles.
func TestRun(t *testing.T) {
	run := func(settle time.Duration, prove func(context.Context) error) Result {
		return check{entity: "e", what: "w", prove: prove}.run(t.Context(), settle)
	}
	require.Equal(t, Passed, run(0, func(context.Context) error { return nil }).Status)
	r := run(time.Minute, func(context.Context) error { return skipped("why") })
	require.Equal(t, Skipped, r.Status)
	require.Equal(t, []string{"why"}, r.Details)
	r = run(0, func(context.Context) error {
		return errors.Join(nil, errors.New("a"), errors.Join(errors.New("b"), errors.New("c")))
	})
	require.Equal(t, Failed, r.Status)
	require.Equal(t, []string{"a", "b", "c"}, r.Details)
	calls := 0
	r = run(time.Minute, func(context.Context) error {
		if calls++; calls < 2 {
			return errors.New("not yet")
		}
		return nil
	})
	require.Equal(t, Passed, r.Status)
	require.Equal(t, 2, calls)
}

func TestFlags(t *testing.T) {
	require.Equal(t, map[string]string{"app-id": "a", "enable-mtls": "true", "seconds": "-1", "logging": "false", "last": "true"},
		flags([]string{"/daprd", "--app-id", "a", "--enable-mtls", "--seconds", "-1", "--logging=false", "--", "--last"}))
}

// TestDeviations: S-12, every option of the stack file is held against the
// argument that daprd has for it, or else against the annotation.
func TestDeviations(t *testing.T) {
	stack := &config.Stack{Context: "c", Namespace: "n", Apps: []config.App{{Name: "web", Image: "web:1", Port: 8000, Sidecar: &config.Sidecar{
		AppID: "web-app", Options: rules.SidecarOptions{
			"gracefulShutdown": 7 * time.Second, "apiLogging": true, "logAsJSON": false, "nativeSidecar": true, "apiTokenSecret": "api",
			"env": map[string]string{"A": "p4ss"},
		},
	}}}}
	require.NoError(t, config.Validate(stack))
	pod := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "web-1", Annotations: map[string]string{
		"dapr.io/enable-native-sidecar": "true", "dapr.io/api-token-secret": "api", "dapr.io/env": "A=p4ss",
	}}}
	good := []string{"/daprd", "--app-id", "web-app", "--app-port", "8000", "--config", "appconfig.web-app", "--dapr-http-port", "3500", "--enable-mtls",
		"--app-protocol", "http", "--log-level", "info", "--enable-metrics", "--metrics-port", "9090", "--enable-api-logging=true", "--dapr-graceful-shutdown-seconds", "7"}
	pod.Spec.InitContainers = []corev1.Container{{Name: "daprd", Args: good}}
	require.NoError(t, deviations(pod, stack, stack.Apps[0].Sidecar))

	pod.Spec.InitContainers[0].Args = []string{"/daprd", "--app-id", "web", "--app-port", "1", "--config", "c", "--dapr-http-port", "3501",
		"--app-protocol", "grpc", "--log-as-json", "--metrics-port", "1", "--enable-api-logging=false", "--dapr-graceful-shutdown-seconds", "5"}
	pod.Annotations = map[string]string{"dapr.io/env": "A=other"}
	const again = "; run up, and delete the pod when that changes nothing"
	require.EqualError(t, deviations(pod, stack, stack.Apps[0].Sidecar), strings.Join([]string{
		`pod web-1: the sidecar runs with app-id "web", the stack file says "web-app"`,
		`pod web-1: the sidecar runs with app-port "1", the stack file says "8000"`,
		`pod web-1: the sidecar runs with config "c", the stack file says "appconfig.web-app"`,
		`pod web-1: the sidecar runs with dapr-http-port "3501", the stack file says "3500"`,
		`pod web-1: the sidecar runs with enable-mtls "", the stack file says "true"`,
		`pod web-1: the sidecar runs with app-protocol "grpc", the stack file says "http"` + again,
		`pod web-1: the sidecar runs with log-level "", the stack file says "info"` + again,
		`pod web-1: the sidecar runs with log-as-json "true", the stack file says "false"` + again,
		`pod web-1: the sidecar runs with enable-api-logging "false", the stack file says "true"` + again,
		`pod web-1: the sidecar runs with enable-metrics "", the stack file says "true"` + again,
		`pod web-1: the sidecar runs with metrics-port "1", the stack file says "9090"` + again,
		`pod web-1: the sidecar runs with dapr-graceful-shutdown-seconds "5", the stack file says "7"` + again,
		`pod web-1: the annotation dapr.io/env is another one, the stack file says what it should be` + again,
		`pod web-1: the annotation dapr.io/api-token-secret is "", the stack file says "api"` + again,
		`pod web-1: the annotation dapr.io/enable-native-sidecar is "", the stack file says "true"` + again,
	}, "\n"))
}

// TestPeriodic: Q-02, for one sidecar and for several.
func TestPeriodic(t *testing.T) {
	seconds := func(s ...float64) (all []time.Duration) {
		for _, s := range s {
			all = append(all, time.Duration(s*float64(time.Second)))
		}
		return all
	}
	for name, c := range map[string]struct {
		at       []time.Duration
		sidecars int
		want     string
	}{
		"every 30 s":                  {seconds(5, 35.4), 1, ""},
		"two sidecars":                {seconds(5, 12, 35, 42), 2, ""},
		"at both ends":                {seconds(1, 31, 61), 1, ""},
		"a little late":               {seconds(0, 30.1, 60.3), 1, ""},
		"never":                       {nil, 1, "checked 0 times in 30s with 1 sidecars"},
		"once":                        {seconds(5), 1, "checked after 5s and not again 30s later"},
		"every 45 s":                  {seconds(5, 50), 1, "checked after 5s and not again 30s later"},
		"every 60 s, the later half":  {seconds(50), 1, "checked 0 times in 30s with 1 sidecars"},
		"every 15 s":                  {seconds(5, 20, 35, 50, 65), 1, "checked 2 times in 30s with 1 sidecars"},
		"every 5 s":                   {seconds(0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60), 1, "checked 6 times in 30s with 1 sidecars"},
		"one of two sidecars stopped": {seconds(5, 12, 35), 2, "checked after 12s and not again 30s later"},
		"one of two sidecars":         {seconds(5, 35), 2, "checked 1 times in 30s with 2 sidecars"},
	} {
		t.Run(name, func(t *testing.T) {
			err := periodic(c.at, c.sidecars, 30*time.Second, 3*time.Second)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, c.want)
		})
	}
}
