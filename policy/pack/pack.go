package pack

import (
	"context"
	"fmt"
	"sync"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"

	"github.com/daprstack/daprstack/internal/version"
	"github.com/daprstack/daprstack/policy/check"
	"github.com/daprstack/daprstack/policy/settings"
)

// packName is the name of the pack in the engine's output.
const packName = "daprstack"

// newPack returns the pack. A rule that is also about several objects becomes
// two policies with the same name, one for each resource and one for the stack,
// so that it is configured as one.
func newPack() (policyx.PolicyPack, error) {
	var policies []policyx.Policy
	seen := &judgement{resources: map[string]verdict{}}
	for _, p := range settings.Policies {
		e := &enforcer{policy: p, judgement: seen}
		policies = append(policies, policyx.NewResourceValidationPolicy(p.Name, policyx.ResourceValidationPolicyArgs{
			Description:      p.Description(),
			EnforcementLevel: policyx.EnforcementLevelMandatory,
			ConfigSchema:     &policyx.ConfigSchema{Properties: settings.Schema()},
			ValidateResource: e.resource,
		}))
		if p.Together {
			policies = append(policies, policyx.NewStackValidationPolicy(p.Name, policyx.StackValidationPolicyArgs{
				Description:      p.Description(),
				EnforcementLevel: policyx.EnforcementLevelMandatory,
				ConfigSchema:     &policyx.ConfigSchema{Properties: settings.Schema()},
				ValidateStack:    e.stack,
			}))
		}
	}
	number, err := semver.Parse(version.Get().Number())
	if err != nil {
		return nil, fmt.Errorf("the version of the pack: %w", err)
	}
	// The level of the pack is ignored: each policy has its own.
	return policyx.NewPolicyPack(packName, number, policyx.EnforcementLevelMandatory, policies)
}

// enforcer enforces one rule.
type enforcer struct {
	policy    settings.Policy
	judgement *judgement

	mu       sync.Mutex
	read     bool
	settings settings.Settings
}

// configure reads the configuration of the policy once. Only resource policies
// are given a configuration; the engine calls them for the root of the stack
// before it calls the stack policies.
func (e *enforcer) configure(properties map[string]any) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.read {
		return nil
	}
	s, err := settings.New(properties)
	if err != nil {
		return fmt.Errorf("the configuration of policy %s is not valid: %w", e.policy.Name, err)
	}
	e.settings, e.read = s, true
	return nil
}

func (e *enforcer) resource(_ context.Context, args policyx.ResourceValidationArgs) error {
	if err := e.configure(args.Config); err != nil {
		return err
	}
	if check.KindOf(args.Resource.Type) == "" {
		return nil
	}
	e.report(args.Manager, args.Resource.URN, e.judgement.alone(args.Manager, args.Resource))
	return nil
}

func (e *enforcer) stack(_ context.Context, args policyx.StackValidationArgs) error {
	for _, r := range e.judgement.together(args.Manager, args.Resources) {
		e.report(args.Manager, r.urn, r)
	}
	return nil
}

func (e *enforcer) report(manager policyx.PolicyManager, urn string, v verdict) {
	for _, f := range v.found {
		if f.Rule == e.policy.Rule && !e.settings.Exempts(f.Subject, v.object.Namespace()) {
			manager.ReportViolation(message(e.policy, v.object, f), urn)
		}
	}
}

// message says what is wrong, what is allowed and how to fix it.
func message(p settings.Policy, o check.Object, f check.Finding) string {
	what := f.Path
	if f.Shown != "" {
		what += ": " + f.Shown
	}
	return fmt.Sprintf("[%s] %s: %s; %s; %s", f.Rule, o, what, f.Allowed, p.Fix)
}
