package toolchain

import "fmt"

// Versions of what the tools are built from. The modules beside this file pin them;
// a test keeps the two in step.
const (
	PulumiVersion     = "3.259.0"
	KubernetesVersion = "1.36.3"
	DaprVersion       = "1.18.2"
)

// The tools, by the name of their binary. Node and Dapr are several programs in one
// binary, which runs the one whose name it is started by.
const (
	Pulumi             = "pulumi"
	KubernetesProvider = "pulumi-resource-kubernetes"
	RandomProvider     = "pulumi-resource-random"
	TLSProvider        = "pulumi-resource-tls"
	Node               = "node"
	CoreDNS            = "coredns"
	Pause              = "pause"
	Helm               = "helm" // the yardstick of the benchmarks
	Dapr               = "dapr"
	YAMLHost           = "pulumi-language-yaml" // runs programs in Pulumi YAML, for the tests
)

// The programs of this checkout.
const (
	Driver   = "daprstack"
	Policy   = "pulumi-analyzer-daprstack" // named as the engine's plugins are
	Provider = "pulumi-resource-daprstack"
	Frontend = "todo-frontend"
	Backend  = "todo-backend"
	Activity = "todo-activity"
)

// Engine lists the tools that a deployment needs, on any cluster.
var Engine = append([]string{Pulumi}, Providers...)

// Providers lists the plugins of the engine that the program needs.
var Providers = []string{KubernetesProvider, RandomProvider, TLSProvider}

// Cluster lists the tools that the local node and its images are made of.
var Cluster = []string{Node, CoreDNS, Dapr, Pause, Frontend, Backend, Activity}

// tool describes a binary. A tool without a module is a program of this checkout.
type tool struct {
	name    string
	version string
	module  string // folder beside this file
	pkg     string
	ldflags string
	tags    string
}

// tools lists the tools in the order in which they are built: one finds packages
// compiled that an earlier one of its module uses too.
var tools = []tool{
	{
		name: Pulumi, version: PulumiVersion, module: "pulumi", pkg: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
		ldflags: "-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v" + PulumiVersion,
	},
	{
		name: Node, version: KubernetesVersion, module: "kubernetes", pkg: "./node",
		// kubectl can't parse the version of a binary that lacks the numbers
		ldflags: "-X k8s.io/component-base/version.gitVersion=v" + KubernetesVersion +
			" -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36",
	},
	{name: RandomProvider, version: "4.21.2", module: "pulumi", pkg: "./random"},
	{name: TLSProvider, version: "5.3.1", module: "pulumi", pkg: "./tls"},
	{
		name: YAMLHost, version: "1.38.1", module: "pulumi", pkg: "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml",
		ldflags: "-X github.com/pulumi/pulumi-yaml/pkg/version.Version=v1.38.1",
	},
	{name: CoreDNS, version: "1.13.1", module: "kubernetes", pkg: "./coredns"},
	{name: Pause, version: "1", module: "kubernetes", pkg: "./pause"},
	{name: KubernetesProvider, version: "4.25.0", module: "kubernetes-provider", pkg: "."},
	{
		name: Dapr, version: DaprVersion, module: "dapr", pkg: ".",
		ldflags: "-X github.com/dapr/dapr/pkg/buildinfo.version=" + DaprVersion +
			" -X github.com/dapr/kit/logger.DaprVersion=" + DaprVersion,
		tags: "stablecomponents", // without one of its tags the sidecar panics
	},
	{name: Helm, version: "3.22.0", module: "helm", pkg: "helm.sh/helm/v3/cmd/helm"},
	{name: Driver, pkg: "./cmd/daprstack"},
	{name: Policy, pkg: "./policy"},
	{name: Provider, pkg: "./cmd/pulumi-resource-daprstack"},
	{name: Frontend, pkg: "./examples/todo/frontend"},
	{name: Backend, pkg: "./examples/todo/backend"},
	{name: Activity, pkg: "./examples/todo/activity"},
}

func find(name string) (tool, error) {
	for _, t := range tools {
		if t.name == name {
			return t, nil
		}
	}
	return tool{}, fmt.Errorf("toolchain: there is no tool %q", name)
}

func (t tool) String() string {
	if t.version == "" {
		return t.name
	}
	return t.name + " " + t.version
}

// Version returns the pinned version of a tool, without a leading v.
func Version(name string) (string, error) {
	t, err := find(name)
	return t.version, err
}
