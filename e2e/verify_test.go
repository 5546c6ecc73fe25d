//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/remotecommand"

	live "github.com/daprstack/daprstack/internal/cluster"
	"github.com/daprstack/daprstack/verify"
)

var deployments = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}

// verified runs verify and returns the failed checks and the report.
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

// breakage is a way to break a running stack.
type breakage struct {
	name     string
	resource schema.GroupVersionResource
	object   string
	change   func(object map[string]any) error       // nil deletes the object
	running  bool                                    // without restarting the sidecars
	by       func(*testing.T, cluster) (undo func()) // instead of a change to an object
	want     []string                                // the beginning of each failed check with its details
}

// breakages are ways to break a running stack, each with all that verify must
// report.
var breakages = []breakage{
	{name: "a component that is open to one app more", resource: live.Components, object: "statestore",
		change: set([]any{"backend-app", "activity-app", "frontend-app"}, "scopes"),
		want:   []string{"statestore: loaded by the apps in its scopes and by no other: frontend-app has loaded it but is not in its scopes"}},
	{name: "a component that an app has lost", resource: live.Components, object: "statestore",
		change: set([]any{"backend-app"}, "scopes"),
		want: []string{"statestore: loaded by the apps in its scopes", "statestore from activity-app: a key", "statestore from activity-app: a stale",
			"statestore from activity-app: an entry expires", "statestore from activity-app: an entry is written"}},
	{name: "a duration in a form that Dapr ignores", resource: live.Components, object: "pubsub",
		change: metadataItem("redeliverInterval", "30s"),
		want:   []string{`pubsub: Dapr honors every metadata item: metadata item redeliverInterval [T-10]: must be whole milliseconds`}},
	{name: "events that are kept for another time", resource: live.Components, object: "pubsub",
		change: metadataItem("streamTTL", "1h0m0s"),
		want:   []string{`pubsub: Dapr honors every metadata item: streamTTL is "1h0m0s", the stack file says "168h0m0s"`}},
	{name: "a subscriber that may not write its dead letters", resource: live.Components, object: "pubsub",
		change: metadataItem("publishingScopes", "backend-app=task.completed,task.created,task.deleted,task.updated;activity-app="),
		want:   []string{"task.completed of backend-app: a probe", "task.created of backend-app: a probe", "task.deleted of backend-app: a probe", "task.updated of backend-app: a probe"}},
	{name: "an app that may publish what is not its own", resource: live.Components, object: "pubsub",
		change: remove("publishingScopes", "protectedTopics"),
		want: []string{"task.completed: nobody else may publish it: publishing as activity-app returned 204, not 403",
			"task.created: nobody else", "task.deleted: nobody else", "task.updated: nobody else"}},
	{name: "a handler at another path", resource: live.Subscriptions, object: "pubsub.task.created.activity-app",
		change: set("/elsewhere", "spec", "routes", "default"),
		want:   []string{"task.created: its subscribers have its handler and its dead-letter topic: the handler of activity-app is"}},
	{name: "more pods than the stack file says", resource: deployments, object: "frontend",
		change: set(int64(2), "spec", "replicas"),
		want:   []string{"frontend-app: every pod has a ready sidecar: 2 pods are there, the stack file says 1"}},
	{name: "another log level", resource: deployments, object: "frontend",
		change: set("debug", "spec", "template", "metadata", "annotations", "dapr.io/log-level"),
		want:   []string{`frontend-app: it has the settings of the stack file: pod frontend-`}},
	{name: "a peer at another address", resource: deployments, object: "frontend",
		change: otherPeer,
		want:   []string{"frontend: it finds its peers, stores and topics by its variables: pod frontend-"}},
	{name: "another number of retries", resource: live.Resiliencies, object: "delivery",
		change: set(int64(1), "spec", "policies", "retries", "pubsub", "maxRetries"),
		want:   []string{"pubsub: its subscribers have the retry policy of the stack file: maxRetries differs from the stack file's 3"}},
	{name: "an app that anybody may invoke", resource: live.Configurations, object: "appconfig.frontend-app",
		change: set("allow", "spec", "accessControl", "defaultAction"),
		want:   []string{"frontend-app: nobody else may invoke it: backend-app invoked it and got 200, not 403; activity-app invoked it and got 200, not 403"}},
	{name: "an app that its caller may not invoke", resource: live.Configurations, object: "appconfig.backend-app",
		change: set([]any{}, "spec", "accessControl", "policies"),
		want:   []string{"frontend-app → backend-app: headers, query and body arrive, and the response is the target's own: GET /healthz: the target returned 200 directly and 403 through the sidecars"}},
	{name: "a Configuration that is gone", resource: live.Configurations, object: "appconfig.frontend-app",
		want: []string{"the namespace has exactly the Dapr objects of the stack file: Configuration appconfig.frontend-app is missing"}},
	{name: "a subscription that is gone", resource: live.Subscriptions, object: "pubsub.task.deleted.activity-app",
		want: []string{"the namespace has exactly the Dapr objects of the stack file: Subscription pubsub.task.deleted.activity-app is missing"}},
	{name: "a password that is not there", resource: live.Components, object: "statestore", running: true,
		change: eachItem(func(item map[string]any) bool {
			if ref, ok := item["secretKeyRef"].(map[string]any); ok {
				ref["key"] = "nothing"
			}
			return true
		}),
		want: []string{"statestore: its password comes from an existing Secret: the Secret redis-password-secret-",
			"statestore from activity-app: a key has", "statestore from backend-app: a key has"}},
	{name: "a consumer group that others could share", resource: live.Components, object: "pubsub",
		change: addItem("consumerID", "shared"),
		want: []string{"task.completed of backend-app: a probe reaches every subscriber's sidecar, and from there its dead-letter topic: timed out: it was not delivered to activity-app in its consumer group activity-app",
			"task.created of backend-app: a probe", "task.deleted of backend-app: a probe", "task.updated of backend-app: a probe"}},
	{name: "keys under another name", resource: live.Components, object: "statestore",
		change: addItem("keyPrefix", "name"),
		want: []string{"statestore from activity-app: a key has the lifetime of its pattern: there is no key activity-app||",
			"statestore from backend-app: a key has the lifetime of its pattern: there is no key backend-app||"}},
	{name: "a Redis in which nothing expires", by: everPersisting,
		want: []string{"statestore from activity-app: an entry expires after its time to live: timed out: GET returned 200, not 204",
			"statestore from backend-app: an entry expires after its time to live: timed out: GET returned 200, not 204"}},
	{name: "a Redis that does not tell the etag of an entry", by: withoutHGET,
		want: []string{"statestore from activity-app: a stale etag is refused with 409: with the stale etag: POST returned 204, not 409",
			"statestore from backend-app: a stale etag is refused with 409: with the stale etag: POST returned 204, not 409"}},
	{name: "no Redis", resource: deployments, object: "redis-master",
		change: set(int64(0), "spec", "replicas"),
		want: []string{
			"statestore from activity-app: a key", "statestore from activity-app: a stale", "statestore from activity-app: an entry expires", "statestore from activity-app: an entry is written",
			"statestore from backend-app: a key", "statestore from backend-app: a stale", "statestore from backend-app: an entry expires", "statestore from backend-app: an entry is written",
			"task.completed of backend-app: a probe", "task.created of backend-app: a probe", "task.deleted of backend-app: a probe", "task.updated of backend-app: a probe",
			"task.completed: the newest events", "task.created: the newest events", "task.deleted: the newest events", "task.updated: the newest events",
		}},
	{name: "an app that is not there", resource: deployments, object: "activity",
		change: set(int64(0), "spec", "replicas"),
		want: []string{"activity-app: every pod has a ready sidecar: 0 pods are there, the stack file says 1",
			"activity-app: it has the settings", "activity-app: the app listens", "activity-app: other sidecars know it", "activity: it finds its peers",
			"statestore: loaded by", "pubsub: loaded by", "pubsub: its subscribers have the retry policy",
			"statestore from activity-app: a key", "statestore from activity-app: a stale", "statestore from activity-app: an entry expires", "statestore from activity-app: an entry is written",
			"task.completed of backend-app: a probe", "task.created of backend-app: a probe", "task.deleted of backend-app: a probe", "task.updated of backend-app: a probe",
			"task.completed: nobody else", "task.created: nobody else", "task.deleted: nobody else", "task.updated: nobody else",
			"task.completed: its subscribers", "task.created: its subscribers", "task.deleted: its subscribers", "task.updated: its subscribers",
			"frontend-app → activity-app:", "frontend-app: nobody else may invoke it", "backend-app: nobody else may invoke it",
			"activity-app: nobody else may invoke it: backend-app invoked it and got 500, not 403",
		}},
}

