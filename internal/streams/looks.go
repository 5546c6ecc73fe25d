package streams

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Looks watches Redis for a while and returns when the subscribers looked for events
// that they have not acknowledged: by "topic group", the times since it began to
// watch. It uses MONITOR on a connection of its own, because the Redis library puts
// one back into its pool while it is still being read.
func (c *Client) Looks(ctx context.Context, duration time.Duration) (map[string][]time.Duration, error) {
	watch, cancel := context.WithTimeout(ctx, duration)
	defer cancel()
	dial := c.options.Dialer
	if dial == nil {
		dial = redis.NewDialer(c.options)
	}
	connection, err := dial(ctx, "tcp", c.options.Addr)
	if err != nil {
		return nil, fmt.Errorf("watching Redis: %w", err)
	}
	stop := context.AfterFunc(watch, func() { _ = connection.Close() })
	defer stop()
	if err := c.monitor(connection); err != nil {
		return nil, fmt.Errorf("watching Redis: %w", err)
	}
	begun, found := time.Now(), map[string][]time.Duration{}
	lines := bufio.NewReader(connection)
	for {
		line, err := lines.ReadString('\n')
		if watch.Err() != nil {
			return found, ctx.Err()
		}
		if err != nil {
			return nil, fmt.Errorf("watching Redis: %w", err)
		}
		if strings.HasPrefix(line, "-") {
			return nil, errors.New("watching Redis: " + strings.TrimSpace(line[1:]))
		}
		// A subscriber asks for everything that is pending, unlike IsPending.
		if words := command(line); len(words) > 4 && strings.EqualFold(words[0], "xpending") && words[3] == "-" {
			key := words[1] + " " + words[2]
			found[key] = append(found[key], time.Since(begun))
		}
	}
}

// monitor asks Redis to send every command that it gets from now on.
func (c *Client) monitor(w io.Writer) error {
	var commands [][]string
	switch {
	case c.options.Username != "":
		commands = append(commands, []string{"AUTH", c.options.Username, c.options.Password})
	case c.options.Password != "":
		commands = append(commands, []string{"AUTH", c.options.Password})
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
