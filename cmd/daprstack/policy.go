package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"

	"github.com/daprstack/daprstack/internal/engine"
	"github.com/daprstack/daprstack/policy/settings"
	"github.com/daprstack/daprstack/toolchain"
)

// policyPack is the policy pack and its configuration, in the form that the engine
// takes: lists of paths, empty without the pack.
type policyPack struct{ packs, configs []string }

// loadPolicies checks the policy configuration. The pack will be in a folder.
func (o *policyOptions) loadPolicies(dir string) (policyPack, error) {
	if o.noPolicy {
		return policyPack{}, nil
	}
	pack := policyPack{packs: []string{filepath.Join(dir, "bin", toolchain.Policy)}}
	if o.policyConfig != "" {
		path, err := checkPolicyConfig(o.policyConfig)
		if err != nil {
			return policyPack{}, err
		}
		pack.configs = []string{path}
	}
	return pack, nil
}

// checkPolicyConfig validates a policy configuration and returns its absolute path.
func checkPolicyConfig(file string) (string, error) {
	path, err := filepath.Abs(file)
	if err != nil {
		return "", err
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("reading the policy configuration: %w", err)
	}
	if err := settings.Check(content); err != nil {
		return "", fmt.Errorf("the policy configuration %s is not valid; nothing was changed:\n%w", file, err)
	}
	return path, nil
}

// install makes the pack, which is the driver itself under the name of a pack: the
// engine takes a path without arguments, and the driver may be all that there is.
func (p policyPack) install() error {
	driver, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding the policy pack: %w", err)
	}
	for _, path := range p.packs {
		if err := engine.Link(driver, path); err != nil {
			return err
		}
	}
	return nil
}

// servesPolicies reports whether the engine has started the driver as the pack.
func servesPolicies() bool { return filepath.Base(os.Args[0]) == toolchain.Policy }

func (p policyPack) preview() []optpreview.Option {
	return []optpreview.Option{optpreview.PolicyPacks(p.packs...), optpreview.PolicyPackConfigs(p.configs...)}
}

func (p policyPack) up() []optup.Option {
	return []optup.Option{optup.PolicyPacks(p.packs...), optup.PolicyPackConfigs(p.configs...)}
}
