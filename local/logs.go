//go:build linux

package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// logLimit is the size from which a log is rotated when the node starts. One
// earlier log is kept.
const logLimit = 32 << 20

// Logs copies the log of one of the node's programs, such as etcd, kubelet or
// supervisor, to w. With follow it goes on copying what is added until ctx ends.
func Logs(ctx context.Context, o Options, w io.Writer, name string, follow bool) error {
	l := o.layout()
	names, err := logNames(l)
	if err != nil {
		return err
	}
	if !slices.Contains(names, name) {
		return fmt.Errorf("there is no log %q; there are: %s", name, strings.Join(names, ", "))
	}
	f, err := os.Open(l.log(name))
	if err != nil {
		return fmt.Errorf("opening the log: %w", err)
	}
	defer f.Close()
	for {
		if _, err := io.Copy(w, f); err != nil {
			return fmt.Errorf("copying the log: %w", err)
		}
		if !follow {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pollEvery):
		}
	}
}

func logNames(l layout) ([]string, error) {
	paths, err := filepath.Glob(l.log("*"))
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, errors.New("the local node has no logs: start it with `daprstack local up` (and run this as root)")
	}
	var names []string
	for _, path := range paths {
		names = append(names, strings.TrimSuffix(filepath.Base(path), ".log"))
	}
	return names, nil
}

// rotateLogs renames logs that have grown large.
func rotateLogs(l layout) error {
	paths, err := filepath.Glob(l.log("*"))
	if err != nil {
		return err
	}
	for _, path := range paths {
		if info, err := os.Stat(path); err != nil || info.Size() < logLimit {
			continue
		}
		if err := os.Rename(path, path+".1"); err != nil {
			return fmt.Errorf("rotating a log: %w", err)
		}
	}
	return nil
}

// tail returns the last lines of a file, and "" if it cannot be read.
func tail(path string, lines int) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	all := bytes.Split(bytes.TrimSpace(data), []byte("\n"))
	return string(bytes.Join(all[max(0, len(all)-lines):], []byte("\n")))
}
