package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/spf13/cobra"

	"github.com/daprstack/daprstack/internal/progress"
	"github.com/daprstack/daprstack/policy/settings"
	"github.com/daprstack/daprstack/toolchain"
)

// policyFlags say whether and how the policy pack judges the resources.
type policyFlags struct {
	off    bool
	config string
}

func (f *policyFlags) register(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.off, "no-policy", false, "do not check the resources with the policy pack")
	cmd.Flags().StringVar(&f.config, "policy-config", "", "a JSON file with the levels and exemptions of the policies (docs/policy.md)")
	cmd.MarkFlagsMutuallyExclusive("no-policy", "policy-config")
}

// policies is the pack with its configuration, as the engine takes it: lists of
// paths, empty without the pack.
type policies struct{ packs, configs []string }

// open checks the configuration and finds the pack, before the engine is started.
func (f *policyFlags) open(ctx context.Context) (policies, error) {
	if f.off {
		return policies{}, nil
	}
	checkout, err := findCheckout()
	if err != nil {
		return policies{}, err
	}
	var p policies
	if f.config != "" {
		path, err := filepath.Abs(f.config)
		if err != nil {
			return policies{}, err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return policies{}, fmt.Errorf("reading the policy configuration: %w", err)
		}
		if err := settings.Check(content); err != nil {
			return policies{}, fmt.Errorf("the policy configuration %s is not valid; nothing was changed:\n%w", f.config, err)
		}
		p.configs = []string{path}
	}
	// make builds the pack with the driver; who built only the driver gets it now.
	pack := filepath.Join(checkout, "bin", toolchain.Policy)
	if _, err := os.Stat(pack); err != nil {
		tc, err := toolchain.New(checkout, progress.New(os.Stderr))
		if err != nil {
			return policies{}, err
		}
		if _, err := tc.Ensure(ctx, toolchain.Policy); err != nil {
			return policies{}, err
		}
	}
	p.packs = []string{pack}
	return p, nil
}

func (p policies) preview() []optpreview.Option {
	return []optpreview.Option{optpreview.PolicyPacks(p.packs...), optpreview.PolicyPackConfigs(p.configs...)}
}

func (p policies) up() []optup.Option {
	return []optup.Option{optup.PolicyPacks(p.packs...), optup.PolicyPackConfigs(p.configs...)}
}

// check previews the stack with the pack, so that a violation ends an up before
// anything is changed: the update itself learns of one only on its way. What the
// preview says is shown when it fails.
func (p policies) check(ctx context.Context, stack *auto.Stack, stdout, stderr io.Writer) error {
	if len(p.packs) == 0 {
		return nil
	}
	step := progress.New(stderr).Start("checking the policies")
	var said bytes.Buffer
	_, err := stack.Preview(ctx, append(p.preview(),
		optpreview.SuppressOutputs(), optpreview.ProgressStreams(&said), optpreview.ErrorProgressStreams(&said))...)
	if err == nil {
		step.Done()
		return nil
	}
	failed := step.Fail(errors.New("up: the preview failed; nothing was changed. The messages above say why: of a policy violation its rule, its resource and the fix"))
	if ctx.Err() != nil || auto.IsConcurrentUpdateError(err) {
		return engineError(ctx, "up", err)
	}
	if _, err := io.Copy(stdout, &said); err != nil {
		return err
	}
	return failed
}
