//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/components/kube"
	"github.com/daprstack/daprstack/internal/engine"
	"github.com/daprstack/daprstack/internal/progress"
	"github.com/daprstack/daprstack/local"
	"github.com/daprstack/daprstack/toolchain"
)

// run is the Pulumi program of a case.
func (c policyCase) run(ctx *pulumi.Context) error {
	cluster, err := kube.NewCluster(ctx, "cluster", local.Context)
	if err != nil {
		return err
	}
	if c.program != nil {
		return c.program(ctx, pulumi.Provider(cluster))
	}
	if c.transform != nil {
		err := ctx.RegisterResourceTransform(func(_ context.Context, args *pulumi.ResourceTransformArgs) *pulumi.ResourceTransformResult {
			c.transform(args.Type, args.Props)
			return &pulumi.ResourceTransformResult{Props: args.Props, Opts: args.Opts}
		})
		if err != nil {
			return err
		}
	}
	for i, object := range decode(goodObjects) {
		if err := register(ctx, fmt.Sprint("good-", i), object, nil, pulumi.Provider(cluster)); err != nil {
			return err
		}
	}
	if c.objects == "" {
		return nil
	}
	return register(ctx, "bad", decode(c.objects)[0], nil, pulumi.Provider(cluster))
}

// TestPolicy runs small programs with the real engine against the node. The one
// without violations passes; every other is stopped with the rule, the resource
// and the fix, and creates nothing.
func TestPolicy(t *testing.T) {
	run(t, "local", "up")
	stack, pack := policyStack(t)
	node := localCluster(t)
	preview := func(c policyCase) (string, error) {
		stack.Workspace().SetProgram(c.run)
		var out bytes.Buffer
		_, err := stack.Preview(t.Context(), optpreview.PolicyPacks(pack), optpreview.ProgressStreams(&out), optpreview.ErrorProgressStreams(&out))
		return out.String(), err
	}
	t.Run("good", func(t *testing.T) {
		out, err := preview(policyCase{})
		require.NoError(t, err, out)
	})
	for _, c := range policyCases {
		t.Run(c.name, func(t *testing.T) {
			out, err := preview(c)
			if c.update {
				require.NoError(t, err, out)
				var updated bytes.Buffer
				_, err = stack.Up(t.Context(), optup.PolicyPacks(pack), optup.ProgressStreams(&updated), optup.ErrorProgressStreams(&updated))
				out += updated.String()
			}
			require.Error(t, err, out)
			assert.Contains(t, out, c.want)
			assert.NotContains(t, out, "hunter2", "a password")
			assert.NotContains(t, out, "goroutine ", "a stack trace")
		})
	}
	t.Run("bad policy configuration", func(t *testing.T) {
		// The driver refuses it earlier; this is the error of a stock Pulumi.
		file := filepath.Join(t.TempDir(), "policy.json")
		require.NoError(t, os.WriteFile(file, []byte(`{"s-01-app-id": {"alow": ["x"]}}`), 0o600))
		_, err := stack.Preview(t.Context(), optpreview.PolicyPacks(pack), optpreview.PolicyPackConfigs(file))
		require.ErrorContains(t, err, `policy s-01-app-id is not valid: alow: is not a key of a policy; did you mean "allow"?`)
	})
	assert.Empty(t, node.names(namespaces, policyNamespace), "nothing was created")
}

// policyStack opens an empty stack as the driver does, and returns it with the
// path of the policy pack.
func policyStack(t *testing.T) (*auto.Stack, string) {
	t.Helper()
	tc, err := toolchain.New(checkout(t), progress.New(os.Stderr))
	require.NoError(t, err)
	tools, err := tc.Ensure(t.Context(), append(slices.Clone(toolchain.Engine), toolchain.Policy)...)
	require.NoError(t, err)
	stack, err := engine.Open(t.Context(), engine.Options{
		Project:  &workspace.Project{Name: "policy", Runtime: workspace.NewProjectRuntimeInfo("go", nil)},
		Stack:    "bad",
		Settings: &workspace.ProjectStack{},
		Program: func(map[string]string, ...string) pulumi.RunFunc {
			return func(*pulumi.Context) error { return nil }
		},
		Tools: tools, Dir: t.TempDir(), Kubeconfig: local.Kubeconfig(),
	})
	require.NoError(t, err)
	return stack, tools[toolchain.Policy]
}

// TestPolicyOfTheDriver: an app-id that only the pack refuses stops preview and
// up before anything changes, unless the policy configuration or --no-policy
// allows it.
func TestPolicyOfTheDriver(t *testing.T) {
	run(t, "local", "up")
	before := localCluster(t).names(namespaces, "")
	odd := []string{"-c", "apps[0].sidecar.appId=web"}
	const want = `[S-02] Deployment todo/frontend: spec.template.metadata.annotations[dapr.io/app-id]: "web"; must follow {service}-app; end the app-id in -app`
	for _, command := range [][]string{{"preview"}, {"up", "--yes"}} {
		out, err := try(t, append(command, odd...)...)
		require.Error(t, err, out)
		assert.Contains(t, out, want)
	}
	assert.ElementsMatch(t, before, localCluster(t).names(namespaces, ""), "nothing was changed")

	file := filepath.Join(t.TempDir(), "policy.json")
	configured := func(content string) (string, error) {
		require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
		return try(t, append([]string{"preview", "--policy-config", file}, odd...)...)
	}
	out, err := configured(`{"s-02-app-id-convention": {"allow": ["web"]}}`)
	require.NoError(t, err, out)
	out, err = configured(`{"s-02-app-id-convention": "advisory"}`)
	require.NoError(t, err, out)
	assert.Contains(t, out, want)
	out, err = configured(`{"s-02-appid": "advisory"}`)
	require.Error(t, err)
	assert.Contains(t, out, "s-02-appid: is not a policy")
	run(t, append([]string{"preview", "--no-policy"}, odd...)...)
}
