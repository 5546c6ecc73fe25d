//go:build linux

package local

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"
)

// insideVariable tells a copy of the test program which end of the connection it
// is, in a network namespace of its own.
const insideVariable = "DAPRSTACK_TEST_INSIDE"

// inside returns a command that runs the test t in a new network namespace, with
// insideVariable set to the end.
func inside(t *testing.T, end string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), insideVariable+"="+end)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	return cmd
}

// TestConnection connects a machine to a node, each a network namespace of its
// own, talks over the connection and takes it down again.
func TestConnection(t *testing.T) {
	switch os.Getenv(insideVariable) {
	case "machine":
		connectMachine(t)
	case "node":
		answerAsNode(t)
	default:
		out, err := inside(t, "machine").CombinedOutput()
		if errors.Is(err, os.ErrPermission) {
			t.Skip("only root can make network namespaces")
		}
		require.NoError(t, err, string(out))
	}
}

const testMTU = 1400

func connectMachine(t *testing.T) {
	node := inside(t, "node")
	goOn, err := node.StdinPipe()
	require.NoError(t, err)
	var out strings.Builder
	node.Stdout, node.Stderr = &out, &out
	require.NoError(t, node.Start())

	require.NoError(t, connectHost(node.Process.Pid, testMTU))
	assert.ErrorContains(t, connectHost(node.Process.Pid, testMTU), "interface daprstack0: file exists")
	veth, err := net.InterfaceByName("daprstack0")
	require.NoError(t, err)
	assert.Equal(t, testMTU, veth.MTU)
	routes, err := readRoutes()
	require.NoError(t, err)
	for _, want := range []route{to("10.210.0.0/24", "daprstack0"), to("10.211.0.0/16", "daprstack0"), to("10.210.0.2/32", "daprstack0")} {
		assert.Contains(t, routes, want)
	}
	assert.Empty(t, defaultDevices(routes))
	assert.Empty(t, overlapping(routes))

	_, err = fmt.Fprintln(goOn)
	require.NoError(t, err)
	var from net.Conn
	require.Eventually(t, func() bool {
		from, err = net.Dial("tcp", "10.210.0.1:1")
		return err == nil
	}, 10*time.Second, 10*time.Millisecond, "%v", err)
	assert.Equal(t, "10.210.0.2", from.LocalAddr().(*net.TCPAddr).IP.String())
	require.NoError(t, from.Close())
	require.NoError(t, node.Wait(), out.String())

	require.NoError(t, disconnect())
	assert.False(t, linkExists("daprstack0"))
	require.NoError(t, disconnect(), "twice")
}

func answerAsNode(t *testing.T) {
	_, err := os.Stdin.Read(make([]byte, 1))
	require.NoError(t, err)
	require.NoError(t, connectNode())
	veth, err := net.InterfaceByName("eth0")
	require.NoError(t, err)
	assert.Equal(t, testMTU, veth.MTU)
	routes, err := readRoutes()
	require.NoError(t, err)
	assert.Equal(t, []string{"eth0"}, defaultDevices(routes))
	lo, err := netlink.LinkByName("lo")
	require.NoError(t, err)
	assert.NotZero(t, lo.Attrs().Flags&net.FlagUp)
	forward, err := readSysctl("net/ipv4/ip_forward")
	require.NoError(t, err)
	assert.Equal(t, "1", forward)

	listener, err := net.Listen("tcp", "10.210.0.1:1")
	require.NoError(t, err)
	conn, err := listener.Accept()
	require.NoError(t, err)
	assert.Equal(t, "10.210.0.2", conn.RemoteAddr().(*net.TCPAddr).IP.String())
}
