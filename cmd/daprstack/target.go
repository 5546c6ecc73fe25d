package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/daprstack/daprstack/local"
)

// reachTimeout is how long the API server of the cluster may take to answer.
const reachTimeout = 10 * time.Second

// target is a stack of the checkout and the cluster that it goes to.
type target struct {
	checkout   string
	stack      string
	flags      stackFlags
	file       string // the stack file
	project    *workspace.Project
	settings   *workspace.ProjectStack
	inherited  map[string]bool // the keys whose values are the project's
	context    string
	kubeconfig string
}

// isLocal reports whether the target is the local node.
func (t *target) isLocal() bool { return t.context == local.Context }

// dir is the folder of the engine's state for the target. What is deployed on
// the local node goes when the node goes, and so does the state of it.
func (t *target) dir() (string, error) {
	if t.isLocal() {
		return filepath.Join(filepath.Dir(local.Kubeconfig()), "pulumi"), nil
	}
	state := os.Getenv("XDG_STATE_HOME")
	if state == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("finding the folder for the state: %w", err)
		}
		state = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(state, "daprstack"), nil
}

// findTarget reads the stack file and settles which cluster is meant: the one
// of --context, else of the stack file. With neither it refuses: the current
// context of a kubeconfig is never taken.
func findTarget(f stackFlags) (*target, error) {
	checkout, err := findCheckout()
	if err != nil {
		return nil, err
	}
	project, err := workspace.LoadProject(filepath.Join(checkout, "Pulumi.yaml"))
	if err != nil {
		return nil, fmt.Errorf("reading the project file: %w", err)
	}
	path := cmp.Or(f.file, filepath.Join(checkout, "Pulumi."+f.stack+".yaml"))
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("there is no stack %q: %w; write %s, or name another with --stack", f.stack, err, filepath.Base(path))
	}
	settings, err := workspace.LoadProjectStack(nil, project, path)
	if err != nil {
		return nil, fmt.Errorf("reading the stack file: %w", err)
	}
	t := &target{checkout: checkout, stack: f.stack, flags: f, file: path, project: project, settings: settings}
	if err := t.inherit(); err != nil {
		return nil, err
	}
	for _, setting := range f.config {
		if err := t.set(setting); err != nil {
			return nil, err
		}
	}
	key := config.MustMakeKey(string(project.Name), "context")
	if f.context != "" {
		settings.Config[key] = config.NewValue(f.context)
	}
	value, ok := settings.Config[key]
	if ok {
		if t.context, err = value.Value(config.NopDecrypter); err != nil {
			return nil, fmt.Errorf("reading %s: %w", key, err)
		}
	}
	if t.context == "" {
		return nil, fmt.Errorf("no cluster is named: set %s in %s, or give --context=<a context of your kubeconfig>; the current context is never taken", key, filepath.Base(path))
	}
	t.kubeconfig = kubeconfigPath(f.kubeconfig, t.isLocal())
	return t, nil
}

// findCheckout looks for the project file from the working directory upwards.
func findCheckout() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "Pulumi.yaml")); err == nil {
			return dir, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no Pulumi.yaml in %s or above it: run daprstack in a checkout", start)
		}
	}
}

func kubeconfigPath(flag string, isLocal bool) string {
	switch env := os.Getenv("KUBECONFIG"); {
	case flag != "":
		return flag
	case isLocal:
		return local.Kubeconfig()
	case env != "":
		return env
	default:
		return clientcmd.RecommendedHomeFile
	}
}

// reach fails, saying what to do, unless the API server of the target's context
// answers.
func (t *target) reach(ctx context.Context) error {
	config, err := t.clientConfig()
	if err != nil {
		return err
	}
	client, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return fmt.Errorf("context %q: %w", t.context, err)
	}
	if _, err := client.RESTClient().Get().AbsPath("/version").DoRaw(ctx); err != nil {
		hint := "check the cluster and your credentials with: kubectl --context " + t.context + " version"
		if t.isLocal() {
			hint = "see: daprstack local status"
		}
		return fmt.Errorf("the cluster of context %q can't be used: %w; %s", t.context, err, hint)
	}
	return nil
}

// clientConfig is how to talk to the cluster of the target's context.
func (t *target) clientConfig() (*rest.Config, error) {
	rules := &clientcmd.ClientConfigLoadingRules{Precedence: filepath.SplitList(t.kubeconfig)}
	loaded, err := rules.Load()
	if err != nil {
		return nil, fmt.Errorf("reading kubeconfig %s: %w", t.kubeconfig, err)
	}
	if _, ok := loaded.Contexts[t.context]; !ok {
		if t.isLocal() {
			return nil, fmt.Errorf("context %q: the local node is not up; run: daprstack local up", t.context)
		}
		known := strings.Join(slices.Sorted(maps.Keys(loaded.Contexts)), ", ")
		return nil, fmt.Errorf("context %q is not in kubeconfig %s, which has: %s", t.context, t.kubeconfig, cmp.Or(known, "none"))
	}
	config, err := clientcmd.NewDefaultClientConfig(*loaded, &clientcmd.ConfigOverrides{CurrentContext: t.context}).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("context %q: %w", t.context, err)
	}
	config.Timeout = reachTimeout
	return config, nil
}

// set changes one value of the stack file for this run, as in
// "dapr.enabled=false" or "apps[0].replicas=2".
func (t *target) set(setting string) error {
	path, value, ok := strings.Cut(setting, "=")
	if !ok {
		return fmt.Errorf("--config %q: want key=value", setting)
	}
	if !strings.HasPrefix(path, string(t.project.Name)+":") {
		path = string(t.project.Name) + ":" + path
	}
	key, err := config.ParseKey(path)
	if err != nil {
		return fmt.Errorf("--config %q: %w", setting, err)
	}
	if err := t.settings.Config.Set(key, config.NewValue(value), true); err != nil {
		return fmt.Errorf("--config %q: %w", setting, err)
	}
	return nil
}

// setChart makes the stack use a chart of this machine.
func (t *target) setChart(path string) error {
	key := config.MustMakeKey(string(t.project.Name), "dapr")
	dapr := map[string]any{}
	if value, ok := t.settings.Config[key]; ok {
		raw, err := value.Value(config.NopDecrypter)
		if err != nil {
			return fmt.Errorf("reading %s: %w", key, err)
		}
		if !json.Valid([]byte(raw)) || !strings.HasPrefix(strings.TrimSpace(raw), "{") {
			return nil // not an object; validation says so, with its path
		}
		if err := json.Unmarshal([]byte(raw), &dapr); err != nil {
			return fmt.Errorf("reading %s: %w", key, err)
		}
	}
	chart, _ := dapr["chart"].(map[string]any)
	if chart == nil {
		chart = map[string]any{}
	}
	if chart["path"] != nil || chart["repository"] != nil {
		return nil // the stack file knows better
	}
	chart["path"] = path
	dapr["chart"] = chart
	raw, err := json.Marshal(dapr)
	if err != nil {
		return err
	}
	t.settings.Config[key] = config.NewObjectValue(string(raw))
	return nil
}

// rawConfig is the configuration as the program gets it, except that encrypted
// values are left encrypted; secretKeys are the keys that have some.
func (t *target) rawConfig() (raw map[string]string, secretKeys []string, err error) {
	raw = make(map[string]string)
	for key, value := range t.settings.Config {
		if raw[key.String()], err = value.Value(ciphertexts{}); err != nil {
			return nil, nil, fmt.Errorf("reading %s: %w", key, err)
		}
		if value.Secure() {
			secretKeys = append(secretKeys, key.String())
		}
	}
	return raw, secretKeys, nil
}
