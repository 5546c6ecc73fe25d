package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestInitFlags(t *testing.T) {
	testFlags(t, newInitCommand,
		flagCase[initOptions]{want: initOptions{console: quiet}},
		flagCase[initOptions]{
			args: "-s dev --context c --namespace n --app a --image i:1 --port 8080 --kubeconfig k",
			want: initOptions{console: quiet, stack: "dev", context: "c", namespace: "n", app: "a", image: "i:1", port: 8080, kubeconfig: "k"},
		},
		flagCase[initOptions]{
			args: "--from deploy --values a.yaml --values b.yaml",
			want: initOptions{console: quiet, fromOptions: fromOptions{from: "deploy", values: []string{"a.yaml", "b.yaml"}}},
		},
		flagCase[initOptions]{args: "--from deploy --app web", err: "if any flags in the group [from app] are set none of the others can be; [app from] were all set"},
		flagCase[initOptions]{args: "dev", err: `unknown command "dev" for "init"`},
		flagCase[initOptions]{args: "--port web", err: `invalid argument "web" for "--port" flag: strconv.ParseInt: parsing "web": invalid syntax`},
	)
}

const written = `# yaml-language-server: $schema=docs/stack-file.schema.json
# Every key: docs/reference/stack-file.md
config:
  context: mine
  namespace: shop
  events: []
  apps:
    - name: web-shop
      image: registry.example.com/team/web_shop:1.0.0
      port: 8080
      sidecar: { appId: web-shop-app }
`

// TestInit: a file that is valid, from flags or answers, that inherits no other
// application; nothing is overwritten, and a bad answer leaves nothing behind.
func TestInit(t *testing.T) {
	dir, _ := newCheckout(t)
	write(t, filepath.Join(dir, "Pulumi.yaml"), "name: daprstack\nruntime: go\nconfig:\n  events: { default: [{ type: a.b }] }\n")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "docs"), 0o700))
	write(t, filepath.Join(dir, stackSchema), "{}")
	file := filepath.Join(dir, "Pulumi.new.yaml")
	_, err := execute(t, "init")
	require.EqualError(t, err, "there is nobody to ask: give --stack, --context, --image, --port, --namespace")

	flags := []string{"init", "-s", "new", "--context", "mine", "--image", "registry.example.com/team/web_shop:1.0.0", "--port", "8080"}
	out, err := execute(t, append(flags, "--namespace", "shop")...)
	require.NoError(t, err)
	require.Equal(t, "Wrote Pulumi.new.yaml. Look at what it would make: daprstack preview -s new\n", out)
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, written, string(content))
	_, err = execute(t, append(flags, "--namespace", "shop")...)
	require.EqualError(t, err, "Pulumi.new.yaml is there already: choose another name with --stack")
	require.NoError(t, os.Remove(file))

	_, err = execute(t, append(flags, "--namespace", "Shop!")...)
	require.ErrorContains(t, err, `namespace: "Shop!"`)
	require.NoFileExists(t, file)

	var asked bytes.Buffer
	o := &initOptions{console: console{
		in:  strings.NewReader("new\nmine\n\nregistry.example.com/team/web_shop:1.0.0\n\nshop\n"),
		out: io.Discard, err: &asked, interactive: true,
	}}
	require.NoError(t, runInit(t.Context(), o))
	content, err = os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, written, string(content))
	require.Contains(t, asked.String(), "The name of the stack [dev]: The kubeconfig context that it goes to (mine): The image of your application, with a tag: The image")
	require.Contains(t, asked.String(), "The namespace to make for it [web-shop]: ")
}

// TestInitOutsideACheckout: the file stands alone in its folder, and its schema is on
// the web.
func TestInitOutsideACheckout(t *testing.T) {
	for _, path := range []string{stackSchema, stackPage} {
		require.FileExists(t, filepath.Join(root, path))
	}
	newCheckout(t)
	dir := t.TempDir()
	t.Chdir(dir)
	_, err := execute(t, "init", "-s", "dev", "--context", "mine", "--image", "registry.example.com/team/web_shop:1.0.0", "--port", "8080", "--namespace", "shop")
	require.NoError(t, err)
	content, err := os.ReadFile("Pulumi.dev.yaml")
	require.NoError(t, err)
	require.Equal(t, strings.NewReplacer(
		"docs/stack-file.schema.json", "https://raw.githubusercontent.com/daprstack/daprstack/main/docs/stack-file.schema.json",
		"docs/reference/stack-file.md", "https://github.com/daprstack/daprstack/blob/main/docs/reference/stack-file.md",
		"  events: []\n", "",
	).Replace(written), string(content))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)
}

func TestNameOfImage(t *testing.T) {
	for image, want := range map[string]string{
		"web": "web", "localhost:5000/a/Web_Shop:1@sha256:ab": "web-shop", "r/web@sha256:ab": "web",
	} {
		require.Equal(t, want, nameOfImage(image))
	}
}
