// Package store keeps JSON documents by key: in a state store that is reached
// over HTTP, or in memory. Whoever changes a document names the version that the
// change is based on, so that nobody overwrites what they have not seen.
package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/daprstack/daprstack/contracts"
)

// ErrConflict says that a document is no longer of the version named.
var ErrConflict = errors.New("changed by somebody else")

// A Store keeps documents. A document that does not exist is nil, of version "".
type Store interface {
	Get(ctx context.Context, key contracts.Key) (document []byte, version string, err error)
	// Put returns ErrConflict when the document is not of that version.
	Put(ctx context.Context, key contracts.Key, document []byte, version string) error
}

// Open returns the store at that address, or one in memory when it is empty.
func Open(address string, client *http.Client) (Store, error) {
	if address == "" {
		return NewMemory(), nil
	}
	if problems := contracts.CheckURL(address); len(problems) > 0 {
		return nil, fmt.Errorf("opening the state store: %w", problems)
	}
	return &remote{address: address, client: client}, nil
}

// Load reads a document into a T, the zero T when there is none.
func Load[T any](ctx context.Context, s Store, key contracts.Key) (T, error) {
	v, _, err := load[T](ctx, s, key)
	return v, err
}

func load[T any](ctx context.Context, s Store, key contracts.Key) (v T, version string, err error) {
	document, version, err := s.Get(ctx, key)
	if err == nil && document != nil {
		err = json.Unmarshal(document, &v)
	}
	if err != nil {
		return v, "", fmt.Errorf("reading %s: %w", key, err)
	}
	return v, version, nil
}

// Update changes a document and returns it. When somebody else was faster, it
// starts again from what they wrote, until ctx ends: change may run many times.
// An error of change ends it with nothing written; what change left as it was is
// not written either.
func Update[T any](ctx context.Context, s Store, key contracts.Key, change func(*T) error) (T, error) {
	for attempt := 0; ; attempt++ {
		v, version, err := load[T](ctx, s, key)
		if err != nil {
			return v, err
		}
		before, err := json.Marshal(v)
		if err != nil {
			return v, fmt.Errorf("encoding %s: %w", key, err)
		}
		if err := change(&v); err != nil {
			return v, err
		}
		after, err := json.Marshal(v)
		if err != nil {
			return v, fmt.Errorf("encoding %s: %w", key, err)
		}
		if bytes.Equal(before, after) {
			return v, nil
		}
		err = s.Put(ctx, key, after, version)
		if err == nil {
			return v, nil
		}
		if !errors.Is(err, ErrConflict) {
			return v, fmt.Errorf("writing %s: %w", key, err)
		}
		select {
		case <-ctx.Done():
			return v, fmt.Errorf("writing %s: %w, %d times: %w", key, ErrConflict, attempt+1, ctx.Err())
		case <-time.After(rand.N(time.Duration(min(attempt, 9)+1) * 5 * time.Millisecond)):
		}
	}
}
