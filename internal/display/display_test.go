package display_test

import (
	"bytes"
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/internal/display"
)

const (
	stackURN      = "urn:pulumi:dev::p::pulumi:pulumi:Stack::p-dev"
	appURN        = "urn:pulumi:dev::p::daprstack:app:App::web"
	deploymentURN = "urn:pulumi:dev::p::daprstack:app:App$kubernetes:apps/v1:Deployment::web-deployment"
	redisURN      = "urn:pulumi:dev::p::daprstack:redis:Redis::redis"
	passwordURN   = "urn:pulumi:dev::p::daprstack:redis:Redis$random:index/randomPassword:RandomPassword::redis-password"
	namespaceURN  = "urn:pulumi:dev::p::kubernetes:core/v1:Namespace::namespace"
)

func step(op apitype.OpType, urn, typ, parent, name string) apitype.StepEventMetadata {
	state := &apitype.StepEventStateMetadata{URN: urn, Type: typ, Parent: parent, Custom: typ[0] != 'd', Inputs: map[string]any{}}
	if name != "" {
		state.Inputs["metadata"] = map[string]any{"name": name}
	}
	return apitype.StepEventMetadata{Op: op, URN: urn, Type: typ, New: state}
}

func begin(m apitype.StepEventMetadata) apitype.EngineEvent {
	return apitype.EngineEvent{ResourcePreEvent: &apitype.ResourcePreEvent{Metadata: m}}
}

func end(m apitype.StepEventMetadata) apitype.EngineEvent {
	return apitype.EngineEvent{ResOutputsEvent: &apitype.ResOutputsEvent{Metadata: m}}
}

func failed(m apitype.StepEventMetadata) apitype.EngineEvent {
	return apitype.EngineEvent{ResOpFailedEvent: &apitype.ResOpFailedEvent{Metadata: m}}
}

func said(severity, urn, message string, ephemeral bool) apitype.EngineEvent {
	return apitype.EngineEvent{DiagnosticEvent: &apitype.DiagnosticEvent{URN: urn, Severity: severity, Message: message, Ephemeral: ephemeral}}
}

var (
	application = step(apitype.OpCreate, appURN, "daprstack:app:App", stackURN, "")
	deployment  = step(apitype.OpCreate, deploymentURN, "kubernetes:apps/v1:Deployment", appURN, "web")
	redis       = step(apitype.OpSame, redisURN, "daprstack:redis:Redis", stackURN, "")
	password    = step(apitype.OpUpdate, passwordURN, "random:index/randomPassword:RandomPassword", redisURN, "")
	namespace   = step(apitype.OpDelete, namespaceURN, "kubernetes:core/v1:Namespace", stackURN, "todo")
)

// TestLog: a log has a line for what takes long, with what it waits for, and one
// when that ends; what is quick is only counted.
func TestLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		start := time.Now()
		d := display.New(t.Context(), display.Options{Out: &out, Diagnose: func(_ context.Context, app string) string {
			if app != "web" || time.Since(start) < 8*time.Second {
				return ""
			}
			return "container web: ErrImagePull: no such image"
		}})
		for _, e := range []apitype.EngineEvent{
			begin(redis), begin(password), end(password), begin(application), end(application), begin(deployment),
			said("info", deploymentURN, "<{%reset%}>0/1 pods\navailable<{%reset%}>", true),
		} {
			d.Handle(e)
		}
		time.Sleep(12 * time.Second)
		d.Handle(end(deployment))
		d.Close()
		require.Equal(t, `   5.0s  app web: creating Deployment web, 5.0s: 0/1 pods available
    10s  app web: creating Deployment web, 10s: container web: ErrImagePull: no such image
    12s  app web: done after 12s
`, out.String())
		require.Equal(t, "1 created, 1 updated", d.Summary())
	})
}

