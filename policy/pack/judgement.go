package pack

import (
	"cmp"
	"slices"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"

	"github.com/daprstack/daprstack/policy/check"
)

// judgement is what the rules say of resources. The policies of the pack are asked
// about a resource one after the other, with the same manager, so the first one has
// it checked for all.
type judgement struct {
	mu        sync.Mutex
	resources map[string]verdict // by URN
	manager   policyx.PolicyManager
	stack     []verdict
}

// atOnce is more than the resources that the engine asks about at once. What is
// forgotten too early is checked again.
const atOnce = 256

// verdict is what the rules say of one resource.
type verdict struct {
	manager policyx.PolicyManager // that asked
	urn     string
	object  check.Object // empty if nothing was found
	found   []check.Finding
}

// alone returns what the rules say of a resource by itself.
func (j *judgement) alone(manager policyx.PolicyManager, r policyx.AnalyzerResource) verdict {
	j.mu.Lock()
	v, ok := j.resources[r.URN]
	j.mu.Unlock()
	if ok && v.manager == manager {
		return v
	}
	o := objectOf(r)
	v = verdict{manager: manager, urn: r.URN, found: check.Alone(o)}
	if len(v.found) > 0 {
		v.object = o
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.resources) == atOnce {
		clear(j.resources)
	}
	j.resources[r.URN] = v
	return v
}

// together returns what the rules say of the resources of a stack, in the order of
// their URNs: the engine's own order changes from run to run.
func (j *judgement) together(manager policyx.PolicyManager, all []policyx.AnalyzerResource) []verdict {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.manager == manager {
		return j.stack
	}
	j.manager, j.stack = manager, nil
	var objects []check.Object
	for _, r := range slices.SortedFunc(slices.Values(all), func(a, b policyx.AnalyzerResource) int { return cmp.Compare(a.URN, b.URN) }) {
		if check.KindOf(r.Type) != "" {
			objects = append(objects, objectOf(r))
			j.stack = append(j.stack, verdict{urn: r.URN})
		}
	}
	found := check.Together(objects, check.Stack)
	for i, o := range objects {
		j.stack[i].object, j.stack[i].found = o, found[i]
	}
	return j.stack
}

func objectOf(r policyx.AnalyzerResource) check.Object {
	return check.Object{Kind: check.KindOf(r.Type), Fields: plain(r.Properties)}
}
