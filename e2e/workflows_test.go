//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/daprstack/daprstack/local"
)

// TestWorkflows runs the workflows of the repository as GitHub would, on the local
// node: a pull request with a mistake and without, its merge, and a change by hand.
// What is GitHub's own is stood in for (toolchain/act). Without WORKFLOWS it is
// skipped.
func TestWorkflows(t *testing.T) {
	if os.Getenv("WORKFLOWS") == "" {
		t.Skip("set WORKFLOWS=1: make e2e-workflows")
	}
	run(t, "local", "down")
	run(t, "local", "up")
	g := newGitHub(t)

	g.change("Pulumi.yaml", "appId: frontend-app", "appId: web")
	require.Error(t, g.act("pull_request", "preview.yml"))
	comment := g.read().Comments
	require.Len(t, comment, 1)
	assert.Contains(t, comment[0].Body, "#### Stack staging: not compared")
	assert.Contains(t, comment[0].Body, "[S-02] Deployment shop-staging/frontend", "the policy's violation")
	assert.Equal(t, "7", comment[0].Issue)

	g.change("Pulumi.yaml", "appId: web", "appId: frontend-app")
	require.NoError(t, g.act("pull_request", "preview.yml"))
	comment = g.read().Comments
	require.Len(t, comment, 1, "it is edited")
	assert.Equal(t, 1, comment[0].Edits)
	for _, stack := range []string{"staging", "prod"} {
		assert.Contains(t, comment[0].Body, "#### Stack "+stack+": ")
		assert.Contains(t, comment[0].Body, "`Deployment shop-"+stack+"/backend`")
	}
	assert.NotContains(t, comment[0].Body, "[S-02]")

	require.NoError(t, g.act("push", "deploy.yml"))
	c := localCluster(t)
	assert.Len(t, c.list(deployments, "shop-prod"), 3)
	require.NoError(t, g.act("workflow_dispatch", "drift.yml"))
	assert.Empty(t, g.read().Issues)

	_, err := c.Resource(deployments).Namespace("shop-prod").Patch(t.Context(), "backend", types.MergePatchType,
		[]byte(`{"spec":{"replicas":2}}`), metav1.PatchOptions{FieldManager: "somebody"})
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, g.act("workflow_dispatch", "drift.yml"))
	}
	issues := g.read().Issues
	require.Len(t, issues, 1)
	assert.Equal(t, "Stack prod has drifted", issues[0].Title)
	assert.Equal(t, 1, issues[0].Edits)
	assert.Contains(t, issues[0].Body, "- spec.replicas: 2\n+ spec.replicas: 1\n")

	require.NoError(t, g.act("push", "deploy.yml")) // which puts it back
	require.NoError(t, g.act("workflow_dispatch", "drift.yml"))
	assert.Equal(t, "closed", g.read().Issues[0].State)
}

// gitHub is a repository with the workflows of this one, and what they use.
type gitHub struct {
	t            *testing.T
	dir, scratch string
	state        string // of the stacks
}

const standIns = "toolchain/act/actions"

func newGitHub(t *testing.T) *gitHub {
	t.Helper()
	g := &gitHub{t: t, dir: copyOfCheckout(t), scratch: t.TempDir(), state: t.TempDir()}
	g.write("Pulumi.staging.yaml", "shop-staging", "redis: { image: localhost/redis:7.0.15-debian }")
	g.write("Pulumi.prod.yaml", "shop-prod", "dapr: { enabled: false }")
	for _, args := range [][]string{
		{"init", "--quiet", "--initial-branch", "main"}, {"add", "--all"},
		{"-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "--quiet", "--message", "base"},
		{"remote", "add", "origin", "https://github.com/team/shop.git"},
	} {
		command(t, g.dir, "git", args...)
	}
	bin := filepath.Join(g.scratch, "bin")
	for name, pkg := range map[string]string{"act": "github.com/nektos/act", "gh": "./gh"} {
		command(t, filepath.Join(checkout(t), "toolchain", "act"), "go", "build", "-o", filepath.Join(bin, name), pkg)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	return g
}

func (g *gitHub) write(file, namespace, more string) {
	content := fmt.Sprintf("config:\n  context: %s\n  namespace: %s\n  %s\n", local.Context, namespace, more)
	require.NoError(g.t, os.WriteFile(filepath.Join(g.dir, file), []byte(content), 0o600))
}

// change changes a file as a commit would.
func (g *gitHub) change(file, from, to string) {
	path := filepath.Join(g.dir, file)
	content, err := os.ReadFile(path)
	require.NoError(g.t, err)
	require.Contains(g.t, string(content), from)
	require.NoError(g.t, os.WriteFile(path, bytes.ReplaceAll(content, []byte(from), []byte(to)), 0o600))
}

// act runs a workflow.
func (g *gitHub) act(event, workflow string) error {
	t := g.t
	t.Helper()
	kubeconfig, err := os.ReadFile(localKubeconfig(t))
	require.NoError(t, err)
	base := strings.TrimSpace(command(t, g.dir, "git", "rev-parse", "HEAD"))
	payload := filepath.Join(g.scratch, "event.json")
	require.NoError(t, os.WriteFile(payload, fmt.Appendf(nil, `{
		"pull_request": {"number": 7, "base": {"sha": %q, "ref": "main"}, "head": {"repo": {"full_name": "team/shop"}}},
		"repository": {"full_name": "team/shop"}, "ref": "refs/heads/main"
	}`, base), 0o600))
	artifacts := filepath.Join(g.scratch, "artifacts")
	require.NoError(t, os.RemoveAll(artifacts))
	args := []string{
		event, "--workflows", filepath.Join(".github", "workflows", workflow), "--eventpath", payload,
		"--platform", "ubuntu-24.04=-self-hosted", "--action-offline-mode", "--no-cache-server",
		"--secret", "KUBECONFIG=" + string(kubeconfig), "--secret", "PULUMI_CONFIG_PASSPHRASE=of the team",
		"--var", "PULUMI_BACKEND_URL=file://" + g.state,
		"--env", "ARTIFACTS=" + artifacts, "--env", "GH_FILE=" + filepath.Join(g.scratch, "github.json"),
	}
	for _, action := range []string{
		"actions/setup-go@v5", "actions/cache@v4", "actions/upload-artifact@v4", "actions/download-artifact@v4",
		"aws-actions/configure-aws-credentials@v4", "azure/login@v2", "google-github-actions/auth@v2",
	} {
		name, _, _ := strings.Cut(action, "@")
		args = append(args, "--local-repository", action+"="+filepath.Join(checkout(t), standIns, name))
	}
	start := time.Now()
	cmd := exec.CommandContext(t.Context(), "act", args...)
	var out bytes.Buffer
	cmd.Dir, cmd.Stdout = g.dir, io.MultiWriter(&out, os.Stderr)
	cmd.Stderr = cmd.Stdout
	err = cmd.Run()
	t.Logf("%s on %s: %s", workflow, event, time.Since(start).Round(time.Second))
	assert.NotContains(t, out.String(), "of the team", "the passphrase")
	return err
}

// read returns what the workflows left on GitHub.
func (g *gitHub) read() (there struct {
	Comments []struct {
		Issue, Body string
		Edits       int
	}
	Issues []struct {
		Title, Body, State string
		Edits              int
	}
}) {
	g.t.Helper()
	content, err := os.ReadFile(filepath.Join(g.scratch, "github.json"))
	if os.IsNotExist(err) {
		return there
	}
	require.NoError(g.t, err)
	require.NoError(g.t, json.Unmarshal(content, &there))
	return there
}
