// Package revision reads files of a revision of the git repository that a folder is
// in, without checking it out.
package revision

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// Revision is a commit of a repository, as seen from a folder of its work tree.
type Revision struct {
	// Name is what it was asked for by.
	Name string

	root   string // of the work tree, without symbolic links
	dir    string // of the folder, below the root, with slashes; "." for the root
	commit string
}

// Open returns a revision, such as main or HEAD~1, of the repository that the folder
// dir is in.
func Open(ctx context.Context, dir, name string) (*Revision, error) {
	root, err := git(ctx, dir, "rev-parse", "--show-toplevel")
	if errors.Is(err, exec.ErrNotFound) {
		return nil, fmt.Errorf("reading revision %s: git is not on PATH", name)
	}
	if err != nil {
		return nil, fmt.Errorf("%s is in no git repository, so there is no revision %s of it: %w", dir, name, err)
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, err
	}
	below, err := filepath.Rel(line(root), real)
	if err != nil {
		return nil, err
	}
	commit, err := git(ctx, dir, "rev-parse", "--verify", "--quiet", "--end-of-options", name+"^{commit}")
	if err != nil {
		return nil, fmt.Errorf("the repository has no revision %q; fetch it first, as in git fetch origin %s (in a workflow: actions/checkout with fetch-depth: 0)", name, strings.TrimPrefix(name, "origin/"))
	}
	return &Revision{Name: name, root: line(root), dir: filepath.ToSlash(below), commit: line(commit)}, nil
}

// Names returns the names of the files and folders in the folder.
func (r *Revision) Names(ctx context.Context) ([]string, error) {
	tree := r.commit
	if r.dir != "." {
		tree += ":" + r.dir
	}
	out, err := git(ctx, r.root, "ls-tree", "--name-only", "-z", tree)
	if err != nil {
		if r.dir != "." { // the folder is not there
			return nil, nil
		}
		return nil, fmt.Errorf("listing revision %s: %w", r.Name, err)
	}
	return split(out), nil
}

// Folder returns where the folder is in a copy of the repository at root.
func (r *Revision) Folder(root string) string { return filepath.Join(root, filepath.FromSlash(r.dir)) }

// Copy copies files and folders, named from the folder, to a copy of the repository
// at root, and reports whether the revision has any of them. What it does not have is
// left out.
func (r *Revision) Copy(ctx context.Context, root string, names ...string) (found bool, err error) {
	args := []string{"ls-tree", "-r", "--name-only", "--full-tree", "-z", r.commit, "--"}
	for _, name := range names {
		args = append(args, path.Join(r.dir, filepath.ToSlash(name)))
	}
	out, err := git(ctx, r.root, args...)
	if err != nil {
		return false, fmt.Errorf("listing files of revision %s: %w", r.Name, err)
	}
	files := split(out)
	if err := r.copy(ctx, root, files); err != nil {
		return false, fmt.Errorf("reading files of revision %s: %w", r.Name, err)
	}
	return len(files) > 0, nil
}

// Inside returns the path of a file or folder from the folder of the revision, and
// false if it is outside the repository.
func (r *Revision) Inside(file string) (string, bool) {
	below, err := filepath.Rel(filepath.Join(r.root, filepath.FromSlash(r.dir)), file)
	if err != nil {
		return "", false
	}
	return below, filepath.IsLocal(filepath.Join(filepath.FromSlash(r.dir), below))
}

// copy writes files, whose names are from the root of the repository, to a copy of
// it. Symbolic links are followed inside the revision.
func (r *Revision) copy(ctx context.Context, root string, files []string) error {
	var request bytes.Buffer
	for _, file := range files {
		if strings.Contains(file, "\n") {
			return fmt.Errorf("%q: names with line breaks are not supported", file)
		}
		fmt.Fprintf(&request, "%s:%s\n", r.commit, file)
	}
	cmd := exec.CommandContext(ctx, "git", "cat-file", "--batch", "--follow-symlinks")
	cmd.Dir, cmd.Stdin = r.root, &request
	out, err := cmd.Output()
	if err != nil {
		return err
	}
	answers := bufio.NewReader(bytes.NewReader(out))
	for _, file := range files {
		content, err := answer(answers)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		to := filepath.Join(root, filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(to, content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// answer reads one answer of git cat-file --batch: "<id> blob <size>", the content
// and a line break.
func answer(r *bufio.Reader) ([]byte, error) {
	header, err := r.ReadString('\n')
	if err != nil {
		return nil, err
	}
	var id, kind string
	var size int
	if n, _ := fmt.Sscanf(header, "%s %s %d", &id, &kind, &size); n != 3 || kind != "blob" {
		return nil, fmt.Errorf("git has no such file: %s", line([]byte(header)))
	}
	content := make([]byte, size+1)
	_, err = io.ReadFull(r, content)
	return content[:size], err
}

func split(out []byte) []string {
	if len(out) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}

func line(out []byte) string { return strings.TrimSpace(string(out)) }

// git runs git and returns what it prints.
func git(ctx context.Context, dir string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) && len(failed.Stderr) > 0 {
		return nil, errors.New(line(failed.Stderr))
	}
	return out, err
}
