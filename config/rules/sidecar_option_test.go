package rules_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config/rules"
	"github.com/daprstack/daprstack/config/rules/rulestest"
)

var updateSidecar = flag.Bool("update-sidecar", false, "write testdata/sidecar.json anew")

// TestSidecarTable: every row is whole, and has its row of tests.
func TestSidecarTable(t *testing.T) {
	tested := map[string]bool{}
	for _, o := range rulestest.Options() {
		require.False(t, tested[o.Key], o.Key)
		tested[o.Key] = true
	}
	annotations := map[string]bool{}
	for _, row := range rules.SidecarTable {
		require.NotEmpty(t, row.Annotation)
		require.False(t, annotations[row.Annotation], "%s has two rows", row.Annotation)
		annotations[row.Annotation] = true
		require.Equal(t, row.Key != "", tested[row.Key] && row.Doc != "", "%s %s", row.Key, row.Annotation)
		_, listed := rules.Lookup(row.RuleID())
		require.True(t, listed)
		require.NotEmpty(t, row.ToDo())
		if row.Default != nil {
			require.Equal(t, row.Form.Type(), reflect.TypeOf(row.Default), row.Key)
			require.Empty(t, rules.SidecarOptions{row.Key: row.Default}.Check(), row.Key)
		}
		require.True(t, !row.Written || row.Default != nil, row.Key)
		if group, _ := row.Group(); group != "" {
			require.NotEmpty(t, rules.SidecarGroups[group], group)
		}
		if row.With != "" {
			with, ok := rules.Option(row.With)
			require.True(t, ok)
			require.Equal(t, reflect.Bool, with.Form.Type().Kind())
		}
	}
	require.Len(t, rules.Options(), len(tested))
}

// TestAnnotationsOfOptions: what is written is read back as the same, and what is
// refused in the stack file is refused in an annotation.
func TestAnnotationsOfOptions(t *testing.T) {
	for _, o := range rulestest.Options() {
		row, _ := rules.Option(o.Key)
		require.Empty(t, rules.Annotation(row.Annotation, o.Text), o.Key)
		value := rulestest.Typed(row, o.Value)
		require.Equal(t, rules.SidecarOptions{o.Key: value}, rules.OptionsOf(map[string]string{row.Annotation: o.Text}))
		options := rules.SidecarOptions{o.Key: value}
		if row.With != "" {
			options[row.With] = true
		}
		require.Equal(t, o.Text, options.Annotations()["dapr.io/"+row.Annotation])
		for _, r := range o.Refused {
			if r.Text == "" {
				continue
			}
			got := rules.Annotation(row.Annotation, r.Text)
			require.Len(t, got, 1, "%s=%s", row.Annotation, r.Text)
			require.Equal(t, row.RuleID(), got[0].Rule)
			require.Contains(t, got[0].Allowed, r.Allowed)
			require.Empty(t, rules.OptionsOf(map[string]string{row.Annotation: r.Text}))
		}
	}
}

