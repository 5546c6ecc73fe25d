package kube_test

import (
	"testing"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/components/kube"
	"github.com/daprstack/daprstack/internal/graphtest"
)

// patched returns the pod template that some patches make of one with two containers,
// and the error of the patches.
func patched(t *testing.T, patches []map[string]any, opts ...graphtest.Option) (map[string]any, error) {
	t.Helper()
	g, err := graphtest.Run(t, func(ctx *pulumi.Context) error {
		account, err := corev1.NewServiceAccount(ctx, "account", &corev1.ServiceAccountArgs{})
		if err != nil {
			return err
		}
		workload := &appsv1.DeploymentArgs{
			Metadata: &metav1.ObjectMetaArgs{Name: pulumi.String("web")},
			Spec: &appsv1.DeploymentSpecArgs{
				Selector: &metav1.LabelSelectorArgs{MatchLabels: pulumi.StringMap{"a": pulumi.String("b")}},
				Template: &corev1.PodTemplateSpecArgs{
					Metadata: &metav1.ObjectMetaArgs{Labels: pulumi.StringMap{"a": pulumi.String("b")}},
					Spec: &corev1.PodSpecArgs{
						ServiceAccountName: account.Metadata.Name(),
						Containers: corev1.ContainerArray{
							&corev1.ContainerArgs{Name: pulumi.String("web"), Env: corev1.EnvVarArray{
								corev1.EnvVarArgs{Name: pulumi.String("A"), Value: pulumi.String("1")},
								corev1.EnvVarArgs{Name: pulumi.String("B"), Value: pulumi.ToSecret(pulumi.String("sentinel")).(pulumi.StringOutput)},
							}},
							&corev1.ContainerArgs{Name: pulumi.String("proxy"), Stdin: pulumi.Bool(true)},
						},
					},
				},
			},
		}
		patch, err := kube.PatchPod(workload, patches, "spec", "template")
		if err != nil {
			return err
		}
		_, err = appsv1.NewDeployment(ctx, "web", workload, patch)
		return err
	}, opts...)
	if err != nil {
		return nil, err
	}
	require.Empty(t, g.Clear("sentinel"))
	require.Len(t, g.Edges(), 1, "from the account to the Deployment")
	deployment := g.Get(t, "Deployment", "web")
	require.Equal(t, "apps/v1", deployment.Input("apiVersion"))
	require.Equal(t, "Deployment", deployment.Input("kind"))
	require.Equal(t, "web", deployment.Input("metadata", "name"))
	return deployment.Input("spec", "template").(map[string]any), nil
}

// TestPatchPod: merged by Kubernetes' rules, in the order of what was there, with the
// Outputs in their places.
func TestPatchPod(t *testing.T) {
	plain, err := patched(t, nil)
	require.NoError(t, err)
	got, err := patched(t, []map[string]any{
		{"metadata": map[string]any{"annotations": map[string]any{"c": "d"}}},
		{"spec": map[string]any{"nodeSelector": map[string]any{"x": "y"}, "priority": 5, "containers": []any{
			map[string]any{"name": "log", "image": "log:1"},
			map[string]any{"name": "proxy", "$patch": "delete"},
			map[string]any{"name": "web", "tty": true, "env": []any{map[string]any{"name": "C", "value": pulumi.ToSecret(pulumi.String("sentinel"))}, map[string]any{"name": "A", "value": "2"}}},
		}}},
	})
	require.NoError(t, err)
	require.Equal(t, map[string]any{"labels": map[string]any{"a": "b"}, "annotations": map[string]any{"c": "d"}}, got["metadata"])
	require.Equal(t, map[string]any{
		"serviceAccountName": plain["spec"].(map[string]any)["serviceAccountName"], "nodeSelector": map[string]any{"x": "y"}, "priority": 5.0,
		"containers": []any{
			map[string]any{"name": "web", "tty": true, "env": []any{
				map[string]any{"name": "A", "value": "2"}, map[string]any{"name": "B", "value": "sentinel"}, map[string]any{"name": "C", "value": "sentinel"},
			}},
			map[string]any{"name": "log", "image": "log:1"},
		},
	}, got["spec"])
}

// TestPatchInPreview: what is not known yet leaves the rest readable.
func TestPatchInPreview(t *testing.T) {
	got, err := patched(t, []map[string]any{{"spec": map[string]any{"hostname": "web"}}}, graphtest.Preview())
	require.NoError(t, err)
	require.Equal(t, "web", got["spec"].(map[string]any)["hostname"])
	require.Len(t, got["spec"].(map[string]any)["containers"], 2)
}

// TestBadPatch: an error, and no panic.
func TestBadPatch(t *testing.T) {
	for _, patch := range []map[string]any{
		{"spec": map[string]any{"containers": []any{map[string]any{"image": "x"}}}},
		{"spec": map[string]any{"hostname": func() {}}},
	} {
		_, err := patched(t, []map[string]any{patch})
		require.ErrorContains(t, err, "patching the pod: ")
	}
}
