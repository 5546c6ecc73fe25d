// Package store keeps JSON documents by key, in a state store that is reached
// over HTTP or in memory. A write names the version that it is based on, so
// that nobody overwrites what they have not seen.
package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/daprstack/daprstack/contracts"
)

// ErrConflict is returned by a write whose version is no longer the document's.
var ErrConflict = errors.New("changed by somebody else")

// A Store keeps documents. A document that does not exist is nil, with version
// "".
type Store interface {
	Get(ctx context.Context, key contracts.Key) (document []byte, version string, err error)
	// Put returns ErrConflict if the document has another version.
	Put(ctx context.Context, key contracts.Key, document []byte, version string) error
}

// Open returns the store at address, or one in memory if address is empty.
func Open(address string, client *http.Client) (Store, error) {
	if address == "" {
		return NewMemory(), nil
	}
	if problems := contracts.CheckURL(address); len(problems) > 0 {
		return nil, fmt.Errorf("opening the state store: %w", problems)
	}
	return &remote{address: address, client: client}, nil
}

// FromEnv opens the store at STATESTORE_URL, or one in memory if it is empty.
func FromEnv(env func(name string) (string, bool), client *http.Client, log *slog.Logger) (Store, error) {
	address, _ := env("STATESTORE_URL")
	s, err := Open(address, client)
	if err != nil {
		return nil, fmt.Errorf("STATESTORE_URL: %w", err)
	}
	if address == "" {
		log.Warn("STATESTORE_URL is empty: state is kept in memory and is lost when this process ends")
	}
	return s, nil
}

// Load reads a document into a T. It returns the zero T if there is none.
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

// Update changes a document and returns it. If another write comes first, it
// starts over from that one, until ctx ends, so change may be called many
// times. An error from change is returned and nothing is written; nothing is
// written either if change makes no difference.
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
