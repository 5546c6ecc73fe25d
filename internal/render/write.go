package render

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// Write writes the objects as one stream of YAML documents.
func Write(w io.Writer, objects []*Object) error {
	for _, o := range objects {
		document, err := o.yaml()
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "---\n%s", document); err != nil {
			return err
		}
	}
	return nil
}

func (o *Object) yaml() ([]byte, error) {
	document, err := yaml.Marshal(o.Fields)
	if err != nil {
		return nil, fmt.Errorf("writing %s: %w", o.ID(), err)
	}
	return document, nil
}

// list is the file of a folder that says whose manifests it holds and names the
// files with them: those that the next render may replace or remove. GitOps tools
// read no file of this name.
const list = ".daprstack-render"

// clusterWide is the folder of the objects that are in no namespace. No namespace
// can have its name, and it comes before all of them.
const clusterWide = "_cluster"

// File returns the path of the object's manifest, such as
// "todo/deployment.backend.yaml".
func (o *Object) File() string {
	dir := o.Namespace()
	if dir == "" {
		dir = clusterWide
	}
	// Names of RBAC objects may have characters that a file must not.
	name := strings.NewReplacer("/", "_", ":", "_").Replace(o.Name())
	return path.Join(dir, strings.ToLower(o.Kind())+"."+name+".yaml")
}

// WriteFolder writes each object to a file of its own in the folder, and removes
// what an earlier render of the stack left there. Unless forced, it refuses a folder
// with the manifests of another stack, one with files of somebody else, and to
// replace such a file; nothing is written then.
func WriteFolder(folder, stack string, objects []*Object, force bool) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("making the folder of the manifests: %w", err)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return fmt.Errorf("opening the folder of the manifests: %w", err)
	}
	defer root.Close()
	files := make(map[string][]byte, len(objects))
	for _, o := range objects {
		name := o.File()
		if _, taken := files[name]; taken {
			return fmt.Errorf("two objects would be the file %s; render without a folder", name)
		}
		if files[name], err = o.yaml(); err != nil {
			return err
		}
	}
	f := folderOf{root: root, name: folder, title: "# Written by daprstack render -s " + stack + ", which replaces and removes the files listed here."}
	if err := f.read(); err != nil {
		return err
	}
	if !force {
		if err := f.check(files); err != nil {
			return err
		}
	}
	if err := f.write(files); err != nil {
		return fmt.Errorf("writing the manifests: %w", err)
	}
	return nil
}

type folderOf struct {
	root        *os.Root
	name, title string
	foreign     string   // the title of the list of another stack
	listed      []string // the files of the last render
	others      []string // top-level entries of a folder without a list
}

// read finds out what is in the folder.
func (f *folderOf) read() error {
	text, err := f.root.ReadFile(list)
	if errors.Is(err, fs.ErrNotExist) {
		entries, err := fs.ReadDir(f.root.FS(), ".")
		for _, e := range entries {
			f.others = append(f.others, e.Name())
		}
		return err
	}
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if lines[0] != f.title {
		f.foreign = lines[0]
	}
	f.listed = lines[1:]
	return nil
}

func (f *folderOf) check(files map[string][]byte) error {
	const useForce = "; name another folder, or use --force"
	switch {
	case f.foreign != "":
		return fmt.Errorf("%s holds other manifests (%q)%s", f.name, strings.TrimPrefix(f.foreign, "# "), useForce)
	case len(f.others) > 0:
		return fmt.Errorf("%s is not empty and no folder of daprstack render: it holds %s%s", f.name, f.others[0], useForce)
	}
	for name := range files {
		if _, err := f.root.Lstat(name); err == nil && !slices.Contains(f.listed, name) {
			return fmt.Errorf("%s was not written by daprstack render%s", filepath.Join(f.name, name), useForce)
		}
	}
	return nil
}

// write replaces the files of the last render. The list is always right: it names a
// file before it is there, and until it is gone.
func (f *folderOf) write(files map[string][]byte) error {
	names := slices.Collect(maps.Keys(files))
	if err := f.writeList(slices.Concat(names, f.listed)); err != nil {
		return err
	}
	for name, content := range files {
		if old, err := f.root.ReadFile(name); err == nil && bytes.Equal(old, content) {
			continue // keeps its time
		}
		if err := f.root.MkdirAll(path.Dir(name), 0o755); err != nil {
			return err
		}
		if err := f.root.WriteFile(name, content, 0o644); err != nil {
			return err
		}
	}
	for _, name := range f.listed {
		if _, still := files[name]; still {
			continue
		}
		if err := f.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		_ = f.root.Remove(path.Dir(name)) // if it is empty
	}
	return f.writeList(names)
}

func (f *folderOf) writeList(names []string) error {
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	return f.root.WriteFile(list, []byte(f.title+"\n"+strings.Join(names, "\n")+"\n"), 0o644)
}
