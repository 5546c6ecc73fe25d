//go:build linux

package local

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/daprstack/daprstack/local/pki"
	"github.com/daprstack/daprstack/local/supervisor"
)

// The node's programs.
const (
	etcd               = "etcd"
	kubeAPIServer      = "kube-apiserver"
	kubeControllers    = "kube-controller-manager"
	kubeScheduler      = "kube-scheduler"
	containerd         = "containerd"
	kubelet            = "kubelet"
	kubeProxy          = "kube-proxy"
	coredns            = "coredns"
	storageProvisioner = "storage-provisioner"
)

// plan tells the supervisor what to run. Up restarts a running node whose plan
// differs from the one that it makes.
type plan struct {
	Root, Run string
	// Executables are the paths of the executables, by program.
	Executables map[string]string
	// Configs are the rendered configuration files, by name.
	Configs map[string]string
	// Args are the arguments, by program.
	Args map[string][]string
	// Env is the environment of all programs.
	Env []string
	// MTU is that of the node's and the pods' virtual Ethernet devices.
	MTU int
}

// newPlan makes a plan. The same arguments always give the same plan.
func newPlan(o Options, s settings, containerdPath string, env []string) (plan, error) {
	node, err := o.tool("node")
	if err != nil {
		return plan{}, err
	}
	dns, err := o.tool("coredns")
	if err != nil {
		return plan{}, err
	}
	configs, err := renderConfigs(s)
	if err != nil {
		return plan{}, err
	}
	p := plan{
		Root: s.root, Run: s.run, MTU: s.MTU, Env: env,
		Executables: map[string]string{containerd: containerdPath, coredns: dns},
		Configs:     map[string]string{},
		Args:        arguments(s.layout, s.PKI),
	}
	for name := range p.Args {
		if _, ok := p.Executables[name]; !ok {
			p.Executables[name] = node
		}
	}
	for name, text := range configs {
		p.Configs[name] = string(text)
	}
	return p, nil
}

// arguments returns the arguments of each program.
func arguments(l layout, dir *pki.Dir) map[string][]string {
	kubeconfig := func(user string) string { return l.config(user + ".kubeconfig") }
	etcdURL := fmt.Sprintf("http://127.0.0.1:%d", etcdPort)
	etcdPeerURL := fmt.Sprintf("http://127.0.0.1:%d", etcdPeerPort)
	return map[string][]string{
		etcd: {
			"--name=" + NodeName,
			"--data-dir=" + l.etcd(),
			"--listen-client-urls=" + etcdURL,
			"--advertise-client-urls=" + etcdURL,
			"--listen-peer-urls=" + etcdPeerURL,
			"--initial-advertise-peer-urls=" + etcdPeerURL,
			"--initial-cluster=" + NodeName + "=" + etcdPeerURL,
			"--auto-compaction-retention=1h",
			"--heartbeat-interval=500", "--election-timeout=5000", "--initial-election-tick-advance=true",
			"--log-level=warn",
		},
		kubeAPIServer: {
			"--bind-address=" + nodeIP.String(),
			"--advertise-address=" + nodeIP.String(),
			"--secure-port=" + strconv.Itoa(apiPort),
			"--etcd-servers=" + etcdURL,
			"--service-cluster-ip-range=" + serviceRange.String(),
			"--tls-cert-file=" + dir.Cert(apiserverCert),
			"--tls-private-key-file=" + dir.Key(apiserverCert),
			"--client-ca-file=" + dir.Cert(clusterCA),
			"--anonymous-auth=false",
			"--authorization-mode=Node,RBAC",
			"--enable-admission-plugins=NodeRestriction",
			"--allow-privileged=true",
			"--kubelet-client-certificate=" + dir.Cert(kubeletClient),
			"--kubelet-client-key=" + dir.Key(kubeletClient),
			"--kubelet-certificate-authority=" + dir.Cert(clusterCA),
			"--kubelet-preferred-address-types=InternalIP", // no DNS knows the node's name
			"--service-account-issuer=https://kubernetes.default.svc." + clusterDomain,
			"--service-account-key-file=" + dir.PublicKey(accountsKey),
			"--service-account-signing-key-file=" + dir.Key(accountsKey),
			"--requestheader-client-ca-file=" + dir.Cert(frontProxyCA),
			"--requestheader-allowed-names=" + frontProxyCert,
			"--requestheader-username-headers=X-Remote-User",
			"--requestheader-group-headers=X-Remote-Group",
			"--requestheader-extra-headers-prefix=X-Remote-Extra-",
			"--proxy-client-cert-file=" + dir.Cert(frontProxyCert),
			"--proxy-client-key-file=" + dir.Key(frontProxyCert),
			"--profiling=false",
		},
		kubeControllers: {
			"--kubeconfig=" + kubeconfig(kubeControllers),
			"--authentication-kubeconfig=" + kubeconfig(kubeControllers),
			"--authorization-kubeconfig=" + kubeconfig(kubeControllers),
			"--bind-address=127.0.0.1",
			"--secure-port=" + strconv.Itoa(controllersPort),
			"--leader-elect=false",
			"--use-service-account-credentials=true",
			"--service-account-private-key-file=" + dir.Key(accountsKey),
			"--root-ca-file=" + dir.Cert(clusterCA),
			"--cluster-signing-cert-file=" + dir.Cert(clusterCA),
			"--cluster-signing-key-file=" + dir.Key(clusterCA),
			"--client-ca-file=" + dir.Cert(clusterCA),
			"--requestheader-client-ca-file=" + dir.Cert(frontProxyCA),
			"--allocate-node-cidrs=false",
			"--flex-volume-plugin-dir=" + l.flexVolumes(), // it makes this directory
			"--kube-api-qps=200", "--kube-api-burst=400",
			"--profiling=false",
		},
		kubeScheduler: {
			"--kubeconfig=" + kubeconfig(kubeScheduler),
			"--authentication-kubeconfig=" + kubeconfig(kubeScheduler),
			"--authorization-kubeconfig=" + kubeconfig(kubeScheduler),
			"--bind-address=127.0.0.1",
			"--secure-port=" + strconv.Itoa(schedulerPort),
			"--leader-elect=false",
			"--kube-api-qps=200", "--kube-api-burst=400",
			"--profiling=false",
		},
		containerd: {"--config=" + l.config(containerdConfig), "--log-level=warn"},
		kubelet: {
			"--config=" + l.config(kubeletConfig),
			"--kubeconfig=" + kubeconfig(kubelet),
			"--root-dir=" + l.kubelet(),
			"--hostname-override=" + NodeName,
			"--node-ip=" + nodeIP.String(),
		},
		kubeProxy: {"--config=" + l.config(proxyConfig)},
		coredns:   {"-conf=" + l.config(corednsConfig)},
		storageProvisioner: {
			"--kubeconfig=" + kubeconfig(storageProvisioner),
			"--name=" + provisioner,
			"--node=" + NodeName,
			"--root=" + l.volumes(),
		},
	}
}

