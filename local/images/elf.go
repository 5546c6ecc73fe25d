package images

import (
	"bytes"
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// triplet returns Debian's name for this architecture, after which its library
// directories are named.
func triplet() string {
	return map[string]string{"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}[runtime.GOARCH]
}

// closure returns the dynamic loader and all shared libraries that the programs
// need, as files of an image. Libraries are looked up in the roots, in order.
func closure(programs, roots []string) ([]File, error) {
	find := func(name string) (string, error) {
		for _, root := range roots {
			for _, dir := range []string{"usr/lib/" + triplet(), "lib/" + triplet()} {
				if source, err := filepath.EvalSymlinks(filepath.Join(root, dir, name)); err == nil {
					return source, nil
				}
			}
		}
		return "", fmt.Errorf("the shared library %s is in none of %s", name, strings.Join(roots, ", "))
	}

	found := map[string]File{} // by path in the image
	for queue := programs; len(queue) > 0; queue = queue[1:] {
		loader, needed, err := dependencies(queue[0])
		if err != nil {
			return nil, fmt.Errorf("reading the libraries of %s: %w", queue[0], err)
		}
		if loader != "" {
			source, err := filepath.EvalSymlinks(loader)
			if err != nil {
				return nil, fmt.Errorf("looking for the dynamic loader: %w", err)
			}
			found[loader] = File{Path: loader, Source: source}
		}
		for _, name := range needed {
			path := filepath.Join("/usr/lib", triplet(), name)
			if _, done := found[path]; done {
				continue
			}
			source, err := find(name)
			if err != nil {
				return nil, err
			}
			found[path] = File{Path: path, Source: source}
			queue = append(queue, source)
		}
	}
	var files []File
	for _, f := range found {
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return files, nil
}

// dependencies returns the dynamic loader of a program, "" for a library, and the
// libraries that it is linked with.
func dependencies(path string) (loader string, needed []string, err error) {
	f, err := elf.Open(path)
	if err != nil {
		return "", nil, err
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type != elf.PT_INTERP {
			continue
		}
		data := make([]byte, p.Filesz)
		if _, err := p.ReadAt(data, 0); err != nil {
			return "", nil, err
		}
		loader = string(bytes.TrimRight(data, "\x00"))
	}
	needed, err = f.ImportedLibraries()
	// Libraries name the loader too, but it is found by its path.
	needed = slices.DeleteFunc(needed, func(name string) bool {
		return strings.HasPrefix(name, "ld-linux")
	})
	return loader, needed, err
}

// exists reports whether path exists.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