// TestMalformedAnnotations: S-10 for what Dapr cannot read, S-12 for what it does
// not look at.
func TestMalformedAnnotations(t *testing.T) {
	const number = "[S-10]: must be a whole number: Dapr ignores anything else"
	parts := "[S-10]: must be name=value parts separated by commas, each name once: Dapr skips anything else"
	mounts := "[S-10]: must be volume:path parts separated by commas, each volume once: Dapr skips anything else"
	for _, c := range []struct{ name, value, want string }{
		{"app-health-probe-interval", "5s", `[S-10]: must be a whole number of seconds: Dapr ignores a unit there; write "5"`},
		{"app-health-probe-timeout", "1.5s", `[S-10]: must be a whole number of milliseconds: Dapr ignores a unit there; write "1500"`},
		{"app-health-probe-timeout", "500us", number},
		{"app-health-probe-interval", "2147483648", "[S-10]: must be whole seconds, 1 or more, of 32 bits"},
		{"app-health-probe-interval", "-2147483648", "[S-10]: must be whole seconds, 1 or more, of 32 bits"},
		{"graceful-shutdown-seconds", "soon", number},
		{"block-shutdown-duration", "10", `[S-10]: must be a duration with its unit, such as "10s"`},
		{"env", "A", parts},
		{"env", "A=b,A=c", parts},
		{"env", "A=b,c", ""},
		{"env", "A=b, B=c", ""},
		{"env-from-secret", "A", parts},
		{"env-from-secret", "A=token", ""},
		{"env-from-secret", "A= a : k ", ""},
		{"env-from-secret", "A=a:b:c", "[S-12]: A: key: must be letters, digits, hyphens, dots and underscores, at most 253 characters, and must not be . or start with .."},
		{"volume-mounts", "ca", mounts},
		{"volume-mounts", "ca:/a:ro", mounts},
		{"volume-mounts", "ca:/a,ca:/b", mounts},
		{"volume-mounts", "ca:/a, cb:/b", ""},
		{"sidecar-memory-limit", "1.5Gi", ""},
		{"sidecar-memory-limit", "1GB", "[S-12]: must be a Kubernetes quantity: Dapr ignores all resources otherwise"},
		{"sidecar-seccomp-profile-type", "runtimeDefault", "[S-12]: must be one of RuntimeDefault, Unconfined, Localhost"},
		{"app-healthcheck-path", "/a", `[S-12]: must be an annotation that Dapr reads; did you mean "app-health-check-path"?`},
		{"colour", "red", "[S-12]: must be an annotation that Dapr reads"},
		{"grpc-port", "0", "[S-12]: must be between 1 and 65535"},
		{"component-container", "anything at all", ""},
		// What lies just inside.
		{"metrics-port", "1", ""},
		{"metrics-port", "65535", ""},
		{"app-max-concurrency", "1", ""},
		{"app-max-concurrency", "2147483647", ""},
		{"app-health-threshold", "2147483646", ""},
		{"app-health-probe-interval", "2147483647", ""},
		{"app-health-probe-interval", "1s", `[S-10]: must be a whole number of seconds: Dapr ignores a unit there; write "1"`},
		{"app-health-probe-interval", "-2147483647", "[S-12]: must be whole seconds, 1s or more, of 32 bits"},
		{"graceful-shutdown-seconds", "0", ""},
		{"graceful-shutdown-seconds", "2147483647", ""},
		{"block-shutdown-duration", "1ns", ""},
		{"max-body-size", "999999999G", ""},
		{"max-body-size", "1", ""},
		{"volume-mounts", "a:/b", ""},
		{"env-from-secret", "A=a:" + strings.Repeat("k", 253), ""},
		{"env-from-secret", "A=a:.k", ""},
	} {
		got := ""
		for _, r := range rules.Annotation(c.name, c.value) {
			got += r.String()
		}
		require.Equal(t, c.want, got, "%s=%s", c.name, c.value)
	}
	require.True(t, rules.Hidden("env"))
	require.False(t, rules.Hidden("log-level"))
	require.False(t, rules.Hidden("colour"))
}

