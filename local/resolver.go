package local

import (
	"net/netip"
	"os"
	"strings"
)

// resolvFiles are where this machine's name servers are listed, best first:
// systemd-resolved shows programs only itself, on an address that leads nowhere
// in another network namespace.
var resolvFiles = []string{"/run/systemd/resolve/resolv.conf", "/etc/resolv.conf"}

// hostResolver returns the resolv.conf for the node: the name servers of this
// machine that the node can reach. If there are none it names this machine,
// where nobody answers: names of the outside then fail at once.
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

// reachableServers reads the name servers that listen on no loopback address.
// Search domains are not taken over: a pod that looks a Service up should not
// ask the outside for it first.
func reachableServers(conf string) []netip.Addr {
	var servers []netip.Addr
	for line := range strings.Lines(conf) {
		fields := strings.Fields(line)
		if len(fields) < 2 || fields[0] != "nameserver" {
			continue
		}
		server, err := netip.ParseAddr(fields[1])
		if err == nil && server.Is4() && !server.IsLoopback() { // the node speaks IPv4
			servers = append(servers, server)
		}
	}
	return servers
}
