package images

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/daprstack/daprstack/internal/progress"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// binary writes a file that stands in for a program and returns its path.
func binary(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o700))
	return path
}

func build(t *testing.T, i Image) v1.Image {
	t.Helper()
	image, err := i.build(t.Context(), progress.New(t.Output()))
	require.NoError(t, err)
	return image
}

func digestOf(t *testing.T, i Image) string {
	t.Helper()
	d, err := build(t, i).Digest()
	require.NoError(t, err)
	return d.String()
}

func TestAnImageIsWhatIsInIt(t *testing.T) {
	first := digestOf(t, App("test/app:1", binary(t, "program")))
	assert.Equal(t, first, digestOf(t, App("test/app:1", binary(t, "program"))), "another file, time and mode, same content")
	assert.Equal(t, first, digestOf(t, App("test/app:2", binary(t, "program"))), "its name is not in it")
	assert.NotEqual(t, first, digestOf(t, App("test/app:1", binary(t, "changed"))))
}

func TestImageOfAProgram(t *testing.T) {
	static := filepath.Join(t.TempDir(), "static")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", static, "./testdata/static.go")
	build.Env = append(build.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	for _, name := range []string{"localhost/web:1", "registry.example.com:5000/team/web:v1.2"} {
		image, err := OfProgram(name, static)
		require.NoError(t, err)
		assert.Equal(t, name, image.Name)
	}
	for _, name := range []string{"web", "web:1", "localhost/web", "localhost/Web:1"} {
		_, err := OfProgram(name, static)
		assert.ErrorContains(t, err, "want a full name in lower case with a tag", name)
	}
	for program, want := range map[string]string{
		binary(t, "#!/bin/sh"): "is no program of Linux: ", filepath.Join(t.TempDir(), "none"): "no such file",
	} {
		_, err := OfProgram("localhost/web:1", program)
		assert.ErrorContains(t, err, want)
	}
	if loader, _, err := dependencies("/bin/sh"); err == nil && loader != "" {
		_, err := OfProgram("localhost/web:1", "/bin/sh")
		assert.ErrorContains(t, err, "CGO_ENABLED=0")
	}
}

func TestImagesAreValid(t *testing.T) {
	list := append(Dapr("test", "1", binary(t, "dapr")), App("test/app:1", binary(t, "app")), Pause("test/pause:1", binary(t, "pause")))
	for _, i := range list {
		assert.NoError(t, validate.Image(build(t, i), validate.Fast), i.Name) // not more: it takes every layer for a gzip
	}
}

func TestDaprImages(t *testing.T) {
	list := Dapr("ghcr.io/dapr", "1.18.2", binary(t, "dapr"))
	var names []string
	var layers [][]v1.Hash
	for _, i := range list {
		names = append(names, i.Name)
		config, err := build(t, i).ConfigFile()
		require.NoError(t, err)
		assert.Equal(t, "65532", config.Config.User)
		assert.Equal(t, []string{"/" + filepath.Base(i.Name[:len(i.Name)-len(":1.18.2")])}, config.Config.Entrypoint)
		layers = append(layers, config.RootFS.DiffIDs)
	}
	assert.Equal(t, []string{
		"ghcr.io/dapr/operator:1.18.2", "ghcr.io/dapr/placement:1.18.2", "ghcr.io/dapr/scheduler:1.18.2",
		"ghcr.io/dapr/sentry:1.18.2", "ghcr.io/dapr/injector:1.18.2", "ghcr.io/dapr/daprd:1.18.2",
	}, names)
	for i := range layers {
		assert.Equal(t, layers[0], layers[i], "%s shares the layers of %s", names[i], names[0])
	}
}

// entries returns the entries of a tar file.
func entries(t *testing.T, r io.Reader) (names []string, headers map[string]*tar.Header, contents map[string]string) {
	t.Helper()
	headers, contents = map[string]*tar.Header{}, map[string]string{}
	for in := tar.NewReader(r); ; {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			return names, headers, contents
		}
		require.NoError(t, err)
		content, err := io.ReadAll(in)
		require.NoError(t, err)
		names = append(names, header.Name)
		headers[header.Name], contents[header.Name] = header, string(content)
	}
}

