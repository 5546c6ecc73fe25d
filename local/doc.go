// Package local runs one real Kubernetes node on this machine: etcd, the API
// server, the controllers, the scheduler, the kubelet, kube-proxy, CoreDNS and
// containerd as plain processes, pods under runc, volumes in directories.
//
// The node lives in process, network and mount namespaces of its own, whose
// process 1 is the supervisor. That keeps it apart from everything else on the
// machine and makes it easy to remove:
//
//   - When the supervisor ends, for whatever reason, the kernel ends every process
//     of the node, pods included, and drops their mounts, interfaces, firewall
//     rules and listening ports. So Up does the same after a crash, a kill or a
//     reboot: it starts afresh on the data that etcd and the volumes keep.
//   - No port of the node is a port of the machine, so none can be in use already.
//   - The node sees a /run, /var/lib and /var/log of its own, so that a kubelet or
//     a containerd that the machine already runs is never touched.
//
// On the machine itself there are only the node's files, its control groups, the
// network interface daprstack0 that leads to it, one nftables table and the
// forwarding that let it reach the outside. Down removes them all.
package local
