package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// Pulumi's own update plans are not used: an object whose secret is known only
// during the update violates them, and the error shows the secret.

// saved is the content of a file of [Plan.Save]: what would happen to each resource,
// by URN. It has no value in clear.
type saved struct {
	Stack string            `json:"stack"`
	Steps map[string]string `json:"steps"`
}

// Save writes what the plan does to the resources of a stack into a file, for
// [Plan.Check].
func (p *Plan) Save(path, stack string) error {
	content, err := json.MarshalIndent(saved{stack, p.steps}, "", "  ")
	if err == nil {
		err = os.WriteFile(path, append(content, '\n'), 0o600)
	}
	if err != nil {
		return fmt.Errorf("writing the plan: %w", err)
	}
	return nil
}

// Check returns the URNs of the resources to which the plan does what another one,
// which was saved in a file, does not.
func (p *Plan) Check(path, stack string) ([]string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the plan: %w", err)
	}
	var file saved
	if err := json.Unmarshal(content, &file); err != nil {
		return nil, fmt.Errorf("reading the plan %s: %w", path, err)
	}
	if file.Stack != stack {
		return nil, fmt.Errorf("the plan %s is for stack %q, not %q", path, file.Stack, stack)
	}
	var other []string
	for _, urn := range slices.Sorted(maps.Keys(p.steps)) {
		if file.Steps[urn] != p.steps[urn] {
			other = append(other, urn)
		}
	}
	return other, nil
}

// note remembers what a step does. An update is told apart by its inputs, in which
// secrets are masked; a new resource is not, because its name may be made up.
func (p *Plan) note(step apitype.StepEventMetadata) {
	what := string(step.Op)
	if step.Op == apitype.OpUpdate && step.New != nil {
		inputs, err := json.Marshal(step.New.Inputs)
		if err != nil {
			return // what came as JSON can be written as JSON
		}
		sum := sha256.Sum256(inputs)
		what += " " + hex.EncodeToString(sum[:])
	}
	if p.steps == nil {
		p.steps = map[string]string{}
	}
	p.steps[step.URN] = what
}
