// Package local runs one real Kubernetes node on this machine: etcd, the API
// server, the controllers, the scheduler, the kubelet, kube-proxy, CoreDNS and
// containerd as plain processes, pods under runc, volumes in directories.
//
// The node lives in process, network and mount namespaces of its own, whose
// process 1 is the supervisor. That is what keeps it apart from everything else
// on the machine and what makes it removable:
//
//   - When the supervisor ends, whatever ends it, the kernel ends every process
//     of the node, pods included, and drops every mount, interface, firewall rule
//     and listening port with them. Up after a crash, a kill or a reboot is
//     always the same: a fresh start on the data that etcd and the volumes keep.
//   - No port of the node is a port of the machine, none can be taken.
//   - The node sees a /run, /var/lib and /var/log of its own, so that a kubelet or
//     a containerd which the machine already has is never touched.
//
// On the machine itself there are only the node's files, its control groups, the
// virtual cable daprstack0 that leads to it, one nftables table that lets it
// reach the outside, and forwarding between the two. Down removes them all.
package local
