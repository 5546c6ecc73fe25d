package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRenderFlags(t *testing.T) {
	testFlags(t, newRenderCommand,
		flagCase[renderOptions]{want: renderOptions{console: quiet, stackOptions: defaultStack}},
		flagCase[renderOptions]{
			args: "-o out --force" + everyStackFlag,
			want: renderOptions{console: quiet, stackOptions: givenStack, output: "out", force: true},
		},
		flagCase[renderOptions]{args: "--output out", want: renderOptions{console: quiet, stackOptions: defaultStack, output: "out"}},
		flagCase[renderOptions]{args: "prod", err: `unknown command "prod" for "render"`},
	)
}

// The stack of newCheckout on a control plane that is there: it has no chart, and so
// needs no provider.
var withoutChart = []string{"-c", "dapr.install=false"}

// TestRender: it needs no tool, no cluster and no state.
func TestRender(t *testing.T) {
	dir, _ := newCheckout(t)
	stream, err := execute(t, append([]string{"render"}, withoutChart...)...)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(stream, "---\napiVersion: v1\nkind: Namespace\n"), stream)
	for _, want := range []string{"kind: Deployment", "kind: Subscription", "image: localhost/backend:dev", "daprstack.io/stack: daprstack-dev"} {
		require.Contains(t, stream, want)
	}
	stdout, err := execute(t, append([]string{"render", "-o", "out"}, withoutChart...)...)
	require.NoError(t, err)
	require.Empty(t, stdout)
	written, err := os.ReadFile(filepath.Join(dir, "out", "todo", "deployment.backend.yaml"))
	require.NoError(t, err)
	require.Contains(t, stream, "---\n"+string(written))

	write(t, "Pulumi.other.yaml", stackFile)
	_, err = execute(t, append([]string{"render", "-s", "other", "-o", "out"}, withoutChart...)...)
	require.ErrorContains(t, err, "out holds other manifests")
}

// TestRenderWithoutPassphrase: an encrypted value is a placeholder that says which.
func TestRenderWithoutPassphrase(t *testing.T) {
	checkoutOf(t, shopFiles)
	var out, stderr bytes.Buffer
	o := &renderOptions{console: console{out: &out, err: &stderr}, stackOptions: stackOptions{stack: "prod", config: withoutChart[1:]}}
	require.NoError(t, runRender(t.Context(), o))
	require.Contains(t, out.String(), "TOKEN: <secret apps[web].env.TOKEN>")
	require.NotContains(t, out.String(), "cipher")
	require.NotContains(t, out.String(), "nonce")
}
