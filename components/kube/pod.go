package kube

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Harden returns a pod that runs the container without root, without a cluster
// token, without capabilities, with a read-only root file system and the
// runtime's seccomp profile. What it does not set stays as given; security
// contexts, if given, must be pointers to the SDK's Args.
func Harden(pod corev1.PodSpecArgs, container corev1.ContainerArgs) *corev1.PodSpecArgs {
	security, ok := pod.SecurityContext.(*corev1.PodSecurityContextArgs)
	if !ok {
		security = &corev1.PodSecurityContextArgs{}
	}
	security.RunAsNonRoot = pulumi.Bool(true)
	security.SeccompProfile = &corev1.SeccompProfileArgs{Type: pulumi.String("RuntimeDefault")}
	pod.SecurityContext = security
	pod.AutomountServiceAccountToken = pulumi.Bool(false)
	pod.EnableServiceLinks = pulumi.Bool(false)

	confined, ok := container.SecurityContext.(*corev1.SecurityContextArgs)
	if !ok {
		confined = &corev1.SecurityContextArgs{}
	}
	confined.AllowPrivilegeEscalation = pulumi.Bool(false)
	confined.ReadOnlyRootFilesystem = pulumi.Bool(true)
	confined.Capabilities = &corev1.CapabilitiesArgs{Drop: pulumi.ToStringArray([]string{"ALL"})}
	container.SecurityContext = confined
	pod.Containers = corev1.ContainerArray{container}
	return &pod
}

// Resources are the requests and limits of one container, by the name of the
// resource, as Kubernetes quantities.
type Resources struct{ Requests, Limits map[string]string }

// Args returns the resources for the SDK, nil if there are none.
func (r Resources) Args() corev1.ResourceRequirementsPtrInput {
	if len(r.Requests)+len(r.Limits) == 0 {
		return nil
	}
	args := &corev1.ResourceRequirementsArgs{}
	if len(r.Requests) > 0 {
		args.Requests = pulumi.ToStringMap(r.Requests)
	}
	if len(r.Limits) > 0 {
		args.Limits = pulumi.ToStringMap(r.Limits)
	}
	return args
}

// PullSecrets returns references to Secrets with registry credentials, nil if
// there are none.
func PullSecrets(names []string) corev1.LocalObjectReferenceArrayInput {
	if len(names) == 0 {
		return nil
	}
	refs := make(corev1.LocalObjectReferenceArray, len(names))
	for i, name := range names {
		refs[i] = corev1.LocalObjectReferenceArgs{Name: pulumi.String(name)}
	}
	return refs
}
