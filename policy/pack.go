package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"

	"github.com/daprstack/daprstack/policy/check"
	"github.com/daprstack/daprstack/policy/settings"
)

// packName is the name of the pack in the engine's output.
const packName = "daprstack"

// packVersion changes with what the pack enforces.
var packVersion = semver.MustParse("0.1.0")

// newPack returns the pack. A rule that is also about several objects becomes
// two policies with the same name, one for each resource and one for the stack,
// so that it is configured as one.
func newPack() (policyx.PolicyPack, error) {
	var policies []policyx.Policy
	for _, p := range settings.Policies {
		e := &enforcer{policy: p}
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
	// The level of the pack is ignored: each policy has its own.
	return policyx.NewPolicyPack(packName, packVersion, policyx.EnforcementLevelMandatory, policies)
}

// enforcer enforces one rule.
type enforcer struct {
	policy settings.Policy

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
	kind := check.KindOf(args.Resource.Type)
	if kind == "" {
		return nil
	}
	o := check.Object{Kind: kind, Fields: plain(args.Resource.Properties)}
	e.report(args.Manager, args.Resource.URN, o, check.Alone(o))
	return nil
}

func (e *enforcer) stack(_ context.Context, args policyx.StackValidationArgs) error {
	resources, objects := objectsOf(args.Resources)
	found := check.Together(objects, check.Stack)
	for i, o := range objects {
		e.report(args.Manager, resources[i].URN, o, found[i])
	}
	return nil
}

// objectsOf picks the resources that concern the rules, in the order of their
// URNs: the engine's own order changes from run to run.
func objectsOf(all []policyx.AnalyzerResource) (resources []policyx.AnalyzerResource, objects []check.Object) {
	for _, r := range all {
		if check.KindOf(r.Type) != "" {
			resources = append(resources, r)
		}
	}
	slices.SortFunc(resources, func(a, b policyx.AnalyzerResource) int { return cmp.Compare(a.URN, b.URN) })
	for _, r := range resources {
		objects = append(objects, check.Object{Kind: check.KindOf(r.Type), Fields: plain(r.Properties)})
	}
	return resources, objects
}

func (e *enforcer) report(manager policyx.PolicyManager, urn string, o check.Object, found []check.Finding) {
	for _, f := range found {
		if f.Rule == e.policy.Rule && !e.settings.Exempts(f.Subject, o.Namespace()) {
			manager.ReportViolation(message(e.policy, o, f), urn)
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
