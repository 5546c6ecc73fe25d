package streams

import (
	"bytes"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

func TestCommand(t *testing.T) {
	require.Equal(t, []string{"xpending", "task.created", "activity-app", "-", "+", "100"},
		command(`+1339518083.107412 [0 127.0.0.1:60866] "xpending" "task.created" "activity-app" "-" "+" "100"`+"\r\n"))
	require.Equal(t, []string{"PING"}, command(`+1339518083.107412 [0 lua] "PING"`))
	require.Equal(t, []string{""}, command("+OK\r\n"))
}

func TestMonitor(t *testing.T) {
	for _, c := range []struct {
		user, password, want string
	}{
		{"", "", "*1\r\n$7\r\nMONITOR\r\n"},
		{"", "p w", "*2\r\n$4\r\nAUTH\r\n$3\r\np w\r\n*1\r\n$7\r\nMONITOR\r\n"},
		{"u", "p", "*3\r\n$4\r\nAUTH\r\n$1\r\nu\r\n$1\r\np\r\n*1\r\n$7\r\nMONITOR\r\n"},
	} {
		var b bytes.Buffer
		require.NoError(t, monitor(&b, &redis.Options{Username: c.user, Password: c.password}))
		require.Equal(t, c.want, b.String())
	}
}

func TestEntryTime(t *testing.T) {
	require.Equal(t, time.UnixMilli(1794907384526), Entry{ID: "1794907384526-1"}.Time())
}
