package redistest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// Cluster is a Redis Cluster of three masters, each with a replica.
type Cluster struct {
	Nodes []*Process

	t testing.TB
}

const slots = 16384

// NewCluster starts six nodes and waits until they are a cluster.
func NewCluster(t testing.TB, o Options) *Cluster {
	t.Helper()
	o.defaults()
	c := &Cluster{t: t}
	var buses []int
	for range 6 {
		bus := freePort(t, o.Host)
		lines := []string{
			"cluster-enabled yes", fmt.Sprintf("cluster-port %d", bus), "cluster-node-timeout 2000",
			"cluster-announce-ip " + o.Host,
		}
		if o.TLS != nil {
			lines = append(lines, "tls-cluster yes")
		}
		buses = append(buses, bus)
		c.Nodes = append(c.Nodes, server(t, o, freePort(t, o.Host), lines...))
	}
	for i, node := range c.Nodes[1:] {
		c.Nodes[0].do("cluster", "meet", o.Host, portOf(node), buses[i+1])
	}
	for i, node := range c.Nodes[:3] {
		node.do("cluster", "addslotsrange", i*slots/3, (i+1)*slots/3-1)
	}
	for i, node := range c.Nodes[3:] {
		master := c.Nodes[i].do("cluster", "myid")
		Eventually(t, node.Addr+" knows its master", func() error {
			client := node.client()
			defer client.Close()
			return client.ClusterReplicate(t.Context(), master).Err()
		})
	}
	c.Whole()
	for _, node := range c.Nodes[3:] {
		Eventually(t, node.Addr+" has what its master has", func() error {
			if said := node.ask("info", "replication"); !strings.Contains(said, "master_link_status:up") {
				return fmt.Errorf("it says %s", said)
			}
			return nil
		})
	}
	return c
}

// Whole waits until every node that runs sees the whole cluster working.
func (c *Cluster) Whole() {
	c.t.Helper()
	for _, node := range c.Nodes {
		if node.running == nil {
			continue
		}
		Eventually(c.t, node.Addr+" sees the whole cluster", func() error {
			said := node.ask("cluster", "info")
			if !strings.Contains(said, "cluster_state:ok") || !strings.Contains(said, "cluster_known_nodes:6") || !strings.Contains(said, "cluster_size:3") {
				return fmt.Errorf("it says %s", said)
			}
			return nil
		})
	}
}

// Addrs returns the addresses of the first three nodes, separated by commas: a
// client finds the others.
func (c *Cluster) Addrs() string { return addrs(c.Nodes[:3]) }

// MasterOf returns the master that has a key.
func (c *Cluster) MasterOf(key string) *Process {
	c.t.Helper()
	o := &redis.ClusterOptions{Protocol: 2, DisableIdentity: true, Password: c.Nodes[0].options.Password}
	for _, node := range c.Nodes {
		if node.running != nil {
			o.Addrs = append(o.Addrs, node.Addr)
		}
	}
	if s := c.Nodes[0].options.TLS; s != nil {
		o.TLSConfig = s.Config()
	}
	client := redis.NewClusterClient(o)
	defer client.Close()
	master, err := client.MasterForKey(c.t.Context(), key)
	require.NoError(c.t, err)
	return processAt(c.t, c.Nodes, master.Options().Addr)
}

// ReplicasOf returns the nodes that follow the master that has a key.
func (c *Cluster) ReplicasOf(key string) (all []*Process) {
	c.t.Helper()
	master := c.MasterOf(key)
	for _, node := range c.Nodes {
		if node != master && node.running != nil && strings.Contains(node.ask("info", "replication"), "master_port:"+portOf(master)) {
			all = append(all, node)
		}
	}
	return all
}

// KillMasterOf kills the master that has a key and waits until its replica has
// taken its place. It returns the one that was killed.
func (c *Cluster) KillMasterOf(key string) *Process {
	c.t.Helper()
	killed := c.MasterOf(key)
	killed.Kill()
	Eventually(c.t, "the replica of "+killed.Addr+" is a master", func() error {
		if c.MasterOf(key) == killed {
			return fmt.Errorf("it is still %s", killed.Addr)
		}
		return nil
	})
	c.Whole()
	return killed
}
