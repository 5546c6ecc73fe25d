package tasks

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/contracts"
	"github.com/daprstack/daprstack/examples/todo/internal/store"
)

// receiver takes every event that refuse does not refuse.
type receiver struct {
	mu     sync.Mutex
	got    []string // ids
	refuse func(e event.Event) bool
}

func (r *receiver) Publish(_ context.Context, e event.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refuse != nil && r.refuse(e) {
		return errors.New("refused")
	}
	r.got = append(r.got, e.ID())
	return nil
}

func (r *receiver) refusing(refuse func(e event.Event) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refuse = refuse
}

func (r *receiver) ids() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.got...)
}

// relayed runs a test with a running relay, in a bubble with a clock of its
// own.
func relayed(t *testing.T, s store.Store, test func(t *testing.T, relay *relay, to *receiver, stop func())) {
	synctest.Test(t, func(t *testing.T) {
		to := &receiver{}
		r := newRelay(s, to, quiet)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); r.run(ctx) }()
		stop := func() { cancel(); <-ended }
		defer stop()
		test(t, r, to, stop)
	})
}

// pend puts events into the outbox of a user and returns their ids.
func pend(t *testing.T, s store.Store, user int64, data ...contracts.Payload) (ids []string) {
	t.Helper()
	_, err := store.Update(t.Context(), s, listKey(user), func(l *list) error {
		ids = nil
		for _, d := range data {
			e, err := contracts.NewEvent(d)
			if err != nil {
				return err
			}
			ids = append(ids, e.ID())
			l.Outbox = append(l.Outbox, e)
		}
		return nil
	})
	require.NoError(t, err)
	return ids
}

var (
	aCreated = contracts.TaskCreated{TaskID: 1, UserID: 1, Title: "a", CreatedAt: time.Unix(1, 0)}
	aDeleted = contracts.TaskDeleted{TaskID: 1, UserID: 1, DeletedAt: time.Unix(1, 0)}
)

func TestRelayPublishesInOrderAndEmptiesTheOutbox(t *testing.T) {
	s := store.NewMemory()
	relayed(t, s, func(t *testing.T, r *relay, to *receiver, _ func()) {
		ids := pend(t, s, 1, aCreated, aDeleted)
		r.wake(1)
		synctest.Wait()
		assert.Equal(t, ids, to.ids())
		assert.Empty(t, outbox(t, s, 1))

		more := pend(t, s, 1, aDeleted)
		r.wake(1)
		synctest.Wait()
		assert.Equal(t, append(ids, more...), to.ids(), "each once")
	})
}

func TestRelayRetriesUntilPublished(t *testing.T) {
	s := store.NewMemory()
	relayed(t, s, func(t *testing.T, r *relay, to *receiver, _ func()) {
		attempts := 0
		to.refusing(func(event.Event) bool { attempts++; return attempts <= 20 })
		ids := pend(t, s, 1, aCreated)
		r.wake(1)
		synctest.Wait()
		assert.Empty(t, to.ids())
		assert.Len(t, outbox(t, s, 1), 1, "it is kept")

		time.Sleep(time.Hour) // of the bubble
		assert.Equal(t, ids, to.ids())
		assert.Equal(t, 21, attempts)
		assert.Empty(t, outbox(t, s, 1))
	})
}

func TestRelayIsNotBlockedByOneEvent(t *testing.T) {
	s := store.NewMemory()
	relayed(t, s, func(t *testing.T, r *relay, to *receiver, _ func()) {
		to.refusing(func(e event.Event) bool { return e.Type() == "task.created" })
		ids := pend(t, s, 1, aCreated, aDeleted)
		r.wake(1)
		other := pend(t, s, 2, aDeleted)
		r.wake(2)
		synctest.Wait()
		assert.ElementsMatch(t, []string{ids[1], other[0]}, to.ids())
		assert.Equal(t, []string{"task.created"}, types(outbox(t, s, 1)))
	})
}

// One process crashed and left events behind; another one finds them.
func TestRelayFindsWhatWasLeftBehind(t *testing.T) {
	s := store.NewMemory()
	require.Equal(t, 201, call(api(s), "POST", "/tasks?user_id=4", `{"title":"a"}`).Code)
	left := outbox(t, s, 4)[0].ID()
	relayed(t, s, func(t *testing.T, _ *relay, to *receiver, _ func()) {
		synctest.Wait()
		assert.Equal(t, []string{left}, to.ids(), "at the start")

		require.Equal(t, 201, call(api(s), "POST", "/tasks?user_id=5", `{"title":"b"}`).Code)
		time.Sleep(sweepEvery)
		synctest.Wait()
		assert.Len(t, to.ids(), 2, "and later")
		assert.Empty(t, outbox(t, s, 5))
	})
}

// at most once would need no store; at least once must bear one that fails.
func TestRelayRepublishesWhatItCouldNotRemove(t *testing.T) {
	memory := store.NewMemory()
	flaky := &switched{Store: memory}
	relayed(t, flaky, func(t *testing.T, r *relay, to *receiver, _ func()) {
		id := pend(t, memory, 1, aCreated)[0]
		flaky.set(true)
		r.wake(1)
		synctest.Wait()
		assert.Equal(t, []string{id}, to.ids())
		flaky.set(false)
		time.Sleep(time.Minute)
		assert.Equal(t, []string{id, id}, to.ids())
		assert.Empty(t, outbox(t, memory, 1))
	})
}

// switched is a store whose writes can be made to fail.
type switched struct {
	store.Store
	mu  sync.Mutex
	off bool
}

func (s *switched) set(off bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.off = off
}

func (s *switched) Put(ctx context.Context, key contracts.Key, document []byte, version string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.off {
		return errors.New("switched off")
	}
	return s.Store.Put(ctx, key, document, version)
}

func TestRelayStopsAndLeavesTheRestInTheOutbox(t *testing.T) {
	s := store.NewMemory()
	relayed(t, s, func(t *testing.T, r *relay, to *receiver, stop func()) {
		to.refusing(func(event.Event) bool { return true })
		pend(t, s, 1, aCreated)
		r.wake(1)
		synctest.Wait()
		stop()
		assert.Len(t, outbox(t, s, 1), 1)

		to.refusing(nil)
		r.wake(1) // too late
		synctest.Wait()
		assert.Empty(t, to.ids())
		assert.Len(t, outbox(t, s, 1), 1)
	})
}

// Events that are added while the outbox is being emptied are not forgotten.
func TestRelaySeesWhatIsAddedMeanwhile(t *testing.T) {
	s := store.NewMemory()
	relayed(t, s, func(t *testing.T, r *relay, to *receiver, _ func()) {
		first := pend(t, s, 1, aCreated)
		var second []string
		to.refusing(func(event.Event) bool {
			if second == nil {
				second = pend(t, s, 1, aDeleted)
				r.wake(1)
			}
			return false
		})
		r.wake(1)
		synctest.Wait()
		assert.Equal(t, append(first, second...), to.ids())
		assert.Empty(t, outbox(t, s, 1))
	})
}
