//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/daprstack/daprstack/config/rules"
	"github.com/daprstack/daprstack/internal/streams"
)

// TestFaults publishes events at a steady rate through one fault after the
// other, and counts what became of each event that was acknowledged to its
// publisher: none may be lost. FAULTS is the number of runs; without it the
// test is skipped. With FAULTS_PLAIN it runs once more without our
// Subscriptions and Resiliency, for comparison.
func TestFaults(t *testing.T) {
	runs, err := strconv.Atoi(os.Getenv("FAULTS"))
	if err != nil || runs < 0 {
		t.Skip("set FAULTS=<runs>: make faults")
	}
	s := openShop(t)
	for i := range runs {
		l := s.underFaults()
		t.Logf("run %d of %d\n%s", i+1, runs, l.table())
		require.GreaterOrEqual(t, l.sum().acknowledged, minEvents)
		require.Zero(t, l.sum().lost, "lost events")
		require.Positive(t, l.sum().dead)
	}
	if os.Getenv("FAULTS_PLAIN") != "" {
		s.makePlain()
		t.Logf("plain Dapr and Redis\n%s", s.underFaults().table())
	}
}

const (
	faultTopic  = "order.placed"
	minEvents   = 10_000
	perSecond   = 30
	maxInFlight = 200 // publications that wait for their response
)

// subscribers are the apps that receive the events.
var subscribers = []string{"kitchen", "ledger"}

// load is a steady stream of events, each published during one phase.
type load struct {
	s      *shop
	phase  atomic.Int64
	phases []string

	acknowledged atomic.Int64

	mu     sync.Mutex
	events map[string]published // by id
	dead   map[delivery]bool
}

type published struct {
	phase        int
	acknowledged bool
	number       int // within its phase
}

// start publishes events until stop is called.
func (s *shop) start(phases []string) (l *load, stop func()) {
	l = &load{s: s, phases: phases, events: map[string]published{}}
	ctx, cancel := context.WithCancel(s.t.Context())
	var workers sync.WaitGroup
	slots := make(chan struct{}, maxInFlight)
	workers.Go(func() {
		tick := time.NewTicker(time.Second / perSecond)
		defer tick.Stop()
		number := map[int]int{}
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			select {
			case slots <- struct{}{}:
			default:
				continue // all slots are taken: skip this one
			}
			p := published{phase: int(l.phase.Load())}
			number[p.phase]++
			p.number = number[p.phase]
			id := uuid.NewString()
			l.set(id, p)
			workers.Go(func() {
				defer func() { <-slots }()
				p.acknowledged = s.publish(context.WithoutCancel(ctx), faultTopic, id) == nil
				l.set(id, p)
				if p.acknowledged {
					l.acknowledged.Add(1)
				}
			})
		}
	})
	return l, func() { cancel(); workers.Wait() }
}

func (l *load) set(id string, p published) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events[id] = p
}

func (l *load) event(id string) published {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.events[id]
}

// fault is one thing that fails while events are published.
type fault struct {
	name string
	// answer returns an app's response to the events of this fault and the
	// delay before it. Default: SUCCESS at once.
	answer func(p published, n int) (status int, after time.Duration)
	// inject causes the fault and returns when it is over. Optional: without
	// it, the phase just passes.
	inject func(*shop)
}

const phaseTime = 15 * time.Second

// faults are injected one after the other.
var faults = []fault{
	{name: "nothing fails"},
	{name: "handler fails twice, then recovers", answer: func(p published, n int) (int, time.Duration) {
		if p.number%5 == 0 && n <= 2 {
			return http.StatusInternalServerError, 0
		}
		return http.StatusOK, 0
	}},
	{name: "handler always fails", answer: func(p published, _ int) (int, time.Duration) {
		if p.number%100 == 1 {
			return http.StatusInternalServerError, 0
		}
		return http.StatusOK, 0
	}},
	{name: "handler slower than processingTimeout", answer: func(p published, _ int) (int, time.Duration) {
		if p.number%150 == 1 {
			return http.StatusOK, 65 * time.Second
		}
		return http.StatusOK, 0
	}},
	{name: "subscribing application killed", inject: func(s *shop) { s.kill("kitchen", "kitchen") }},
	{name: "publishing application killed", inject: func(s *shop) { s.kill("till", "till") }},
	{name: "subscriber's sidecar killed", inject: func(s *shop) { s.kill("ledger", "daprd") }},
	{name: "publisher's sidecar killed", inject: func(s *shop) { s.kill("till", "daprd") }},
	{name: "Redis killed", inject: func(s *shop) { s.kill("redis", "redis") }},
	{name: "Redis away for 60 s", inject: func(s *shop) { s.away(s.stack.Namespace, "redis-master", time.Minute) }},
	{name: "injector down during a rollout", inject: (*shop).rolloutWithoutInjector},
	{name: "operator down", inject: func(s *shop) { s.away(daprNamespace, "dapr-operator", phaseTime) }},
	{name: "sentry down", inject: func(s *shop) { s.away(daprNamespace, "dapr-sentry", phaseTime) }},
	{name: "placement down", inject: func(s *shop) { s.away(daprNamespace, "dapr-placement-server", phaseTime) }},
	{name: "API server restarted", inject: (*shop).restartAPIServer},
	{name: "subscribers rolled out", inject: func(s *shop) { s.rollout("kitchen"); s.rollout("ledger") }},
	{name: "publisher rolled out", inject: func(s *shop) { s.rollout("till") }},
	{name: "nothing fails any more"},
}

