package upstream_test

import (
	"context"
	"encoding/json"
	"net"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dapr/dapr/cmd/daprd/options"
	grpcchannel "github.com/dapr/dapr/pkg/channel/grpc"
	"github.com/dapr/dapr/pkg/config"
	"github.com/dapr/dapr/pkg/injector/patcher"
	invokev1 "github.com/dapr/dapr/pkg/messaging/v1"
	commonv1 "github.com/dapr/dapr/pkg/proto/common/v1"
	runtimev1 "github.com/dapr/dapr/pkg/proto/runtime/v1"
	"github.com/stretchr/testify/require"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// option is a row of config/rules.SidecarTable, as its test wrote it down.
type option struct {
	Key, Annotation, Argument, With string
	Default, Before, Since, Text    string
	Value                           map[string]string
	Refused                         []string
}

const prefix = "dapr.io/"

func sidecarOptions(t *testing.T) []option {
	t.Helper()
	var all []option
	file(t, &all, "config", "rules", "testdata", "sidecar.json")
	all = slices.DeleteFunc(all, func(o option) bool { return !has(t, o.Since) })
	for i, o := range all {
		if o.Before != "" && !has(t, "1.18") {
			all[i].Default = o.Before
		}
	}
	require.NotEmpty(t, all)
	return all
}

// annotated returns the fields of the injector that annotations set.
func annotated() map[string]reflect.StructField {
	fields := map[string]reflect.StructField{}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[patcher.SidecarConfig]()) {
		if name, ok := strings.CutPrefix(f.Tag.Get("annotation"), prefix); ok {
			fields[name] = f
		}
	}
	return fields
}

// pod returns a pod of an app, with some Dapr annotations besides those that it
// needs.
func pod(annotations map[string]string) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: podName, Namespace: namespace, Annotations: map[string]string{
		prefix + "enabled": "true", prefix + "app-id": appID, prefix + "app-port": "8000",
	}}}
	p.Spec.Containers = []corev1.Container{{Name: "app"}}
	p.Spec.Volumes = []corev1.Volume{{Name: "ca"}, {Name: "key"}}
	for name, text := range annotations {
		p.Annotations[prefix+name] = text
	}
	return p
}

// injected returns the container that the injector adds to a pod.
func injected(t *testing.T, annotations map[string]string) corev1.Container {
	t.Helper()
	c := patcher.NewSidecarConfig(pod(annotations))
	c.SidecarImage = "daprd:default"
	c.DisableTokenVolume = true
	c.SetFromPodAnnotations()
	patch, err := c.GetPatch()
	require.NoError(t, err)
	for _, op := range patch {
		path, err := op.Path()
		require.NoError(t, err)
		if path != "/spec/containers/-" && path != "/spec/initContainers/-" {
			continue
		}
		var daprd corev1.Container
		require.NoError(t, json.Unmarshal(*op["value"], &daprd))
		return daprd
	}
	t.Fatal("the injector adds no container")
	return corev1.Container{}
}

// with returns the annotations of an option and of the switch that it needs.
func (o option) with(text string) map[string]string {
	annotations := map[string]string{o.Annotation: text}
	if o.With != "" {
		annotations[o.With] = "true"
	}
	return annotations
}

// TestEveryAnnotation: S-12, the table has every annotation that the injector
// reads, and no other.
func TestEveryAnnotation(t *testing.T) {
	known := map[string]bool{}
	fields := annotated()
	for _, o := range sidecarOptions(t) {
		known[o.Annotation] = true
		require.Contains(t, fields, o.Annotation)
	}
	for name := range fields {
		require.True(t, known[name], "the table has no %s", name)
	}
}

// TestOptionDefaults: what the table says happens without the annotation.
func TestOptionDefaults(t *testing.T) {
	// Where the injector leaves it to daprd.
	daprd, err := options.New(nil)
	require.NoError(t, err)
	require.Equal(t, 4<<20, daprd.MaxRequestSize)
	require.Equal(t, 4<<10, daprd.ReadBufferSize)
	require.Equal(t, 5, daprd.DaprGracefulShutdownSeconds)
	own := map[string]string{"max-body-size": "4Mi", "read-buffer-size": "4Ki", "graceful-shutdown-seconds": "5"}

	for _, o := range sidecarOptions(t) {
		if o.Default == "" {
			continue
		}
		want, ok := own[o.Annotation]
		if !ok {
			want = annotated()[o.Annotation].Tag.Get("default")
		}
		if want == "" {
			want = "false" // of a switch
		}
		require.Equal(t, want, o.Default, o.Annotation)
	}
}

