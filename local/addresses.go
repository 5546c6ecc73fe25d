//go:build linux

package local

import "net/netip"

// The node's network, which this machine is part of.
var (
	podRange     = netip.MustParsePrefix("10.210.0.0/24")
	serviceRange = netip.MustParsePrefix("10.211.0.0/16")

	// nodeIP is the address of the node, of the API server and of the cluster's
	// DNS.
	nodeIP = netip.MustParseAddr("10.210.0.1")
	// hostIP is this machine's address on that network.
	hostIP = netip.MustParseAddr("10.210.0.2")
	// firstPodIP and lastPodIP bound the addresses of pods.
	firstPodIP = netip.MustParseAddr("10.210.0.10")
	lastPodIP  = netip.MustParseAddr("10.210.0.250")
	// kubernetesIP is the address of the Service kubernetes.default.
	kubernetesIP = netip.MustParseAddr("10.211.0.1")
)

const (
	// hostVeth and nodeVeth are the two ends of the pair of virtual Ethernet
	// devices that connects this machine to the node.
	hostVeth = "daprstack0"
	nodeVeth = "eth0"
	// table is our nftables table on this machine.
	table = "daprstack"

	clusterDomain = "cluster.local"
	pauseImage    = "localhost/daprstack-pause:1"
	provisioner   = "daprstack.dev/directory"
)

// Ports of the node's programs, in the node's network namespace.
const (
	apiPort           = 6443
	etcdPort          = 2379
	etcdPeerPort      = 2380
	kubeletPort       = 10250
	kubeletHealthPort = 10248
	proxyHealthPort   = 10256
	proxyMetricsPort  = 10249
	controllersPort   = 10257
	schedulerPort     = 10259
	corednsHealthPort = 8080
	corednsReadyPort  = 8181
	dnsPort           = 53
)