// underFaults injects every fault while events are published, and waits until
// no event is under way any more.
func (s *shop) underFaults() *load {
	s.t.Helper()
	var names []string
	for _, f := range faults {
		names = append(names, f.name)
	}
	l, stop := s.start(names)
	defer s.answers(nil)
	s.answers(func(d delivery, n int) (int, time.Duration) {
		p := l.event(d.event)
		if answer := faults[p.phase].answer; answer != nil {
			return answer(p, n)
		}
		return http.StatusOK, 0
	})
	for i, f := range faults {
		l.phase.Store(int64(i))
		start := time.Now()
		if f.inject != nil {
			f.inject(s)
		}
		time.Sleep(max(0, phaseTime-time.Since(start))) // the rest of the phase
		s.t.Logf("%s: over after %s", f.name, time.Since(start).Round(time.Second))
	}
	for l.acknowledged.Load() < minEvents { // refused events do not count
		time.Sleep(time.Second)
	}
	stop()
	s.settled()
	l.dead = s.deadLetters()
	return l
}

// settled waits until no event is waiting for an app.
func (s *shop) settled() {
	s.t.Helper()
	redis, err := streams.Open(s.t.Context(), s.client, s.stack, "orders")
	require.NoError(s.t, err)
	defer redis.Close()
	eventually(s.t, "every event was acknowledged by every subscriber", func(ctx context.Context) string {
		groups, err := redis.Groups(ctx, s.stack.Stream("orders", faultTopic))
		if err != nil {
			return err.Error()
		}
		for _, g := range groups {
			if g.Pending > 0 || g.Lag > 0 {
				return fmt.Sprintf("%+v", groups)
			}
		}
		return ""
	})
}

func (s *shop) deadLetters() map[delivery]bool {
	s.t.Helper()
	redis, err := streams.Open(s.t.Context(), s.client, s.stack, "orders")
	require.NoError(s.t, err)
	defer redis.Close()
	dead := map[delivery]bool{}
	for _, app := range subscribers {
		require.NoError(s.t, redis.Each(s.t.Context(), s.stack.Stream("orders", rules.DeadLetterTopic(faultTopic, app+"-app")), func(e streams.Entry) error {
			dead[delivery{app, e.Event.ID()}] = true
			return nil
		}))
	}
	return dead
}

// tally counts what became of events, at both subscribers together.
type tally struct {
	refused, acknowledged             int // by the publisher's sidecar
	delivered, duplicates, dead, lost int
}

// tallies returns a tally for each phase, followed by their sum.
func (l *load) tallies() []tally {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]tally, len(l.phases)+1)
	for id, p := range l.events {
		for _, t := range []*tally{&all[p.phase], &all[len(l.phases)]} {
			if !p.acknowledged {
				t.refused++
				continue
			}
			t.acknowledged++
			for _, app := range subscribers {
				d := delivery{app, id}
				times := len(l.s.times(d))
				switch {
				case times > 0:
					t.delivered++
					t.duplicates += times - 1
				case !l.dead[d]:
					t.lost++
				}
				if l.dead[d] {
					t.dead++
				}
			}
		}
	}
	return all
}

func (l *load) sum() tally { return l.tallies()[len(l.phases)] }

func (l *load) table() string {
	var out bytes.Buffer
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "fault\trefused\tacknowledged\tto deliver\tdelivered\tduplicates\tdead-lettered\tlost\t")
	for i, t := range l.tallies() {
		name := "all"
		if i < len(l.phases) {
			name = l.phases[i]
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t\n", name,
			t.refused, t.acknowledged, len(subscribers)*t.acknowledged, t.delivered, t.duplicates, t.dead, t.lost)
	}
	w.Flush()
	return out.String()
}

