//go:build linux

package local

import (
	"net/netip"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// to returns a route to a range of addresses.
func to(destination, device string) route {
	return route{Destination: netip.MustParsePrefix(destination), Device: device}
}

func TestRoutes(t *testing.T) {
	routes := []route{
		to("0.0.0.0/0", "eth0"),
		to("0.0.0.0/0", "wlan0"),
		to("0.0.0.0/0", "daprstack0"),
		to("0.0.0.0/0", ""),
		to("10.0.0.0/8", "tun0"),
		to("10.210.0.0/24", "daprstack0"),
		to("10.210.0.2/32", "daprstack0"),
		to("10.211.0.0/16", "br7"),
		to("172.16.0.0/12", ""),
	}
	assert.Equal(t, []string{"eth0", "wlan0"}, defaultDevices(routes))
	assert.Equal(t, []route{to("10.211.0.0/16", "br7")}, overlapping(routes), "neither the node's own nor a wider one")
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
