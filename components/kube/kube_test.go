package kube

import (
	"maps"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/internal/graphtest"
)

var ns = pulumi.String("ns")

func text(values ...string) pulumi.StringArray { return pulumi.ToStringArray(values) }

func TestType(t *testing.T) {
	for _, c := range []struct{ apiVersion, kind, want string }{
		{"v1", "Secret", "kubernetes:core/v1:Secret"},
		{"apps/v1", "Deployment", "kubernetes:apps/v1:Deployment"},
		{"dapr.io/v1alpha1", "Component", "kubernetes:dapr.io/v1alpha1:Component"},
	} {
		require.Equal(t, c.want, Manifest{APIVersion: c.apiVersion, Kind: c.kind}.Type())
	}
}

func TestManifests(t *testing.T) {
	labels := map[string]string{"app": "a"}
	skip := pulumi.StringMap{"pulumi.com/skipAwait": pulumi.String("true")}
	for _, c := range []struct {
		name string
		got  Manifest
		want pulumi.Map
	}{
		{"namespace", Namespace("ns"), pulumi.Map{
			"apiVersion": pulumi.String("v1"), "kind": pulumi.String("Namespace"), "metadata": pulumi.Map{"name": pulumi.String("ns")},
		}},
		{"service account", ServiceAccount("a", ns, labels), pulumi.Map{
			"apiVersion": pulumi.String("v1"), "kind": pulumi.String("ServiceAccount"),
			"metadata": pulumi.Map{
				"name": pulumi.String("a"), "namespace": ns, "labels": pulumi.StringMap{"app": pulumi.String("a")},
			},
			"automountServiceAccountToken": pulumi.Bool(false),
		}},
		{"service", Service("a", ns, labels, []Port{{"http", 80}}), pulumi.Map{
			"apiVersion": pulumi.String("v1"), "kind": pulumi.String("Service"),
			"metadata": pulumi.Map{
				"name": pulumi.String("a"), "namespace": ns, "labels": pulumi.StringMap{"app": pulumi.String("a")}, "annotations": skip,
			},
			"spec": pulumi.Map{
				"selector": pulumi.StringMap{"app": pulumi.String("a")},
				"ports":    pulumi.MapArray{pulumi.Map{"name": pulumi.String("http"), "port": pulumi.Int(80), "targetPort": pulumi.String("http")}},
			},
		}},
		{"claim", Claim(ns, nil, "1Gi", "fast"), pulumi.Map{
			"apiVersion": pulumi.String("v1"), "kind": pulumi.String("PersistentVolumeClaim"),
			"metadata": pulumi.Map{"namespace": ns, "annotations": skip},
			"spec": pulumi.Map{
				"accessModes": text("ReadWriteOnce"), "storageClassName": pulumi.String("fast"),
				"resources": pulumi.Map{"requests": pulumi.Map{"storage": pulumi.String("1Gi")}},
			},
		}},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.want, c.got.inputs()) })
	}
	require.NotContains(t, Claim(ns, nil, "1Gi", "").Fields["spec"], "storageClassName", "the cluster's default class")
}