// TestTogether: what options do to each other; each by the annotations of a pod.
func TestTogether(t *testing.T) {
	for _, c := range []struct {
		annotations map[string]string
		want        []string
	}{
		{map[string]string{"app-health-check-path": "/a"}, []string{"app-health-check-path: must not be given without enable-app-health-check: Dapr ignores it"}},
		{map[string]string{"app-health-check-path": "/a", "enable-app-health-check": "true"}, nil},
		{map[string]string{"app-health-check-path": "/a", "enable-app-health-check": "no"}, nil},
		{map[string]string{"metrics-port": "9191"}, nil},
		{map[string]string{"metrics-port": "9191", "enable-metrics": "false"}, nil},
		{map[string]string{"app-protocol": "grpcs", "app-max-concurrency": "1"}, []string{"app-max-concurrency: must not be given with app-protocol grpcs: invocations of the app would never end"}},
		{map[string]string{"app-protocol": "h2c", "app-max-concurrency": "1"}, nil},
		{map[string]string{"app-max-concurrency": "1"}, nil},
		{map[string]string{"enable-app-health-check": "1", "app-health-probe-timeout": "5001"},
			[]string{"app-health-probe-timeout: must fit: a timeout of 5.001s is more than the interval of 5s, and daprd does not start"}},
		{map[string]string{"enable-app-health-check": "1", "app-health-probe-timeout": "5000"}, nil},
		{map[string]string{"enable-app-health-check": "1", "app-health-probe-timeout": "2000", "app-health-probe-interval": "1"},
			[]string{"app-health-probe-timeout: must fit: a timeout of 2s is more than the interval of 1s, and daprd does not start"}},
		{map[string]string{"graceful-shutdown-seconds": "29"}, nil},
		{map[string]string{"block-shutdown-duration": "25s"},
			[]string{"block-shutdown-duration: must be shorter: with block-shutdown-duration 25s and graceful-shutdown-seconds 5s the pod is killed before, 30s after its end began"}},
		{map[string]string{"block-shutdown-duration": "24s"}, nil},
		{map[string]string{"env": "A=b", "env-from-secret": "A=b,B=b"}, []string{"env-from-secret: A: must not be given twice"}},
		{map[string]string{"volume-mounts": "a:/a,b:/a"}, []string{"volume-mounts: b: must be mounted at a path of its own"}},
	} {
		var got []string
		for _, f := range rules.OptionsOf(c.annotations).Within(rules.PodGrace, func(row rules.SidecarOption) string { return row.Annotation }) {
			row, _ := rules.Option(f.Key)
			require.Equal(t, "S-12", f.Rule)
			got = append(got, row.Annotation+": "+f.Text())
		}
		require.Equal(t, c.want, got, "%v", c.annotations)
	}
	require.Empty(t, rules.SidecarOptions{"appHealthCheck.interval": -time.Second, "appHealthCheck.enabled": true}.Within(rules.PodGrace, nil), "what is bad by itself")
}

// TestCheck: an option that does not apply is not checked, and checking changes
// nothing.
func TestCheck(t *testing.T) {
	require.Empty(t, rules.SidecarOptions{"enableMetrics": false, "metricsPort": 0, "appHealthCheck.threshold": 0}.Check())
	require.Equal(t, []rules.OptionFault{
		{Key: "appHealthCheck.threshold", Fault: rules.Fault{Value: 0, Allowed: "must be a whole number, 1 or more, of 32 bits"}, Rule: "S-12", By: []string{"appHealthCheck.enabled"}},
		{Key: "env", Fault: rules.Fault{At: []any{"A"}, Allowed: "must not end in a space: Dapr cuts it off"}, Rule: "S-12", By: []string{}},
	}, rules.SidecarOptions{"appHealthCheck.enabled": true, "appHealthCheck.threshold": 0, "env": map[string]string{"A": "p4ss "}}.Check())
	options := rules.SidecarOptions{"gracefulShutdown": -time.Second}
	require.Empty(t, options.Within(rules.PodGrace, nil))
	require.Contains(t, options, "gracefulShutdown")
}

// TestSecrets: the Secrets that a sidecar cannot start without.
func TestSecrets(t *testing.T) {
	refs := map[string]rules.SecretRef{}
	for _, name := range []string{"C", "A", "E", "B", "D"} {
		refs[name] = rules.SecretRef{Name: name, Key: "k"}
	}
	require.Equal(t, map[string][]string{"envFromSecret": {"A", "B", "C", "D", "E"}, "appTokenSecret": {"t"}},
		rules.SidecarOptions{"envFromSecret": refs, "appTokenSecret": "t", "image": "i", "env": map[string]string{"A": "b"}}.Secrets())
}

// TestUnmounted: the injector skips volumes that the pod does not have.
func TestUnmounted(t *testing.T) {
	options := rules.SidecarOptions{"volumeMounts": map[string]string{"a": "/a", "b": "/b"}, "volumeMountsRW": map[string]string{"c": "/c"}}
	require.Empty(t, options.Unmounted(rules.NamesOf("a", "b", "c")))
	var got []string
	for _, f := range options.Unmounted(rules.NamesOf("a", "d")) {
		got = append(got, f.Key+": "+f.Text()[:1])
	}
	require.Equal(t, []string{"volumeMounts: b", "volumeMountsRW: c"}, got)
}

