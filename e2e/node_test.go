//go:build e2e

package e2e

import (
	"encoding/base64"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

const (
	nodeRoot  = "/var/lib/daprstack"
	nodeRun   = "/run/daprstack"
	nodeLogs  = nodeRoot + "/logs"
	engineDir = nodeRoot + "/pulumi"
)

var secrets = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}

func secretValue(t *testing.T, secret unstructured.Unstructured, key string) string {
	t.Helper()
	encoded, _, err := unstructured.NestedString(secret.Object, "data", key)
	require.NoError(t, err)
	value, err := base64.StdEncoding.DecodeString(encoded)
	require.NoError(t, err)
	return string(value)
}

// nodeProcesses returns the processes of the node, its supervisor first.
func nodeProcesses(t *testing.T) []int {
	t.Helper()
	out := run(t, "local", "status")
	supervisor := regexp.MustCompile(`supervisor (\d+)`).FindStringSubmatch(out)
	require.NotNil(t, supervisor, out)
	pid, err := strconv.Atoi(supervisor[1])
	require.NoError(t, err)
	pids := []int{pid}
	for _, program := range regexp.MustCompile(`(?m)^\S+ +(\d+) +running`).FindAllStringSubmatch(out, -1) {
		pid, err := strconv.Atoi(program[1])
		require.NoError(t, err)
		pids = append(pids, pid)
	}
	return pids
}

func nodeGoes(t *testing.T) {
	processes := nodeProcesses(t)
	run(t, "local", "down")

	for _, path := range []string{nodeRoot, nodeRun} {
		_, err := os.Stat(path)
		assert.ErrorIs(t, err, os.ErrNotExist, path)
	}
	for _, pid := range processes {
		_, err := os.Stat("/proc/" + strconv.Itoa(pid))
		assert.ErrorIs(t, err, os.ErrNotExist, "process %d", pid)
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	require.NoError(t, err)
	assert.NotContains(t, string(mounts), "daprstack")
	interfaces, err := net.Interfaces()
	require.NoError(t, err)
	for _, i := range interfaces {
		assert.False(t, strings.HasPrefix(i.Name, "daprstack"), i.Name)
	}
	routes, err := os.ReadFile("/proc/net/route")
	require.NoError(t, err)
	assert.NotContains(t, string(routes), "daprstack")
	run(t, "local", "down") // a second time is harmless
}

// fullDisk mounts a file system at the node's folder that is too small for it.
func fullDisk(t *testing.T) {
	require.NoError(t, os.MkdirAll(nodeRoot, 0o700))
	require.NoError(t, syscall.Mount("tmpfs", nodeRoot, "tmpfs", 0, "size=16m"))
	defer func() {
		require.NoError(t, syscall.Unmount(nodeRoot, 0))
		require.NoError(t, os.RemoveAll(nodeRoot))
	}()
	out, err := try(t, "local", "up")
	require.Error(t, err)
	assert.Contains(t, out, nodeRoot)
	assert.Contains(t, out, "room")
	assert.Contains(t, out, "make up CONTEXT=")
}
