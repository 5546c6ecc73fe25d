//go:build linux

package local

import (
	"net/netip"
	"os"
	"strings"
)

// resolvFiles list this machine's name servers, the best file first: where
// systemd-resolved runs, /etc/resolv.conf names only a loopback address of its
// own, which cannot be reached from another network namespace.
var resolvFiles = []string{"/run/systemd/resolve/resolv.conf", "/etc/resolv.conf"}

// hostResolver returns the node's resolv.conf, which lists the name servers of
// this machine that the node can reach, and whether there are any. If there are
// none it lists this machine, which refuses, so that lookups of names outside
// fail at once.
func hostResolver() (conf []byte, found bool) {
	for _, path := range resolvFiles {
		data, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		if servers := reachableServers(string(data)); len(servers) > 0 {
			return resolvConf(servers), true
		}
	}
	return resolvConf([]netip.Addr{hostIP}), false
}

func resolvConf(servers []netip.Addr) []byte {
	var b strings.Builder
	for _, server := range servers {
		b.WriteString("nameserver " + server.String() + "\n")
	}
	return []byte(b.String())
}

// reachableServers returns the name servers in a resolv.conf that are not on
// loopback addresses. Search domains are left out: a pod that looks up a Service
// should not ask the outside first.
func reachableServers(conf string) []netip.Addr {
	var servers []netip.Addr
	for line := range strings.Lines(conf) {
		fields := strings.Fields(line)
		if len(fields) < 2 || fields[0] != "nameserver" {
			continue
		}
		server, err := netip.ParseAddr(fields[1])
		if err == nil && server.Is4() && !server.IsLoopback() { // the node has no IPv6
			servers = append(servers, server)
		}
	}
	return servers
}
