package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/internal/engine"
)

const stackFile = `config:
  daprstack:context: mine
  daprstack:namespace: todo
  daprstack:pubSubs:
    - { name: pubsub, scopes: [backend-app] }
  daprstack:events:
    - { type: task.created, source: /backend/tasks, pubSub: pubsub, publishers: [backend-app], subscribers: [{ app: backend-app, path: /events }] }
  daprstack:apps:
    - { name: backend, image: "localhost/backend:dev", port: 8000, sidecar: { appId: backend-app } }
`

// newCheckout makes a checkout the working directory, on a machine without a Go, a
// Pulumi or a cluster, and returns its path and that of its kubeconfig. The test
// fails when anything is built or written beside it.
func newCheckout(t *testing.T) (dir, kubeconfig string) {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	machine, kubeconfig := t.TempDir(), filepath.Join(t.TempDir(), "config")
	for name, value := range map[string]string{
		"HOME": machine, "XDG_STATE_HOME": machine, "XDG_CACHE_HOME": machine, "PATH": machine, "KUBECONFIG": kubeconfig,
	} {
		t.Setenv(name, value)
	}
	write(t, filepath.Join(dir, "Pulumi.yaml"), "name: daprstack\nruntime: go\n")
	write(t, filepath.Join(dir, "Pulumi.dev.yaml"), stackFile)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "toolchain", "pulumi"), 0o700))
	write(t, filepath.Join(dir, "toolchain", "pulumi", "go.mod"), "module tools\n")
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close() // nobody listens there any more
	write(t, kubeconfig, kubeconfigOf("mine", server.URL))
	t.Chdir(dir)
	t.Cleanup(func() {
		for _, folder := range []string{machine, filepath.Join(dir, "bin")} {
			entries, _ := os.ReadDir(folder)
			require.Empty(t, entries, "something was made")
		}
	})
	return dir, kubeconfig
}

func kubeconfigOf(context, server string) string {
	return strings.NewReplacer("NAME", context, "SERVER", server).Replace(`{"apiVersion":"v1","kind":"Config",
"clusters":[{"name":"NAME","cluster":{"server":"SERVER"}}],"users":[{"name":"NAME","user":{}}],
"contexts":[{"name":"NAME","context":{"cluster":"NAME","user":"NAME"}}]}`)
}

func write(t *testing.T, path, content string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
}

// execute runs daprstack as a person would whose input is not a terminal.
func execute(t *testing.T, args ...string) (stdout string, err error) {
	t.Helper()
	var out bytes.Buffer
	root := newRootCommand()
	root.SetIn(strings.NewReader(""))
	root.SetOut(&out)
	root.SetErr(io.Discard)
	root.SetArgs(args)
	err = root.ExecuteContext(t.Context())
	return out.String(), err
}

// The commands that read a stack file, and those of them that ask its cluster.
var (
	online = [][]string{
		{"preview"}, {"up", "--yes"}, {"refresh"}, {"destroy", "--yes"}, {"recover", "--yes"}, {"outputs"}, {"verify"},
		{"events"}, {"events", "show", "task.created", "backend-app"}, {"events", "put-back", "task.created", "backend-app", "--all"},
	}
	all = append([][]string{{"events", "asyncapi"}, {"events", "page"}, {"render"}}, online...)
)

// refused runs commands with more arguments, and expects one error of all of them.
func refused(t *testing.T, commands [][]string, args []string, want string) {
	t.Helper()
	for _, command := range commands {
		stdout, err := execute(t, slices.Concat(command, args)...)
		require.EqualError(t, err, want, "%s", command)
		require.Empty(t, stdout, "%s", command)
	}
}

func TestRefusedBeforeTheStackFileIsRead(t *testing.T) {
	dir, _ := newCheckout(t)
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"unknown stack": {
			[]string{"-s", "nosuch"},
			fmt.Sprintf(`there is no stack "nosuch": stat %s/Pulumi.nosuch.yaml: no such file or directory; write Pulumi.nosuch.yaml, as daprstack init does, or name another with --stack`, dir),
		},
		"unknown stack file": {
			[]string{"--config-file", "my/stack.yaml"},
			`there is no stack "dev": stat my/stack.yaml: no such file or directory; write stack.yaml, as daprstack init does, or name another with --stack`,
		},
		"no context": {
			[]string{"-c", "context="},
			"no cluster is named: set daprstack:context in Pulumi.dev.yaml, or give --context=<a context of your kubeconfig>; the current context is never taken",
		},
		"setting without a value": {[]string{"-c", "namespace"}, `--config "namespace": want key=value`},
		"setting at a bad path": {
			[]string{"-c", "apps[=1"}, `--config "apps[=1": invalid config key path: missing closing bracket in array index`,
		},
	} {
		t.Run(name, func(t *testing.T) { refused(t, all, tc.args, tc.want) })
	}
	t.Run("no stack file anywhere", func(t *testing.T) {
		elsewhere, err := filepath.EvalSymlinks(t.TempDir())
		require.NoError(t, err)
		t.Chdir(elsewhere)
		refused(t, all, nil, `there is no stack "dev": stat `+elsewhere+`/Pulumi.dev.yaml: no such file or directory; `+
			"write Pulumi.dev.yaml, as daprstack init does, or name another with --stack")
	})
}