// kill kills the process of a container, as a crash would, and waits until all
// containers of the app are ready again.
func (s *shop) kill(app, container string) {
	s.t.Helper()
	pod := s.pods(s.stack.Namespace, app)[0]
	for _, status := range pod.Status.ContainerStatuses {
		if status.Name != container {
			continue
		}
		id := strings.TrimPrefix(status.ContainerID, "containerd://")
		out, err := exec.CommandContext(s.t.Context(), "ctr", "--address", containerd, "--namespace", "k8s.io",
			"tasks", "kill", "--signal", "SIGKILL", id).CombinedOutput()
		require.NoError(s.t, err, string(out))
		eventually(s.t, container+" of "+app+" runs again", func(context.Context) string {
			for _, again := range s.pods(s.stack.Namespace, app)[0].Status.ContainerStatuses {
				if again.Name == container && (!again.Ready || again.RestartCount == status.RestartCount) {
					return fmt.Sprintf("%+v", again.State)
				}
			}
			return ""
		})
		return
	}
	s.t.Fatalf("no container %s in %s", container, app)
}

// containerd is the socket of the node's containerd.
const containerd = nodeRun + "/containerd/containerd.sock"

// away removes all pods of a Deployment or StatefulSet for a while.
func (s *shop) away(namespace, name string, d time.Duration) {
	s.t.Helper()
	s.scale(namespace, name, 0)
	time.Sleep(d)
	s.scale(namespace, name, 1)
}

// scale sets the number of pods of a workload and waits for it.
func (s *shop) scale(namespace, name string, replicas int32) {
	s.t.Helper()
	apps := s.client.Kube.AppsV1()
	scale := &autoscalingv1.Scale{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace}, Spec: autoscalingv1.ScaleSpec{Replicas: replicas}}
	eventually(s.t, fmt.Sprintf("%s has %d pods", name, replicas), func(ctx context.Context) string {
		_, err := apps.Deployments(namespace).UpdateScale(ctx, name, scale, metav1.UpdateOptions{})
		if err == nil {
			d, err := apps.Deployments(namespace).Get(ctx, name, metav1.GetOptions{})
			if err != nil || d.Status.Replicas != replicas || d.Status.ReadyReplicas != replicas {
				return fmt.Sprint(err, d.Status)
			}
			return ""
		}
		if _, err = apps.StatefulSets(namespace).UpdateScale(ctx, name, scale, metav1.UpdateOptions{}); err != nil {
			return err.Error()
		}
		set, err := apps.StatefulSets(namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil || set.Status.Replicas != replicas || set.Status.ReadyReplicas != replicas {
			return fmt.Sprint(err, set.Status)
		}
		return ""
	})
}

// restart requests new pods of an app.
func (s *shop) restart(app string) {
	s.t.Helper()
	patch := fmt.Sprintf(`{"spec":{"template":{"metadata":{"annotations":{"e2e/restarted":%q}}}}}`, time.Now().Format(time.RFC3339Nano))
	_, err := s.client.Kube.AppsV1().Deployments(s.stack.Namespace).Patch(s.t.Context(), app, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{})
	require.NoError(s.t, err)
}

// rollout replaces the pods of an app and waits for it.
func (s *shop) rollout(app string) {
	s.t.Helper()
	s.restart(app)
	s.rolledOut(app)
}

func (s *shop) rolledOut(app string) {
	s.t.Helper()
	eventually(s.t, app+" is rolled out", func(ctx context.Context) string {
		d, err := s.client.Kube.AppsV1().Deployments(s.stack.Namespace).Get(ctx, app, metav1.GetOptions{})
		if err != nil || !complete(d) {
			return fmt.Sprint(err, d.Status)
		}
		return ""
	})
}

func complete(d *appsv1.Deployment) bool {
	return d.Status.ObservedGeneration == d.Generation && d.Status.UpdatedReplicas == *d.Spec.Replicas &&
		d.Status.AvailableReplicas == *d.Spec.Replicas && d.Status.Replicas == *d.Spec.Replicas
}

func (s *shop) rolloutWithoutInjector() {
	s.t.Helper()
	s.scale(daprNamespace, "dapr-sidecar-injector", 0)
	s.restart("kitchen")
	time.Sleep(phaseTime)
	s.scale(daprNamespace, "dapr-sidecar-injector", 1)
	s.rolledOut("kitchen")
}

// restartAPIServer kills the API server's process; the node starts it again.
func (s *shop) restartAPIServer() {
	s.t.Helper()
	program := regexp.MustCompile(`(?m)^kube-apiserver +(\d+) `).FindStringSubmatch(run(s.t, "local", "status"))
	require.NotNil(s.t, program)
	pid, err := strconv.Atoi(program[1])
	require.NoError(s.t, err)
	require.NoError(s.t, syscall.Kill(pid, syscall.SIGKILL))
	eventually(s.t, "the API server serves again", func(ctx context.Context) string {
		out := run(s.t, "local", "status")
		if strings.Contains(out, " "+program[1]+" ") {
			return out
		}
		_, err := s.client.Kube.CoreV1().Namespaces().Get(ctx, s.stack.Namespace, metav1.GetOptions{})
		return text(err)
	})
}
