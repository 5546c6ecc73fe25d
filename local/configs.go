//go:build linux

package local

import (
	"bytes"
	"fmt"
	"text/template"

	"github.com/daprstack/daprstack/local/pki"
)

// apiURL is the address of the API server, from this machine and from the node.
var apiURL = fmt.Sprintf("https://%s:%d", nodeIP, apiPort)

// settings are the values that the configuration files are rendered with.
type settings struct {
	layout
	PKI *pki.Dir
	MTU int // of the node's and the pods' virtual Ethernet devices
}

// renderConfigs renders the configuration files and returns them by name.
func renderConfigs(s settings) (map[string][]byte, error) {
	files := map[string][]byte{}
	for name, text := range map[string]string{
		containerdConfig: containerdText,
		kubeletConfig:    kubeletText,
		proxyConfig:      proxyText,
		corednsConfig:    corednsText,
		cniConfig:        cniText,
	} {
		var out bytes.Buffer
		if err := template.Must(template.New(name).Parse(text)).Execute(&out, s.values()); err != nil {
			return nil, fmt.Errorf("rendering %s: %w", name, err)
		}
		files[name] = out.Bytes()
	}
	return files, nil
}

// The configuration files' names.
const (
	containerdConfig = "containerd.toml"
	kubeletConfig    = "kubelet.yaml"
	proxyConfig      = "kube-proxy.yaml"
	corednsConfig    = "Corefile"
	cniConfig        = "cni/10-daprstack.conflist"
)

func (s settings) values() map[string]any {
	return map[string]any{
		"Containerd":       s.containerd(),
		"ContainerdSocket": s.containerdSock(),
		"PauseImage":       pauseImage,
		"CNI":              s.config("cni"),
		"CgroupRoot":       "/" + s.cgroup(),
		"FlexVolumes":      s.flexVolumes(),
		"PodLogs":          s.podLogs(),
		"ResolvConf":       s.resolvConf(),
		"ClientCA":         s.PKI.Cert(clusterCA),
		"KubeletCert":      s.PKI.Cert(kubeletServer),
		"KubeletKey":       s.PKI.Key(kubeletServer),
		"KubeletPort":      kubeletPort,
		"KubeletHealth":    kubeletHealthPort,
		"ProxyKubeconfig":  s.config(kubeProxy + ".kubeconfig"),
		"ProxyHealth":      proxyHealthPort,
		"ProxyMetrics":     proxyMetricsPort,
		"CorednsConfig":    s.config(coredns + ".kubeconfig"),
		"CorednsHealth":    corednsHealthPort,
		"CorednsReady":     corednsReadyPort,
		"DNSPort":          dnsPort,
		"Domain":           clusterDomain,
		"Context":          Context,
		"Node":             NodeName,
		"NodeIP":           nodeIP,
		"HostIP":           hostIP,
		"Pods":             podRange,
		"FirstPod":         firstPodIP,
		"LastPod":          lastPodIP,
		"MTU":              s.MTU,
	}
}

// containerdText turns off the opt plugin because it makes /opt/containerd, and
// AppArmor because its profile would stay in this machine's kernel.
// restrict_oom_score_adj is for machines whose root may not lower a score.
const containerdText = `version = 2
root = "{{.Containerd}}"
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.internal.v1.opt",
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
]

[grpc]
  address = "{{.ContainerdSocket}}"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{{.PauseImage}}"
  restrict_oom_score_adj = true
  disable_apparmor = true

  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false

  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{{.CNI}}"
`

// cniText connects each pod to the node by a pair of virtual Ethernet devices of
// its own, so that all of its traffic passes the node's rules and no bridge is
// needed. Leases are in /run and so end with the pods.
const cniText = `{
  "cniVersion": "0.4.0",
  "name": "daprstack",
  "plugins": [
    {
      "type": "ptp",
      "mtu": {{.MTU}},
      "ipam": {
        "type": "host-local",
        "dataDir": "/run/cni",
        "ranges": [[{"subnet": "{{.Pods}}", "rangeStart": "{{.FirstPod}}", "rangeEnd": "{{.LastPod}}", "gateway": "{{.NodeIP}}"}]],
        "routes": [{"dst": "0.0.0.0/0"}]
      }
    }
  ]
}
`

// kubeletText keeps the kubelet from removing images or evicting pods for lack of
// space, because images that were loaded cannot be pulled again. It lets a pod
// whose peers are not up yet restart within seconds instead of minutes.
const kubeletText = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: {{.NodeIP}}
port: {{.KubeletPort}}
healthzBindAddress: 127.0.0.1
healthzPort: {{.KubeletHealth}}
tlsCertFile: {{.KubeletCert}}
tlsPrivateKeyFile: {{.KubeletKey}}
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: true}
  x509: {clientCAFile: {{.ClientCA}}}
authorization: {mode: Webhook}
containerRuntimeEndpoint: unix://{{.ContainerdSocket}}
clusterDNS: [{{.NodeIP}}]
clusterDomain: {{.Domain}}
resolvConf: {{.ResolvConf}}
failCgroupV1: false
cgroupDriver: cgroupfs
cgroupRoot: {{.CgroupRoot}}
cgroupsPerQOS: true
enforceNodeAllocatable: []
failSwapOn: false
oomScoreAdj: 0
makeIPTablesUtilChains: false
podLogsDir: {{.PodLogs}}
volumePluginDir: {{.FlexVolumes}}
containerLogMaxSize: 10Mi
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
evictionHard: {memory.available: 50Mi, nodefs.available: 0%, nodefs.inodesFree: 0%, imagefs.available: 0%, imagefs.inodesFree: 0%}
syncFrequency: 10s
configMapAndSecretChangeDetectionStrategy: Watch
crashLoopBackOff: {maxContainerRestartPeriod: 3s}
serializeImagePulls: false
registryPullQPS: 50
registryBurst: 100
eventRecordQPS: 100
eventBurst: 200
kubeAPIQPS: 200
kubeAPIBurst: 400
`

// proxyText selects the nftables mode, which needs no program but nft. The limits
// of connection tracking belong to the machine and are left alone.
const proxyText = `apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
clientConnection: {kubeconfig: {{.ProxyKubeconfig}}, qps: 200, burst: 400}
hostnameOverride: {{.Node}}
bindAddress: {{.NodeIP}}
healthzBindAddress: 127.0.0.1:{{.ProxyHealth}}
metricsBindAddress: 127.0.0.1:{{.ProxyMetrics}}
clusterCIDR: {{.Pods}}
detectLocalMode: ClusterCIDR
nodePortAddresses: [primary]
nftables: {minSyncPeriod: 100ms}
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
oomScoreAdj: 0
`

// corednsText does not cache the cluster's own names, so that a new Service is
// found at once.
const corednsText = `.:{{.DNSPort}} {
  bind {{.NodeIP}}
  errors
  health 127.0.0.1:{{.CorednsHealth}}
  ready 127.0.0.1:{{.CorednsReady}}
  kubernetes {{.Domain}} in-addr.arpa ip6.arpa {
    kubeconfig {{.CorednsConfig}} {{.Context}}
    pods insecure
    fallthrough in-addr.arpa ip6.arpa
  }
  forward . {{.ResolvConf}}
  cache 30 {
    disable success {{.Domain}}
    disable denial {{.Domain}}
  }
}
`