// otherPeer gives an app a wrong address of a peer.
func otherPeer(object map[string]any) error {
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
}

func set(value any, path ...string) func(map[string]any) error {
	return func(object map[string]any) error { return unstructured.SetNestedField(object, value, path...) }
}

// metadataItem returns a change of one metadata item of a Component.
func metadataItem(name, value string) func(map[string]any) error {
	return eachItem(func(m map[string]any) bool {
		if m["name"] == name {
			m["value"] = value
		}
		return true
	})
}

// addItem returns a change that adds a metadata item to a Component.
func addItem(name, value string) func(map[string]any) error {
	return func(object map[string]any) error {
		items, _, err := unstructured.NestedSlice(object, "spec", "metadata")
		if err != nil {
			return err
		}
		return unstructured.SetNestedSlice(object, append(items, map[string]any{"name": name, "value": value}), "spec", "metadata")
	}
}

// remove returns a change that removes metadata items from a Component.
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
// behind Pulumi's back, and repairs it again.
func verifyFindsWhatIsBroken(t *testing.T) { breakEach(t, breakages) }

func breakEach(t *testing.T, breakages []breakage, args ...string) {
	c := localCluster(t)
	for _, b := range breakages {
		t.Run(b.name, func(t *testing.T) {
			undo := b.make(t, c)
			defer func() {
				undo()
				eventually(t, "verify passes again", func(context.Context) string {
					failed, _ := verified(t, append(args, "--quick")...)
					return lines(failed)
				})
			}()
			expectFailures(t, b.want, append(args, "--quick")...)
		})
	}
}

