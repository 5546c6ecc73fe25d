package images

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"

	"github.com/daprstack/daprstack/internal/progress"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Image is an image to be built.
type Image struct {
	// Name is the full name that manifests use, with registry and tag.
	Name string
	// Entrypoint is what it starts, absolute.
	Entrypoint []string
	// User is whose process it is by default, a number; 0 is root.
	User int
	// Env is its environment, as NAME=value.
	Env []string
	// WorkingDir is where it starts; default /.
	WorkingDir string
	// Layers returns its layers, base first. It may take its time, and then says
	// what it does.
	Layers func(context.Context, *progress.Reporter) ([]*Layer, error)
}

// fixed returns layers that take no making.
func fixed(layers ...*Layer) func(context.Context, *progress.Reporter) ([]*Layer, error) {
	return func(context.Context, *progress.Reporter) ([]*Layer, error) { return layers, nil }
}

// Names of the Dapr programs, which are also the names of their images.
var daprPrograms = []string{"operator", "placement", "scheduler", "sentry", "injector", "daprd"}

// nonroot is the user that images of static programs run as.
const nonroot = 65532

// Pause returns the image that holds a pod's namespaces.
func Pause(name, binary string) Image {
	return Image{
		Name: name, Entrypoint: []string{"/pause"}, User: nonroot,
		Layers: fixed(NewLayer(File{Path: "/pause", Source: binary})),
	}
}

// App returns the image of an application: a static program as /app, and the
// certificate authorities of this machine.
func App(name, binary string) Image {
	return Image{
		Name: name, Entrypoint: []string{"/app"}, User: nonroot,
		Layers: fixed(base(), NewLayer(File{Path: "/app", Source: binary})),
	}
}

// Dapr returns the images {registry}/{program}:{tag} of the control plane and
// the sidecar, from the one binary that is all of them and tells by its name
// which one to be. They share their layers.
func Dapr(registry, tag, binary string) []Image {
	files := []File{{Path: "/" + daprPrograms[0], Source: binary}}
	for _, program := range daprPrograms[1:] {
		files = append(files, File{Path: "/" + program, Link: "/" + daprPrograms[0]})
	}
	layers := fixed(base(), NewLayer(files...))
	var list []Image
	for _, program := range daprPrograms {
		list = append(list, Image{
			Name: fmt.Sprintf("%s/%s:%s", registry, program, tag), Entrypoint: []string{"/" + program}, User: nonroot,
			Layers: layers,
		})
	}
	return list
}

// authorities is where Debian, and Go on Linux, have the certificate
// authorities.
const authorities = "/etc/ssl/certs/ca-certificates.crt"

// base is what a static program may expect of its image.
func base() *Layer {
	files := []File{
		{Path: "/etc/passwd", Data: "root:x:0:0::/:/sbin/nologin\nnonroot:x:65532:65532::/:/sbin/nologin\n", Mode: 0o644},
		{Path: "/etc/group", Data: "root:x:0:\nnonroot:x:65532:\n", Mode: 0o644},
		{Path: "/tmp", Dir: true, Mode: 0o1777},
	}
	if _, err := os.Stat(authorities); err == nil {
		files = append(files, File{Path: authorities, Source: authorities, Mode: 0o644})
	}
	return NewLayer(files...)
}

// build makes the image.
func (i Image) build(ctx context.Context, report *progress.Reporter) (v1.Image, error) {
	layers, err := i.Layers(ctx, report)
	if err != nil {
		return nil, fmt.Errorf("building the image %s: %w", i.Name, err)
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	for _, layer := range layers {
		if image, err = mutate.AppendLayers(image, layer); err != nil {
			return nil, fmt.Errorf("building the image %s: %w", i.Name, err)
		}
	}
	image, err = mutate.ConfigFile(image, i.config(image))
	if err != nil {
		return nil, fmt.Errorf("building the image %s: %w", i.Name, err)
	}
	return image, nil
}

func (i Image) config(image v1.Image) *v1.ConfigFile {
	config := &v1.ConfigFile{
		Architecture: runtime.GOARCH,
		OS:           "linux",
		Config: v1.Config{
			Entrypoint: i.Entrypoint,
			User:       strconv.Itoa(i.User),
			Env:        append([]string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}, i.Env...),
			WorkingDir: i.WorkingDir,
		},
	}
	if built, err := image.ConfigFile(); err == nil { // in memory: it cannot fail
		config.RootFS = built.RootFS
	}
	return config
}
