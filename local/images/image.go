package images

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strconv"

	"github.com/daprstack/daprstack/internal/progress"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Image describes an image that is not built yet.
type Image struct {
	// Name is the full name that manifests use, with registry and tag.
	Name string
	// Entrypoint is the command that it runs, the program by its absolute path.
	Entrypoint []string
	// User is the numeric ID of the user and group that it runs as. Default 0, root.
	User int
	// Env is its environment besides PATH, as NAME=value. Default none.
	Env []string
	// WorkingDir is the directory that it starts in. Default /.
	WorkingDir string
	// Layers makes and returns its layers, the base first. If that takes time, it
	// reports its progress.
	Layers func(context.Context, *progress.Reporter) ([]*Layer, error)
}

// fixed returns a Layers function that returns layers.
func fixed(layers ...*Layer) func(context.Context, *progress.Reporter) ([]*Layer, error) {
	return func(context.Context, *progress.Reporter) ([]*Layer, error) { return layers, nil }
}

// daprPrograms are the names of Dapr's programs and of their images.
var daprPrograms = []string{"operator", "placement", "scheduler", "sentry", "injector", "daprd"}

// nonroot is the user that images of static programs run as.
const nonroot = 65532

// Pause returns the image of the container that holds a pod's namespaces, with
// the static program binary.
func Pause(name, binary string) Image {
	return Image{
		Name: name, Entrypoint: []string{"/pause"}, User: nonroot,
		Layers: fixed(NewLayer(File{Path: "/pause", Source: binary})),
	}
}

// App returns the image of an application, the static program binary, which
// becomes /app. It trusts this machine's certificate authorities.
func App(name, binary string) Image {
	return Image{
		Name: name, Entrypoint: []string{"/app"}, User: nonroot,
		Layers: fixed(base(), NewLayer(File{Path: "/app", Source: binary})),
	}
}

// fullName matches the name of an image with its registry and tag.
var fullName = regexp.MustCompile(`^(localhost|[a-z0-9-]+[.:][a-z0-9.:-]+)(/[a-z0-9][a-z0-9._-]*)+:[\w][\w.-]*$`)

// OfProgram returns the image of an application as [App] does, and fails if it has
// no tag or if the program is not a static one of Linux.
func OfProgram(image, program string) (Image, error) {
	if !fullName.MatchString(image) {
		return Image{}, fmt.Errorf("the image %q: want a full name in lower case with a tag, such as localhost/web:1", image)
	}
	loader, needed, err := dependencies(program)
	if err != nil {
		return Image{}, fmt.Errorf("%s is no program of Linux: %w", program, err)
	}
	if loader != "" || len(needed) > 0 {
		return Image{}, fmt.Errorf("%s needs libraries of this machine: build it with CGO_ENABLED=0, or load an archive of its image", program)
	}
	return App(image, program), nil
}

// Dapr returns the images {registry}/{program}:{tag} of the control plane and the
// sidecar. They share their layers with binary, which contains all of the
// programs and runs the one that it is named after.
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

// authorities is the file in which Debian keeps its certificate authorities and
// Go looks for them.
const authorities = "/etc/ssl/certs/ca-certificates.crt"

// base returns a layer with what a static program may expect of its image.
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

// build builds the image.
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
	if built, err := image.ConfigFile(); err == nil { // it cannot fail: the image is in memory
		config.RootFS = built.RootFS
	}
	return config
}
