package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/daprstack/daprstack/config/rules"
	"github.com/daprstack/daprstack/internal/streams"
)

// A backend looks at what a component keeps, past the sidecars.
type backend interface {
	// Lifetime returns how long a key will exist; 0 means forever.
	Lifetime(ctx context.Context, key string) (time.Duration, error)
	// Find returns the entry of an event in a stream, or nil if there is none.
	Find(ctx context.Context, stream, eventID string) (*streams.Entry, error)
	// Newest returns the newest events of a stream.
	Newest(ctx context.Context, stream string, most int64) ([][]byte, error)
	// Groups returns the consumer groups of a stream.
	Groups(ctx context.Context, stream string) ([]streams.Group, error)
	// IsPending reports whether an entry was delivered and not acknowledged.
	IsPending(ctx context.Context, stream, group, id string) (bool, error)
	// Looks returns the intervals between looks for unacknowledged events, by
	// "stream group".
	Looks(ctx context.Context, long time.Duration) (map[string][]time.Duration, error)
	// Delete removes an entry.
	Delete(ctx context.Context, stream, id string) error
	// Close ends the connection.
	Close() error
}

// backends maps the backends named in [rules.ComponentTypes] to functions that
// open them for a component.
var backends = map[string]func(ctx context.Context, v *verifier, component string) (backend, error){
	"redis": func(ctx context.Context, v *verifier, component string) (backend, error) {
		client, err := streams.Open(ctx, v.cluster, v.stack, component)
		switch {
		case err == nil:
			return client, nil
		case errors.Is(err, streams.ErrNotFromHere):
			err = skipped("not looked at from here: " + err.Error())
		}
		return nil, err
	},
}

// backend returns the backend of a component of the stack file. All checks share
// it.
func (v *verifier) backend(ctx context.Context, name string) (backend, error) {
	v.opening.Lock()
	defer v.opening.Unlock()
	if b := v.opened[name]; b != nil {
		return b, nil
	}
	if err := v.unopened[name]; err != nil {
		return nil, err
	}
	declared := v.declared()
	i := slices.IndexFunc(declared, func(c component) bool { return c.name == name })
	if i < 0 {
		return nil, fmt.Errorf("the stack file has no component %s", name)
	}
	t, _ := rules.TypeOf(declared[i].kind)
	open, ok := backends[t.Backend]
	if !ok {
		return nil, skipped("what " + declared[i].kind + " keeps cannot be looked at")
	}
	b, err := open(ctx, v, name)
	switch {
	case err == nil:
		v.opened[name] = b
	case errors.As(err, new(skipped)):
		v.unopened[name] = err // the other checks need not try it too
	}
	return b, err
}

func (v *verifier) close() {
	for _, b := range v.opened {
		_ = b.Close()
	}
}
