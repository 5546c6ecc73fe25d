package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/spf13/cobra"

	"github.com/daprstack/daprstack/components/kube"
	stackconfig "github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/cluster"
	"github.com/daprstack/daprstack/internal/engine"
	"github.com/daprstack/daprstack/internal/ownership"
)

// ownershipOptions say what a command may do to what others made.
type ownershipOptions struct {
	adopt  bool
	others bool
}

func (o *ownershipOptions) registerAdopt(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&o.adopt, "adopt", false, "take over what exists already and is not the stack's; destroy leaves it")
}

func (o *ownershipOptions) registerOthers(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&o.others, "with-what-others-put-there", false, "remove namespaces with what others put into them, and a control plane that others use")
}

// manager returns what [kube.Manager] returns in the program.
func (t *target) manager() string { return string(t.project.Name) + "-" + t.stack }

// self returns the deployment that asks whose the objects of the cluster are.
func (t *target) self(state engine.State) ownership.Self {
	return ownership.Self{
		Stack: kube.StackOf(string(t.project.Name), t.stack), Deployment: state.Deployment, Adopt: t.adopted,
	}
}

// openAdopted opens the stack again if its state has adopted objects that the
// stack file does not list: the program must go on leaving them to their owner.
func (t *target) openAdopted(ctx context.Context, stack *auto.Stack, state engine.State, c console) (*auto.Stack, error) {
	var keys []string
	for _, o := range state.Objects {
		if key := o.Kind + "/" + o.Name; o.Adopted && !slices.Contains(t.adopted, key) {
			keys = append(keys, key)
		}
	}
	return t.adopt(ctx, stack, keys, c)
}

// adopt opens the stack again with leave to take over more objects, each given as
// Kind/name.
func (t *target) adopt(ctx context.Context, stack *auto.Stack, keys []string, c console) (*auto.Stack, error) {
	if len(keys) == 0 {
		return stack, nil
	}
	t.adopted = append(t.adopted, keys...)
	list, err := json.Marshal(t.adopted)
	if err != nil {
		return nil, err
	}
	if err := t.settings.Config.Set(t.key("adopt"), config.NewObjectValue(string(list)), false); err != nil {
		return nil, err
	}
	return t.open(ctx, c.err)
}

// settle makes sure that an update makes and removes only what is the stack's. It
// prints and returns, as Kind/name, what the update has to adopt first.
func (t *target) settle(ctx context.Context, state engine.State, plan engine.Plan, o ownershipOptions, c console) ([]string, error) {
	client, err := t.client()
	if err != nil {
		return nil, err
	}
	claims, err := t.taken(ctx, client, state, plan)
	if err != nil {
		return nil, err
	}
	refused := t.refuse(claims, o)
	if !o.others {
		refused = errors.Join(refused, t.checkInside(ctx, client, state, plan.Deletes))
	}
	if refused != nil {
		return nil, refused
	}
	var keys []string
	for _, claim := range claims {
		fmt.Fprintln(c.out, "to adopt:", claim)
		keys = append(keys, claim.Key())
	}
	slices.Sort(keys)
	return slices.Compact(keys), nil
}

// leaveTimeout is how long settle waits for objects that are being deleted, as those
// of a stack that was just destroyed.
const leaveTimeout = 90 * time.Second