// TestPod: what is given is there, what is not is left out, and the hardening is
// there either way.
func TestPod(t *testing.T) {
	hardened := pulumi.Map{
		"allowPrivilegeEscalation": pulumi.Bool(false), "readOnlyRootFilesystem": pulumi.Bool(true),
		"capabilities": pulumi.Map{"drop": text("ALL")},
	}
	require.Equal(t, pulumi.Map{
		"automountServiceAccountToken": pulumi.Bool(false),
		"enableServiceLinks":           pulumi.Bool(false),
		"securityContext": pulumi.Map{
			"runAsNonRoot": pulumi.Bool(true), "seccompProfile": pulumi.Map{"type": pulumi.String("RuntimeDefault")},
		},
		"containers": pulumi.MapArray{pulumi.Map{
			"name": pulumi.String("c"), "image": pulumi.String("i"), "securityContext": hardened,
		}},
	}, Pod{Container: Container{Name: "c", Image: "i"}}.spec())

	full := Pod{
		ServiceAccount: pulumi.String("sa"), PullSecrets: []string{"r"}, User: 7,
		Volumes: []Volume{
			{Name: "d", Claim: pulumi.String("claim")},
			{Name: "s", Secret: pulumi.String("secret"), SecretFiles: []string{"f"}},
			{Name: "e"},
		},
		Container: Container{
			Name: "c", Image: "i", PullPolicy: "Always", Command: []string{"x"}, Args: []string{"y"}, User: 8,
			Env:       []Variable{{Name: "A"}, {Name: "B", Secret: &SecretKey{pulumi.String("s"), "k"}}},
			Ports:     []Port{{"http", 80}},
			Resources: Resources{Requests: map[string]string{"cpu": "1"}},
			Mounts:    []Mount{{"d", "/d", false}, {"s", "/s", true}},
			Startup:   &Probe{Command: []string{"p"}, Period: 1, Failures: 2},
			Liveness:  &Probe{Path: "/h", Port: "http", Period: 3, Failures: 4},
		},
	}.spec()
	require.Equal(t, pulumi.Map{
		"runAsNonRoot": pulumi.Bool(true), "seccompProfile": pulumi.Map{"type": pulumi.String("RuntimeDefault")},
		"runAsUser": pulumi.Int(7), "runAsGroup": pulumi.Int(7), "fsGroup": pulumi.Int(7),
	}, full["securityContext"])
	require.Equal(t, pulumi.String("sa"), full["serviceAccountName"])
	require.Equal(t, pulumi.MapArray{pulumi.Map{"name": pulumi.String("r")}}, full["imagePullSecrets"])
	require.Equal(t, pulumi.MapArray{
		pulumi.Map{"name": pulumi.String("d"), "persistentVolumeClaim": pulumi.Map{"claimName": pulumi.String("claim")}},
		pulumi.Map{"name": pulumi.String("s"), "secret": pulumi.Map{
			"secretName": pulumi.String("secret"), "defaultMode": pulumi.Int(0o440),
			"items": pulumi.MapArray{pulumi.Map{"key": pulumi.String("f"), "path": pulumi.String("f")}},
		}},
		pulumi.Map{"name": pulumi.String("e"), "emptyDir": pulumi.Map{}},
	}, full["volumes"])
	hardened["runAsUser"] = pulumi.Int(8)
	require.Equal(t, pulumi.Map{
		"name": pulumi.String("c"), "image": pulumi.String("i"), "imagePullPolicy": pulumi.String("Always"),
		"command": text("x"), "args": text("y"), "securityContext": hardened,
		"env": pulumi.MapArray{
			pulumi.Map{"name": pulumi.String("A"), "value": pulumi.String("")},
			pulumi.Map{"name": pulumi.String("B"), "valueFrom": pulumi.Map{"secretKeyRef": pulumi.Map{
				"name": pulumi.String("s"), "key": pulumi.String("k"),
			}}},
		},
		"ports":     pulumi.MapArray{pulumi.Map{"name": pulumi.String("http"), "containerPort": pulumi.Int(80)}},
		"resources": pulumi.Map{"requests": pulumi.StringMap{"cpu": pulumi.String("1")}},
		"volumeMounts": pulumi.MapArray{
			pulumi.Map{"name": pulumi.String("d"), "mountPath": pulumi.String("/d")},
			pulumi.Map{"name": pulumi.String("s"), "mountPath": pulumi.String("/s"), "readOnly": pulumi.Bool(true)},
		},
		"startupProbe": pulumi.Map{
			"exec": pulumi.Map{"command": text("p")}, "periodSeconds": pulumi.Int(1), "timeoutSeconds": pulumi.Int(3), "failureThreshold": pulumi.Int(2),
		},
		"livenessProbe": pulumi.Map{
			"httpGet":       pulumi.Map{"path": pulumi.String("/h"), "port": pulumi.String("http")},
			"periodSeconds": pulumi.Int(3), "timeoutSeconds": pulumi.Int(3), "failureThreshold": pulumi.Int(4),
		},
	}, full["containers"].(pulumi.MapArray)[0])
}

