package local

import "net/netip"

// The node's own network. The host is a neighbour of the node on it.
var (
	podRange     = netip.MustParsePrefix("10.210.0.0/24")
	serviceRange = netip.MustParsePrefix("10.211.0.0/16")

	// nodeIP is the node, the API server's address and the cluster's DNS.
	nodeIP = netip.MustParseAddr("10.210.0.1")
	// hostIP is this machine as the node sees it.
	hostIP = netip.MustParseAddr("10.210.0.2")
	// firstPodIP and lastPodIP bound what pods get.
	firstPodIP = netip.MustParseAddr("10.210.0.10")
	lastPodIP  = netip.MustParseAddr("10.210.0.250")
	// kubernetesIP is the Service kubernetes.default.
	kubernetesIP = netip.MustParseAddr("10.211.0.1")
)

const (
	// cable is the host's end of the virtual cable to the node, nodeCable the
	// node's.
	cable     = "daprstack0"
	nodeCable = "eth0"
	// table is the host's nftables table of ours.
	table = "daprstack"

	clusterDomain = "cluster.local"
	pauseImage    = "localhost/daprstack-pause:1"
	provisioner   = "daprstack.dev/directory"
)

// Ports of the node's programs, in its own network namespace.
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
