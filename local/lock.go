//go:build linux

package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// takeLock keeps two Ups or Downs from working on one node at once: it fails
// while another one has the lock. The lock ends with the process that holds it.
func takeLock(ctx context.Context, l layout) (release func(), err error) {
	for ctx.Err() == nil {
		if err := os.MkdirAll(filepath.Dir(l.lock()), 0o700); err != nil {
			return nil, fmt.Errorf("making %s: %w", filepath.Dir(l.lock()), err)
		}
		lock := flock.New(l.lock())
		locked, err := lock.TryLock()
		if err != nil {
			return nil, fmt.Errorf("taking the node's lock: %w", err)
		}
		if !locked {
			return nil, errors.New("another `daprstack local up` or `down` is at work on this node: wait for it to end and try again")
		}
		if isCurrent(lock) {
			return func() { lock.Close() }, nil
		}
		lock.Close() // a Down removed the file before we had the lock
	}
	return nil, ctx.Err()
}

// isCurrent reports whether the locked file is still the one at its path.
func isCurrent(lock *flock.Flock) bool {
	locked, err := lock.Stat()
	if err != nil {
		return false
	}
	current, err := os.Stat(lock.Path())
	return err == nil && os.SameFile(locked, current)
}
