package local

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// run runs a program of the system and returns what it printed.
func run(ctx context.Context, stdin, name string, args ...string) ([]byte, error) {
	path, err := findProgram(name)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(os.Environ(), "PATH="+strings.Join(programDirs, ":"), "LC_ALL=C")
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(errs.String()))
	}
	return out.Bytes(), nil
}

// runAll runs commands until one fails.
func runAll(ctx context.Context, commands [][]string) error {
	for _, c := range commands {
		if _, err := run(ctx, "", c[0], c[1:]...); err != nil {
			return err
		}
	}
	return nil
}

// connectHost lays the cable from this machine to the node whose supervisor is
// pid.
func connectHost(ctx context.Context, pid, mtu int) error {
	if err := runAll(ctx, hostCommands(pid, mtu)); err != nil {
		return fmt.Errorf("connecting the node to this machine: %w", err)
	}
	return nil
}

func hostCommands(pid, mtu int) [][]string {
	size := strconv.Itoa(mtu)
	return [][]string{
		{"ip", "link", "add", cable, "mtu", size, "type", "veth", "peer", "name", nodeCable, "mtu", size, "netns", strconv.Itoa(pid)},
		{"ip", "address", "add", hostIP.String(), "peer", nodeIP.String() + "/32", "dev", cable},
		{"ip", "link", "set", cable, "up"},
		{"ip", "route", "add", podRange.String(), "via", nodeIP.String(), "dev", cable},
		{"ip", "route", "add", serviceRange.String(), "via", nodeIP.String(), "dev", cable},
	}
}

// connectNode sets up the node's end of the cable, from inside the node.
func connectNode(ctx context.Context) error {
	err := runAll(ctx, [][]string{
		{"ip", "link", "set", "lo", "up"},
		{"ip", "address", "add", nodeIP.String(), "peer", hostIP.String() + "/32", "dev", nodeCable},
		{"ip", "link", "set", nodeCable, "up"},
		{"ip", "route", "add", "default", "via", hostIP.String(), "dev", nodeCable},
	})
	if err == nil {
		err = setSysctl("net/ipv4/ip_forward", "1")
	}
	if err != nil {
		return fmt.Errorf("connecting the node's end of the cable: %w", err)
	}
	return nil
}

// disconnect removes the cable, and with it both ends, addresses and routes.
// The kernel may be at it already: it does so when the node has ended.
func disconnect(ctx context.Context) error {
	if !linkExists(cable) {
		return nil
	}
	if _, err := run(ctx, "", "ip", "link", "delete", cable); err != nil && linkExists(cable) {
		return err
	}
	return nil
}

func linkExists(name string) bool {
	_, err := net.InterfaceByName(name)
	return err == nil
}

// rules let the node go out under this machine's own address, and let nobody
// but this machine in.
const rules = `add table ip %[1]s
delete table ip %[1]s
table ip %[1]s {
  chain postrouting {
    type nat hook postrouting priority srcnat;
    ip saddr %[2]s oifname != "%[3]s" masquerade
  }
  chain forward {
    type filter hook forward priority filter;
    oifname "%[3]s" ct state established,related accept
    oifname "%[3]s" drop
  }
}
`

// openOutside lets the node reach what this machine reaches. Without a default
// route there is nothing to open.
func openOutside(ctx context.Context, l layout) error {
	if _, err := run(ctx, fmt.Sprintf(rules, table, podRange, cable), "nft", "-f", "-"); err != nil {
		return fmt.Errorf("adding the nftables table %s: %w", table, err)
	}
	if err := allowForwarding(ctx); err != nil {
		return err
	}
	if err := setSysctl("net/ipv4/conf/"+cable+"/forwarding", "1"); err != nil {
		return err
	}
	routes, err := readRoutes(ctx)
	if err != nil {
		return err
	}
	return forwardFrom(l, defaultDevices(routes))
}

// forwardFrom turns forwarding on for the devices that lead outside, one by one
// rather than for the whole machine, and records the ones that it changed.
func forwardFrom(l layout, devices []string) error {
	var changed []string
	_ = readJSON(l.forwarding(), &changed) // none yet
	for _, device := range devices {
		name := "net/ipv4/conf/" + device + "/forwarding"
		if value, err := readSysctl(name); err != nil || value == "1" {
			continue
		}
		changed = append(changed, device)
		if err := writeJSON(l.forwarding(), changed); err != nil {
			return err
		}
		if err := setSysctl(name, "1"); err != nil {
			return err
		}
	}
	return nil
}

// closeOutside takes back what openOutside did and says what that was.
func closeOutside(ctx context.Context, l layout) ([]string, error) {
	var removed []string
	var errs []error
	if tableExists(ctx) {
		if _, err := run(ctx, "", "nft", "delete", "table", "ip", table); err != nil {
			errs = append(errs, err)
		} else {
			removed = append(removed, "nftables table "+table)
		}
	}
	count, err := removeForwardRules(ctx)
	errs = append(errs, err)
	if count > 0 {
		removed = append(removed, fmt.Sprintf("%d iptables rules", count))
	}
	var changed []string
	if err := readJSON(l.forwarding(), &changed); err != nil {
		if !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
		return removed, errors.Join(errs...)
	}
	// Whoever turned forwarding on for the whole machine since wants it.
	if all, err := readSysctl("net/ipv4/ip_forward"); err == nil && all == "0" {
		for _, device := range changed {
			if !linkExists(device) {
				continue
			}
			if err := setSysctl("net/ipv4/conf/"+device+"/forwarding", "0"); err != nil {
				errs = append(errs, err)
				continue
			}
			removed = append(removed, "forwarding from "+device)
		}
	}
	return removed, errors.Join(errs...)
}

