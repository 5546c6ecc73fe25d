package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/encoding"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"

	stackconfig "github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/stackfile"
	"github.com/daprstack/daprstack/local"
	"github.com/daprstack/daprstack/local/images"
	"github.com/daprstack/daprstack/stacks"
)

// target is a stack of a folder and the cluster that it goes to.
type target struct {
	folder     string // of the project
	stack      string
	options    stackOptions
	file       string // the stack file
	project    *workspace.Project
	settings   *workspace.ProjectStack
	inherited  map[string]bool // the keys whose values are the project's
	adopted    []string        // the objects that the stack may take over, as Kind/name
	context    string
	kubeconfig string
}

// findTarget reads the stack file and settles which cluster is meant: that of
// --context, else that of the stack file. Without either it fails: the current
// context of a kubeconfig is never taken.
func findTarget(o stackOptions) (*target, error) {
	projectFile, err := findProject()
	if err != nil {
		return nil, err
	}
	return readTarget(projectFile, o)
}

// readTarget is [findTarget] for the project of a file.
func readTarget(projectFile string, o stackOptions) (*target, error) {
	content, err := stackfile.ReadProject(projectFile)
	if err != nil {
		return nil, err
	}
	project, err := workspace.LoadProjectBytes(content, projectFile, encoding.YAML)
	if err != nil {
		return nil, fmt.Errorf("reading the project file: %w", err)
	}
	folder := filepath.Dir(projectFile)
	path := cmp.Or(o.file, filepath.Join(folder, "Pulumi."+o.stack+".yaml"))
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("there is no stack %q: %w; write %s, as daprstack init does, or name another with --stack", o.stack, err, filepath.Base(path))
	}
	settings, err := workspace.LoadProjectStack(nil, project, path)
	if err == nil {
		_, err = stackfile.Load(projectFile, path) // which notices a key that is given twice
	}
	if err != nil {
		return nil, fmt.Errorf("reading the stack file: %w", err)
	}
	t := &target{folder: folder, stack: o.stack, options: o, file: path, project: project, settings: settings}
	if err := t.inherit(); err != nil {
		return nil, err
	}
	for _, setting := range o.config {
		if err := t.set(setting); err != nil {
			return nil, err
		}
	}
	if t.context, err = t.findContext(o.context); err != nil {
		return nil, err
	}
	t.kubeconfig = kubeconfigPath(o.kubeconfig, t.isLocal())
	return t, nil
}

// findProject returns the project file of the folder that the working directory is
// in. A folder with stack files alone has none: then it is where one would be.
func findProject() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	path, err := workspace.DetectProjectPathFrom(dir)
	if errors.Is(err, workspace.ErrProjectNotFound) {
		return filepath.Join(dir, projectFile), nil
	}
	return path, err
}

// findContext returns the context that the stack goes to, and makes it the one of
// the settings too.
func (t *target) findContext(flag string) (string, error) {
	key := t.key("context")
	if flag != "" {
		t.settings.Config[key] = config.NewValue(flag)
	}
	context := ""
	if value, ok := t.settings.Config[key]; ok {
		var err error
		if context, err = value.Value(config.NopDecrypter); err != nil {
			return "", fmt.Errorf("reading %s: %w", key, err)
		}
	}
	if context == "" {
		return "", fmt.Errorf("no cluster is named: set %s in %s, or give --context=<a context of your kubeconfig>; the current context is never taken", key, filepath.Base(t.file))
	}
	return context, nil
}

// key returns the key of a value of the project, which may be a path, as in
// "dapr.chart.path".
func (t *target) key(path string) config.Key {
	return config.MustMakeKey(string(t.project.Name), path)
}

// isLocal reports whether the target is the local node.
func (t *target) isLocal() bool { return t.context == local.Context }

// dir returns the folder of the engine's state. The local node's goes away
// together with the node and everything on it.
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

// set changes one value of the stack file for this run, as in "dapr.enabled=false"
// or "apps[0].replicas=2".
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

// setChart makes the stack use the chart in a folder of this machine, unless the
// stack file names a chart or says that there is none.
func (t *target) setChart(dir string) error {
	return t.give("dapr", "dapr.chart.path", dir, "dapr.chart.repository", "dapr.install=false")
}

// setRedis makes the stack use the Redis of the local node, unless the stack file
// names an image or a Redis outside the cluster.
func (t *target) setRedis() error {
	return t.give("redis", "redis.image", images.DebianRedis, "redis.external")
}

// give sets the value at a path below a top-level key, unless the stack file sets it
// or what stands instead of it: a path, with one value or with any.
func (t *target) give(top, path, text string, instead ...string) error {
	key := t.key(top)
	if value, given := t.settings.Config[key]; given && !value.Object() {
		// Config.Set would replace the value. A text may hold an object, though.
		text, err := value.Value(config.NopDecrypter)
		if err != nil || !strings.HasPrefix(text, "{") {
			return err
		}
		t.settings.Config[key] = config.NewObjectValue(text)
	}
	for _, other := range append(instead, path) {
		other, only, one := strings.Cut(other, "=")
		value, given, err := t.settings.Config.Get(t.key(other), true)
		if err != nil || given && !one {
			return err
		}
		if has, err := value.Value(config.NopDecrypter); given && (err != nil || has == only) {
			return err
		}
	}
	return t.settings.Config.Set(t.key(path), config.NewTypedValue(text, config.TypeString), true)
}

// rawConfig returns the configuration as the program reads it, except that encrypted
// values are not known. The keys in secretKeys have encrypted values.
func (t *target) rawConfig() (raw map[string]string, secretKeys []string, err error) {
	raw = make(map[string]string)
	for key, value := range t.settings.Config {
		if raw[key.String()], err = value.Value(unknown{}); err != nil {
			return nil, nil, fmt.Errorf("reading %s: %w", key, err)
		}
		if value.Secure() {
			secretKeys = append(secretKeys, key.String())
		}
	}
	return stackconfig.InProject(string(t.project.Name), raw, secretKeys...)
}

// load returns the stack file with its defaults, and fails with all its problems
// when it is not valid. Encrypted values are not checked: only the program has them
// in clear.
func (t *target) load() (*stackconfig.Stack, error) {
	raw, secretKeys, err := t.rawConfig()
	if err != nil {
		return nil, err
	}
	stack, err := stacks.LoadIn(filepath.Dir(t.file), raw, secretKeys...)
	if err != nil {
		return nil, fmt.Errorf("the stack file %s is not valid; nothing was changed:\n%w%s", filepath.Base(t.file), err, t.noteInherited(err))
	}
	return stack, nil
}
