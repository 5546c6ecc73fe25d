package provisioner

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v10/controller"
)

// claim is a claim for 1Gi, as the controller hands it on.
func claim(volume string) controller.ProvisionOptions {
	keep := corev1.PersistentVolumeReclaimRetain
	return controller.ProvisionOptions{
		PVName:       volume,
		StorageClass: &storagev1.StorageClass{ReclaimPolicy: &keep},
		PVC: &corev1.PersistentVolumeClaim{Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{
				corev1.ResourceStorage: resource.MustParse("1Gi"),
			}},
		}},
	}
}

func TestAVolumeIsADirectoryOfItsNode(t *testing.T) {
	d := directories{root: t.TempDir(), node: "here"}
	pv, state, err := d.Provision(t.Context(), claim("pvc-1"))
	if err != nil || state != controller.ProvisioningFinished {
		t.Fatal(state, err)
	}
	info, err := os.Stat(filepath.Join(d.root, "pvc-1"))
	if err != nil || !info.IsDir() || info.Mode().Perm() != 0o777 {
		t.Errorf("want a directory for anyone, got %v, %v", info, err)
	}
	if pv.Spec.Local == nil || pv.Spec.Local.Path != filepath.Join(d.root, "pvc-1") {
		t.Errorf("want a local volume of that directory, got %+v", pv.Spec.PersistentVolumeSource)
	}
	if got := pv.Spec.NodeAffinity.Required.NodeSelectorTerms[0].MatchExpressions[0].Values[0]; got != "here" {
		t.Errorf("want it on the node here, got %s", got)
	}
	if got := pv.Spec.Capacity.Storage().String(); got != "1Gi" {
		t.Errorf("want the size that was asked for, got %s", got)
	}
	if got := pv.Spec.PersistentVolumeReclaimPolicy; got != corev1.PersistentVolumeReclaimRetain {
		t.Errorf("want the class's reclaim policy, got %s", got)
	}
}

func TestDeleteRemovesTheDirectoryAndNoOther(t *testing.T) {
	d := directories{root: t.TempDir(), node: "here"}
	pv, _, err := d.Provision(t.Context(), claim("pvc-1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{d.root, "/", filepath.Dir(d.root), filepath.Join(d.root, "pvc-2")} {
		other := pv.DeepCopy()
		other.Spec.Local.Path = path
		var ignored *controller.IgnoredError
		if err := d.Delete(t.Context(), other); !errors.As(err, &ignored) {
			t.Errorf("a volume at %s: want it ignored, got %v", path, err)
		}
	}
	if _, err := os.Stat(pv.Spec.Local.Path); err != nil {
		t.Fatal(err)
	}
	for range 2 { // twice, as after a crash
		if err := d.Delete(t.Context(), pv); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(pv.Spec.Local.Path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("want the directory gone, got %v", err)
	}
}

func TestNoNameLeadsOutOfTheRoot(t *testing.T) {
	d := directories{root: "/volumes", node: "here"}
	for _, name := range []string{"../etc", "a/../../etc", "/etc"} {
		if got := d.path(name); got != "/volumes/etc" {
			t.Errorf("%s: got %s", name, got)
		}
	}
}

func TestBlockDevicesAreRefused(t *testing.T) {
	d := directories{root: t.TempDir(), node: "here"}
	o := claim("pvc-1")
	block := corev1.PersistentVolumeBlock
	o.PVC.Spec.VolumeMode = &block
	if _, state, err := d.Provision(t.Context(), o); err == nil || state != controller.ProvisioningFinished {
		t.Errorf("want a final error, got %v, %v", state, err)
	}
}
