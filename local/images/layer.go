package images

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// File is one entry of a layer.
type File struct {
	// Path is the absolute path in the image. Parent directories need not be listed.
	Path string
	// Source is the file on this machine that is copied. Default none: the content
	// is Data.
	Source string
	Data   string
	// Link makes the entry a hard link to an earlier Path of the layer. Default none.
	Link string
	// Dir makes the entry a directory.
	Dir bool
	// Mode is the permissions. Default 0755, which suits programs and directories.
	Mode int64
	// Owner is the numeric ID of both the user and the group. Default 0, root.
	Owner int
}

// Layer is a layer made of files. It is not compressed, because it never leaves
// this machine. It implements v1.Layer.
type Layer struct {
	files []File
	sum   func() (digest, error)
}

type digest struct {
	hash v1.Hash
	size int64
}

var _ v1.Layer = (*Layer)(nil)

// NewLayer returns a layer of the files, in the given order. It reads them only
// when the layer is used.
func NewLayer(files ...File) *Layer {
	l := &Layer{files: withParents(files)}
	l.sum = sync.OnceValues(func() (digest, error) {
		h := sha256.New()
		count := &counter{w: h}
		if err := l.write(count); err != nil {
			return digest{}, err
		}
		return digest{v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(h.Sum(nil))}, count.n}, nil
	})
	return l
}

// withParents adds the parent directories that are not listed.
func withParents(files []File) []File {
	var all []File
	known := map[string]bool{"/": true}
	for _, f := range files {
		var parents []File
		for dir := path.Dir(f.Path); !known[dir]; dir = path.Dir(dir) {
			known[dir] = true
			parents = append(parents, File{Path: dir, Dir: true})
		}
		slices.Reverse(parents)
		all = append(append(all, parents...), f)
		known[f.Path] = true
	}
	return all
}

// Digest returns the digest of the layer, or an error if a source cannot be read.
func (l *Layer) Digest() (v1.Hash, error) {
	d, err := l.sum()
	return d.hash, err
}

// DiffID returns the digest too, because the layer is not compressed.
func (l *Layer) DiffID() (v1.Hash, error) { return l.Digest() }

// Size returns the size of the tar file.
func (l *Layer) Size() (int64, error) {
	d, err := l.sum()
	return d.size, err
}

// MediaType returns the type of an uncompressed layer.
func (l *Layer) MediaType() (types.MediaType, error) { return types.OCIUncompressedLayer, nil }

// Compressed returns the tar file, uncompressed.
func (l *Layer) Compressed() (io.ReadCloser, error) { return l.Uncompressed() }

// Uncompressed returns the tar file.
func (l *Layer) Uncompressed() (io.ReadCloser, error) {
	r, w := io.Pipe()
	go func() { w.CloseWithError(l.write(w)) }()
	return r, nil
}

// write writes the tar file without times and names of owners, so that it is the
// same each time.
func (l *Layer) write(w io.Writer) error {
	t := tar.NewWriter(w)
	for _, f := range l.files {
		if err := f.write(t); err != nil {
			return fmt.Errorf("adding %s to an image layer: %w", f.Path, err)
		}
	}
	return t.Close()
}

func (f File) write(t *tar.Writer) error {
	header := &tar.Header{
		Format: tar.FormatPAX,
		Name:   strings.TrimPrefix(f.Path, "/"),
		Mode:   f.Mode,
		Uid:    f.Owner,
		Gid:    f.Owner,
	}
	if header.Mode == 0 {
		header.Mode = 0o755
	}
	switch {
	case f.Dir:
		header.Typeflag = tar.TypeDir
		header.Name += "/"
		return t.WriteHeader(header)
	case f.Link != "":
		header.Typeflag = tar.TypeLink
		header.Linkname = strings.TrimPrefix(f.Link, "/")
		return t.WriteHeader(header)
	case f.Source == "":
		header.Typeflag = tar.TypeReg
		header.Size = int64(len(f.Data))
		if err := t.WriteHeader(header); err != nil {
			return err
		}
		_, err := io.WriteString(t, f.Data)
		return err
	}
	source, err := os.Open(f.Source)
	if err != nil {
		return err
	}
	defer source.Close()
	info, err := source.Stat()
	if err != nil {
		return err
	}
	header.Typeflag = tar.TypeReg
	header.Size = info.Size()
	if err := t.WriteHeader(header); err != nil {
		return err
	}
	_, err = io.Copy(t, source)
	return err
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