// programs returns the programs of the plan as the supervisor runs them: each
// after the ones that it needs, so that its first start does not fail.
func (p plan) programs(l layout) []supervisor.Program {
	loopback := func(port int, path string) string { return fmt.Sprintf("http://127.0.0.1:%d%s", port, path) }
	order := []supervisor.Program{
		{Name: etcd, Ready: answers(loopback(etcdPort, "/readyz"))},
		{Name: containerd, Ready: dials("unix", l.containerdSock())},
		{Name: kubeAPIServer, After: []string{etcd}, Ready: apiReady(l)},
		{Name: kubeControllers, After: []string{kubeAPIServer}, Ready: dials("tcp", fmt.Sprintf("127.0.0.1:%d", controllersPort))},
		{Name: kubeScheduler, After: []string{kubeAPIServer}, Ready: dials("tcp", fmt.Sprintf("127.0.0.1:%d", schedulerPort))},
		{Name: kubelet, After: []string{kubeAPIServer, containerd}, Ready: answers(loopback(kubeletHealthPort, "/healthz"))},
		{Name: kubeProxy, After: []string{kubeAPIServer}, Ready: answers(loopback(proxyHealthPort, "/livez"))},
		{Name: coredns, After: []string{kubeAPIServer}, Ready: answers(loopback(corednsReadyPort, "/ready"))},
		{Name: storageProvisioner, After: []string{kubeAPIServer}},
	}
	for i := range order {
		o := &order[i]
		o.Path, o.Args, o.Env = p.Executables[o.Name], p.Args[o.Name], p.Env
		if o.Name != containerd { // the only one that talks to the outside
			o.Env = slices.DeleteFunc(slices.Clone(p.Env), isProxy)
		}
	}
	return order
}

// proxyVariables are the variables that containerd needs to pull images through a
// proxy.
var proxyVariables = []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "NO_PROXY", "no_proxy"}

// environment returns the environment of the node's programs. Of the caller's it
// keeps only the proxies, and never uses them for the node's own addresses.
func environment(lookup func(string) (string, bool)) []string {
	env := []string{"PATH=" + strings.Join(programDirs, ":"), "HOME=/root"}
	for _, name := range proxyVariables {
		value, ok := lookup(name)
		if strings.EqualFold(name, "NO_PROXY") {
			value = strings.TrimPrefix(value+","+strings.Join([]string{podRange.String(), serviceRange.String(), "127.0.0.1", "localhost", "." + clusterDomain}, ","), ",")
		} else if !ok {
			continue
		}
		env = append(env, name+"="+value)
	}
	return env
}

func isProxy(variable string) bool {
	name, _, _ := strings.Cut(variable, "=")
	return slices.Contains(proxyVariables, name)
}

// answers returns a check that succeeds once the URL answers 200.
func answers(url string) func(context.Context) error {
	return func(ctx context.Context) error { return get(ctx, http.DefaultClient, url) }
}

// dials returns a check that succeeds once something listens on the address.
func dials(network, address string) func(context.Context) error {
	return func(ctx context.Context) error {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if err != nil {
			return err
		}
		return conn.Close()
	}
}

// apiReady returns a check that succeeds once the API server is ready. It asks as
// the administrator.
func apiReady(l layout) func(context.Context) error {
	return func(ctx context.Context) error {
		client, err := httpClient(l.kubeconfig())
		if err != nil {
			return err
		}
		return get(ctx, client, apiURL+"/readyz")
	}
}

func get(ctx context.Context, client *http.Client, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, response.Status)
	}
	return nil
}
