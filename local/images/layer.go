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
	// Path is absolute, in the image. Its parent directories need not be listed.
	Path string
	// Source is the file of this machine that it is a copy of; else it has Data.
	Source string
	Data   string
	// Link is what it is a hard link to, an earlier Path of the same layer.
	Link string
	// Dir says that it is a directory.
	Dir bool
	// Mode are the permissions; 0 means 0755 (whatever runs, and directories).
	Mode int64
	// Owner is both user and group.
	Owner int
}

// Layer is a layer made of files, never compressed: it goes no further than a
// socket of this machine. It implements v1.Layer.
type Layer struct {
	files []File
	sum   func() (digest, error)
}

type digest struct {
	hash v1.Hash
	size int64
}

var _ v1.Layer = (*Layer)(nil)

// NewLayer returns the layer of these files, in this order.
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

// withParents adds the directories that are not listed.
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

// Digest is the layer's digest.
func (l *Layer) Digest() (v1.Hash, error) {
	d, err := l.sum()
	return d.hash, err
}

// DiffID is the digest too: the layer is not compressed.
func (l *Layer) DiffID() (v1.Hash, error) { return l.Digest() }

// Size is that of the tar file.
func (l *Layer) Size() (int64, error) {
	d, err := l.sum()
	return d.size, err
}

// MediaType says that the layer is a plain tar file.
func (l *Layer) MediaType() (types.MediaType, error) { return types.OCIUncompressedLayer, nil }

// Compressed is the tar file.
func (l *Layer) Compressed() (io.ReadCloser, error) { return l.Uncompressed() }

// Uncompressed is the tar file.
func (l *Layer) Uncompressed() (io.ReadCloser, error) {
	r, w := io.Pipe()
	go func() { w.CloseWithError(l.write(w)) }()
	return r, nil
}

// write writes the tar file, without times and names of owners, which would
// make it different each time.
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
