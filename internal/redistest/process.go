package redistest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/toolchain"
)

// Options say how Redis runs.
type Options struct {
	// Host is the address that everything listens on and announces. Default
	// 127.0.0.1.
	Host string
	// Password of the servers, and SentinelPassword of the sentinels. Default none.
	Password, SentinelPassword string
	// TLS is what everything encrypts with, and asks clients for. Default nothing.
	TLS *TLS
	// MinReplicas is how many replicas a master must have to take a write
	// (min-replicas-to-write). Default 0.
	MinReplicas int
}

// patience limits every wait.
const patience = 30 * time.Second

// Process is one Redis process: a server, a sentinel or a node of a cluster.
type Process struct {
	// Addr is its address, host:port.
	Addr string

	t       testing.TB
	options Options
	command []string
	running *exec.Cmd
}

// program returns Debian's redis-server and what it needs in its environment: that
// of this machine, or the one that was downloaded for the image of the local node.
func program(t testing.TB) (path string, environment []string) {
	t.Helper()
	if path, err := exec.LookPath("redis-server"); err == nil {
		return path, nil
	}
	cache, err := toolchain.CacheDir()
	require.NoError(t, err)
	root := filepath.Join(cache, "debian-redis-"+runtime.GOARCH)
	if path = filepath.Join(root, "usr/bin/redis-server"); exists(path) {
		libraries, err := filepath.Glob(filepath.Join(root, "usr/lib/*-linux-gnu"))
		require.NoError(t, err)
		return path, []string{"LD_LIBRARY_PATH=" + strings.Join(libraries, ":")}
	}
	t.Skip("there is no redis-server: apt-get install redis-server, or daprstack local up, which downloads it")
	return "", nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// start starts a process with a configuration and waits until it answers.
func start(t testing.TB, o Options, port int, configuration []string, arguments ...string) *Process {
	t.Helper()
	path, _ := program(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "redis.conf")
	lines := append([]string{
		"bind " + o.Host, "dir " + dir, "protected-mode no", "loglevel warning", "logfile " + filepath.Join(dir, "log"),
	}, o.TLS.lines(t, port)...)
	require.NoError(t, os.WriteFile(file, []byte(strings.Join(append(lines, configuration...), "\n")+"\n"), 0o600))
	p := &Process{
		Addr: net.JoinHostPort(o.Host, strconv.Itoa(port)), t: t, options: o,
		command: append([]string{path, file}, arguments...),
	}
	p.Start()
	t.Cleanup(func() {
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(dir, "log"))
			t.Logf("%s:\n%s", p.Addr, log)
		}
		p.Kill()
	})
	return p
}

// server starts a server that keeps its data on disk.
func server(t testing.TB, o Options, port int, more ...string) *Process {
	t.Helper()
	lines := append([]string{
		"save \"\"", "appendonly yes", "appendfsync always", "repl-diskless-sync-delay 0",
		// A machine may have several addresses, and connections go out from another one.
		"replica-announce-ip " + o.Host, fmt.Sprintf("replica-announce-port %d", port),
	}, more...)
	if o.Password != "" {
		lines = append(lines, "requirepass "+o.Password, "masterauth "+o.Password)
	}
	if o.MinReplicas > 0 {
		lines = append(lines, fmt.Sprintf("min-replicas-to-write %d", o.MinReplicas), "min-replicas-max-lag 10")
	}
	return start(t, o, port, lines)
}

// NewServer starts a single server.
func NewServer(t testing.TB, o Options) *Process {
	t.Helper()
	o.defaults()
	return server(t, o, freePort(t, o.Host))
}

func (o *Options) defaults() {
	if o.Host == "" {
		o.Host = "127.0.0.1"
	}
}

// Start starts the process again after Kill, with the data that it had.
func (p *Process) Start() {
	p.t.Helper()
	_, environment := program(p.t)
	p.running = exec.Command(p.command[0], p.command[1:]...)
	p.running.Env = append(os.Environ(), environment...)
	require.NoError(p.t, p.running.Start())
	Eventually(p.t, p.Addr+" answers", func() error {
		client := p.client()
		defer client.Close()
		err := client.Ping(p.t.Context()).Err()
		if err != nil && strings.HasPrefix(err.Error(), "MASTERDOWN") {
			return nil
		}
		return err
	})
}

// Kill ends the process as a crash does.
func (p *Process) Kill() {
	if p.running != nil {
		_ = p.running.Process.Kill()
		_ = p.running.Wait()
		p.running = nil
	}
}

// Freeze stops the process for a while, as a machine that hangs or is cut off does.
func (p *Process) Freeze(d time.Duration) {
	p.t.Helper()
	require.NoError(p.t, p.running.Process.Signal(syscall.SIGSTOP))
	time.Sleep(d)
	require.NoError(p.t, p.running.Process.Signal(syscall.SIGCONT))
}

// client returns a client of this process alone.
func (p *Process) client() *redis.Client {
	o := &redis.Options{Addr: p.Addr, Password: p.options.Password, Protocol: 2, DisableIdentity: true, MaxRetries: -1}
	if p.options.TLS != nil {
		o.TLSConfig = p.options.TLS.Config()
	}
	return redis.NewClient(o)
}

// do sends a command to the process and returns what it says.
func (p *Process) do(arguments ...any) string {
	p.t.Helper()
	said, err := p.try(arguments...)
	require.NoError(p.t, err, "%v", arguments)
	return said
}

// ask is [Process.do] for a condition that is awaited: a server whose part changes
// closes the connections of its clients.
func (p *Process) ask(arguments ...any) string {
	said, err := p.try(arguments...)
	if err != nil {
		return err.Error()
	}
	return said
}

func (p *Process) try(arguments ...any) (string, error) {
	client := p.client()
	defer client.Close()
	said, err := client.Do(p.t.Context(), arguments...).Result()
	return fmt.Sprint(said), err
}

// freePort returns a port on which nothing listens, another one each time. It is
// below those that the kernel gives to clients, of which one could take it before
// Redis does.
func freePort(t testing.TB, host string) int {
	t.Helper()
	ports.Lock()
	defer ports.Unlock()
	for {
		port := 20000 + rand.IntN(12000)
		if ports.given[port] {
			continue
		}
		listener, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err != nil {
			continue
		}
		require.NoError(t, listener.Close())
		ports.given[port] = true
		return port
	}
}

var ports = struct {
	sync.Mutex
	given map[int]bool
}{given: map[int]bool{}}

// Eventually waits until condition returns nil.
func Eventually(t testing.TB, what string, condition func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := condition()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: not after %s: %v", what, patience, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
