package lint

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxFile is the largest file that is read, in bytes. Manifests are far below
// it; etcd takes objects of 1.5 MiB.
const maxFile = 16 << 20

// An Input is what the manifests of one run are.
type Input struct {
	Objects []*Object
	Files   int       // the files with at least one object
	Other   int       // the YAML and JSON files that are no manifests
	Skipped []Skipped // the files that could have manifests, but that nobody can read as such

	documents []*document
}

// Skipped is a file or a chart that was left out, and why.
type Skipped struct {
	File string `json:"file"`
	Why  string `json:"why"`
}

// Source says where manifests come from.
type Source struct {
	// Path of a file, of a folder, of a chart, or "-" for the standard input.
	Path string
	// Stdin is read for the path "-".
	Stdin io.Reader
	// Values are files with values for the charts, as helm takes them. Default none.
	Values []string
}

// Read reads manifests. The error joins everything that cannot be read; the
// input holds the rest all the same.
func Read(s Source) (*Input, error) {
	r := &reader{values: s.Values}
	r.path(s)
	return &r.Input, errors.Join(r.errs...)
}

type reader struct {
	Input
	values []string
	errs   []error
	charts int
}

func (r *reader) fail(err error) { r.errs = append(r.errs, err) }

func (r *reader) skip(file, why string) { r.Skipped = append(r.Skipped, Skipped{file, why}) }

func (r *reader) path(s Source) {
	if s.Path == "-" {
		text, err := limited(s.Stdin)
		if err != nil {
			r.fail(fmt.Errorf("standard input: %w", err))
			return
		}
		r.single("<stdin>", text)
		return
	}
	info, err := os.Stat(s.Path)
	switch {
	case err != nil:
		r.fail(err)
	case info.IsDir():
		r.folder(s.Path)
	default:
		text, err := readFile(s.Path)
		if err != nil {
			r.fail(err)
			return
		}
		r.single(s.Path, text)
	}
	if len(r.values) > 0 && r.charts == 0 && len(r.errs) == 0 {
		r.fail(fmt.Errorf("%s: there is no chart that the values could be for", s.Path))
	}
}

// single reads a file that was named: that it has no manifest is an error.
func (r *reader) single(name string, text []byte) {
	if why := unreadable(text); why != "" {
		r.fail(fmt.Errorf("%s: %s", name, why))
		return
	}
	if err := r.text(name, text); errors.Is(err, errNoManifest) {
		r.fail(fmt.Errorf("%s: %w", name, err))
	}
}

// folder reads what is below a folder, in the order of the names. Links to files
// are followed, links to folders are not, so that there are no loops.
func (r *reader) folder(root string) {
	walked := root
	if resolved, err := filepath.EvalSymlinks(root); err == nil {
		walked = resolved // WalkDir does not look into a root that is a link
	}
	err := filepath.WalkDir(walked, func(path string, d fs.DirEntry, err error) error {
		name := path
		if rest, below := strings.CutPrefix(path, walked); below {
			name = filepath.Join(root, rest)
		}
		switch {
		case err != nil:
			r.fail(err)
			if d != nil && d.IsDir() {
				return fs.SkipDir
			}
		case d.IsDir() && path != walked && slices.Contains([]string{".git", "node_modules"}, d.Name()):
			return fs.SkipDir
		case d.IsDir() && isChart(path):
			r.chart(name, path == walked)
			return fs.SkipDir
		case !d.IsDir() && slices.Contains([]string{".yaml", ".yml", ".json"}, strings.ToLower(filepath.Ext(path))):
			r.file(name, path)
		}
		return nil
	})
	if err != nil {
		r.fail(err)
	}
}

// file reads one file of a folder.
func (r *reader) file(name, path string) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		r.fail(err)
		return
	case !info.Mode().IsRegular():
		return
	case info.Size() > maxFile:
		r.skip(name, tooLarge)
		return
	}
	text, err := readFile(path)
	if err != nil {
		r.fail(err)
		return
	}
	if unreadable(text) != "" || errors.Is(r.text(name, text), errNoManifest) {
		r.Other++
	}
}

// text reads the content of a file. It returns errNoManifest if it is of
// something else.
func (r *reader) text(name string, text []byte) error {
	if strings.EqualFold(filepath.Ext(name), ".json") {
		text = bytes.ReplaceAll(text, []byte("\t"), []byte(" ")) // the YAML parser takes no tabs
	}
	if template(text) {
		r.skip(name, "a template: render it, or lint its chart")
		return nil
	}
	objects, documents, err := parse(name, text)
	if err != nil && !errors.Is(err, errNoManifest) {
		r.fail(err)
	} else if err != nil {
		return err
	}
	r.add(objects, documents)
	return nil
}

// add takes the objects of a file.
func (r *reader) add(objects []*Object, documents []*document) {
	manifest := false
	for _, o := range objects {
		if group, _, _ := strings.Cut(o.APIVersion, "/"); group == "kustomize.config.k8s.io" {
			r.skip(o.File, "a kustomization: build it with kustomize, and give the result on the standard input (-)")
			continue
		}
		r.Objects, manifest = append(r.Objects, o), true
	}
	r.documents = append(r.documents, documents...)
	if manifest {
		r.Files++
	}
}

// template reports whether a text is a template of Helm or Go and no YAML yet:
// braces may stand in a text of a manifest, but not where a value begins.
func template(text []byte) bool {
	if !bytes.Contains(text, []byte("{{")) || !looksLikeManifest(text) {
		return false
	}
	for line := range bytes.Lines(text) {
		line = bytes.TrimLeft(line, " \t-")
		if _, value, ok := bytes.Cut(line, []byte(": ")); ok && bytes.HasPrefix(bytes.TrimLeft(value, ` "'`), []byte("{{")) {
			return true
		}
		if bytes.HasPrefix(line, []byte("{{")) {
			return true
		}
	}
	return false
}

const tooLarge = "larger than 16 MiB"

// unreadable says why a text is none, "" if it is one.
func unreadable(text []byte) string {
	switch {
	case len(text) > maxFile:
		return tooLarge
	case bytes.IndexByte(text, 0) >= 0 || !utf8.Valid(text):
		return "not text"
	}
	return ""
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := limited(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return text, nil
}

// limited reads no more than is needed to see that it is too much.
func limited(from io.Reader) ([]byte, error) { return io.ReadAll(io.LimitReader(from, maxFile+1)) }
