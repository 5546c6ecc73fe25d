package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/cluster"
	"github.com/daprstack/daprstack/internal/controlplane"
)

// checkControlPlane fails, with all reasons, when the stack is to use a control
// plane that is there already and cannot work with it. It says which one it uses.
func (t *target) checkControlPlane(ctx context.Context, c *cluster.Client, want *config.Stack, w io.Writer) error {
	if !want.UsesDapr() {
		return nil
	}
	plane, err := controlplane.Check(ctx, c, want)
	if plane == nil {
		return err
	}
	if plane.Manager == t.manager() {
		err = errors.Join(err, fmt.Errorf("stack %s itself installed it: with install: false up would remove it, with the CRDs and so with every Dapr object of the cluster", t.stack))
	}
	if err != nil {
		return fmt.Errorf("the stack cannot work with the control plane of context %s; nothing was changed:\n  %s",
			t.context, strings.ReplaceAll(err.Error(), "\n", "\n  "))
	}
	fmt.Fprintln(w, "Using the control plane that is there:", plane)
	return nil
}

// reportOlderSidecars says which sidecars of other namespaces are older than the
// control plane that the stack installs. Those of its own are replaced by up.
func reportOlderSidecars(ctx context.Context, c *cluster.Client, want *config.Stack, w io.Writer) error {
	if !want.InstallsDapr() {
		return nil
	}
	older, err := controlplane.OlderThan(ctx, c, metav1.NamespaceAll, want.Dapr.Version)
	if err != nil {
		return err
	}
	for _, s := range older {
		if s.Namespace == want.Namespace && !want.IsPlatform() {
			continue
		}
		fmt.Fprintf(w, "Sidecars older than the control plane, Dapr %s: %s\n", want.Dapr.Version, s)
	}
	return nil
}

// checkNobodyUses fails when the stack installed the control plane, and sidecars of
// other namespaces use it: they would lose it, and with the CRDs their objects.
func (t *target) checkNobodyUses(ctx context.Context, c *cluster.Client, want *config.Stack) error {
	if !want.InstallsDapr() {
		return nil
	}
	plane, err := controlplane.Find(ctx, c)
	if err != nil || plane.Manager != t.manager() {
		return err
	}
	sidecars, err := controlplane.FindSidecars(ctx, c, metav1.NamespaceAll)
	if err != nil {
		return err
	}
	var users []string
	for _, s := range sidecars {
		if s.Namespace != want.Namespace || want.IsPlatform() {
			users = append(users, "\n  "+s.String())
		}
	}
	if len(users) > 0 {
		return fmt.Errorf("sidecars of others use the control plane of stack %s; nothing was removed. Destroy their stacks first; "+
			"--with-what-others-put-there takes it from them, and with the CRDs their Dapr objects:%s", t.stack, strings.Join(users, ""))
	}
	return nil
}
