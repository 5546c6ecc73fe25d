package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"

	"github.com/daprstack/daprstack/internal/progress"
	"github.com/daprstack/daprstack/policy/settings"
	"github.com/daprstack/daprstack/toolchain"
)

// policyPack is the policy pack and its configuration, in the form that the engine
// takes: lists of paths, empty without the pack.
type policyPack struct{ packs, configs []string }

// loadPolicies checks the policy configuration. Nothing is built.
func (o *policyOptions) loadPolicies(checkout string) (policyPack, error) {
	if o.noPolicy {
		return policyPack{}, nil
	}
	pack := policyPack{packs: []string{filepath.Join(checkout, "bin", toolchain.Policy)}}
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

// build builds the pack if it is missing. make builds it together with the driver,
// but a driver can also be built alone.
func (p policyPack) build(ctx context.Context, checkout string, stderr io.Writer) error {
	for _, path := range p.packs {
		if _, err := os.Stat(path); err == nil {
			continue
		}
		tc, err := toolchain.New(checkout, progress.New(stderr))
		if err != nil {
			return err
		}
		if _, err := tc.Ensure(ctx, toolchain.Policy); err != nil {
			return err
		}
	}
	return nil
}

func (p policyPack) preview() []optpreview.Option {
	return []optpreview.Option{optpreview.PolicyPacks(p.packs...), optpreview.PolicyPackConfigs(p.configs...)}
}

func (p policyPack) up() []optup.Option {
	return []optup.Option{optup.PolicyPacks(p.packs...), optup.PolicyPackConfigs(p.configs...)}
}
