//go:build linux

package local

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
)

// connectHost connects this machine to the node whose supervisor is pid: it
// adds a pair of virtual Ethernet devices, one end here, the other in the node,
// and routes the node's addresses to it.
func connectHost(pid, mtu int) error {
	veth := &netlink.Veth{
		LinkAttrs:     netlink.LinkAttrs{Name: hostVeth, MTU: mtu},
		PeerName:      nodeVeth,
		PeerMTU:       uint32(mtu),
		PeerNamespace: netlink.NsPid(pid),
	}
	err := netlink.LinkAdd(veth)
	if err == nil {
		err = configure(veth, hostIP, nodeIP, podRange, serviceRange)
	}
	if err != nil {
		return fmt.Errorf("connecting this machine to the node: interface %s: %w", hostVeth, err)
	}
	return nil
}

// connectNode sets up the node's end of the connection. It is called inside the
// node.
func connectNode() error {
	lo, err := netlink.LinkByName("lo")
	if err == nil {
		err = netlink.LinkSetUp(lo)
	}
	if err != nil {
		return fmt.Errorf("bringing up the node's loopback interface: %w", err)
	}
	veth, err := netlink.LinkByName(nodeVeth)
	if err == nil {
		err = configure(veth, nodeIP, hostIP, netip.MustParsePrefix("0.0.0.0/0"))
	}
	if err != nil {
		return fmt.Errorf("connecting the node to this machine: interface %s: %w", nodeVeth, err)
	}
	return setSysctl("net/ipv4/ip_forward", "1")
}

// configure gives one end of the pair its address, brings it up and routes the
// ranges to the other end, peer.
func configure(veth netlink.Link, own, peer netip.Addr, ranges ...netip.Prefix) error {
	address := &netlink.Addr{IPNet: netlink.NewIPNet(own.AsSlice()), Peer: netlink.NewIPNet(peer.AsSlice())}
	if err := netlink.AddrAdd(veth, address); err != nil {
		return fmt.Errorf("adding the address %s: %w", own, err)
	}
	if err := netlink.LinkSetUp(veth); err != nil {
		return fmt.Errorf("bringing it up: %w", err)
	}
	for _, r := range ranges {
		destination := &net.IPNet{IP: r.Addr().AsSlice(), Mask: net.CIDRMask(r.Bits(), 32)}
		err := netlink.RouteAdd(&netlink.Route{LinkIndex: veth.Attrs().Index, Dst: destination, Gw: peer.AsSlice()})
		if err != nil {
			return fmt.Errorf("adding the route to %s: %w", r, err)
		}
	}
	return nil
}

// disconnect removes this machine's end of the connection, and with it the
// other end, the addresses and the routes. The kernel does the same when the
// node ends, and may be doing it right now.
func disconnect() error {
	veth, err := netlink.LinkByName(hostVeth)
	if err == nil {
		err = netlink.LinkDel(veth)
	}
	if err != nil && linkExists(hostVeth) {
		return fmt.Errorf("removing the interface %s: %w", hostVeth, err)
	}
	return nil
}

func linkExists(name string) bool {
	_, err := net.InterfaceByName(name)
	return err == nil
}

// route is one of this machine's IPv4 routes.
type route struct {
	Destination netip.Prefix
	Device      string // "" if it leads nowhere
}

// isDefault reports whether the route is for every address.
func (r route) isDefault() bool { return r.Destination.Bits() == 0 }

// readRoutes returns the routes of all of this machine's tables.
func readRoutes() ([]route, error) {
	found, err := netlink.RouteListFiltered(netlink.FAMILY_V4, &netlink.Route{}, netlink.RT_FILTER_TABLE)
	// An interrupted dump may lack the route that was just being changed.
	if err != nil && !errors.Is(err, netlink.ErrDumpInterrupted) {
		return nil, fmt.Errorf("reading this machine's routes: %w", err)
	}
	var routes []route
	for _, f := range found {
		address, _ := netip.AddrFromSlice(f.Dst.IP)
		bits, _ := f.Dst.Mask.Size()
		r := route{Destination: netip.PrefixFrom(address.Unmap(), bits)}
		if device, err := net.InterfaceByIndex(f.LinkIndex); err == nil {
			r.Device = device.Name
		}
		routes = append(routes, r)
	}
	return routes, nil
}

// defaultDevices returns the devices that lead outside.
func defaultDevices(routes []route) []string {
	var devices []string
	for _, r := range routes {
		if r.isDefault() && r.Device != "" && r.Device != hostVeth {
			devices = append(devices, r.Device)
		}
	}
	return devices
}

// overlapping returns the routes that lead the node's addresses elsewhere.
func overlapping(routes []route) []route {
	var found []route
	for _, r := range routes {
		if r.Device == hostVeth || r.isDefault() {
			continue
		}
		for _, own := range []netip.Prefix{podRange, serviceRange} {
			// A wider route, a VPN's 10.0.0.0/8, does no harm: ours are narrower.
			if r.Destination.Overlaps(own) && r.Destination.Bits() >= own.Bits() {
				found = append(found, r)
			}
		}
	}
	return found
}

// outsideMTU returns the largest packet that fits through all of the devices, at
// most that of Ethernet.
func outsideMTU(devices []string) int {
	mtu := 1500
	for _, device := range devices {
		if i, err := net.InterfaceByName(device); err == nil {
			mtu = min(mtu, i.MTU)
		}
	}
	return mtu
}