// TestOptionsAreHonored: the injector makes of each option the argument that the
// table says, daprd starts with it, and an option without an argument changes
// the container.
func TestOptionsAreHonored(t *testing.T) {
	for _, o := range sidecarOptions(t) {
		if o.Key == "" {
			continue
		}
		t.Run(o.Key, func(t *testing.T) {
			c := injected(t, o.with(o.Text))
			if o.Argument == "" {
				without := injected(t, nil)
				require.NotEqual(t, without, c)
				return
			}
			at := slices.Index(c.Args, "--"+o.Argument)
			switch {
			case o.Text == "false" && at < 0:
				require.Contains(t, injected(t, o.with("true")).Args, "--"+o.Argument)
			case slices.Contains(c.Args, "--"+o.Argument+"="+o.Text):
			case o.Text == "true":
				require.GreaterOrEqual(t, at, 0, "%v", c.Args)
			default:
				require.GreaterOrEqual(t, at, 0, "%v", c.Args)
				require.Equal(t, o.Text, c.Args[at+1])
			}
			_, err := options.New(c.Args[1:])
			require.NoError(t, err)
		})
	}
}

// TestOptionsWithoutArgument: what the injector makes of the maps and the names of
// Secrets.
func TestOptionsWithoutArgument(t *testing.T) {
	for _, o := range sidecarOptions(t) {
		if o.Key == "" {
			continue
		}
		c := injected(t, o.with(o.Text))
		switch o.Key {
		case "env":
			for name, value := range o.Value {
				require.Contains(t, c.Env, corev1.EnvVar{Name: name, Value: value})
			}
		case "envFromSecret":
			require.Contains(t, c.Env, corev1.EnvVar{Name: "A", ValueFrom: secretKey("a", "k")})
			require.Contains(t, c.Env, corev1.EnvVar{Name: "B", ValueFrom: secretKey("b", "k")})
		case "apiTokenSecret":
			require.Contains(t, c.Env, corev1.EnvVar{Name: "DAPR_API_TOKEN", ValueFrom: secretKey("token", "token")})
		case "appTokenSecret":
			require.Contains(t, c.Env, corev1.EnvVar{Name: "APP_API_TOKEN", ValueFrom: secretKey("token", "token")})
		case "image":
			require.Equal(t, o.Text, c.Image)
		case "nativeSidecar":
			require.Equal(t, corev1.ContainerRestartPolicyAlways, *c.RestartPolicy)
		case "volumeMounts", "volumeMountsRW":
			require.Len(t, c.VolumeMounts, len(o.Value))
			for volume, path := range o.Value {
				require.Contains(t, c.VolumeMounts, corev1.VolumeMount{Name: volume, MountPath: path, ReadOnly: o.Key == "volumeMounts"})
			}
			require.Empty(t, injected(t, map[string]string{o.Annotation: "other:/a"}).VolumeMounts, "why a volume has to be there")
		case "livenessProbe.period":
			require.EqualValues(t, 60, c.LivenessProbe.PeriodSeconds)
		case "readinessProbe.timeout":
			require.EqualValues(t, 2, c.ReadinessProbe.TimeoutSeconds)
		}
	}
}

func secretKey(name, key string) *corev1.EnvVarSource {
	return &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
		LocalObjectReference: corev1.LocalObjectReference{Name: name}, Key: key,
	}}
}

// TestUnitsAreIgnored: S-10, a unit in an annotation that holds a bare number
// changes nothing.
func TestUnitsAreIgnored(t *testing.T) {
	for _, o := range sidecarOptions(t) {
		if _, err := strconv.Atoi(o.Default); err != nil {
			continue
		}
		require.Equal(t, injected(t, o.with(o.Default+"s")), injected(t, withoutOption(o)), o.Key)
	}
}

// withoutOption returns the annotation of the switch alone.
func withoutOption(o option) map[string]string {
	annotations := o.with("")
	delete(annotations, o.Annotation)
	return annotations
}

// TestSizesThatDaprdRefuses: daprd does not start with a size that is not a
// number of bytes.
func TestSizesThatDaprdRefuses(t *testing.T) {
	for _, size := range []string{"500m", "16MB", "9999999999G"} {
		_, err := options.New([]string{"--max-body-size", size})
		require.Error(t, err, size)
	}
}

// callback is a gRPC app that answers every invocation.
type callback struct {
	runtimev1.UnimplementedAppCallbackServer
	answered chan struct{}
}

func (c callback) OnInvoke(context.Context, *commonv1.InvokeRequest) (*commonv1.InvokeResponse, error) {
	defer close(c.answered)
	return &commonv1.InvokeResponse{}, nil
}

// TestConcurrencyOfGRPC: why a gRPC app must not have appMaxConcurrency. Its
// sidecar releases the slot of an invocation twice, and then waits forever. When
// this test fails, Dapr has fixed that, and the rule can go.
func TestConcurrencyOfGRPC(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	app := callback{answered: make(chan struct{})}
	server := grpc.NewServer()
	runtimev1.RegisterAppCallbackServer(server, app)
	go func() { _ = server.Serve(listener) }()
	defer server.Stop()
	connection, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	defer connection.Close()

	channel := grpcchannel.CreateLocalChannel(0, 1, connect(connection), config.TracingSpec{}, 4<<20, 4<<10, "127.0.0.1", "")
	done := make(chan struct{})
	go func() {
		req := invokev1.NewInvokeMethodRequest("m")
		defer req.Close()
		_, _ = channel.InvokeMethod(t.Context(), req, appID)
		close(done)
	}()
	<-app.answered
	select {
	case <-done:
		t.Fatal("the invocation has ended")
	case <-time.After(2 * time.Second):
	}
}
