//go:build linux

package local

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"
)

var someTools = map[string]string{"node": "/tools/node", "coredns": "/tools/coredns", "pause": "/tools/pause"}

func newTestPlan(t *testing.T, l layout) plan {
	t.Helper()
	dir, err := certify(l)
	require.NoError(t, err)
	p, err := newPlan(Options{Tools: someTools}, settings{layout: l, PKI: dir, MTU: 1400}, "/usr/bin/containerd",
		environment(func(string) (string, bool) { return "", false }))
	require.NoError(t, err)
	return p
}

func TestPlanIsTheSameTwice(t *testing.T) {
	l := newLayout(t)
	assert.Equal(t, newTestPlan(t, l), newTestPlan(t, l))
}

func TestARunningNodeIsLeftAloneUntilItsPlanChanges(t *testing.T) {
	l := newLayout(t)
	p := newTestPlan(t, l)
	assert.False(t, p.runs(l), "nothing runs yet")
	require.NoError(t, writeJSON(l.plan(), p))
	assert.True(t, p.runs(l))

	p.Env = append(p.Env, "HTTP_PROXY=http://proxy.test")
	assert.True(t, p.runs(l), "another shell's environment")
	p.Executables[kubelet] = "/tools/newer"
	assert.False(t, p.runs(l))
}

func TestPlanNeedsItsTools(t *testing.T) {
	l := newLayout(t)
	dir, err := certify(l)
	require.NoError(t, err)
	for _, tool := range []string{"node", "coredns"} {
		tools := map[string]string{}
		for name, path := range someTools {
			if name != tool {
				tools[name] = path
			}
		}
		_, err := newPlan(Options{Tools: tools}, settings{layout: l, PKI: dir}, "/usr/bin/containerd", nil)
		assert.EqualError(t, err, "the local node needs the absolute path of the tool "+tool+`, got ""`)
	}
}

func TestConfigsParse(t *testing.T) {
	p := newTestPlan(t, newLayout(t))
	for name, text := range p.Configs {
		var parsed map[string]any
		switch {
		case strings.HasSuffix(name, ".toml"):
			require.NoError(t, toml.Unmarshal([]byte(text), &parsed), name)
		case strings.HasSuffix(name, ".yaml"):
			require.NoError(t, yaml.UnmarshalStrict([]byte(text), &parsed), name)
		case strings.HasSuffix(name, ".conflist"):
			require.NoError(t, json.Unmarshal([]byte(text), &parsed), name)
		}
		assert.NotContains(t, text, "<no value>", name)
		assert.NotContains(t, text, "invalid Prefix", name)
	}
}

// TestKubeletSettings checks settings without which the node fails or is slow on
// some machine.
func TestKubeletSettings(t *testing.T) {
	l := newLayout(t)
	var config map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(newTestPlan(t, l).Configs[kubeletConfig]), &config))
	for key, want := range map[string]any{
		"failCgroupV1": false,
		"cgroupDriver": "cgroupfs",
		"cgroupRoot":   "/root",
		"failSwapOn":   false,
		"configMapAndSecretChangeDetectionStrategy": "Watch",
		"makeIPTablesUtilChains":                    false,
		"serializeImagePulls":                       false,
		"imageGCHighThresholdPercent":               float64(100),
		"containerRuntimeEndpoint":                  "unix://" + l.containerdSock(),
		"clusterDNS":                                []any{"10.210.0.1"},
		"podLogsDir":                                l.podLogs(),
	} {
		assert.Equal(t, want, config[key], key)
	}
}

func TestEverythingIsInTheNodesOwnPlaces(t *testing.T) {
	l := newLayout(t)
	p := newTestPlan(t, l)
	var config struct {
		Root  string
		State string
		GRPC  struct{ Address string } `toml:"grpc"`
	}
	require.NoError(t, toml.Unmarshal([]byte(p.Configs[containerdConfig]), &config))
	assert.Equal(t, l.containerd(), config.Root)
	assert.Equal(t, l.containerdSock(), config.GRPC.Address)

	var words []string
	for _, args := range p.Args {
		words = append(words, args...)
	}
	for _, text := range p.Configs {
		words = append(words, strings.Fields(text)...)
	}
	for _, word := range words {
		for _, foreign := range []string{"/etc/kubernetes", "/etc/cni", "/var/lib/kubelet", "/var/lib/etcd", "/var/lib/containerd", "/opt", "0.0.0.0:"} {
			assert.NotContains(t, word, foreign)
		}
	}
}

func TestProgramsFindWhatTheyNeed(t *testing.T) {
	l := newLayout(t)
	p := newTestPlan(t, l)
	programs := p.programs(l)
	require.Len(t, programs, len(p.Args))
	var before []string
	for _, program := range programs {
		assert.NotEmpty(t, program.Path, program.Name)
		assert.NotEmpty(t, program.Args, program.Name)
		for _, needed := range program.After {
			assert.Contains(t, before, needed, "%s comes after it", program.Name)
		}
		before = append(before, program.Name)
	}
}

func TestOnlyContainerdGoesThroughAProxy(t *testing.T) {
	l := newLayout(t)
	p := newTestPlan(t, l)
	p.Env = environment(func(name string) (string, bool) {
		value, ok := map[string]string{"HTTPS_PROXY": "http://proxy.test:3128", "NO_PROXY": "corp.test", "SECRET": "s"}[name]
		return value, ok
	})
	for _, program := range p.programs(l) {
		env := strings.Join(program.Env, "\n")
		assert.NotContains(t, env, "SECRET")
		assert.Contains(t, env, "PATH=")
		if program.Name != containerd {
			assert.NotContains(t, strings.ToUpper(env), "PROXY", program.Name)
			continue
		}
		assert.Contains(t, env, "HTTPS_PROXY=http://proxy.test:3128")
		assert.Contains(t, env, "NO_PROXY=corp.test,10.210.0.0/24,10.211.0.0/16,127.0.0.1,localhost,.cluster.local")
		assert.Contains(t, env, "no_proxy=10.210.0.0/24,")
	}
}

func TestKubeconfigs(t *testing.T) {
	l := newLayout(t)
	newTestPlan(t, l)
	for _, user := range users {
		path := l.config(user.Name + ".kubeconfig")
		if user.Name == adminUser {
			path = l.kubeconfig()
		}
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), path)
		config, err := clientcmd.LoadFromFile(path)
		require.NoError(t, err)
		assert.Equal(t, "daprstack-local", config.CurrentContext)
		assert.Equal(t, "https://10.210.0.1:6443", config.Clusters[config.Contexts["daprstack-local"].Cluster].Server)
		rest, err := clientcmd.NewDefaultClientConfig(*config, nil).ClientConfig()
		require.NoError(t, err)
		_, err = httpClient(path)
		assert.NoError(t, err, "key and certificates fit: %s", rest.Host)
	}
}