// taken returns what exists and is not the stack's, after what is being deleted has
// gone.
func (t *target) taken(ctx context.Context, client *cluster.Client, state engine.State, plan engine.Plan) ([]ownership.Claim, error) {
	end := time.Now().Add(leaveTimeout)
	for {
		claims, err := ownership.Taken(ctx, client, t.self(state), plan.Creates)
		leaving := slices.ContainsFunc(claims, func(c ownership.Claim) bool { return c.Deleting })
		if err != nil || !leaving || time.Now().After(end) {
			return claims, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// refuse returns an error for the claims, nil if all of them may be adopted.
func (t *target) refuse(claims []ownership.Claim, o ownershipOptions) error {
	var leaving, elsewhere, others []ownership.Claim
	for _, claim := range claims {
		switch {
		case claim.Deleting:
			leaving = append(leaving, claim)
		case claim.Deployment != "":
			elsewhere = append(elsewhere, claim)
		default:
			others = append(others, claim)
		}
	}
	var errs []error
	if len(leaving) > 0 {
		errs = append(errs, fmt.Errorf("%s being deleted on context %s; nothing was changed: wait until they are gone, and run it again:\n%s",
			count(len(leaving), "object is", "objects are"), t.context, lines(leaving)))
	}
	if len(elsewhere) > 0 {
		errs = append(errs, t.deployedElsewhere(elsewhere))
	}
	if len(others) > 0 && !o.adopt {
		errs = append(errs, fmt.Errorf("%s on context %s that stack %s did not make; nothing was changed:\n%s\n"+
			"use other names (namespace, dapr.namespace, apps[].name), createNamespace: false for a namespace that is there, "+
			"dapr.install: false for a control plane that is there, or take over exactly these with --adopt; destroy then leaves them",
			count(len(others), "object exists", "objects exist"), t.context, t.stack, lines(others)))
	}
	return errors.Join(errs...)
}

// deployedElsewhere tells of objects that another deployment made: that of the same
// stack from another state, or that of another stack.
func (t *target) deployedElsewhere(claims []ownership.Claim) error {
	self := t.self(engine.State{})
	wayOut := "use other names, or destroy that stack first"
	if slices.ContainsFunc(claims, func(c ownership.Claim) bool { return c.Stack == self.Stack }) {
		wayOut = t.shareState()
	}
	return fmt.Errorf("%s on context %s to another deployment; nothing was changed:\n%s\n%s",
		count(len(claims), "object belongs", "objects belong"), t.context, lines(claims), wayOut)
}

// shareState says how to go on when the stack is deployed and this state does not
// know it.
func (t *target) shareState() string {
	return fmt.Sprintf("stack %s is deployed on context %s, and this state does not know it. If a colleague or another machine did that, share its state: "+
		"set PULUMI_BACKEND_URL, and PULUMI_CONFIG_PASSPHRASE, to what they are there. If that state is lost, rebuild it: daprstack recover -s %s",
		t.stack, t.context, t.stack)
}

// checkUnknown fails if the stack is deployed on the cluster although the state
// knows nothing of it.
func (t *target) checkUnknown(ctx context.Context, client *cluster.Client, want *stackconfig.Stack) error {
	self := t.self(engine.State{})
	ids, err := ownership.Deployments(ctx, client, self.Stack, want.Namespace, want.Dapr.Namespace)
	if err != nil || len(ids) == 0 {
		return err
	}
	return fmt.Errorf("nothing was removed: %s", t.shareState())
}

// checkInside fails if something of others is in a namespace that is to be removed.
func (t *target) checkInside(ctx context.Context, client *cluster.Client, state engine.State, removed []cluster.Object) error {
	known := make([]cluster.Object, len(state.Objects))
	for i, o := range state.Objects {
		known[i] = o.Object
	}
	var errs []error
	for _, namespace := range removed {
		if namespace.Kind != "Namespace" {
			continue
		}
		inside, err := ownership.Inside(ctx, client, t.self(state), namespace.Name, known)
		if err != nil {
			return err
		}
		if len(inside) > 0 {
			errs = append(errs, fmt.Errorf("namespace %s would go with %s that stack %s did not make; nothing was changed:\n%s\n"+
				"move them elsewhere, keep the namespace with keep.namespaces, or remove them too with --with-what-others-put-there",
				namespace.Name, count(len(inside), "object", "objects"), t.stack, lines(inside)))
		}
	}
	return errors.Join(errs...)
}

// mostLines limits a list: of a whole deployment, its first objects are enough.
const mostLines = 20

func lines(claims []ownership.Claim) string {
	var all []string
	for i, claim := range claims {
		if i == mostLines {
			all = append(all, fmt.Sprintf("  … and %d more", len(claims)-i))
			break
		}
		all = append(all, "  "+claim.String())
	}
	return strings.Join(all, "\n")
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