// expectFailures expects verify to report exactly these failures.
func expectFailures(t *testing.T, wanted []string, args ...string) {
	t.Helper()
	eventually(t, "verify reports it", func(context.Context) string {
		failed, _ := verified(t, args...)
		if len(failed) != len(wanted) {
			return fmt.Sprintf("%d failed:\n%s", len(failed), lines(failed))
		}
		for _, want := range wanted {
			if !strings.Contains("\n"+lines(failed), "\n"+want) {
				return fmt.Sprintf("no line begins with %q:\n%s", want, lines(failed))
			}
		}
		return ""
	})
}

// everPersisting removes the time to live from each entry that verify expects
// to expire, as soon as it appears.
func everPersisting(t *testing.T, c cluster) (undo func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var persisting sync.WaitGroup
	persisting.Go(func() {
		for ctx.Err() == nil {
			if err := c.redis(ctx, "EVAL", `for _, key in ipairs(redis.call("KEYS", "*||daprstack:verify:*")) do redis.call("PERSIST", key) end`, "0"); err != nil && ctx.Err() == nil {
				t.Error(err)
				return
			}
		}
	})
	return func() { cancel(); persisting.Wait() }
}

// withoutHGET forbids the command with which Dapr's scripts read an etag.
func withoutHGET(t *testing.T, c cluster) (undo func()) {
	require.NoError(t, c.redis(t.Context(), "ACL", "SETUSER", "default", "-hget"))
	return func() { require.NoError(t, c.redis(t.Context(), "ACL", "SETUSER", "default", "+hget")) }
}

// redis runs a command with redis-cli in the pod of Redis.
func (c cluster) redis(ctx context.Context, command ...string) error {
	client, err := live.New(c.config)
	if err != nil {
		return err
	}
	pod := c.names(pods, "redis-master-")[0]
	url := client.Kube.CoreV1().RESTClient().Post().Resource("pods").Namespace(namespace).Name(pod).SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{Command: append([]string{"redis-cli", "-e"}, command...), Stdout: true, Stderr: true}, scheme.ParameterCodec).URL()
	executor, err := remotecommand.NewWebSocketExecutor(c.config, http.MethodGet, url.String())
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdout: &out, Stderr: &out}); err != nil {
		return fmt.Errorf("redis-cli %s: %w: %s", strings.Join(command, " "), err, out.String())
	}
	return nil
}

// make breaks the stack behind Pulumi's back and restarts the sidecars that
// would not notice. undo reverts it and returns the fields to the engine, which
// would not touch another manager's.
func (b breakage) make(t *testing.T, c cluster) (undo func()) {
	t.Helper()
	if b.by != nil {
		return b.by(t, c)
	}
	objects := c.Resource(b.resource).Namespace(namespace)
	before, err := objects.Get(t.Context(), b.object, metav1.GetOptions{})
	require.NoError(t, err)
	if b.change == nil {
		require.NoError(t, objects.Delete(t.Context(), b.object, metav1.DeleteOptions{}))
		return func() {
			t.Helper()
			before.SetResourceVersion("")
			before.SetUID("")
			_, err := objects.Create(t.Context(), before, metav1.CreateOptions{})
			require.NoError(t, err)
		}
	}
	restart := func() {
		if b.resource.Group == live.Components.Group && !b.running {
			newPods(t, c)
		}
	}
	edit(t, objects, b.object, b.change)
	restart()
	return func() {
		t.Helper()
		edit(t, objects, b.object, func(object map[string]any) error {
			object["spec"] = before.Object["spec"]
			if scopes, ok := before.Object["scopes"]; ok {
				object["scopes"] = scopes
			}
			return nil
		})
		edit(t, objects, b.object, func(object map[string]any) error {
			owners, _, err := unstructured.NestedSlice(before.Object, "metadata", "managedFields")
			if err != nil {
				return err
			}
			return unstructured.SetNestedSlice(object, owners, "metadata", "managedFields")
		})
		restart()
	}
}

// edit changes an object that others may write to at the same time.
func edit(t *testing.T, objects dynamic.ResourceInterface, name string, how func(map[string]any) error) {
	t.Helper()
	eventually(t, "the change is made", func(ctx context.Context) string {
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

// newPods replaces the pods that have a sidecar.
func newPods(t *testing.T, c cluster) {
	t.Helper()
	require.NoError(t, c.Resource(pods).Namespace(namespace).DeleteCollection(t.Context(), metav1.DeleteOptions{},
		metav1.ListOptions{LabelSelector: "daprstack.io/sidecar=true"}))
	everyAppReady(t, "2/2")
}

// lines returns each result with its details on a line.
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
