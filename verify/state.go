package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/contracts"
)

// lifetime limits how long a probe entry lives if it cannot be deleted at the
// end.
const lifetime = time.Minute

func (v *verifier) states() (all []check) {
	for _, store := range v.stack.StateStores {
		for _, app := range store.Scopes {
			if a, _ := v.stack.App(app); a.Ends() {
				continue // nobody is there to ask
			}
			s := stateStore{v, store, app}
			what := store.Name + " from " + app + ": "
			all = append(all,
				check{entity: "state", rules: []string{"T-05", "N-06"}, what: what + "an entry is written, read and deleted with eventual and strong consistency", prove: s.roundTrip},
				check{entity: "state", rules: []string{"N-07"}, what: what + "a stale etag is refused with 409", prove: s.staleETag},
				check{entity: "state", rules: []string{"N-05"}, what: what + "an entry expires after its time to live", prove: s.expires},
				check{entity: "state", rules: []string{"N-03"}, what: what + "a key has the lifetime of its pattern", prove: s.lifetimes},
			)
		}
	}
	return all
}

// stateStore is a store as one app uses it, through its sidecar.
type stateStore struct {
	*verifier
	store config.StateStore
	app   string
}

// probe calls use with a new key, whose entry it deletes at the end.
func (s stateStore) probe(ctx context.Context, use func(key contracts.Key, url string) error) error {
	key, err := contracts.NewKey("daprstack", "verify", uuid.NewString(), lifetime)
	if err != nil {
		return err
	}
	return s.withKey(ctx, key, use)
}

func (s stateStore) withKey(ctx context.Context, key contracts.Key, use func(key contracts.Key, url string) error) error {
	url, err := contracts.StateURL(s.store.Name)
	if err != nil {
		return err
	}
	err = use(key, url)
	cleanUp, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerTime)
	defer cancel()
	_, failed := s.do(cleanUp, http.StatusNoContent)(contracts.DeleteRequest(cleanUp, url, key, contracts.DeleteOptions{}))
	return errors.Join(err, failed)
}

// do sends a request that was just built and expects a status code.
func (s stateStore) do(ctx context.Context, want int) func(*http.Request, error) (answer, error) {
	return func(req *http.Request, err error) (answer, error) {
		if err != nil {
			return answer{}, err
		}
		got, err := s.sidecar(ctx, s.app, req)
		if err == nil && got.status != want {
			err = fmt.Errorf("%s returned %d, not %d: %s", req.Method, got.status, want, shorten(got.body))
		}
		return got, err
	}
}

func (s stateStore) roundTrip(ctx context.Context) error {
	return s.probe(ctx, func(key contracts.Key, url string) error {
		for _, consistency := range []contracts.Consistency{contracts.Eventual, contracts.Strong} {
			value := uuid.NewString()
			if _, err := s.do(ctx, http.StatusNoContent)(contracts.SaveRequest(ctx, url, contracts.Entry{Key: key, Value: value, Consistency: consistency})); err != nil {
				return fmt.Errorf("%s: %w", consistency, err)
			}
			got, err := s.do(ctx, http.StatusOK)(contracts.GetRequest(ctx, url, key, consistency))
			if err != nil {
				return fmt.Errorf("%s: %w", consistency, err)
			}
			var read string
			if err := json.Unmarshal(got.body, &read); err != nil || read != value {
				return fmt.Errorf("%s: read %s, not what was written", consistency, shorten(got.body))
			}
			if got.header.Get("ETag") == "" {
				return fmt.Errorf("%s: read without an ETag", consistency)
			}
			if _, err := s.do(ctx, http.StatusNoContent)(contracts.DeleteRequest(ctx, url, key, contracts.DeleteOptions{Consistency: consistency})); err != nil {
				return fmt.Errorf("%s: %w", consistency, err)
			}
			if _, err := s.do(ctx, http.StatusNoContent)(contracts.GetRequest(ctx, url, key, consistency)); err != nil {
				return fmt.Errorf("%s, after the deletion: %w", consistency, err)
			}
		}
		return nil
	})
}

func (s stateStore) staleETag(ctx context.Context) error {
	return s.probe(ctx, func(key contracts.Key, url string) error {
		save := func(want int, e contracts.Entry) error {
			e.Key = key
			_, err := s.do(ctx, want)(contracts.SaveRequest(ctx, url, e))
			return err
		}
		for value := range 2 { // last write wins
			if err := save(http.StatusNoContent, contracts.Entry{Value: value}); err != nil {
				return err
			}
		}
		read, err := s.do(ctx, http.StatusOK)(contracts.GetRequest(ctx, url, key, contracts.Strong))
		if err != nil {
			return err
		}
		first := contracts.Entry{Value: 2, ETag: read.header.Get("ETag"), Concurrency: contracts.FirstWrite}
		if err := save(http.StatusNoContent, first); err != nil {
			return fmt.Errorf("with the current etag: %w", err)
		}
		if err := save(http.StatusConflict, first); err != nil {
			return fmt.Errorf("with the stale etag: %w", err)
		}
		return nil
	})
}

func (s stateStore) expires(ctx context.Context) error {
	return s.probe(ctx, func(key contracts.Key, url string) error {
		if _, err := s.do(ctx, http.StatusNoContent)(contracts.SaveRequest(ctx, url, contracts.Entry{Key: key, Value: 1, TTL: time.Second})); err != nil {
			return err
		}
		return until(ctx, func() error {
			_, err := s.do(ctx, http.StatusNoContent)(contracts.GetRequest(ctx, url, key, contracts.Strong))
			return err
		})
	})
}

// lifetimes proves the lifetime of each key pattern of the data model. It asks
// Redis, because Dapr does not tell.
func (s stateStore) lifetimes(ctx context.Context) error {
	client, err := s.backend(ctx, s.store.Name)
	if err != nil {
		return err
	}
	var problems []error
	for _, newKey := range []func(string) (contracts.Key, error){
		contracts.ChatSession, contracts.CachedUser, contracts.WorkflowTask, contracts.CachedTasks,
	} {
		key, err := newKey("daprstack-verify-" + uuid.NewString())
		if err != nil {
			return err
		}
		problems = append(problems, s.withKey(ctx, key, func(key contracts.Key, url string) error {
			if _, err := s.do(ctx, http.StatusNoContent)(contracts.SaveRequest(ctx, url, contracts.Entry{Key: key, Value: 1})); err != nil {
				return err
			}
			left, err := client.Lifetime(ctx, s.stack.StateKey(s.store, s.app, key.String()))
			if err == nil && (left > key.Lifetime() || left < key.Lifetime()-time.Minute) {
				err = fmt.Errorf("%s: lives for %s, not %s", key, left, key.Lifetime())
			}
			return err
		}))
	}
	return errors.Join(problems...)
}

// shorten returns the beginning of a response body.
func shorten(body []byte) string {
	const limit = 200
	if len(body) > limit {
		return string(body[:limit]) + "…"
	}
	return string(body)
}
