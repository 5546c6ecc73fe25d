package kube

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Port is a port of a container and of the Service in front of it.
type Port struct {
	Name   string
	Number int
}

// ContainerPorts returns the ports for a container.
func ContainerPorts(ports []Port) corev1.ContainerPortArray {
	list := make(corev1.ContainerPortArray, len(ports))
	for i, p := range ports {
		list[i] = corev1.ContainerPortArgs{Name: pulumi.String(p.Name), ContainerPort: pulumi.Int(p.Number)}
	}
	return list
}

// Service returns a Service in front of the pods that have its labels. It is not
// awaited: that takes ten seconds and says no more than the pods' readiness.
func Service(ctx *pulumi.Context, meta Meta, ports []Port) *corev1.ServiceArgs {
	meta.SkipAwait = true
	list := make(corev1.ServicePortArray, len(ports))
	for i, p := range ports {
		list[i] = corev1.ServicePortArgs{
			Name: pulumi.String(p.Name), Port: pulumi.Int(p.Number), TargetPort: pulumi.String(p.Name),
		}
	}
	return &corev1.ServiceArgs{
		Metadata: meta.Args(ctx),
		Spec:     &corev1.ServiceSpecArgs{Selector: pulumi.ToStringMap(meta.Labels), Ports: list},
	}
}
