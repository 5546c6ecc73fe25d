// Package provisioner makes the local node's volumes: one directory of the node
// for each claim, deleted with it. The size that a claim asks for is recorded,
// not enforced: all volumes share the node's file system.
package provisioner

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v10/controller"
)

// directories keeps volumes as directories under root, on one node.
type directories struct {
	root string // absolute; nothing but volumes in it
	node string // the node's kubernetes.io/hostname
}

var _ controller.Provisioner = directories{}

// Provision makes the claim's directory. Anyone may write in it, because its
// pod may run as any user; root's parent directory keeps other people out.
func (d directories) Provision(_ context.Context, o controller.ProvisionOptions) (*corev1.PersistentVolume, controller.ProvisioningState, error) {
	if mode := o.PVC.Spec.VolumeMode; mode != nil && *mode == corev1.PersistentVolumeBlock {
		return nil, controller.ProvisioningFinished, fmt.Errorf("claim %s/%s wants a block device: the local node has file systems only", o.PVC.Namespace, o.PVC.Name)
	}
	path := d.path(o.PVName)
	if err := os.MkdirAll(path, 0o777); err != nil {
		return nil, controller.ProvisioningFinished, fmt.Errorf("making the directory of volume %s: %w", o.PVName, err)
	}
	if err := os.Chmod(path, 0o777); err != nil { // whatever the umask
		return nil, controller.ProvisioningFinished, fmt.Errorf("opening the directory of volume %s to its pod: %w", o.PVName, err)
	}
	return d.volume(o), controller.ProvisioningFinished, nil
}

// Delete removes the volume's directory with all that is in it, and nothing
// that is not a directory which Provision made.
func (d directories) Delete(_ context.Context, pv *corev1.PersistentVolume) error {
	path := d.path(pv.Name)
	if pv.Spec.Local == nil || pv.Spec.Local.Path != path {
		return &controller.IgnoredError{Reason: fmt.Sprintf("volume %s is not the directory %s", pv.Name, path)}
	}
	if err := os.RemoveAll(path); err != nil {
		return fmt.Errorf("removing the directory of volume %s: %w", pv.Name, err)
	}
	return nil
}

// volume is of the type local, not hostPath: to it the kubelet applies a pod's
// fsGroup.
func (d directories) volume(o controller.ProvisionOptions) *corev1.PersistentVolume {
	pv := &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: o.PVName},
		Spec: corev1.PersistentVolumeSpec{
			AccessModes: o.PVC.Spec.AccessModes,
			Capacity: corev1.ResourceList{
				corev1.ResourceStorage: o.PVC.Spec.Resources.Requests[corev1.ResourceStorage],
			},
			PersistentVolumeSource: corev1.PersistentVolumeSource{
				Local: &corev1.LocalVolumeSource{Path: d.path(o.PVName)},
			},
			NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{
				NodeSelectorTerms: []corev1.NodeSelectorTerm{{
					MatchExpressions: []corev1.NodeSelectorRequirement{{
						Key:      corev1.LabelHostname,
						Operator: corev1.NodeSelectorOpIn,
						Values:   []string{d.node},
					}},
				}},
			}},
		},
	}
	if policy := o.StorageClass.ReclaimPolicy; policy != nil {
		pv.Spec.PersistentVolumeReclaimPolicy = *policy
	}
	return pv
}

// path takes the base name, so that no volume's name can lead out of root.
func (d directories) path(volume string) string {
	return filepath.Join(d.root, filepath.Base(volume))
}