// TestSettings: what a running sidecar should have, with what to do otherwise.
func TestSettings(t *testing.T) {
	options := rules.SidecarOptions{"image": "daprd:1", "appHealthCheck.threshold": 2, "gracefulShutdown": 7 * time.Second}
	var got []string
	for _, s := range options.Settings() {
		got = append(got, fmt.Sprintf("%s %s=%s: %s", s.Annotation, s.Argument, s.Value, s.ToDo()))
	}
	require.Equal(t, []string{
		"graceful-shutdown-seconds dapr-graceful-shutdown-seconds=7: run up, and delete the pod when that changes nothing",
		"sidecar-image =daprd:1: delete the pod, so that a new one gets the image",
	}, got, "and not what Dapr ignores")
	require.Equal(t, 7, rules.SidecarOptions{"metricsPort": 7}.Number("metricsPort"))
	require.Equal(t, 9090, rules.SidecarOptions{}.Number("metricsPort"), "the default")
	require.True(t, rules.SidecarOptions(nil).On("enableMetrics"))
	require.False(t, rules.SidecarOptions{"enableMetrics": "true"}.On("enableMetrics"), "of another type")
	require.NoError(t, rules.SidecarOptions{}.Err(0))
	require.EqualError(t, rules.SidecarOptions{"env": map[string]string{"NAMESPACE": "x"}, "appHealthCheck.path": "/a"}.Err(0),
		"sidecar option env: must not be given: Dapr sets it itself\nsidecar option appHealthCheck.path: must not be given without appHealthCheck.enabled: Dapr ignores it")
}

// TestSidecarData: the file that toolchain/dapr/upstream compares with the
// pinned Dapr is up to date.
func TestSidecarData(t *testing.T) {
	type datum struct {
		Key, Annotation, Argument, With string
		Default, Text                   string            // as they stand in an annotation
		Before                          string            `json:",omitempty"` // the default before 1.18
		Since                           string            `json:",omitempty"`
		Value                           map[string]string `json:",omitempty"` // of a map of texts
		Refused                         []string          `json:",omitempty"` // texts that are refused
	}
	tests := map[string]rulestest.Option{}
	for _, o := range rulestest.Options() {
		tests[o.Key] = o
	}
	var all []datum
	for _, row := range rules.SidecarTable {
		d := datum{Key: row.Key, Annotation: row.Annotation, Argument: row.Argument, Since: row.Since}
		if with, ok := rules.Option(row.With); ok {
			d.With = with.Annotation
		}
		text := func(v any) string {
			if v == nil {
				return ""
			}
			return rules.SidecarOptions{row.Key: v, "appHealthCheck.enabled": true}.Annotations()["dapr.io/"+row.Annotation]
		}
		d.Default, d.Before = text(row.Default), text(row.Before)
		if o, ok := tests[row.Key]; ok {
			d.Text = o.Text
			d.Value, _ = rulestest.Typed(row, o.Value).(map[string]string)
			for _, r := range o.Refused {
				if r.Text != "" {
					d.Refused = append(d.Refused, r.Text)
				}
			}
		}
		all = append(all, d)
	}
	got, err := json.MarshalIndent(all, "", "  ")
	require.NoError(t, err)
	const file = "testdata/sidecar.json"
	if *updateSidecar {
		require.NoError(t, os.WriteFile(file, append(got, '\n'), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got)+"\n", "go test ./config/rules -run TestSidecarData -update-sidecar writes it anew")
}

// TestOptionsOf: annotations that are no option of the stack file, or that Dapr
// would not read as they stand, are left out.
func TestOptionsOf(t *testing.T) {
	require.Equal(t, rules.SidecarOptions{"logAsJSON": true}, rules.OptionsOf(map[string]string{
		"enabled": "true", "app-id": "a-app", "log-as-json": "true", "http-max-request-size": "much", "no-such-annotation": "1",
	}))
}

func TestTypeOf(t *testing.T) {
	state, known := rules.TypeOf(rules.StateRedis)
	require.True(t, known)
	require.Equal(t, rules.StateRedis, state.Name)
	none, known := rules.TypeOf("state.nosuch")
	require.False(t, known)
	require.Empty(t, none)
}

func TestEventNamesAtTheirLimits(t *testing.T) {
	longest := strings.Repeat("a", 63)
	require.Empty(t, rules.EventType(longest+".done"))
	require.NotEmpty(t, rules.EventType(longest+"a.done"))
	require.Empty(t, rules.Topic("dead-letter.a-app.task.created"))
	require.NotEmpty(t, rules.Topic("dead-letter.A-app.task.created"))
}
