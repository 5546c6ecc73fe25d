//go:build linux

package local

import (
	"context"
	"fmt"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	rbacapply "k8s.io/client-go/applyconfigurations/rbac/v1"
	storageapply "k8s.io/client-go/applyconfigurations/storage/v1"
	"k8s.io/client-go/kubernetes"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
)

// The API server's users that Kubernetes has no role for.
const (
	corednsUser     = "daprstack:coredns"
	provisionerUser = "daprstack:storage-provisioner"
)

var readOnly = []string{"get", "list", "watch"}

// roles are the permissions of those users.
var roles = map[string][]*rbacapply.PolicyRuleApplyConfiguration{
	corednsUser: {
		rule(readOnly, "", "namespaces", "services", "pods"),
		rule(readOnly, "discovery.k8s.io", "endpointslices"),
	},
	provisionerUser: {
		rule(readOnly, "", "nodes", "persistentvolumeclaims"),
		rule(append([]string{"create", "delete", "update", "patch"}, readOnly...), "", "persistentvolumes"),
		rule([]string{"create", "update", "patch"}, "", "events"),
		rule(readOnly, "storage.k8s.io", "storageclasses"),
	},
}

func rule(verbs []string, group string, resources ...string) *rbacapply.PolicyRuleApplyConfiguration {
	return rbacapply.PolicyRule().WithVerbs(verbs...).WithAPIGroups(group).WithResources(resources...)
}

// applyAddons gives the node's own programs their permissions in the cluster, and
// the cluster its default storage class.
func applyAddons(ctx context.Context, client kubernetes.Interface) error {
	options := metav1.ApplyOptions{FieldManager: "daprstack", Force: true}
	for user, rules := range roles {
		role := rbacapply.ClusterRole(user).WithRules(rules...)
		if _, err := client.RbacV1().ClusterRoles().Apply(ctx, role, options); err != nil {
			return fmt.Errorf("applying the cluster role %s: %w", user, err)
		}
		binding := rbacapply.ClusterRoleBinding(user).
			WithRoleRef(rbacapply.RoleRef().WithAPIGroup(rbacv1.GroupName).WithKind("ClusterRole").WithName(user)).
			WithSubjects(rbacapply.Subject().WithAPIGroup(rbacv1.GroupName).WithKind(rbacv1.UserKind).WithName(user))
		if _, err := client.RbacV1().ClusterRoleBindings().Apply(ctx, binding, options); err != nil {
			return fmt.Errorf("applying the cluster role binding %s: %w", user, err)
		}
	}
	class := storageapply.StorageClass(StorageClass).
		WithAnnotations(map[string]string{"storageclass.kubernetes.io/is-default-class": "true"}).
		WithProvisioner(provisioner).
		WithReclaimPolicy(corev1.PersistentVolumeReclaimDelete).
		WithVolumeBindingMode(storagev1.VolumeBindingImmediate) // there is one node
	if _, err := client.StorageV1().StorageClasses().Apply(ctx, class, options); err != nil {
		return fmt.Errorf("applying the storage class %s: %w", StorageClass, err)
	}
	return nil
}
