//go:build e2e

package e2e

import (
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	live "github.com/daprstack/daprstack/internal/cluster"
)

var guards = schema.GroupVersionResource{Group: "admissionregistration.k8s.io", Version: "v1", Resource: "validatingadmissionpolicybindings"}

// makePlain reduces the shop to what Dapr's documentation shows: only the
// connection in the pub/sub, a topic and a route in each subscription, and the
// chart's default for the injector. Redis stays as it is.
func (s *shop) makePlain() {
	s.t.Helper()
	ctx, objects := s.t.Context(), s.client.Objects
	require.NoError(s.t, objects.Resource(live.Resiliencies).Namespace(s.stack.Namespace).Delete(ctx, "delivery", metav1.DeleteOptions{}))
	edit(s.t, objects.Resource(live.Components).Namespace(s.stack.Namespace), "orders", onlyConnection)
	subscriptions, err := objects.Resource(live.Subscriptions).Namespace(s.stack.Namespace).List(ctx, metav1.ListOptions{})
	require.NoError(s.t, err)
	for _, sub := range subscriptions.Items {
		edit(s.t, objects.Resource(live.Subscriptions).Namespace(s.stack.Namespace), sub.GetName(), func(object map[string]any) error {
			unstructured.RemoveNestedField(object, "spec", "deadLetterTopic")
			return nil
		})
	}
	edit(s.t, objects.Resource(webhooks), "dapr-sidecar-injector", func(object map[string]any) error {
		hooks, _, err := unstructured.NestedSlice(object, "webhooks")
		for _, hook := range hooks {
			hook.(map[string]any)["failurePolicy"] = "Ignore"
		}
		if err != nil {
			return err
		}
		return unstructured.SetNestedSlice(object, hooks, "webhooks")
	})
	bindings, err := objects.Resource(guards).List(ctx, metav1.ListOptions{})
	require.NoError(s.t, err)
	for _, binding := range bindings.Items {
		require.NoError(s.t, objects.Resource(guards).Delete(ctx, binding.GetName(), metav1.DeleteOptions{}))
	}
	for _, app := range []string{"till", "kitchen", "ledger"} {
		s.rollout(app)
	}
}

// onlyConnection reduces a Component's metadata to the connection to Redis.
var onlyConnection = eachItem(func(item map[string]any) bool {
	return item["name"] == "redisHost" || item["name"] == "redisPassword"
})
