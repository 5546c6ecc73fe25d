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
	"k8s.io/client-go/tools/clientcmd"

	"github.com/daprstack/daprstack/config"
	live "github.com/daprstack/daprstack/internal/cluster"
	"github.com/daprstack/daprstack/internal/stackfile"
	"github.com/daprstack/daprstack/local/images"
	"github.com/daprstack/daprstack/stacks"
)

// shop is a stack of other applications than ours, on the local node.
type shop struct {
	*collector

	t      *testing.T
	client *live.Client
	stack  *config.Stack
	args   []string // that name it to the driver
	till   string   // the address of the app that publishes
}

const shopFile = "testdata/shop.yaml"

// openShop brings the shop up, and nothing else, with some settings of the stack
// file changed. It goes with the test.
func openShop(t *testing.T, settings ...string) *shop {
	t.Helper()
	run(t, "local", "up")
	run(t, "destroy", "--yes")
	s := &shop{t: t}
	s.collector = newCollector(t, thisMachine(t))
	s.loadImage()
	file, err := filepath.Abs(shopFile)
	require.NoError(t, err)
	s.args = []string{"--stack", "shop", "--config-file", file}
	for i := range 3 {
		s.args = append(s.args, "-c", fmt.Sprintf("apps[%d].env.COLLECTOR=%s", i, s.URL))
	}
	for _, setting := range settings {
		s.args = append(s.args, "-c", setting)
	}
	values, err := stackfile.Read(file)
	require.NoError(t, err)
	s.stack, err = stacks.Load(values)
	require.NoError(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			collect(t)
		}
		out, err := exec.Command(filepath.Join(checkout(t), "bin", "daprstack"), append([]string{"destroy", "--yes"}, s.args...)...).CombinedOutput() // t.Context has ended
		require.NoError(t, err, string(out))
	})
	s.run("up", "--yes")

	path, err := driver(t, "local", "kubeconfig").Output()
	require.NoError(t, err)
	access, err := clientcmd.BuildConfigFromFlags("", strings.TrimSpace(string(path)))
	require.NoError(t, err)
	s.client, err = live.New(access)
	require.NoError(t, err)
	service, err := s.client.Kube.CoreV1().Services(s.stack.Namespace).Get(t.Context(), "till", metav1.GetOptions{})
	require.NoError(t, err)
	s.till = fmt.Sprintf("http://%s:%d", service.Spec.ClusterIP, service.Spec.Ports[0].Port)
	return s
}

// run runs the driver on the shop.
func (s *shop) run(command string, args ...string) string {
	s.t.Helper()
	return run(s.t, append(append([]string{command}, s.args...), args...)...)
}

// thisMachine is the address by which the node's pods reach this machine.
func thisMachine(t *testing.T) string {
	t.Helper()
	node := regexp.MustCompile(`node and DNS +(\S+)`).FindStringSubmatch(run(t, "local", "status"))
	require.NotNil(t, node)
	connection, err := net.Dial("udp", net.JoinHostPort(node[1], "53")) // sends nothing
	require.NoError(t, err)
	defer connection.Close()
	return connection.LocalAddr().(*net.UDPAddr).IP.String()
}

// loadImage gives the node the image of the shop's applications, as a person
// would who has built one.
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

// publish lets till publish an event. The error says that it was not
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
	if err == nil && answer.StatusCode != http.StatusNoContent {
		err = fmt.Errorf("%s: %s", answer.Status, text)
	}
	return err
}

var patient = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// pods are those of an app of the shop or of the control plane.
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

// TestShop: what is in the stack file is all that the platform knows of its
// applications. Others than ours come up, verify and are taken away.
func TestShop(t *testing.T) {
	s := openShop(t)
	s.run("verify")
	id := uuid.NewString()
	require.NoError(t, s.publish(t.Context(), "order.placed", id))
	for _, app := range []string{"kitchen", "ledger"} {
		eventually(t, app+" has taken it", func(context.Context) string {
			if len(s.times(delivery{app, id})) != 1 {
				return fmt.Sprint(s.times(delivery{app, id}))
			}
			return ""
		})
	}
	s.run("preview", "--expect-no-changes")
}
