package verify

import (
	"context"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/daprstack/daprstack/internal/controlplane"
)

func (v *verifier) controlPlane() []check {
	return []check{
		{entity: "control plane", what: "the stack can work with it: services, version, mTLS, injector and CRDs", prove: v.fits},
		{entity: "control plane", what: "no sidecar is older than it", prove: v.upToDate},
	}
}

// fits proves that the stack can work with the control plane of the cluster, and
// notes which one that is.
func (v *verifier) fits(ctx context.Context) error {
	plane, err := controlplane.Check(ctx, v.cluster, v.stack)
	if err != nil {
		return err
	}
	return noted(plane.String())
}

// upToDate notes the sidecars that are older than the control plane: those of the
// stack, and of all others if it is the one that installs it. Dapr supports them,
// and the next pod gets a new one.
func (v *verifier) upToDate(ctx context.Context) error {
	plane, err := controlplane.Find(ctx, v.cluster)
	if err != nil {
		return err
	}
	namespace := v.stack.Namespace
	if v.stack.InstallsDapr() {
		namespace = metav1.NamespaceAll
	}
	older, err := controlplane.OlderThan(ctx, v.cluster, namespace, plane.Sidecars)
	if err != nil || len(older) == 0 {
		return err
	}
	lines := make([]string, len(older))
	for i, s := range older {
		lines[i] = s.String()
	}
	return noted(fmt.Sprintf("older than Dapr %s: %s; to replace the pods, set dapr.version: %s in their stack and run up",
		plane.Sidecars, strings.Join(lines, "; "), plane.Sidecars))
}

// rightVersion reports whether a sidecar is of the version of the stack file. A
// control plane that is there may be newer, and its sidecars with it.
func (v *verifier) rightVersion(version string) bool {
	if v.stack.InstallsDapr() {
		return version == v.stack.Dapr.Version
	}
	return controlplane.Covers(version, v.stack.Dapr.Version)
}