// TestTerminal: each part has a line, which is drawn anew, and one of a part that had
// nothing to do is not there.
func TestTerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		d := display.New(t.Context(), display.Options{Out: &out, Size: func() (int, int) { return 40, 10 }})
		for _, e := range []apitype.EngineEvent{begin(redis), begin(application), begin(deployment), said("info", deploymentURN, "waiting for something that is long to tell", true)} {
			d.Handle(e)
		}
		time.Sleep(time.Second + time.Millisecond)
		synctest.Wait()
		require.Contains(t, out.String(), "\x1b[1A\x1b[J… app web              creating Deploy…\n")
		d.Handle(end(deployment))
		d.Handle(begin(namespace))
		d.Handle(failed(namespace))
		out.Reset()
		d.Close()
		require.Equal(t, "\x1b[1A\x1b[J✓ app web              1 done in 1.0s\n✗ stack                failed after 0.…\n", out.String())
	})
}

// TestTerminalIsSmall: what has ended makes room for what goes on.
func TestTerminalIsSmall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		d := display.New(t.Context(), display.Options{Out: &out, Size: func() (int, int) { return 80, 4 }})
		for _, name := range []string{"a", "b", "c", "d", "e"} {
			urn := appURN + name
			d.Handle(begin(step(apitype.OpCreate, urn, "daprstack:app:App", stackURN, "")))
			s := step(apitype.OpCreate, deploymentURN+name, "kubernetes:apps/v1:Deployment", urn, name)
			d.Handle(begin(s))
			if name != "e" {
				d.Handle(end(s))
			}
		}
		d.Close()
		require.Equal(t, "\x1b[J✓ app webd             1 done in 0.0s\n… app webe             creating Deployment e, 0.0s\n  and 3 more\n", out.String())
	})
}

// TestProblems: what failed is told once, whole, with the part of the stack; a
// violation of a policy as the pack words it.
func TestProblems(t *testing.T) {
	d := display.New(t.Context(), display.Options{Out: &bytes.Buffer{}})
	for _, e := range []apitype.EngineEvent{
		begin(application), begin(deployment), failed(deployment),
		said("error", deploymentURN, "2 errors:\n  one\n  two\n", false), said("error", deploymentURN, "2 errors:\n  one\n  two\n", false),
		said("error", "", "update failed", false), said("error", "", "no space", false), said("warning", deploymentURN, "old", false), said("info", deploymentURN, "by the way", false),
		said("info", "", "a call takes long", false),
		{PolicyEvent: &apitype.PolicyEvent{EnforcementLevel: "mandatory", Message: "[S-02] web"}},
		{PolicyEvent: &apitype.PolicyEvent{EnforcementLevel: "advisory", Message: "[S-03] web"}},
	} {
		d.Handle(e)
	}
	d.Close()
	require.Equal(t, []string{"app web: web-deployment: 2 errors:\n  one\n  two", "no space", "[S-02] web"}, d.Problems())
	require.Equal(t, []string{"app web: web-deployment: old", "[S-03] web"}, d.Warnings())
	require.Equal(t, []string{"a call takes long"}, d.Notes())
	require.Equal(t, "nothing changed", d.Summary())
}

// TestDrift: a refresh names what is not as the state says.
func TestDrift(t *testing.T) {
	d := display.New(t.Context(), display.Options{Out: &bytes.Buffer{}})
	refresh, changed, same := deployment, deployment, namespace
	refresh.Op, changed.Op, same.Op = apitype.OpRefresh, apitype.OpUpdate, apitype.OpSame
	changed.DetailedDiff = map[string]apitype.PropertyDiff{"spec.replicas": {}}
	looked := namespace
	looked.Op = apitype.OpRefresh
	for _, e := range []apitype.EngineEvent{begin(application), begin(refresh), end(changed), begin(looked), end(same), begin(looked), end(namespace)} {
		d.Handle(e)
	}
	d.Close()
	require.Equal(t, []string{"app web: Deployment web was changed: spec.replicas", "stack: Namespace todo is gone"}, d.Drift())
}