func tableExists(ctx context.Context) bool {
	_, err := run(ctx, "", "nft", "list", "table", "ip", table)
	return err == nil
}

// forwardRules let the node's traffic pass a firewall that forwards nothing by
// default, as Docker's does.
func forwardRules() [][]string {
	comment := []string{"-m", "comment", "--comment", table, "-j", "ACCEPT"}
	return [][]string{
		append([]string{"-i", cable}, comment...),
		append([]string{"-o", cable}, comment...),
	}
}

// allowForwarding adds the rules where they are needed and not there yet.
func allowForwarding(ctx context.Context) error {
	if !dropsForwarded(ctx) {
		return nil
	}
	for _, rule := range forwardRules() {
		if _, err := run(ctx, "", "iptables", append([]string{"-w", "-C", "FORWARD"}, rule...)...); err == nil {
			continue
		}
		if _, err := run(ctx, "", "iptables", append([]string{"-w", "-I", "FORWARD"}, rule...)...); err != nil {
			return fmt.Errorf("letting the node's traffic pass this machine's firewall: %w", err)
		}
	}
	return nil
}

// dropsForwarded reports whether iptables, if it is there, forwards nothing by
// default.
func dropsForwarded(ctx context.Context) bool {
	rules, err := run(ctx, "", "iptables", "-w", "-S", "FORWARD")
	return err == nil && bytes.Contains(rules, []byte("-P FORWARD DROP"))
}

// removeForwardRules removes the rules and says how many there were.
func removeForwardRules(ctx context.Context) (int, error) {
	if !hasProgram("iptables") {
		return 0, nil
	}
	removed := 0
	for _, rule := range forwardRules() {
		for {
			if _, err := run(ctx, "", "iptables", append([]string{"-w", "-C", "FORWARD"}, rule...)...); err != nil {
				break
			}
			if _, err := run(ctx, "", "iptables", append([]string{"-w", "-D", "FORWARD"}, rule...)...); err != nil {
				return removed, err
			}
			removed++
		}
	}
	return removed, nil
}

// route is a line of `ip -json route`.
type route struct {
	Destination string `json:"dst"`
	Device      string `json:"dev"`
}

func readRoutes(ctx context.Context) ([]route, error) {
	out, err := run(ctx, "", "ip", "-4", "-json", "route", "show", "table", "all")
	if err != nil {
		return nil, fmt.Errorf("reading this machine's routes: %w", err)
	}
	return parseRoutes(out)
}

func parseRoutes(out []byte) ([]route, error) {
	var routes []route
	if err := json.Unmarshal(out, &routes); err != nil {
		return nil, fmt.Errorf("reading this machine's routes: %w", err)
	}
	return routes, nil
}

// defaultDevices are the devices that lead outside.
func defaultDevices(routes []route) []string {
	var devices []string
	for _, r := range routes {
		if r.Destination == "default" && r.Device != "" && r.Device != cable {
			devices = append(devices, r.Device)
		}
	}
	return devices
}

// overlapping returns the routes that lead the node's addresses elsewhere.
func overlapping(routes []route) []route {
	var found []route
	for _, r := range routes {
		if r.Device == cable || r.Destination == "default" {
			continue
		}
		prefix, err := netip.ParsePrefix(r.Destination)
		if err != nil {
			address, err := netip.ParseAddr(r.Destination)
			if err != nil {
				continue // a multicast or other special route
			}
			prefix = netip.PrefixFrom(address, address.BitLen())
		}
		// A wider route, a VPN's 10.0.0.0/8, is no hindrance: ours are narrower.
		if prefix.Overlaps(podRange) && prefix.Bits() >= podRange.Bits() ||
			prefix.Overlaps(serviceRange) && prefix.Bits() >= serviceRange.Bits() {
			found = append(found, r)
		}
	}
	return found
}

// outsideMTU is what fits through the way out, at most that of Ethernet.
func outsideMTU(devices []string) int {
	mtu := 1500
	for _, device := range devices {
		if i, err := net.InterfaceByName(device); err == nil {
			mtu = min(mtu, i.MTU)
		}
	}
	return mtu
}

func readSysctl(name string) (string, error) {
	data, err := os.ReadFile("/proc/sys/" + name)
	return strings.TrimSpace(string(data)), err
}

func setSysctl(name, value string) error {
	if err := os.WriteFile("/proc/sys/"+name, []byte(value), 0o644); err != nil {
		return fmt.Errorf("setting %s: %w", strings.ReplaceAll(name, "/", "."), err)
	}
	return nil
}
