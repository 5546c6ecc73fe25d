//go:build linux

package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
)

// rules let the node reach the outside under this machine's own address, and
// let nobody but this machine reach the node. The first two lines empty the
// table if it exists.
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

// openOutside lets the node reach whatever this machine reaches, through the
// devices that the default routes use.
func openOutside(ctx context.Context, l layout) error {
	if _, err := run(ctx, fmt.Sprintf(rules, table, podRange, hostVeth), "nft", "-f", "-"); err != nil {
		return fmt.Errorf("adding the nftables table %s: %w", table, err)
	}
	if err := allowForwarding(ctx); err != nil {
		return err
	}
	if err := setSysctl("net/ipv4/conf/"+hostVeth+"/forwarding", "1"); err != nil {
		return err
	}
	routes, err := readRoutes()
	if err != nil {
		return err
	}
	return forwardFrom(l, defaultDevices(routes))
}

// forwardFrom turns on forwarding for the devices that lead outside, one by one
// rather than for the whole machine, and records those that it changed, each
// before it changes it.
func forwardFrom(l layout, devices []string) error {
	var changed []string
	_ = readJSON(l.forwarding(), &changed) // there may be no record yet
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

// closeOutside undoes openOutside and returns what it removed.
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
	// If somebody has turned on forwarding for the whole machine since, it stays.
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

// forwardRules returns iptables rules that let the node's traffic through a
// firewall that forwards nothing by default, as Docker's does.
func forwardRules() [][]string {
	comment := []string{"-m", "comment", "--comment", table, "-j", "ACCEPT"}
	return [][]string{
		append([]string{"-i", hostVeth}, comment...),
		append([]string{"-o", hostVeth}, comment...),
	}
}

// allowForwarding adds the forward rules that are needed and missing.
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

// dropsForwarded reports whether iptables is installed and forwards nothing by
// default.
func dropsForwarded(ctx context.Context) bool {
	rules, err := run(ctx, "", "iptables", "-w", "-S", "FORWARD")
	return err == nil && bytes.Contains(rules, []byte("-P FORWARD DROP"))
}

// removeForwardRules removes the forward rules and returns how many there were.
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
