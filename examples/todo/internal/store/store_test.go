package store

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/contracts"
	"github.com/daprstack/daprstack/examples/todo/internal/sidecar"
)

var key = func() contracts.Key {
	k, err := contracts.ParseKey("todo:tasks:1")
	if err != nil {
		panic(err)
	}
	return k
}()

// both runs a test on each kind of store.
func both(t *testing.T, test func(t *testing.T, s Store)) {
	t.Run("memory", func(t *testing.T) { test(t, NewMemory()) })
	t.Run("remote", func(t *testing.T) { test(t, remoteStore(t, sidecar.New(nil, nil))) })
}

func remoteStore(t *testing.T, mesh *sidecar.Mesh) Store {
	t.Helper()
	server := httptest.NewServer(mesh.Sidecar("backend-app"))
	t.Cleanup(server.Close)
	s, err := Open(server.URL+"/v1.0/state/statestore", server.Client())
	require.NoError(t, err)
	return s
}

func TestGetMissing(t *testing.T) {
	both(t, func(t *testing.T, s Store) {
		document, version, err := s.Get(t.Context(), key)
		require.NoError(t, err)
		assert.Nil(t, document)
		assert.Empty(t, version)
	})
}

func TestUpdateCounts(t *testing.T) {
	both(t, func(t *testing.T, s Store) {
		for range 3 {
			_, err := Update(t.Context(), s, key, increment)
			require.NoError(t, err)
		}
		n, err := Load[int](t.Context(), s, key)
		require.NoError(t, err)
		assert.Equal(t, 3, n)
	})
}

func increment(n *int) error { *n++; return nil }

// No write is lost, not even the first, which names no version.
func TestConcurrentUpdates(t *testing.T) {
	both(t, func(t *testing.T, s Store) {
		const writers = 25
		var done sync.WaitGroup
		for range writers {
			done.Go(func() {
				_, err := Update(t.Context(), s, key, increment)
				assert.NoError(t, err)
			})
		}
		done.Wait()
		n, err := Load[int](t.Context(), s, key)
		require.NoError(t, err)
		assert.Equal(t, writers, n)
	})
}

func TestPutRefusesAnOldVersion(t *testing.T) {
	both(t, func(t *testing.T, s Store) {
		ctx := t.Context()
		require.NoError(t, s.Put(ctx, key, []byte(`1`), ""))
		_, version, err := s.Get(ctx, key)
		require.NoError(t, err)
		require.NoError(t, s.Put(ctx, key, []byte(`2`), version))

		assert.ErrorIs(t, s.Put(ctx, key, []byte(`3`), version), ErrConflict, "an old version")
		assert.ErrorIs(t, s.Put(ctx, key, []byte(`3`), ""), ErrConflict, "a second creation")
		document, _, err := s.Get(ctx, key)
		require.NoError(t, err)
		assert.JSONEq(t, `2`, string(document))
	})
}

func TestUpdateDoesNotWriteWhatDidNotChange(t *testing.T) {
	both(t, func(t *testing.T, s Store) {
		require.NoError(t, s.Put(t.Context(), key, []byte(`7`), ""))
		_, before, err := s.Get(t.Context(), key)
		require.NoError(t, err)
		n, err := Update(t.Context(), s, key, func(*int) error { return nil })
		require.NoError(t, err)
		assert.Equal(t, 7, n)
		_, after, err := s.Get(t.Context(), key)
		require.NoError(t, err)
		assert.Equal(t, before, after)
	})
}

func TestUpdateReturnsChangeError(t *testing.T) {
	both(t, func(t *testing.T, s Store) {
		refused := errors.New("refused")
		_, err := Update(t.Context(), s, key, func(n *int) error { *n = 1; return refused })
		assert.ErrorIs(t, err, refused)
		document, _, err := s.Get(t.Context(), key)
		require.NoError(t, err)
		assert.Nil(t, document)
	})
}

// alwaysLate is a store where another write always comes first.
type alwaysLate struct{ *Memory }

func (alwaysLate) Put(context.Context, contracts.Key, []byte, string) error { return ErrConflict }

func TestUpdateStopsWithContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := Update(ctx, alwaysLate{NewMemory()}, key, increment)
	assert.ErrorIs(t, err, ErrConflict)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.ErrorContains(t, err, "writing todo:tasks:1")
}

func TestErrorsNameTheOperation(t *testing.T) {
	mesh := sidecar.New(nil, nil)
	s := remoteStore(t, mesh)
	mesh.Down(true)
	_, err := Load[int](t.Context(), s, key)
	assert.ErrorContains(t, err, `reading todo:tasks:1: the state store responded with 500: "{\"errorCode\"`)
	assert.ErrorContains(t, s.Put(t.Context(), key, []byte(`1`), ""), "responded with 500")

	mesh.Down(false)
	require.NoError(t, s.Put(t.Context(), key, []byte(`"text"`), ""))
	_, err = Update(t.Context(), s, key, increment)
	assert.ErrorContains(t, err, "reading todo:tasks:1: json: cannot unmarshal string")
}

func TestUpdateReturnsWriteError(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		w.Header().Set("ETag", "1")
		_, _ = w.Write([]byte(`1`))
	}))
	defer server.Close()
	s, err := Open(server.URL, server.Client())
	require.NoError(t, err)
	_, err = Update(t.Context(), s, key, increment)
	assert.ErrorContains(t, err, "writing todo:tasks:1: the state store responded with 500")
}

func TestOpen(t *testing.T) {
	s, err := Open("", nil)
	require.NoError(t, err)
	assert.IsType(t, &Memory{}, s)

	_, err = Open("statestore", nil)
	assert.ErrorContains(t, err, "must be an http or https URL")
}
