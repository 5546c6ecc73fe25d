//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	live "github.com/daprstack/daprstack/internal/cluster"
	"github.com/daprstack/daprstack/internal/redistest"
)

const redisPassword, sentinelPassword = "s3cret-of-redis", "s3cret-of-the-sentinels"

// outside is a Redis of several processes on this machine, which the pods reach as
// one outside the cluster.
type outside interface {
	// Settings are the values of redis.external that say how it is reached.
	settings() map[string]any
	// KillMaster kills the process that has a stream, and returns it when another
	// has taken its place.
	killMaster(stream string) *redistest.Process
	// Masters are the process that has a stream, and Replicas those that follow it.
	master(stream string) *redistest.Process
	replicas(stream string) []*redistest.Process
	// Whole waits until every process that runs plays its part.
	whole()
}

type watched struct{ *redistest.Sentinels }

func (w watched) settings() map[string]any {
	return map[string]any{"host": w.Addrs(), "sentinel": map[string]any{"masterName": redistest.MasterName, "password": sentinelPassword}}
}
func (w watched) killMaster(string) *redistest.Process { return w.KillMaster() }
func (w watched) master(string) *redistest.Process     { return w.Master() }
func (w watched) replicas(string) []*redistest.Process { return w.Replicas() }
func (w watched) whole()                               { w.Replicated() }

type clustered struct{ *redistest.Cluster }

func (c clustered) settings() map[string]any {
	return map[string]any{"host": c.Addrs(), "cluster": true}
}
func (c clustered) killMaster(stream string) *redistest.Process { return c.KillMasterOf(stream) }
func (c clustered) master(stream string) *redistest.Process     { return c.MasterOf(stream) }
func (c clustered) replicas(stream string) []*redistest.Process { return c.ReplicasOf(stream) }
func (c clustered) whole()                                      { c.Whole() }

// everyRedis are the ways to run Redis on more than one machine.
var everyRedis = []struct {
	name string
	run  func(testing.TB, redistest.Options) outside
}{
	{"sentinels", func(t testing.TB, o redistest.Options) outside { return watched{redistest.NewSentinels(t, o)} }},
	{"cluster", func(t testing.TB, o redistest.Options) outside { return clustered{redistest.NewCluster(t, o)} }},
}

// TestRedis brings the shop up on Redis behind three sentinels and on a cluster of
// six, both with passwords, TLS, a private authority and client certificates. The
// master is killed while verify looks and events are published: nothing that the
// publisher was told is there may be lost, and verify proves everything afterwards.
// Without EVERY_REDIS it is skipped.
func TestRedis(t *testing.T) {
	onlyWithEveryRedis(t)
	for _, r := range everyRedis {
		t.Run(r.name, func(t *testing.T) {
			s := newShop(t)
			redis := s.openOn(r.run, redistest.Options{})
			stream := s.stack.Stream("orders", faultTopic)

			l, stop := s.start([]string{"master killed during verify"})
			defer s.answers(nil)
			verified := make(chan error, 1)
			go func() {
				out, err := try(t, append([]string{"verify", "--quick"}, s.args...)...)
				t.Logf("verify meanwhile: %v\n%s", err, out)
				verified <- err
			}()
			killed := redis.killMaster(stream)
			<-verified // it may have failed
			killed.Start()
			redis.whole()
			stop()
			s.settled()
			l.dead = s.deadLetters()
			t.Logf("%s\n%s", r.name, l.table())
			require.Positive(t, l.sum().acknowledged)
			require.Zero(t, l.sum().lost, "lost events")

			require.NotContains(t, run(t, append([]string{"verify"}, s.args...)...), "not looked at from here")
			require.Contains(t, run(t, append([]string{"events"}, s.args...)...), faultTopic)
		})
	}
}

// TestRedisThatOnlyPodsReach: up is green, and verify says what it does not look at.
func TestRedisThatOnlyPodsReach(t *testing.T) {
	onlyWithEveryRedis(t)
	s := newShop(t)
	server := redistest.NewServer(t, redistest.Options{Host: thisMachine(t), Password: redisPassword})
	s.open(s.fileOn(map[string]any{"host": s.serviceOf(server), "password": redisPassword}))
	out := run(t, append([]string{"verify", "--quick"}, s.args...)...)
	require.Contains(t, out, "not looked at from here")
	require.Contains(t, out, " 0 failed")
	s.eventArrives(t)
}

func onlyWithEveryRedis(t *testing.T) {
	t.Helper()
	if os.Getenv("EVERY_REDIS") == "" {
		t.Skip("set EVERY_REDIS=1: make e2e-redis")
	}
}