// TestProbes: by HTTP, with and without TLS, by gRPC, by a command, or by a
// connection.
func TestProbes(t *testing.T) {
	common := pulumi.Map{"periodSeconds": pulumi.Int(1), "timeoutSeconds": pulumi.Int(3), "failureThreshold": pulumi.Int(2)}
	for kind, c := range map[string]struct {
		probe Probe
		want  pulumi.Map
	}{
		"httpGet":   {Probe{Path: "/h", Port: "http", TLS: true}, pulumi.Map{"path": pulumi.String("/h"), "port": pulumi.String("http"), "scheme": pulumi.String("HTTPS")}},
		"grpc":      {Probe{GRPC: 80, Port: "http"}, pulumi.Map{"port": pulumi.Int(80)}},
		"exec":      {Probe{Command: []string{"p"}}, pulumi.Map{"command": text("p")}},
		"tcpSocket": {Probe{Port: "http"}, pulumi.Map{"port": pulumi.String("http")}},
	} {
		c.probe.Period, c.probe.Failures = 1, 2
		want := maps.Clone(common)
		want[kind] = c.want
		require.Equal(t, want, c.probe.inputs())
	}
}

// TestDeployment: further labels of the pods are no part of the selector, which
// cannot change.
func TestDeployment(t *testing.T) {
	m := Deployment{
		Name: "d", Namespace: ns, Labels: map[string]string{"app": "a"}, Replicas: 2, Recreate: true,
		Pod: Pod{Labels: map[string]string{"extra": "b"}, Annotations: pulumi.StringMap{"note": pulumi.String("c")}},
	}.Manifest()
	spec := m.Fields["spec"].(pulumi.Map)
	require.Equal(t, pulumi.Map{"matchLabels": pulumi.StringMap{"app": pulumi.String("a")}}, spec["selector"])
	require.Equal(t, pulumi.Map{
		"labels":      pulumi.StringMap{"app": pulumi.String("a"), "extra": pulumi.String("b")},
		"annotations": pulumi.StringMap{"note": pulumi.String("c")},
	}, spec["template"].(pulumi.Map)["metadata"])
	require.Equal(t, pulumi.Map{"type": pulumi.String("Recreate")}, spec["strategy"])
	require.Equal(t, pulumi.Int(2), spec["replicas"])
}

// TestRegister: a name that the engine chose is what others refer to, and to
// refer is to depend. The data of a Secret is secret whatever was given. The field
// manager is the stack's, also beside annotations that are shared.
func TestRegister(t *testing.T) {
	g, err := graphtest.Run(t, func(ctx *pulumi.Context) error {
		secret, err := Secret(ns, pulumi.StringMap{"k": pulumi.String("hush")}).Register(ctx, "s")
		if err != nil {
			return err
		}
		_, err = Manifest{
			APIVersion: "v1", Kind: "Service", Name: "x", Annotations: skipAwait, Fields: pulumi.Map{"ref": secret.Name()},
		}.Register(ctx, "x")
		return err
	})
	require.NoError(t, err)
	require.Equal(t, map[string]any{"pulumi.com/patchFieldManager": "daprstack-test"}, g.Get(t, "Secret", "s").Input("metadata", "annotations"))
	require.Len(t, g.Get(t, "Service", "x").Input("metadata", "annotations"), 2)
	require.Len(t, skipAwait, 1)
	require.Empty(t, g.Clear("hush"))
	require.Equal(t, []string{"Service x → Secret s"}, g.Edges())
	require.Equal(t, "s-1a2b3c4d", g.Get(t, "Service", "x").Input("ref"))
}

// TestCluster: only the context is an input, wherever the kubeconfig is.
func TestCluster(t *testing.T) {
	t.Setenv("KUBECONFIG", "/somewhere/kubeconfig")
	g, err := graphtest.Run(t, func(ctx *pulumi.Context) error {
		_, err := NewCluster(ctx, "cluster", "dev")
		return err
	})
	require.NoError(t, err)
	require.Equal(t, map[string]any{"context": "dev"}, g.Get(t, "pulumi:providers:kubernetes", "cluster").Input())
}
