package streams

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// ErrUnwatched means that Redis lets the user of the component not use MONITOR.
var ErrUnwatched = errors.New("the commands of Redis cannot be watched")

// Looks watches Redis for a while and returns when the subscribers looked for events
// that they have not acknowledged: by "stream group", the times since it began to
// watch.
func (c *Client) Looks(ctx context.Context, duration time.Duration) (map[string][]time.Duration, error) {
	watch, cancel := context.WithTimeout(ctx, duration)
	defer cancel()
	masters, err := c.masters(watch)
	if err != nil {
		return nil, fmt.Errorf("watching Redis: %w", err)
	}
	l := &looks{begun: time.Now(), found: map[string][]time.Duration{}}
	errs := make(chan error, len(masters))
	for _, master := range masters {
		go func() { errs <- l.watch(watch, master.Options()) }()
	}
	for range masters {
		if failed := <-errs; failed != nil {
			err = failed
			cancel() // the others
		}
	}
	if err != nil {
		return nil, fmt.Errorf("watching Redis: %w", err)
	}
	return l.found, ctx.Err()
}

// masters returns the clients of the processes that take commands: all those of a
// cluster, or the one.
func (c *Client) masters(ctx context.Context) ([]*redis.Client, error) {
	cluster, ok := c.redis.(*redis.ClusterClient)
	if !ok {
		return []*redis.Client{c.redis.(*redis.Client)}, nil //nolint:forcetypeassert // New makes no others
	}
	var mu sync.Mutex
	var all []*redis.Client
	err := cluster.ForEachMaster(ctx, func(_ context.Context, master *redis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, master)
		return nil
	})
	return all, err
}

// looks collects what several processes are asked.
type looks struct {
	begun time.Time
	mu    sync.Mutex
	found map[string][]time.Duration
}

// watch watches one process until ctx is done. It uses MONITOR on a connection of
// its own, because the Redis library puts one back into its pool while it is still
// being read.
func (l *looks) watch(ctx context.Context, options *redis.Options) error {
	connection, err := options.Dialer(ctx, "tcp", options.Addr)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = connection.Close() })
	defer stop()
	defer connection.Close()
	if err := monitor(connection, options); err != nil {
		return err
	}
	lines := bufio.NewReader(connection)
	for {
		line, err := lines.ReadString('\n')
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		case strings.HasPrefix(line, "-NOPERM") || strings.HasPrefix(line, "-ERR unknown command"):
			return fmt.Errorf("%w: %s", ErrUnwatched, strings.TrimSpace(line[1:]))
		case strings.HasPrefix(line, "-"):
			return errors.New(strings.TrimSpace(line[1:]))
		}
		// A subscriber asks for everything that is pending, unlike IsPending.
		if words := command(line); len(words) > 4 && strings.EqualFold(words[0], "xpending") && words[3] == "-" {
			l.add(words[1] + " " + words[2])
		}
	}
}

func (l *looks) add(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.found[key] = append(l.found[key], time.Since(l.begun))
}

// monitor asks Redis to send every command that it gets from now on.
func monitor(w io.Writer, options *redis.Options) error {
	var commands [][]string
	switch {
	case options.Username != "":
		commands = append(commands, []string{"AUTH", options.Username, options.Password})
	case options.Password != "":
		commands = append(commands, []string{"AUTH", options.Password})
	}
	var b strings.Builder
	for _, words := range append(commands, []string{"MONITOR"}) {
		fmt.Fprintf(&b, "*%d\r\n", len(words))
		for _, word := range words {
			fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(word), word)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// command returns the words of a line of MONITOR: 1339518083.107412 [0 127.0.0.1:60866] "keys" "*"
func command(line string) []string {
	_, words, _ := strings.Cut(line, `] "`)
	return strings.Split(strings.TrimSuffix(strings.TrimSpace(words), `"`), `" "`)
}
