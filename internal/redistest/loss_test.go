package redistest

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// TestLoss counts the entries that Redis acknowledged and does not have after one
// of its processes failed, written as Dapr writes events (XADD, and no WAIT). What it
// counts is in docs/explanation/faults.md; it is set going by FAULTS_REDIS, because it takes
// minutes. A crash alone must lose nothing: what a master acknowledges it has sent to
// its replicas by then.
func TestLoss(t *testing.T) {
	if os.Getenv("FAULTS_REDIS") == "" {
		t.Skip("set FAULTS_REDIS=1: make faults")
	}
	redis.SetLogger(silent{})
	for _, replicas := range []int{0, 1} {
		o := Options{Password: "s3cret", MinReplicas: replicas}
		for _, f := range []struct {
			name    string
			mayLose bool
			inject  func(*Sentinels)
		}{
			{"master killed", false, func(s *Sentinels) { s.KillMaster().Start() }},
			{"master frozen for 8 s, then goes on", true, func(s *Sentinels) { s.Master().Freeze(8 * time.Second) }},
			{"replicas behind for 3 s, then master killed", replicas == 0, func(s *Sentinels) { s.Lag(3 * time.Second) }},
		} {
			t.Run(fmt.Sprintf("min-replicas-to-write %d, %s", replicas, f.name), func(t *testing.T) {
				s := NewSentinels(t, o)
				client := redis.NewFailoverClient(&redis.FailoverOptions{
					MasterName: MasterName, SentinelAddrs: []string{s.Sentinels[0].Addr, s.Sentinels[1].Addr}, Password: o.Password, Protocol: 2,
				})
				defer client.Close()
				w := write(client)
				time.Sleep(3 * time.Second) // a steady state
				f.inject(s)
				s.Replicated()
				time.Sleep(2 * time.Second)
				refused, acknowledged := w.stop()
				lost := 0
				for id := range acknowledged {
					if n, err := client.XRange(t.Context(), "stream", id, id).Result(); err != nil || len(n) == 0 {
						require.NoError(t, err)
						lost++
					}
				}
				t.Logf("refused %d, acknowledged %d, lost %d", refused, len(acknowledged), lost)
				require.NotEmpty(t, acknowledged)
				if !f.mayLose {
					require.Zero(t, lost)
				}
			})
		}
	}
}

type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

// writer writes entries until it is stopped.
type writer struct {
	cancel  context.CancelFunc
	workers sync.WaitGroup
	refused atomic.Int64

	mu           sync.Mutex
	acknowledged map[string]bool
}

func write(client *redis.Client) *writer {
	ctx, cancel := context.WithCancel(context.Background())
	w := &writer{cancel: cancel, acknowledged: map[string]bool{}}
	for range 8 {
		w.workers.Go(func() {
			for ctx.Err() == nil {
				id, err := client.XAdd(context.Background(), &redis.XAddArgs{Stream: "stream", Values: []string{"data", "x"}}).Result()
				if err != nil {
					w.refused.Add(1)
				} else {
					w.mu.Lock()
					w.acknowledged[id] = true
					w.mu.Unlock()
				}
				time.Sleep(5 * time.Millisecond)
			}
		})
	}
	return w
}

func (w *writer) stop() (refused int64, acknowledged map[string]bool) {
	w.cancel()
	w.workers.Wait()
	return w.refused.Load(), w.acknowledged
}
