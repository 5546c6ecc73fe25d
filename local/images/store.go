package images

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/daprstack/daprstack/internal/progress"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// nameAnnotation is the annotation that tells containerd the name of an imported
// image.
const nameAnnotation = "io.containerd.image.name"

// Store is the image store of a containerd.
type Store struct {
	// Socket is the path of containerd's socket.
	Socket string
	// Marks is a directory with an empty file for each image that was imported
	// completely: containerd also lists images whose import was interrupted.
	Marks string
	// Ctr is the path of containerd's client ctr.
	Ctr string
}

// Load builds the images and imports those that the store lacks. It must not be
// called by two processes at once.
func (s Store) Load(ctx context.Context, report *progress.Reporter, list []Image) error {
	have, err := s.digests(ctx)
	if err != nil {
		return err
	}
	built := map[string]v1.Image{} // by name
	for _, i := range list {
		image, err := i.build(ctx, report)
		if err != nil {
			return err
		}
		d, err := image.Digest()
		if err != nil {
			return fmt.Errorf("building the image %s: %w", i.Name, err)
		}
		if have[i.Name] == d.String() && exists(s.mark(i.Name, d)) {
			continue
		}
		built[i.Name] = image
	}
	if len(built) == 0 {
		return nil
	}
	step := report.Start("loading %d images", len(built))
	if err := s.load(ctx, built); err != nil {
		return step.Fail(fmt.Errorf("loading the images: %w", err))
	}
	step.Done()
	return nil
}

// Import imports an archive of images, as docker save, ko or skopeo write it. It
// returns the names of the images that are new or have changed.
func (s Store) Import(ctx context.Context, archive io.Reader) ([]string, error) {
	before, err := s.digests(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := s.ctr(ctx, archive, "images", "import", "-"); err != nil {
		return nil, err
	}
	after, err := s.digests(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for name, digest := range after {
		if before[name] != digest {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

func (s Store) load(ctx context.Context, built map[string]v1.Image) error {
	r, w := io.Pipe()
	go func() { w.CloseWithError(writeLayout(w, built)) }()
	_, err := s.ctr(ctx, r, "images", "import", "-")
	r.Close()
	if err != nil {
		return err
	}
	for name, image := range built {
		d, err := image.Digest()
		if err != nil {
			return err
		}
		if err := os.WriteFile(s.mark(name, d), nil, 0o600); err != nil {
			return fmt.Errorf("marking %s as loaded: %w", name, err)
		}
	}
	return nil
}

func (s Store) mark(name string, d v1.Hash) string {
	return filepath.Join(s.Marks, strings.NewReplacer("/", "_", ":", "_").Replace(name)+"@"+d.Hex)
}

// digests returns the digests of the images that containerd lists, by name.
func (s Store) digests(ctx context.Context) (map[string]string, error) {
	out, err := s.ctr(ctx, nil, "images", "list")
	if err != nil {
		return nil, err
	}
	return parseList(out), nil
}

// parseList parses the table that `ctr images list` prints: name, type, digest, ….
func parseList(out []byte) map[string]string {
	have := map[string]string{}
	for line := range strings.Lines(string(out)) {
		if fields := strings.Fields(line); len(fields) > 2 && strings.HasPrefix(fields[2], "sha256:") {
			have[fields[0]] = fields[2]
		}
	}
	return have
}

func (s Store) ctr(ctx context.Context, stdin io.Reader, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, s.Ctr, append([]string{"--address", s.Socket, "--namespace", "k8s.io"}, args...)...)
	cmd.Stdin = stdin
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("ctr %s: %w: %s", strings.Join(args, " "), err, lastLines(errs.String(), 5))
	}
	return out.Bytes(), nil
}

// writeLayout writes the images as one OCI image layout in a tar file, which
// contains what they share only once.
func writeLayout(w io.Writer, built map[string]v1.Image) error {
	out := layout{tar: tar.NewWriter(w), written: map[v1.Hash]bool{}}
	index := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex}
	var names []string
	for name := range built {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		descriptor, err := out.add(built[name])
		if err != nil {
			return fmt.Errorf("writing the image %s: %w", name, err)
		}
		descriptor.Annotations = map[string]string{nameAnnotation: name}
		index.Manifests = append(index.Manifests, descriptor)
	}
	data, err := json.Marshal(index)
	if err != nil {
		return err
	}
	if err := out.file("index.json", data); err != nil {
		return err
	}
	if err := out.file("oci-layout", []byte(`{"imageLayoutVersion":"1.0.0"}`)); err != nil {
		return err
	}
	return out.tar.Close()
}

type layout struct {
	tar     *tar.Writer
	written map[v1.Hash]bool
}

// add writes an image's blobs and returns the descriptor of its manifest.
func (l *layout) add(image v1.Image) (v1.Descriptor, error) {
	layers, err := image.Layers()
	if err != nil {
		return v1.Descriptor{}, err
	}
	for _, layer := range layers {
		if err := l.layer(layer); err != nil {
			return v1.Descriptor{}, err
		}
	}
	config, err := image.RawConfigFile()
	if err != nil {
		return v1.Descriptor{}, err
	}
	name, err := image.ConfigName()
	if err != nil {
		return v1.Descriptor{}, err
	}
	if err := l.blob(name, config); err != nil {
		return v1.Descriptor{}, err
	}
	manifest, err := image.RawManifest()
	if err != nil {
		return v1.Descriptor{}, err
	}
	d, err := image.Digest()
	if err != nil {
		return v1.Descriptor{}, err
	}
	return v1.Descriptor{MediaType: types.OCIManifestSchema1, Digest: d, Size: int64(len(manifest))}, l.blob(d, manifest)
}

func (l *layout) layer(layer v1.Layer) error {
	d, err := layer.Digest()
	if err != nil || l.written[d] {
		return err
	}
	l.written[d] = true
	size, err := layer.Size()
	if err != nil {
		return err
	}
	content, err := layer.Compressed()
	if err != nil {
		return err
	}
	defer content.Close()
	if err := l.header(blobPath(d), size); err != nil {
		return err
	}
	_, err = io.Copy(l.tar, content)
	return err
}

func (l *layout) blob(d v1.Hash, data []byte) error {
	if l.written[d] {
		return nil
	}
	l.written[d] = true
	return l.file(blobPath(d), data)
}

func (l *layout) file(name string, data []byte) error {
	if err := l.header(name, int64(len(data))); err != nil {
		return err
	}
	_, err := l.tar.Write(data)
	return err
}

func (l *layout) header(name string, size int64) error {
	return l.tar.WriteHeader(&tar.Header{Format: tar.FormatPAX, Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o644})
}

func blobPath(d v1.Hash) string { return "blobs/" + d.Algorithm + "/" + d.Hex }
