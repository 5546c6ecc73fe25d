package local

import (
	"fmt"
	"path/filepath"

	"github.com/daprstack/daprstack/internal/progress"
	"github.com/daprstack/daprstack/local/images"
)

// Context is the name of the node's context in its kubeconfig.
const Context = "daprstack-local"

// NodeName is the node's name in Kubernetes.
const NodeName = "daprstack-local"

// StorageClass is the name of the default storage class.
const StorageClass = "daprstack-local"

// WayOut ends every refusal: it says how to do without a local node.
const WayOut = "or use a cluster that you have: make up CONTEXT=<a context of your kubeconfig>"

const (
	defaultRoot = "/var/lib/daprstack"
	defaultRun  = "/run/daprstack"
)

// Options say where the node keeps its files and what it is built from.
type Options struct {
	// Report receives progress messages. Required by Up, Down and Load.
	Report *progress.Reporter
	// Tools are the absolute paths of the programs that were built, by name. Up
	// needs node, coredns and pause.
	Tools map[string]string
	// Images are loaded into the node, in addition to the pause image, unless it
	// has them already. Default none.
	Images []images.Image
	// Root is the absolute path of a directory for what survives a reboot: data,
	// volumes, certificates, logs, kubeconfig. Default /var/lib/daprstack.
	Root string
	// Run is the absolute path of a directory for what does not: sockets and
	// state. Default /run/daprstack.
	Run string
}

// withDefaults returns the options with Root and Run filled in.
func (o Options) withDefaults() Options {
	if o.Root == "" {
		o.Root = defaultRoot
	}
	if o.Run == "" {
		o.Run = defaultRun
	}
	return o
}

// layout knows the paths of the node's files.
type layout struct{ root, run string }

func (o Options) layout() layout {
	o = o.withDefaults()
	return layout{root: filepath.Clean(o.Root), run: filepath.Clean(o.Run)}
}

func (l layout) kubeconfig() string { return filepath.Join(l.root, "kubeconfig") }

// cgroup returns the name of the parent of the pods' control groups.
func (l layout) cgroup() string         { return filepath.Base(l.root) }
func (l layout) pki() string            { return filepath.Join(l.root, "pki") }
func (l layout) config(n string) string { return filepath.Join(l.root, "config", n) }
func (l layout) etcd() string           { return filepath.Join(l.root, "etcd") }
func (l layout) containerd() string     { return filepath.Join(l.root, "containerd") }
func (l layout) kubelet() string        { return filepath.Join(l.root, "kubelet") }
func (l layout) flexVolumes() string    { return filepath.Join(l.kubelet(), "volume-plugins") }
func (l layout) podLogs() string        { return filepath.Join(l.root, "pods") }
func (l layout) volumes() string        { return filepath.Join(l.root, "volumes") }
func (l layout) logs() string           { return filepath.Join(l.root, "logs") }
func (l layout) log(name string) string { return filepath.Join(l.logs(), name+".log") }
func (l layout) imported() string       { return filepath.Join(l.root, "images") }
func (l layout) forwarding() string     { return filepath.Join(l.root, "forwarding.json") }
func (l layout) plan() string           { return l.config("plan.json") }
func (l layout) lock() string           { return filepath.Join(l.run, "lock") }
func (l layout) supervisor() string     { return filepath.Join(l.root, "supervisor.json") }
func (l layout) states() string         { return filepath.Join(l.run, "processes.json") }
func (l layout) resolvConf() string     { return filepath.Join(l.run, "resolv.conf") }
func (l layout) scratch() string        { return filepath.Join(l.run, "scratch") }
func (l layout) containerdSock() string { return filepath.Join(l.run, "containerd", "containerd.sock") }

// Kubeconfig returns the path of the node's kubeconfig file under the default
// root.
func Kubeconfig() string { return Options{}.layout().kubeconfig() }

// tool returns the path of one of the Tools.
func (o Options) tool(name string) (string, error) {
	path := o.Tools[name]
	if !filepath.IsAbs(path) {
		return "", fmt.Errorf("the local node needs the absolute path of the tool %s, got %q", name, path)
	}
	return path, nil
}
