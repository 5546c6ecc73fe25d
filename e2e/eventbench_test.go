//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	live "github.com/daprstack/daprstack/internal/cluster"
)

// The same apps publish and receive both events: one through our pub/sub, one
// through a plain one beside it, on the same Redis.
const (
	ourEvent   = faultTopic
	plainEvent = "plain.event"
)

// TestEvents compares events through our pub/sub with events through a plain
// one, in turns: the latency from the publisher's call to the last subscriber's
// handler, and the throughput. EVENTS is the number of turns; without it the
// test is skipped.
func TestEvents(t *testing.T) {
	turns, err := strconv.Atoi(os.Getenv("EVENTS"))
	if err != nil || turns < 1 {
		t.Skip("set EVENTS=<turns>: make bench-events")
	}
	s := openShop(t, "apps[0].env.EVENT_PLAIN_EVENT_URL=http://localhost:3500/v1.0/publish/plain/"+plainEvent)
	s.makePlainBeside()
	events := []string{ourEvent, plainEvent}
	for _, e := range events { // warm-up
		s.latency(e, 50)
		s.burst(e, 500)
	}
	latencies, bursts := map[string][]time.Duration{}, map[string][]time.Duration{}
	for i := range turns {
		for j := range events {
			e := events[(i+j)%len(events)]
			latencies[e] = append(latencies[e], s.latency(e, 200))
			bursts[e] = append(bursts[e], s.burst(e, 2000))
		}
		t.Logf("turn %d: latency %s and %s plain, 2000 events in %s and %s plain", i+1,
			latencies[ourEvent][i], latencies[plainEvent][i], bursts[ourEvent][i], bursts[plainEvent][i])
	}
	for what, d := range map[string]map[string][]time.Duration{"latency": latencies, "2000 events": bursts} {
		ours, plain := median(d[ourEvent]), median(d[plainEvent])
		t.Logf("%s, median of %d: %s, plain %s, ratio %.3f", what, turns, ours, plain, float64(ours)/float64(plain))
	}
}

// makePlainBeside adds a pub/sub as in Dapr's documentation, with the same
// subscribers.
func (s *shop) makePlainBeside() {
	s.t.Helper()
	ctx, namespace := s.t.Context(), s.stack.Namespace
	ours, err := s.client.Objects.Resource(live.Components).Namespace(namespace).Get(ctx, "orders", metav1.GetOptions{})
	require.NoError(s.t, err)
	metadata, _, err := unstructured.NestedSlice(ours.Object, "spec", "metadata")
	require.NoError(s.t, err)
	component := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "dapr.io/v1alpha1", "kind": "Component", "metadata": map[string]any{"name": "plain"},
		"spec": map[string]any{"type": "pubsub.redis", "version": "v1", "metadata": metadata},
	}}
	require.NoError(s.t, onlyConnection(component.Object))
	_, err = s.client.Objects.Resource(live.Components).Namespace(namespace).Create(ctx, component, metav1.CreateOptions{})
	require.NoError(s.t, err)
	for _, app := range subscribers {
		_, err := s.client.Objects.Resource(live.Subscriptions).Namespace(namespace).Create(ctx, &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "dapr.io/v2alpha1", "kind": "Subscription", "metadata": map[string]any{"name": "plain." + app},
			"scopes": []any{app + "-app"},
			"spec":   map[string]any{"pubsubname": "plain", "topic": plainEvent, "routes": map[string]any{"default": "/on/plain"}},
		}}, metav1.CreateOptions{})
		require.NoError(s.t, err)
	}
	for _, app := range []string{"till", "kitchen", "ledger"} {
		s.rollout(app)
	}
}

// latency returns the median time from the publisher's call until both
// subscribers have taken an event, one event at a time.
func (s *shop) latency(event string, count int) time.Duration {
	s.t.Helper()
	var all []time.Duration
	for range count {
		id := uuid.NewString()
		start := time.Now()
		require.NoError(s.t, s.publish(s.t.Context(), event, id))
		all = append(all, s.taken(id).Sub(start))
	}
	return median(all)
}

// burst returns how long it takes until both subscribers have taken count
// events.
func (s *shop) burst(event string, count int) time.Duration {
	s.t.Helper()
	start, last := time.Now(), time.Now()
	ids := make(chan string, count)
	for range count {
		ids <- uuid.NewString()
	}
	close(ids)
	var (
		workers sync.WaitGroup
		mu      sync.Mutex
		sent    []string
	)
	for range 16 {
		workers.Go(func() {
			for id := range ids {
				if err := s.publish(s.t.Context(), event, id); err != nil {
					s.t.Error(err)
					return
				}
				mu.Lock()
				sent = append(sent, id)
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	for _, id := range sent {
		if at := s.taken(id); at.After(last) {
			last = at
		}
	}
	return last.Sub(start)
}

// taken waits until both subscribers have taken an event, and returns when the
// last one did.
func (s *shop) taken(id string) (last time.Time) {
	s.t.Helper()
	for _, app := range subscribers {
		ctx, cancel := context.WithTimeout(s.t.Context(), patience)
		at, err := s.await(ctx, delivery{app, id})
		cancel()
		require.NoError(s.t, err, fmt.Sprintf("%s at %s", id, app))
		if at.After(last) {
			last = at
		}
	}
	return last
}
