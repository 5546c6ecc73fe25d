package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/toolchain"
)

// Options say which stack to open, and what to run it with. All are required.
type Options struct {
	// Project holds the project's settings, as in Pulumi.yaml.
	Project *workspace.Project
	// Stack is the name of the stack.
	Stack string
	// Settings are the stack's settings: those of the stack file, changed by the
	// command line.
	Settings *workspace.ProjectStack
	// Program returns the program for a configuration. The keys in secretKeys hold
	// secrets.
	Program func(values map[string]string, secretKeys ...string) pulumi.RunFunc
	// Tools are the paths of Pulumi and its providers (toolchain.Engine). With Pulumi
	// alone, the providers are those that the user's Pulumi has, in PULUMI_HOME
	// (default ~/.pulumi) or on PATH, and it gets those that are missing.
	Tools map[string]string
	// Dir is the folder of the state, the home and the settings.
	Dir string
	// Kubeconfig is the file that names the cluster. The provider gets it from the
	// environment, so that it never gets into the state.
	Kubeconfig string
}

// Open selects the stack, and creates it if it is new. The backend is that of
// PULUMI_BACKEND_URL, by default files in Options.Dir. Secrets in the state are
// encrypted with PULUMI_CONFIG_PASSPHRASE (or …_FILE), by default a random one that
// is kept in Options.Dir.
func Open(ctx context.Context, o Options) (*auto.Stack, error) {
	work := filepath.Join(o.Dir, "work")
	if err := os.MkdirAll(work, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of the engine: %w", err)
	}
	home := o.home()
	if home != "" {
		if err := errors.Join(InstallTools(home, o.Tools), withoutLogs(home)); err != nil {
			return nil, err
		}
	}
	env, err := environment(o)
	if err != nil {
		return nil, err
	}
	settings, err := withKeptSalt(o.Settings, filepath.Join(work, "Pulumi."+o.Stack+".yaml"))
	if err != nil {
		return nil, err
	}
	project := *o.Project
	// Paths in the project file are relative to the checkout, but we run elsewhere.
	project.Main, project.Description = "", nil

	stack, err := auto.UpsertStackInlineSource(ctx, o.Stack, string(project.Name), nil,
		auto.WorkDir(work), auto.PulumiHome(home), auto.Pulumi(newCommand(o.Tools[toolchain.Pulumi])), auto.Project(project),
		auto.EnvVars(env), auto.Stacks(map[string]workspace.ProjectStack{o.Stack: *settings}))
	if err != nil {
		return nil, fmt.Errorf("opening stack %s: %w", o.Stack, err)
	}
	values, secretKeys, err := configuration(ctx, &stack, settings)
	if err != nil {
		return nil, err
	}
	stack.Workspace().SetProgram(o.Program(values, secretKeys...))
	return &stack, nil
}

// configuration returns the settings as the program gets them, decrypted by the
// engine if there is something to decrypt.
func configuration(ctx context.Context, stack *auto.Stack, settings *workspace.ProjectStack) (map[string]string, []string, error) {
	values := make(map[string]string)
	var secretKeys []string
	if !settings.Config.HasSecureValue() {
		for key, value := range settings.Config {
			plain, err := value.Value(config.NopDecrypter)
			if err != nil {
				return nil, nil, fmt.Errorf("reading %s: %w", key, err)
			}
			values[key.String()] = plain
		}
		return values, nil, nil
	}
	all, err := stack.GetAllConfig(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("decrypting the configuration: %w", err)
	}
	for key, value := range all {
		values[key] = value.Value
		if value.Secret {
			secretKeys = append(secretKeys, key)
		}
	}
	return values, secretKeys, nil
}

// home returns the home of the CLI, "" for the user's.
func (o Options) home() string {
	if o.Tools[toolchain.KubernetesProvider] == "" {
		return ""
	}
	return filepath.Join(o.Dir, "home")
}

// InstallTools links the tools (toolchain.Engine) into the engine's home, where it
// finds them without a download and without a look at PATH.
func InstallTools(home string, tools map[string]string) error {
	links := map[string]string{filepath.Join("bin", "pulumi"): tools[toolchain.Pulumi]}
	for _, provider := range toolchain.Providers {
		version, err := toolchain.Version(provider)
		if err != nil {
			return err
		}
		dir := strings.TrimPrefix(provider, "pulumi-") + "-v" + version
		links[filepath.Join("plugins", dir, provider)] = tools[provider]
	}
	for link, target := range links {
		if err := Link(target, filepath.Join(home, link)); err != nil {
			return err
		}
	}
	return nil
}

