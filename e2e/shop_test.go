//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules"
	live "github.com/daprstack/daprstack/internal/cluster"
	"github.com/daprstack/daprstack/internal/stackfile"
	"github.com/daprstack/daprstack/internal/streams"
	"github.com/daprstack/daprstack/local/images"
	"github.com/daprstack/daprstack/stacks"
)

// shop is a stack of other applications than the reference ones, on the local
// node.
type shop struct {
	*collector

	t      *testing.T
	client *live.Client
	stack  *config.Stack
	args   []string // select the stack for the driver
	till   string   // the address of the app that publishes
}

const shopFile = "testdata/shop.yaml"

// openShop brings up the shop, and nothing else, with some settings of the
// stack file changed. It is destroyed at the end of the test.
func openShop(t *testing.T, settings ...string) *shop {
	t.Helper()
	s := newShop(t)
	s.open(shopFile, settings...)
	return s
}

// newShop makes the local node ready for the shop, without its stack.
func newShop(t *testing.T) *shop {
	t.Helper()
	run(t, "local", "up")
	run(t, "destroy", "--yes")
	s := &shop{t: t}
	s.collector = newCollector(t, thisMachine(t))
	s.loadImage()
	return s
}

// open brings up the shop by a stack file.
func (s *shop) open(file string, settings ...string) {
	t := s.t
	t.Helper()
	for i := range 3 {
		settings = append(settings, fmt.Sprintf("apps[%d].env.COLLECTOR=%s", i, s.URL))
	}
	s.bringUp("shop", file, settings...)
	service, err := s.client.Kube.CoreV1().Services(s.stack.Namespace).Get(t.Context(), "till", metav1.GetOptions{})
	require.NoError(t, err)
	s.till = fmt.Sprintf("http://%s:%d", service.Spec.ClusterIP, service.Spec.Ports[0].Port)
}

// bringUp brings a stack up on the local node, with some settings of its stack
// file changed. It is destroyed at the end of the test.
func (s *shop) bringUp(name, file string, settings ...string) {
	t := s.t
	t.Helper()
	file, err := filepath.Abs(file)
	require.NoError(t, err)
	s.args = []string{"--stack", name, "--config-file", file}
	for _, setting := range settings {
		s.args = append(s.args, "-c", setting)
	}
	values, err := stackfile.Load(filepath.Join(checkout(t), "Pulumi.yaml"), file)
	require.NoError(t, err)
	s.stack, err = stacks.LoadIn(filepath.Dir(file), values)
	require.NoError(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			collect(t)
		}
		out, err := exec.Command(filepath.Join(checkout(t), "bin", "daprstack"), append([]string{"destroy", "--yes"}, s.args...)...).CombinedOutput() // t.Context has ended
		require.NoError(t, err, string(out))
	})
	s.run("up", "--yes")

	s.client, err = live.New(localCluster(t).config)
	require.NoError(t, err)
}

// run runs a command of the driver on the shop.
func (s *shop) run(command string, args ...string) {
	s.t.Helper()
	run(s.t, append(append([]string{command}, s.args...), args...)...)
}

// thisMachine returns the address at which the node's pods reach this machine.
func thisMachine(t *testing.T) string {
	t.Helper()
	node := regexp.MustCompile(`node and DNS +(\S+)`).FindStringSubmatch(run(t, "local", "status"))
	require.NotNil(t, node)
	connection, err := net.Dial("udp", net.JoinHostPort(node[1], "53")) // sends nothing
	require.NoError(t, err)
	defer connection.Close()
	return connection.LocalAddr().(*net.UDPAddr).IP.String()
}

// loadImage loads the image of the shop's applications into the node, as a
// person who has built one would.
func (s *shop) loadImage() {
	s.t.Helper()
	dir := s.t.TempDir()
	build := exec.CommandContext(s.t.Context(), "go", "build", "-trimpath", "-o", dir+"/app", "./e2e/app")
	build.Dir = checkout(s.t)
	build.Env = append(build.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(s.t, err, string(out))
	image, err := mutate.AppendLayers(empty.Image, images.NewLayer(images.File{Path: "/app", Source: dir + "/app"}))
	require.NoError(s.t, err)
	built, err := image.ConfigFile()
	require.NoError(s.t, err)
	built.OS, built.Architecture, built.Config.Entrypoint = "linux", runtime.GOARCH, []string{"/app"}
	image, err = mutate.ConfigFile(image, built)
	require.NoError(s.t, err)
	tag, err := name.NewTag("localhost/e2e-app:1")
	require.NoError(s.t, err)
	require.NoError(s.t, tarball.WriteToFile(dir+"/app.tar", tag, image))
	run(s.t, "local", "load", dir+"/app.tar")
}

// publish makes till publish an event. An error means that the event was not
// acknowledged.
func (s *shop) publish(ctx context.Context, typ, id string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	body := fmt.Sprintf(`{"specversion":"1.0","type":%q,"source":"/till/orders","id":%q,"time":%q,"datacontenttype":"application/json","data":{"n":1}}`,
		typ, id, time.Now().UTC().Format(time.RFC3339Nano))
	url := s.till + "/publish/" + config.VariableName(typ)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader([]byte(body)))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/cloudevents+json")
	answer, err := patient.Do(req)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode >= http.StatusMultipleChoices {
		err = fmt.Errorf("%s: %s", answer.Status, text)
	}
	return err
}