func TestInvalidStackFileIsRefused(t *testing.T) {
	newCheckout(t)
	const problem = "the stack file has 1 problem:\n  apps[0].port: 70000: must be between 1 and 65535"
	args := []string{"-c", "apps[0].port=70000"}
	refused(t, all, args, "the stack file Pulumi.dev.yaml is not valid; nothing was changed:\n"+problem)
	for _, command := range [][]string{{"preview"}, {"up", "--yes"}} {
		stdout, err := execute(t, slices.Concat(command, args, []string{"--errors", "json"})...)
		require.EqualError(t, err, "stack file of dev is not valid")
		require.Contains(t, stdout, `"path": "apps[0].port"`)
	}
	write(t, "other.yaml", stackFile)
	refused(t, all, append(args, "--config-file", "other.yaml"), "the stack file other.yaml is not valid; nothing was changed:\n"+problem)
}

func TestUnusableClusterIsRefused(t *testing.T) {
	_, kubeconfig := newCheckout(t)
	missing := filepath.Join(t.TempDir(), "missing")
	broken := filepath.Join(t.TempDir(), "broken")
	write(t, broken, "{")
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"no kubeconfig":             {[]string{"--kubeconfig", missing}, `context "mine" is not in kubeconfig ` + missing + `, which has: none`},
		"context of another's":      {[]string{"--context", "prod"}, `context "prod" is not in kubeconfig ` + kubeconfig + `, which has: mine`},
		"context by --config":       {[]string{"-c", "context=prod"}, `context "prod" is not in kubeconfig ` + kubeconfig + `, which has: mine`},
		"local node that is not up": {[]string{"--context", "daprstack-local", "--kubeconfig", missing}, `context "daprstack-local": the local node is not up; run: daprstack local up`},
		"broken kubeconfig": {
			[]string{"--kubeconfig", broken},
			"reading kubeconfig " + broken + `: error loading config file "` + broken + `": yaml: line 1: did not find expected node content`,
		},
	} {
		t.Run(name, func(t *testing.T) { refused(t, online, tc.args, tc.want) })
	}
	t.Run("API server that does not answer", func(t *testing.T) {
		for _, command := range online {
			stdout, err := execute(t, command...)
			require.ErrorContains(t, err, `the cluster of context "mine" can't be used: `)
			require.ErrorContains(t, err, "connection refused; check the cluster and your credentials with: kubectl --context mine version")
			require.Empty(t, stdout)
		}
	})
	for _, command := range all[:2] {
		_, err := execute(t, append(command, "--kubeconfig", missing)...)
		require.NoError(t, err, "%s asks no cluster", command)
	}
}

// reachableCluster lets the context of a checkout name a cluster whose API server
// only knows its version.
func reachableCluster(t *testing.T, kubeconfig string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/version" {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		_, _ = io.WriteString(w, "{}")
	}))
	t.Cleanup(server.Close)
	write(t, kubeconfig, kubeconfigOf("mine", server.URL))
}

func TestNotConfirmedIsRefused(t *testing.T) {
	_, kubeconfig := newCheckout(t)
	reachableCluster(t, kubeconfig)
	for command, what := range map[string]string{
		"up":      "bring stack dev up on context mine",
		"destroy": "remove everything of stack dev from context mine, its data too",
	} {
		refused(t, [][]string{{command}}, nil, "about to "+what+", but there is nobody to ask: use --yes")
	}
}

func TestBadPolicyConfigurationIsRefused(t *testing.T) {
	_, kubeconfig := newCheckout(t)
	reachableCluster(t, kubeconfig)
	commands := [][]string{{"preview"}, {"up"}, {"up", "--yes"}}
	refused(t, commands, []string{"--policy-config", "missing.json"},
		"reading the policy configuration: open "+filepath.Join(must(os.Getwd()), "missing.json")+": no such file or directory")
	write(t, "policy.json", `{"s-02-appid": "advisory"}`)
	for _, command := range commands {
		_, err := execute(t, append(command, "--policy-config", "policy.json")...)
		require.ErrorContains(t, err, "the policy configuration policy.json is not valid; nothing was changed:\n")
		require.ErrorContains(t, err, "s-02-appid: is not a policy")
	}
}

func TestEventsOfAStackWithoutDaprAreRefused(t *testing.T) {
	_, kubeconfig := newCheckout(t)
	reachableCluster(t, kubeconfig)
	commands := slices.DeleteFunc(slices.Clone(online), func(c []string) bool { return c[0] != "events" })
	require.Len(t, commands, 3)
	refused(t, commands, []string{"-c", "dapr.enabled=false"}, "the stack has no Dapr and so no events: its apps call each other")
}

func TestStackThatIsElsewhereIsRefused(t *testing.T) {
	on := &target{stack: "dev", context: "mine", project: &workspace.Project{Name: "daprstack"}}
	require.NoError(t, on.checkPlace(engine.State{}, "shop"), "never deployed")
	require.NoError(t, on.checkPlace(engine.State{Context: "mine", Namespace: "shop"}, "shop"))
	require.NoError(t, on.checkPlace(engine.State{Context: "mine"}, "shop"), "the platform alone until now")
	require.EqualError(t, on.checkPlace(engine.State{Context: "mine", Namespace: "shop"}, "bank"),
		`stack dev of project daprstack is deployed in namespace "shop", not "bank": use a stack of another name, or a Pulumi.yaml with a name of its own beside the stack file; `+
			`to move the stack, destroy it there first (daprstack destroy -s dev -c namespace=shop)`)
	require.EqualError(t, on.checkPlace(engine.State{Context: "other"}, "shop"),
		`stack dev is deployed on context "other", not "mine": destroy it there first (daprstack destroy -s dev --context other), or use a stack of another name`)
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
