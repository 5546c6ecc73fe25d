package main

import (
	"fmt"
	"strings"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/cluster"
	"github.com/daprstack/daprstack/stacks"
)

// checkKinds fails, with all reasons, when the cluster does not know a kind that the
// stack needs and that others bring, such as those of KEDA. up would fail halfway.
func (t *target) checkKinds(c *cluster.Client, want *config.Stack) error {
	kinds, err := stacks.KindsOfOthers(want)
	if err != nil {
		return err
	}
	var missing []string
	for _, k := range kinds {
		_, known, err := c.Resource(k.APIVersion, k.Kind, want.Namespace)
		if err != nil {
			return err
		}
		if !known {
			missing = append(missing, fmt.Sprintf("\n  %s: the cluster has no %s (%s); %s", k.Path, k.Kind, k.APIVersion, k.Remedy))
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("the cluster of context %s does not know every kind that the stack needs; nothing was changed:%s", t.context, strings.Join(missing, ""))
	}
	return nil
}
