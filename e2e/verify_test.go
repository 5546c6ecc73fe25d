//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	live "github.com/daprstack/daprstack/internal/cluster"
	"github.com/daprstack/daprstack/verify"
)

var deployments = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}

// verified runs verify and returns the checks that failed.
func verified(t *testing.T, args ...string) (failed []verify.Result, report verify.Report) {
	t.Helper()
	cmd := driver(t, append([]string{"verify", "--output", "json"}, args...)...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	err := cmd.Run()
	require.NoError(t, json.Unmarshal(out.Bytes(), &report), out.String())
	for _, r := range report.Results {
		if r.Status == verify.Failed {
			failed = append(failed, r)
		}
	}
	require.Equal(t, len(failed) > 0, err != nil, "the exit code")
	return failed, report
}

func verifyProvesTheStack(t *testing.T) {
	failed, report := verified(t)
	require.Empty(t, failed)
	require.Zero(t, report.Count(verify.Skipped))
	require.Greater(t, len(report.Results), 40)
	proven := map[string]bool{}
	for _, r := range report.Results {
		for _, rule := range r.Rules {
			proven[rule] = true
		}
	}
	for _, rule := range []string{"S-05", "S-09", "S-11", "T-05", "T-07", "T-10", "Q-01", "Q-02", "Q-03", "E-01", "E-02", "E-03", "E-09", "E-10",
		"E-11", "N-03", "N-05", "N-07", "I-01", "I-04", "I-05", "I-06", "C-01"} {
		require.True(t, proven[rule], rule)
	}
}

// breakages are ways to break a running stack, each with what verify has to say
// of it and of nothing else.
var breakages = []struct {
	name     string
	resource schema.GroupVersionResource
	object   string
	change   func(object map[string]any) error
	want     []string // the beginning of each check that fails, with its detail
}{
	{"a component that is open to one app more", live.Components, "statestore",
		set([]any{"backend-app", "activity-app", "frontend-app"}, "scopes"),
		[]string{"statestore: loaded by the apps of its scopes, and by no other: frontend-app has loaded it and is not in its scopes"}},
	{"a component that an app has lost", live.Components, "statestore",
		set([]any{"backend-app"}, "scopes"),
		[]string{"statestore: loaded by the apps of its scopes", "statestore from activity-app: a key", "statestore from activity-app: a stale",
			"statestore from activity-app: an entry is gone", "statestore from activity-app: an entry is written"}},
	{"a duration in a form that Dapr ignores", live.Components, "pubsub",
		metadataItem("redeliverInterval", "30s"),
		[]string{`pubsub: every metadata item has a form that Dapr honours: metadata item redeliverInterval [T-10]: must be whole milliseconds`}},
	{"events that are kept for another time", live.Components, "pubsub",
		metadataItem("streamTTL", "1h0m0s"),
		[]string{`pubsub: every metadata item has a form that Dapr honours: streamTTL is "1h0m0s", the stack file says "168h0m0s"`}},
	{"a subscriber that may not write its dead letters", live.Components, "pubsub",
		metadataItem("publishingScopes", "backend-app=task.completed,task.created,task.deleted,task.updated;activity-app="),
		[]string{"task.completed of backend-app: a probe", "task.created of backend-app: a probe", "task.deleted of backend-app: a probe", "task.updated of backend-app: a probe"}},
	{"an app that may publish what is not its own", live.Components, "pubsub",
		remove("publishingScopes", "protectedTopics"),
		[]string{"task.completed: nobody else may publish it: publishing as activity-app answers 204, not 403",
			"task.created: nobody else", "task.deleted: nobody else", "task.updated: nobody else"}},
	{"a handler at another path", live.Subscriptions, "pubsub.task.created.activity-app",
		set("/elsewhere", "spec", "routes", "default"),
		[]string{"task.created: its subscribers have its handler and its dead-letter topic: the handler of activity-app is"}},
	{"more pods than the stack file says", deployments, "frontend",
		set(int64(2), "spec", "replicas"),
		[]string{"frontend-app: every pod has a ready sidecar: 2 pods are there, the stack file says 1"}},
	{"another log level", deployments, "frontend",
		set("debug", "spec", "template", "metadata", "annotations", "dapr.io/log-level"),
		[]string{`frontend-app: it has the settings of the stack file: pod frontend-`}},
	{"a peer at another address", deployments, "frontend",
		func(object map[string]any) error {
			containers, _, err := unstructured.NestedSlice(object, "spec", "template", "spec", "containers")
			if err != nil {
				return err
			}
			for _, e := range containers[0].(map[string]any)["env"].([]any) {
				if e := e.(map[string]any); e["name"] == "ACTIVITY_URL" {
					e["value"] = "http://activity.elsewhere:8001"
				}
			}
			return unstructured.SetNestedSlice(object, containers, "spec", "template", "spec", "containers")
		},
		[]string{"frontend: it finds its peers, stores and topics by its variables: pod frontend-"}},
	{"another number of retries", live.Resiliencies, "delivery",
		set(int64(1), "spec", "policies", "retries", "pubsub", "maxRetries"),
		[]string{"pubsub: its subscribers have the retry policy of the stack file: maxRetries differs from the stack file's 3"}},
	{"an app that anybody may invoke", live.Configurations, "appconfig.frontend-app",
		set("allow", "spec", "accessControl", "defaultAction"),
		[]string{"frontend-app: nobody else may invoke it: backend-app invokes it and is answered 200, not 403; activity-app invokes it and is answered 200, not 403"}},
	{"an app that its caller may not invoke", live.Configurations, "appconfig.backend-app",
		set([]any{}, "spec", "accessControl", "policies"),
		[]string{"frontend-app → backend-app: headers, query and body arrive, and the answer is the target's own: GET /healthz: the target answers 200, and 403 through the sidecars"}},
}

func set(value any, path ...string) func(map[string]any) error {
	return func(object map[string]any) error { return unstructured.SetNestedField(object, value, path...) }
}

// metadataItem changes one metadata item of a Component.
func metadataItem(name, value string) func(map[string]any) error {
	return eachItem(func(m map[string]any) bool {
		if m["name"] == name {
			m["value"] = value
		}
		return true
	})
}

// remove takes metadata items out of a Component.
func remove(names ...string) func(map[string]any) error {
	return eachItem(func(m map[string]any) bool {
		for _, name := range names {
			if m["name"] == name {
				return false
			}
		}
		return true
	})
}

func eachItem(keep func(map[string]any) bool) func(map[string]any) error {
	return func(object map[string]any) error {
		items, _, err := unstructured.NestedSlice(object, "spec", "metadata")
		if err != nil {
			return err
		}
		var kept []any
		for _, i := range items {
			if keep(i.(map[string]any)) {
				kept = append(kept, i)
			}
		}
		return unstructured.SetNestedSlice(object, kept, "spec", "metadata")
	}
}

// verifyFindsWhatIsBroken breaks the running stack in one way after the other,
// behind Pulumi's back, and mends it again.
func verifyFindsWhatIsBroken(t *testing.T) {
	c := localCluster(t)
	for _, b := range breakages {
		t.Run(b.name, func(t *testing.T) {
			mend := change(t, c, b.resource, b.object, b.change)
			defer func() {
				mend()
				eventually(t, "verify passes again", func(context.Context) string {
					failed, _ := verified(t, "--quick")
					return lines(failed)
				})
			}()
			eventually(t, "verify says so", func(context.Context) string {
				failed, _ := verified(t, "--quick")
				if len(failed) != len(b.want) {
					return fmt.Sprintf("%d failed:\n%s", len(failed), lines(failed))
				}
				for _, want := range b.want {
					if !strings.Contains("\n"+lines(failed), "\n"+want) {
						return fmt.Sprintf("no line begins with %q:\n%s", want, lines(failed))
					}
				}
				return ""
			})
		})
	}
}

// change changes an object of the stack behind Pulumi's back, and starts the
// sidecars again that would not see it. mend undoes it, and gives the fields back
// to the engine, which would not touch another's.
func change(t *testing.T, c cluster, resource schema.GroupVersionResource, name string, how func(map[string]any) error) (mend func()) {
	t.Helper()
	objects := c.Resource(resource).Namespace(namespace)
	update := func(how func(map[string]any) error) {
		t.Helper()
		eventually(t, "the change is made", func(ctx context.Context) string { // someone else may write to it
			object, err := objects.Get(ctx, name, metav1.GetOptions{})
			if err == nil {
				err = how(object.Object)
			}
			if err == nil {
				_, err = objects.Update(ctx, object, metav1.UpdateOptions{})
			}
			return text(err)
		})
	}
	before, err := objects.Get(t.Context(), name, metav1.GetOptions{})
	require.NoError(t, err)
	update(how)
	if resource.Group == live.Components.Group {
		newPods(t, c)
		defer func() {
			undo := mend
			mend = func() { undo(); newPods(t, c) }
		}()
	}
	return func() {
		t.Helper()
		update(func(object map[string]any) error {
			object["spec"] = before.Object["spec"]
			if scopes, ok := before.Object["scopes"]; ok {
				object["scopes"] = scopes
			}
			return nil
		})
		update(func(object map[string]any) error {
			owners, _, err := unstructured.NestedSlice(before.Object, "metadata", "managedFields")
			if err != nil {
				return err
			}
			return unstructured.SetNestedSlice(object, owners, "metadata", "managedFields")
		})
	}
}

// newPods replaces the pods that have a sidecar.
func newPods(t *testing.T, c cluster) {
	t.Helper()
	require.NoError(t, c.Resource(pods).Namespace(namespace).DeleteCollection(t.Context(), metav1.DeleteOptions{},
		metav1.ListOptions{LabelSelector: "daprstack.io/sidecar=true"}))
	everyAppReady(t, "2/2")
}

// lines is each result with its details, a line each.
func lines(results []verify.Result) string {
	var all []string
	for _, r := range results {
		all = append(all, r.Check+": "+strings.Join(r.Details, "; "))
	}
	return strings.Join(all, "\n")
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
