package local

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const someRoutes = `[
  {"dst":"default","gateway":"192.0.2.1","dev":"eth0","flags":[]},
  {"dst":"default","gateway":"198.51.100.1","dev":"wlan0","metric":600,"flags":[]},
  {"dst":"10.0.0.0/8","dev":"tun0","flags":[]},
  {"dst":"10.210.0.0/24","gateway":"10.210.0.1","dev":"daprstack0","flags":[]},
  {"type":"local","dst":"10.210.0.2","dev":"daprstack0","table":"local","flags":[]},
  {"dst":"10.211.0.0/16","dev":"br7","flags":[]},
  {"type":"unreachable","dst":"172.16.0.0/12","flags":[]}
]`

func TestRoutes(t *testing.T) {
	routes, err := parseRoutes([]byte(someRoutes))
	require.NoError(t, err)
	assert.Equal(t, []string{"eth0", "wlan0"}, defaultDevices(routes))
	assert.Equal(t, []route{{"10.211.0.0/16", "br7"}}, overlapping(routes), "neither the node's own nor a wider one")

	_, err = parseRoutes([]byte("Usage: ip"))
	assert.ErrorContains(t, err, "reading this machine's routes")
}

func TestReachableServers(t *testing.T) {
	for conf, want := range map[string]string{
		"nameserver 192.0.2.53\nsearch corp.test\nnameserver 198.51.100.53\n": "nameserver 192.0.2.53\nnameserver 198.51.100.53\n",
		"nameserver 127.0.0.53\noptions edns0\n":                              "",
		"nameserver 127.0.0.1\nnameserver 192.0.2.53\n":                       "nameserver 192.0.2.53\n",
		"nameserver 2001:db8::53\nnameserver\nnameserver none\n# comment\n":   "",
		"": "",
	} {
		assert.Equal(t, want, string(resolvConf(reachableServers(conf))), conf)
	}
}

func TestForwardingIsRecordedBeforeItIsChanged(t *testing.T) {
	l := newLayout(t)
	require.NoError(t, forwardFrom(l, []string{"no-such-device"}))
	_, err := os.Stat(l.forwarding())
	assert.ErrorIs(t, err, os.ErrNotExist, "nothing changed, nothing recorded")
}

func TestHostCommands(t *testing.T) {
	assert.Equal(t, [][]string{
		{"ip", "link", "add", "daprstack0", "mtu", "1400", "type", "veth", "peer", "name", "eth0", "mtu", "1400", "netns", "4711"},
		{"ip", "address", "add", "10.210.0.2", "peer", "10.210.0.1/32", "dev", "daprstack0"},
		{"ip", "link", "set", "daprstack0", "up"},
		{"ip", "route", "add", "10.210.0.0/24", "via", "10.210.0.1", "dev", "daprstack0"},
		{"ip", "route", "add", "10.211.0.0/16", "via", "10.210.0.1", "dev", "daprstack0"},
	}, hostCommands(4711, 1400))
}

func TestAddressesFitTogether(t *testing.T) {
	assert.True(t, podRange.Contains(nodeIP) && podRange.Contains(hostIP) && podRange.Contains(firstPodIP) && podRange.Contains(lastPodIP))
	assert.True(t, nodeIP.Less(firstPodIP) && hostIP.Less(firstPodIP) && firstPodIP.Less(lastPodIP))
	assert.True(t, serviceRange.Contains(kubernetesIP))
	assert.False(t, podRange.Overlaps(serviceRange))
	assert.Equal(t, serviceRange.Addr().Next(), kubernetesIP, "the API server takes the first")
}

func TestAMissingProgramIsNamed(t *testing.T) {
	_, err := run(t.Context(), "", "no-such-program")
	assert.ErrorContains(t, err, "no-such-program: executable file not found")
}
