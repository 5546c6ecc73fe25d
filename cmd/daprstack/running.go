package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/cluster"
	"github.com/daprstack/daprstack/internal/engine"
	"github.com/daprstack/daprstack/internal/ownership"
)

// checkRemains refuses to go on if the cluster has nothing of what the state
// lists, as after it was made anew under the same context. The engine would not
// notice: it compares the stack file with the state, and changes nothing.
func (t *target) checkRemains(ctx context.Context, client *cluster.Client, state engine.State) error {
	var known []ownership.Known
	for _, o := range state.Objects {
		if o.UID != "" && !o.Adopted {
			known = append(known, ownership.Known{Object: o.Object, UID: o.UID})
		}
	}
	if len(known) == 0 {
		return nil
	}
	remains, err := ownership.Remains(ctx, client, known)
	if err != nil || remains {
		return err
	}
	return fmt.Errorf("context %s has nothing of stack %s any more, whose state lists %s: the cluster was made anew, or somebody removed everything; "+
		"nothing was changed.\nIf that is so, make the state forget it, and bring the stack up again: daprstack refresh -s %[2]s", t.context, t.stack,
		count(len(known), "object", "objects"))
}

// The StatefulSets of Dapr's chart, and the volume claims that they may have.
const (
	schedulerSet, schedulerClaim = "dapr-scheduler-server", "dapr-scheduler-data-dir"
	placementSet, placementClaim = "dapr-placement-server", "raft-log"
)

// checkVolumes refuses what would change the volume claims of a control plane that
// runs: Kubernetes lets no StatefulSet change them, and the preview would end with
// its words. Claims by values of the chart are left to it.
func (t *target) checkVolumes(ctx context.Context, client *cluster.Client, state engine.State, want *config.Stack) error {
	dapr := want.Dapr
	const memory = "in memory"
	var problems []error
	for _, o := range state.Objects {
		if o.Kind != "StatefulSet" || o.Namespace != dapr.Namespace || !*dapr.Enabled || chartDecides(dapr.Chart.Values, o.Name) {
			continue
		}
		set, err := client.Kube.AppsV1().StatefulSets(o.Namespace).Get(ctx, o.Name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return fmt.Errorf("looking at the control plane: %w", err)
		}
		switch has := claims(set); o.Name {
		case schedulerSet:
			wanted := memory
			if !dapr.Scheduler.InMemory {
				wanted = claim(dapr.Scheduler.Storage, dapr.Scheduler.StorageClass)
			}
			if now := cmp.Or(has[schedulerClaim], memory); now != wanted {
				problems = append(problems, t.claimsStay(o, "dapr.scheduler", wanted, now))
			}
		case placementSet:
			if _, ha := has[placementClaim]; ha != dapr.HA {
				problems = append(problems, t.claimsStay(o, "dapr.ha", strconv.FormatBool(dapr.HA), strconv.FormatBool(ha)))
			}
		}
	}
	return errors.Join(problems...)
}

// chartDecides reports whether values of the chart say what the volumes of one of
// its StatefulSets are.
func chartDecides(values map[string]any, set string) bool {
	part, _ := values[strings.ReplaceAll(strings.TrimSuffix(set, "-server"), "-", "_")].(map[string]any)
	return part["cluster"] != nil || part["volumeclaims"] != nil || part["ha"] != nil
}

// claims returns the volumes that a StatefulSet asks for, by name.
func claims(set *appsv1.StatefulSet) map[string]string {
	all := map[string]string{}
	for _, c := range set.Spec.VolumeClaimTemplates {
		var class string
		if c.Spec.StorageClassName != nil {
			class = *c.Spec.StorageClassName
		}
		all[c.Name] = claim(c.Spec.Resources.Requests.Storage().String(), class)
	}
	return all
}

// claim returns a size and a storage class, which may be left out, in words.
func claim(size, class string) string {
	if q, err := resource.ParseQuantity(size); err == nil {
		size = q.String() // however it is written
	}
	return strings.TrimSpace(size + " " + class)
}

func (t *target) claimsStay(o engine.Object, key, want, has string) error {
	return fmt.Errorf("%s is %s in the stack file and %s on context %s, where %s runs: Kubernetes does not let a StatefulSet change its volumes; nothing was changed.\n"+
		"Leave it as it is (a volume grows by its PersistentVolumeClaim), or have the StatefulSet made anew. Its pods stop meanwhile, and volumes that it has stay:\n"+
		"  kubectl --context %[4]s -n %[6]s delete statefulset %[7]s && daprstack refresh -s %[8]s && daprstack up -s %[8]s",
		key, want, has, t.context, o.Object, o.Namespace, o.Name, t.stack)
}
