package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/controlplane"
)

// checkControlPlane fails, with all reasons, when the stack is to use a control
// plane that is there already and cannot work with it. It says which one it uses.
func (t *target) checkControlPlane(ctx context.Context, want *config.Stack, w io.Writer) error {
	if !want.UsesDapr() {
		return nil
	}
	client, err := t.client()
	if err != nil {
		return err
	}
	plane, err := controlplane.Check(ctx, client, want)
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
func (t *target) reportOlderSidecars(ctx context.Context, want *config.Stack, w io.Writer) error {
	if !want.InstallsDapr() {
		return nil
	}
	client, err := t.client()
	if err != nil {
		return err
	}
	older, err := controlplane.OlderThan(ctx, client, metav1.NamespaceAll, want.Dapr.Version)
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