// serviceOf makes a Service by whose name pods reach a server, and nobody else.
func (s *shop) serviceOf(server *redistest.Process) string {
	t := s.t
	t.Helper()
	client, err := live.New(localCluster(t).config)
	require.NoError(t, err)
	host, text, err := net.SplitHostPort(server.Addr)
	require.NoError(t, err)
	number, err := strconv.Atoi(text)
	require.NoError(t, err)
	const name = "redis-outside"
	port := int32(number)
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: port}}}}
	_, err = client.Kube.CoreV1().Services("default").Create(t.Context(), service, metav1.CreateOptions{})
	require.NoError(t, err)
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Name: name, Labels: map[string]string{discoveryv1.LabelServiceName: name}},
		AddressType: discoveryv1.AddressTypeIPv4, Ports: []discoveryv1.EndpointPort{{Port: &port}},
		Endpoints: []discoveryv1.Endpoint{{Addresses: []string{host}}},
	}
	_, err = client.Kube.DiscoveryV1().EndpointSlices("default").Create(t.Context(), slice, metav1.CreateOptions{})
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx := context.Background() // t.Context has ended
		require.NoError(t, client.Kube.CoreV1().Services("default").Delete(ctx, name, metav1.DeleteOptions{}))
		_ = client.Kube.DiscoveryV1().EndpointSlices("default").Delete(ctx, name, metav1.DeleteOptions{}) // goes with it
	})
	return fmt.Sprintf("%s.default.svc.cluster.local:%d", name, number)
}

// openOn runs Redis on this machine, with everything that can be asked of clients,
// and brings the shop up on it.
func (s *shop) openOn(run func(testing.TB, redistest.Options) outside, o redistest.Options) outside {
	t := s.t
	t.Helper()
	o.Host = thisMachine(t)
	o.Password, o.SentinelPassword, o.TLS = redisPassword, sentinelPassword, redistest.NewTLS(t, o.Host)
	redis := run(t, o)
	external := redis.settings()
	for key, value := range map[string]any{
		"password": o.Password, "enableTLS": true, "caCert": o.TLS.CA, "clientCert": o.TLS.Cert, "clientKey": o.TLS.Key,
	} {
		external[key] = value
	}
	s.open(s.fileOn(external))
	return redis
}

// fileOn writes the stack file of the shop on an external Redis.
func (s *shop) fileOn(external map[string]any) string {
	t := s.t
	t.Helper()
	text, err := os.ReadFile(shopFile)
	require.NoError(t, err)
	var file struct {
		Config map[string]any `json:"config"`
	}
	require.NoError(t, yaml.Unmarshal(text, &file))
	file.Config["redis"] = map[string]any{"external": external}
	text, err = json.Marshal(file) // which is YAML too
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "Pulumi.shop.yaml")
	require.NoError(t, os.WriteFile(path, text, 0o600))
	return path
}

// TestFaultsOfRedis counts what becomes of events while the processes of a
// replicated Redis fail. FAULTS_REDIS is the number of runs; without it the test is
// skipped. What Redis cannot promise is only counted: docs/explanation/faults.md.
func TestFaultsOfRedis(t *testing.T) {
	runs, err := strconv.Atoi(os.Getenv("FAULTS_REDIS"))
	if err != nil || runs < 0 {
		t.Skip("set FAULTS_REDIS=<runs>: make faults")
	}
	for _, r := range everyRedis {
		for _, replicas := range []int{0, 1} {
			t.Run(fmt.Sprintf("%s, min-replicas-to-write %d", r.name, replicas), func(t *testing.T) {
				s := newShop(t)
				redis := s.openOn(r.run, redistest.Options{MinReplicas: replicas})
				for i := range runs {
					l := s.underRedisFaults(redis)
					t.Logf("run %d of %d\n%s", i+1, runs, l.table())
					for phase, f := range redisFaults {
						if tally := l.tallies()[phase]; !f.mayLose {
							require.Zero(t, tally.lost, "%s: lost events", f.name)
						}
					}
				}
			})
		}
	}
}

// redisFaults are injected one after the other.
var redisFaults = []struct {
	name    string
	mayLose bool // Redis does not promise more
	inject  func(redis outside, stream string)
}{
	{"nothing fails", false, nil},
	{"master killed", false, func(redis outside, stream string) { redis.killMaster(stream).Start() }},
	{"master killed again", false, func(redis outside, stream string) { redis.killMaster(stream).Start() }},
	{"replica killed", false, func(redis outside, stream string) {
		replica := redis.replicas(stream)[0]
		replica.Kill()
		replica.Start()
	}},
	{"master frozen for 8 s, then goes on", true, func(redis outside, stream string) {
		redis.master(stream).Freeze(8 * time.Second)
	}},
	{"nothing fails any more", false, nil},
}

func (s *shop) underRedisFaults(redis outside) *load {
	s.t.Helper()
	var names []string
	for _, f := range redisFaults {
		names = append(names, f.name)
	}
	l, stop := s.start(names)
	stream := s.stack.Stream("orders", faultTopic)
	for i, f := range redisFaults {
		l.phase.Store(int64(i))
		start := time.Now()
		if f.inject != nil {
			f.inject(redis, stream)
			redis.whole()
		}
		time.Sleep(max(0, phaseTime-time.Since(start))) // the rest of the phase
		s.t.Logf("%s: over after %s", f.name, time.Since(start).Round(time.Second))
	}
	stop()
	s.settled()
	l.dead = s.deadLetters()
	return l
}