var patient = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// pods returns the pods of an app of the shop or of the control plane.
func (s *shop) pods(namespace, app string) []corev1.Pod {
	s.t.Helper()
	label := "app.kubernetes.io/name"
	if namespace == daprNamespace {
		label = "app"
	}
	list, err := s.client.Kube.CoreV1().Pods(namespace).List(s.t.Context(),
		metav1.ListOptions{LabelSelector: labels.Set{label: app}.String()})
	require.NoError(s.t, err)
	var running []corev1.Pod
	for _, pod := range list.Items {
		if pod.DeletionTimestamp == nil {
			running = append(running, pod)
		}
	}
	return running
}

// TestShop proves that the stack file is all that the platform knows of its
// applications: others than the reference ones come up, verify and go away.
func TestShop(t *testing.T) {
	s := openShop(t)
	for _, step := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"verify proves it", func(*testing.T) { s.run("verify") }},
		{"an event reaches every subscriber", s.eventArrives},
		{"verify finds invalid envelopes", s.invalidEnvelopes},
		{"verify finds another redeliver interval", s.anotherInterval},
		{"nothing is left to do", func(*testing.T) { s.run("preview", "--expect-no-changes") }},
		{"verify finds a port at which nobody listens", s.nobodyListens},
		{"Dapr off", s.withoutDapr},
	} {
		if !t.Run(step.name, func(t *testing.T) { s.t = t; step.run(t) }) {
			t.FailNow()
		}
	}
}

func (s *shop) eventArrives(t *testing.T) {
	id := uuid.NewString()
	require.NoError(t, s.publish(t.Context(), "order.placed", id))
	for _, app := range subscribers {
		_, err := s.await(t.Context(), delivery{app, id})
		require.NoError(t, err, app)
	}
}

// invalidEnvelopes publishes what an application should not.
func (s *shop) invalidEnvelopes(t *testing.T) {
	const topic = "order.cancelled"
	redis, err := streams.Open(t.Context(), s.client, s.stack, "orders")
	require.NoError(t, err)
	defer redis.Close()
	sidecar := s.client.HTTP(s.stack.Namespace, s.pods(s.stack.Namespace, "till")[0].Name, rules.SidecarPorts[0])
	for _, c := range []struct{ name, contentType, body, want string }{
		{"E-11 and E-03: no envelope", "application/json", `{"id":"ID"}`, `type: "com.dapr.event.sent" [E-11]`},
		{"E-03: the app-id as source", "application/cloudevents+json",
			`{"specversion":"1.0","type":"order.cancelled","source":"till-app","id":"ID","data":{}}`, `source: "till-app" [E-03]`},
		{"E-03: another source", "application/cloudevents+json",
			`{"specversion":"1.0","type":"order.cancelled","source":"/kitchen","id":"ID","data":{}}`, `[E-03] source is "/kitchen", the catalogue says "/till/orders"`},
		{"E-11: another event's type", "application/cloudevents+json",
			`{"specversion":"1.0","type":"order.placed","source":"/till/orders","id":"ID","data":{}}`, `[E-11] type is "order.placed", not "order.cancelled"`},
		{"E-02: another type", "application/cloudevents+json",
			`{"specversion":"1.0","type":"OrderCancelled","source":"/till/orders","id":"ID","data":{}}`, `type: "OrderCancelled" [E-02]`},
		{"E-01: another specversion", "application/cloudevents+json",
			`{"specversion":"0.3","type":"order.cancelled","source":"/till/orders","id":"ID","data":{}}`, `specversion: "0.3" [E-01]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			id := uuid.NewString()
			answer, err := sidecar.Post("http://localhost/v1.0/publish/orders/"+topic, c.contentType, strings.NewReader(strings.ReplaceAll(c.body, "ID", id)))
			require.NoError(t, err)
			answer.Body.Close()
			require.Equal(t, http.StatusNoContent, answer.StatusCode)
			failed, _ := verified(t, append(s.args, "--quick")...)
			require.Len(t, failed, 1, lines(failed))
			require.Equal(t, topic+": the newest events have the catalogue's envelope", failed[0].Check)
			require.Contains(t, strings.Join(failed[0].Details, "\n"), c.want)
			require.NoError(t, redis.Each(t.Context(), topic, func(e streams.Entry) error {
				if strings.Contains(string(e.Body), id) {
					return redis.Delete(t.Context(), topic, e.ID)
				}
				return nil
			}))
		})
	}
}

// anotherInterval makes the sidecars check for unacknowledged events more
// often.
func (s *shop) anotherInterval(t *testing.T) {
	components := s.client.Objects.Resource(live.Components).Namespace(s.stack.Namespace)
	interval := func(value string) {
		edit(t, components, "orders", metadataItem("redeliverInterval", value))
		for _, app := range subscribers {
			s.rollout(app)
		}
	}
	interval("2000")
	expectFailures(t, []string{
		`orders: Dapr honors every metadata item: redeliverInterval is "2000", the stack file says "5000"`,
		"orders: sidecars check for unacknowledged events every 5s: order.",
	}, s.args...)
	interval("5000")
	expectFailures(t, nil, s.args...)
}

// nobodyListens changes the app-port in the stack file to one on which the
// running app does not listen. A pod that came up like that would never be
// ready.
func (s *shop) nobodyListens(t *testing.T) {
	expectFailures(t, []string{
		`till-app: it has the settings of the stack file: pod till-`,
		`till-app: the app listens on its app-port: pod till-`,
	}, append(s.args, "--quick", "-c", "apps[0].ports[0].name=admin", "-c", "apps[0].ports[0].port=7070", "-c", "apps[0].sidecar.appPort=7070")...)
}

// withoutDapr runs the same applications over plain HTTP.
func (s *shop) withoutDapr(t *testing.T) {
	s.run("up", "--yes", "-c", "dapr.enabled=false")
	s.run("verify", "-c", "dapr.enabled=false")
	s.eventArrives(t)
}
