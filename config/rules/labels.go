package rules

// SidecarLabel marks the pods that the injector must see: a pod with it cannot
// be created while the injector is down (S-11). Pods without it, Redis among
// them, never wait for the injector.
const (
	SidecarLabel      = "daprstack.io/sidecar"
	SidecarLabelValue = "true"
)

// PodLabels returns the labels of an app's pods. Without that of a sidecar they
// are those of all objects of the app, and select its pods.
func PodLabels(app string, sidecar bool) map[string]string {
	labels := map[string]string{"app.kubernetes.io/name": app, "app.kubernetes.io/managed-by": "daprstack"}
	if sidecar {
		labels[SidecarLabel] = SidecarLabelValue
	}
	return labels
}
