package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/daprstack/daprstack/internal/cluster"
	"github.com/daprstack/daprstack/internal/engine"
	"github.com/daprstack/daprstack/internal/ownership"
	"github.com/daprstack/daprstack/internal/progress"
)

type recoverOptions struct {
	console
	stackOptions
	yes        bool
	deployment string
}

func newRecoverCommand(runF func(context.Context, *recoverOptions) error) *cobra.Command {
	o := &recoverOptions{}
	cmd := &cobra.Command{
		Use:   "recover",
		Short: "Rebuild a lost state from the objects that bear the stack's mark; the cluster is not changed",
		Long: `Rebuild a lost state from the objects that bear the stack's mark. The cluster
is not changed. A state that only lies elsewhere is better shared: set
PULUMI_BACKEND_URL and PULUMI_CONFIG_PASSPHRASE to what they are there.

The key of Dapr's certificate authority is nowhere but in the state. The next up
therefore makes a new one, and replaces the pods that have a sidecar.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.console = consoleOf(cmd)
			return runF(cmd.Context(), o)
		},
	}
	o.registerStack(cmd)
	registerYes(cmd, &o.yes)
	cmd.Flags().StringVar(&o.deployment, "deployment", "", "the id of the deployment, if the cluster has several of the stack")
	return cmd
}

func runRecover(ctx context.Context, o *recoverOptions) error {
	t, want, err := reachable(ctx, o.stackOptions)
	if err != nil {
		return err
	}
	client, err := t.client()
	if err != nil {
		return err
	}
	self := t.self(engine.State{})
	ids, err := ownership.Deployments(ctx, client, self.Stack, want.Namespace, want.Dapr.Namespace)
	if err != nil {
		return err
	}
	if self.Deployment, err = o.choose(t, ids); err != nil {
		return err
	}
	stack, state, err := t.inspect(ctx, o.err)
	if err != nil {
		return err
	}
	if len(state.Objects) > 0 {
		return fmt.Errorf("the state knows stack %s already: nothing is lost; see daprstack preview -s %s", t.stack, t.stack)
	}
	if err := o.confirm(o.yes, "write a state for deployment %s of stack %s on context %s", self.Deployment, t.stack, t.context); err != nil {
		return err
	}
	step := progress.New(o.err).Start("looking for the objects of deployment %s", self.Deployment)
	run := (&displayOptions{}).show(ctx, o.console, client, want.Namespace)
	plan, err := engine.Preview(ctx, stack, run.Handle, optpreview.SuppressOutputs(), optpreview.ProgressStreams(run.out), optpreview.ErrorProgressStreams(run.err))
	run.Close()
	if err != nil {
		return step.Fail(run.fail(ctx, "recover failed", t.stack, err))
	}
	found, missing, err := engine.Rebuild(ctx, stack, plan, self.Deployment,
		func(ctx context.Context, object cluster.Object, prefix string) (*unstructured.Unstructured, error) {
			return ownership.Find(ctx, client, self, object, prefix)
		})
	if err != nil {
		return step.Fail(err)
	}
	step.Done()
	for _, object := range missing {
		fmt.Fprintln(o.out, "not there:", object)
	}
	fmt.Fprintf(o.out, "The state of stack %s has %s again, %d are not there. Look at what up would change: daprstack preview -s %s\n",
		t.stack, count(len(found), "object", "objects"), len(missing), t.stack)
	return nil
}

// choose returns the deployment to recover, of those that the cluster has.
func (o *recoverOptions) choose(t *target, ids []string) (string, error) {
	switch {
	case len(ids) == 0:
		return "", fmt.Errorf("context %s has no object that bears the mark of stack %s: there is nothing to recover", t.context, t.stack)
	case o.deployment != "" && !slices.Contains(ids, o.deployment):
		return "", fmt.Errorf("--deployment %s: context %s has %s", o.deployment, t.context, strings.Join(ids, ", "))
	case o.deployment != "":
		return o.deployment, nil
	case len(ids) > 1:
		return "", errors.New("the cluster has several deployments of the stack: choose with --deployment one of " + strings.Join(ids, ", "))
	default:
		return ids[0], nil
	}
}