// Link makes a program known under another path, in place of what has that path. Other
// drivers may do it at the same time.
func Link(program, path string) error {
	if current, err := os.Readlink(path); err == nil && current == program {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("installing %s: %w", filepath.Base(path), err)
	}
	made := path + "." + rand.Text()
	err := os.Symlink(program, made)
	if err == nil {
		err = os.Rename(made, path)
	}
	if err != nil {
		return fmt.Errorf("installing %s: %w", filepath.Base(path), err)
	}
	return nil
}

// withoutLogs keeps the engine from logging into its home. It writes down all that it
// does, each message compressed and encrypted by itself: half of its CPU time, three
// quarters of what it allocates, and 22 MB for a preview of 300 apps. There is no option
// against it, but it goes on where its folder is not to be had.
func withoutLogs(home string) error {
	logs := filepath.Join(home, "logs")
	if info, err := os.Stat(logs); err == nil && info.Mode().IsRegular() {
		return nil
	}
	if err := os.RemoveAll(logs); err != nil {
		return fmt.Errorf("removing the logs of the engine: %w", err)
	}
	if err := os.WriteFile(logs, []byte("daprstack keeps Pulumi from logging here; --verbose shows what it does.\n"), 0o600); err != nil {
		return fmt.Errorf("keeping the engine from logging: %w", err)
	}
	return nil
}

// environment returns the variables that the CLI runs with, and through it the
// providers.
func environment(o Options) (map[string]string, error) {
	env := map[string]string{"PULUMI_SKIP_UPDATE_CHECK": "true", "KUBECONFIG": o.Kubeconfig, dirVariable: o.Dir}
	if o.home() != "" {
		env["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"
	}
	if os.Getenv("GOGC") == "" {
		// The engine keeps every event until it ends. Of 1,000 apps it then takes a fifth
		// less memory, in the same time.
		env["GOGC"] = "50"
	}
	if os.Getenv("PULUMI_BACKEND_URL") == "" {
		backend := filepath.Join(o.Dir, "state")
		if err := os.MkdirAll(backend, 0o700); err != nil {
			return nil, fmt.Errorf("making the state folder: %w", err)
		}
		// The backend would keep metadata in files of their own. A kill can leave
		// them empty, and then the backend refuses the stack.
		env["PULUMI_BACKEND_URL"] = "file://" + backend + "?metadata=skip"
	}
	_, given := os.LookupEnv("PULUMI_CONFIG_PASSPHRASE")
	if !given && os.Getenv("PULUMI_CONFIG_PASSPHRASE_FILE") == "" {
		path := filepath.Join(o.Dir, "passphrase")
		if err := ensurePassphrase(path); err != nil {
			return nil, fmt.Errorf("making the passphrase of the state: %w", err)
		}
		env["PULUMI_CONFIG_PASSPHRASE_FILE"] = path
	}
	return env, nil
}

func ensurePassphrase(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = f.WriteString(rand.Text())
	return errors.Join(err, f.Close())
}

// withKeptSalt returns the settings with the salt that an earlier run wrote into our
// copy of them, unless the stack file has a salt or a secrets provider of its own.
func withKeptSalt(settings *workspace.ProjectStack, kept string) (*workspace.ProjectStack, error) {
	s := *settings
	if s.EncryptionSalt != "" || s.SecretsProvider != "" {
		return &s, nil
	}
	last, err := workspace.LoadProjectStack(nil, &workspace.Project{}, kept)
	if err != nil {
		return nil, fmt.Errorf("reading the settings of the last run: %w", err)
	}
	s.EncryptionSalt = last.EncryptionSalt
	return &s, nil
}

// Release makes a stack with its state in dir usable again whose last update was ended
// in the middle: it kills the plugins that the update left, and removes the lock of its
// process. It reports whether there was a lock.
func Release(ctx context.Context, dir, stack string) (bool, error) {
	if err := endOrphans(ctx, dir); err != nil {
		return false, err
	}
	released, err := releaseDeadLocks(ctx, filepath.Join(dir, "state"), stack)
	if err != nil {
		return released, fmt.Errorf("releasing the lock of the last update: %w", err)
	}
	return released, nil
}

// Recover looks up in the cluster what an update that was ended in the middle had
// begun, so that the next one goes on from there.
func Recover(ctx context.Context, stack *auto.Stack) error {
	if _, err := stack.Refresh(withoutSummary(ctx), optrefresh.ClearPendingCreates()); err != nil {
		return fmt.Errorf("looking up what the interrupted update left: %w", err)
	}
	return nil
}
