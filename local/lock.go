package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// takeLock keeps two Ups or Downs from working on one node at once. The lock
// ends with the process that holds it.
func takeLock(ctx context.Context, l layout) (release func(), err error) {
	for ctx.Err() == nil {
		if err := os.MkdirAll(filepath.Dir(l.lock()), 0o700); err != nil {
			return nil, fmt.Errorf("making %s: %w", filepath.Dir(l.lock()), err)
		}
		f, err := os.OpenFile(l.lock(), os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return nil, fmt.Errorf("opening the node's lock: %w", err)
		}
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
			f.Close()
			return nil, errors.New("another `daprstack local up` or `down` is at work on this node: wait for it to end and try again")
		}
		if !sameFile(f, l.lock()) { // a Down removed it before we had the lock
			f.Close()
			continue
		}
		return func() { f.Close() }, nil
	}
	return nil, ctx.Err()
}

func sameFile(f *os.File, path string) bool {
	a, err := f.Stat()
	if err != nil {
		return false
	}
	b, err := os.Stat(path)
	return err == nil && os.SameFile(a, b)
}
