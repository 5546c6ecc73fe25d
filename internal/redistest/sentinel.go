package redistest

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// MasterName is the name by which sentinels know the master.
const MasterName = "mymaster"

// Sentinels are three sentinels with a master and two replicas.
type Sentinels struct {
	Servers, Sentinels []*Process

	t testing.TB
}

// NewSentinels starts servers and sentinels, and waits until they know each other.
func NewSentinels(t testing.TB, o Options) *Sentinels {
	t.Helper()
	o.defaults()
	s := &Sentinels{t: t}
	port := freePort(t, o.Host)
	s.Servers = append(s.Servers, server(t, o, port))
	for range 2 {
		s.Servers = append(s.Servers, server(t, o, freePort(t, o.Host), fmt.Sprintf("replicaof %s %d", o.Host, port)))
	}
	lines := []string{
		"sentinel announce-ip " + o.Host,
		fmt.Sprintf("sentinel monitor %s %s %d 2", MasterName, o.Host, port),
		fmt.Sprintf("sentinel down-after-milliseconds %s 2000", MasterName), fmt.Sprintf("sentinel failover-timeout %s 10000", MasterName),
	}
	if o.Password != "" {
		lines = append(lines, fmt.Sprintf("sentinel auth-pass %s %s", MasterName, o.Password))
	}
	watching := o
	watching.Password = o.SentinelPassword
	if o.SentinelPassword != "" {
		lines = append(lines, "requirepass "+o.SentinelPassword, "sentinel sentinel-pass "+o.SentinelPassword)
	}
	for range 3 {
		s.Sentinels = append(s.Sentinels, start(t, watching, freePort(t, o.Host), lines, "--sentinel"))
	}
	for _, sentinel := range s.Sentinels {
		Eventually(t, sentinel.Addr+" knows everybody", func() error {
			if said := sentinel.ask("info", "sentinel"); !strings.Contains(said, "status=ok") || !strings.Contains(said, "slaves=2,sentinels=3") {
				return fmt.Errorf("it says %s", said)
			}
			return nil
		})
	}
	s.Replicated()
	return s
}

// Replicated waits until every server that runs has what the master has.
func (s *Sentinels) Replicated() {
	s.t.Helper()
	Eventually(s.t, "the replicas have what the master has", func() error {
		master := s.Master()
		for _, server := range s.Servers {
			if server == master || server.running == nil {
				continue
			}
			if said := server.ask("info", "replication"); !strings.Contains(said, "master_link_status:up") || !strings.Contains(said, "master_port:"+portOf(master)) {
				return fmt.Errorf("%s says %s", server.Addr, said)
			}
		}
		return nil
	})
}

func portOf(p *Process) string { return p.Addr[strings.LastIndex(p.Addr, ":")+1:] }

// Addrs returns the addresses of the sentinels, separated by commas.
func (s *Sentinels) Addrs() string { return addrs(s.Sentinels) }

func addrs(all []*Process) string {
	var list []string
	for _, p := range all {
		list = append(list, p.Addr)
	}
	return strings.Join(list, ",")
}

// Master returns the server that is the master, as the first sentinel says.
func (s *Sentinels) Master() *Process {
	s.t.Helper()
	options := s.Sentinels[0].client().Options()
	client := redis.NewSentinelClient(options)
	defer client.Close()
	said, err := client.GetMasterAddrByName(s.t.Context(), MasterName).Result()
	require.NoError(s.t, err)
	return processAt(s.t, s.Servers, net.JoinHostPort(said[0], said[1]))
}

// Replicas returns the servers that are not the master.
func (s *Sentinels) Replicas() (all []*Process) {
	s.t.Helper()
	master := s.Master()
	for _, server := range s.Servers {
		if server != master && server.running != nil {
			all = append(all, server)
		}
	}
	return all
}

func processAt(t testing.TB, all []*Process, addr string) *Process {
	t.Helper()
	for _, p := range all {
		if p.Addr == addr {
			return p
		}
	}
	t.Fatalf("there is no process at %s", addr)
	return nil
}

// KillMaster kills the master and waits until another server has become the
// master. It returns the one that was killed.
func (s *Sentinels) KillMaster() *Process {
	s.t.Helper()
	killed := s.Master()
	killed.Kill() // unless it is dead already
	Eventually(s.t, "another master", func() error {
		if s.Master() == killed {
			return fmt.Errorf("it is still %s", killed.Addr)
		}
		if said := s.Master().ask("role"); !strings.HasPrefix(said, "[master") {
			return fmt.Errorf("it is %s", said)
		}
		return nil
	})
	return killed
}

// Lag lets the replicas fall behind for a while, as when the network between them
// and the master is down, and kills the master then: one of them takes its place
// without what it has missed. It needs a password.
func (s *Sentinels) Lag(d time.Duration) {
	s.t.Helper()
	replicas := s.Replicas()
	master := s.Master()
	for _, replica := range replicas {
		replica.do("config", "set", "masterauth", "wrong")
	}
	master.do("client", "kill", "type", "replica")
	time.Sleep(d)
	master.Kill()
	for _, replica := range replicas {
		replica.do("config", "set", "masterauth", replica.options.Password)
	}
	s.KillMaster().Start()
}