func TestLayer(t *testing.T) {
	layer := NewLayer(
		File{Path: "/usr/bin/tool", Source: binary(t, "tool")},
		File{Path: "/usr/bin/alias", Link: "/usr/bin/tool"},
		File{Path: "/etc/note", Data: "text", Mode: 0o600, Owner: 7},
		File{Path: "/data", Dir: true, Mode: 0o1777, Owner: 9},
	)
	r, err := layer.Uncompressed()
	require.NoError(t, err)
	names, headers, contents := entries(t, r)

	assert.Equal(t, []string{"usr/", "usr/bin/", "usr/bin/tool", "usr/bin/alias", "etc/", "etc/note", "data/"}, names)
	assert.Equal(t, "tool", contents["usr/bin/tool"])
	assert.EqualValues(t, 0o755, headers["usr/bin/tool"].Mode)
	assert.Equal(t, "usr/bin/tool", headers["usr/bin/alias"].Linkname)
	assert.EqualValues(t, tar.TypeLink, headers["usr/bin/alias"].Typeflag)
	assert.Equal(t, "text", contents["etc/note"])
	assert.EqualValues(t, 0o600, headers["etc/note"].Mode)
	assert.Equal(t, 7, headers["etc/note"].Uid)
	assert.Equal(t, 7, headers["etc/note"].Gid)
	assert.EqualValues(t, 0o1777, headers["data/"].Mode)
	assert.Equal(t, 9, headers["data/"].Uid)
}

func TestALayerOfAMissingFileFails(t *testing.T) {
	_, err := NewLayer(File{Path: "/tool", Source: "/does/not/exist"}).Digest()
	assert.EqualError(t, err, "adding /tool to an image layer: open /does/not/exist: no such file or directory")
}

func TestLayoutHasEverythingOnce(t *testing.T) {
	built := map[string]v1.Image{}
	for _, i := range Dapr("test", "1", binary(t, "dapr")) {
		built[i.Name] = build(t, i)
	}
	var out bytes.Buffer
	require.NoError(t, writeLayout(&out, built))
	names, _, contents := entries(t, &out)

	seen := map[string]bool{}
	for _, name := range names {
		assert.False(t, seen[name], "%s is there twice", name)
		seen[name] = true
	}
	assert.JSONEq(t, `{"imageLayoutVersion":"1.0.0"}`, contents["oci-layout"])
	var index v1.IndexManifest
	require.NoError(t, json.Unmarshal([]byte(contents["index.json"]), &index))
	require.Len(t, index.Manifests, len(built))
	for _, m := range index.Manifests {
		name := m.Annotations["io.containerd.image.name"]
		want, err := built[name].Digest()
		require.NoError(t, err)
		assert.Equal(t, want, m.Digest, name)
		assert.Len(t, contents[blobPath(m.Digest)], int(m.Size), name)
		manifest, err := v1.ParseManifest(bytes.NewBufferString(contents[blobPath(m.Digest)]))
		require.NoError(t, err)
		assert.Contains(t, seen, blobPath(manifest.Config.Digest), name)
		for _, layer := range manifest.Layers {
			assert.Len(t, contents[blobPath(layer.Digest)], int(layer.Size), name)
		}
	}
}

func TestParseList(t *testing.T) {
	list := "REF                  TYPE                                       DIGEST      SIZE    PLATFORMS   LABELS\n" +
		"test/app:1           application/vnd.oci.image.manifest.v1+json sha256:aaaa 1.0 MiB linux/amd64 io.cri-containerd.image=managed \n" +
		"sha256:bbbb          application/vnd.oci.image.manifest.v1+json sha256:aaaa 1.0 MiB linux/amd64 -\n"
	assert.Equal(t, map[string]string{"test/app:1": "sha256:aaaa", "sha256:bbbb": "sha256:aaaa"}, parseList([]byte(list)))
}

func TestMarksTellImagesApart(t *testing.T) {
	s := Store{Marks: "/marks"}
	one := s.mark("test/app:1", v1.Hash{Algorithm: "sha256", Hex: "aa"})
	assert.Equal(t, "/marks/test_app_1@aa", one)
	assert.NotEqual(t, one, s.mark("test/app:1", v1.Hash{Algorithm: "sha256", Hex: "ab"}))
}

func TestClosureOfADynamicProgram(t *testing.T) {
	const program = "/bin/sh"
	loader, needed, err := dependencies(program)
	if err != nil || loader == "" {
		t.Skipf("%s is not dynamic here", program)
	}
	files, err := closure([]string{program}, []string{t.TempDir(), "/"})
	require.NoError(t, err)
	var paths []string
	for _, f := range files {
		paths = append(paths, f.Path)
		assert.FileExists(t, f.Source)
	}
	assert.Contains(t, paths, loader)
	for _, name := range needed {
		assert.Contains(t, paths, "/usr/lib/"+triplet()+"/"+name)
	}
	_, err = closure([]string{program}, []string{t.TempDir()})
	assert.ErrorContains(t, err, "the shared library "+needed[0]+" is in none of ")
}

func TestRedisNeedsItsPrograms(t *testing.T) {
	_, err := redisLayers(t.TempDir())
	assert.ErrorContains(t, err, "looking for redis-server in Debian's packages")
}

func TestLastLines(t *testing.T) {
	assert.Equal(t, "b\nc", lastLines("a\nb\nc\n", 2))
	assert.Equal(t, "a", lastLines("a\n", 2))
}
