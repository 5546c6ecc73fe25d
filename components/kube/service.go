package kube

import (
	"cmp"
	"strconv"

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

// Service returns a Service in front of the pods with some labels. It is not awaited:
// that takes ten seconds and says no more than the pods' readiness, and a load balancer
// may never have an address.
func Service(ctx *pulumi.Context, meta Meta, pods map[string]string, ports []Port) *corev1.ServiceArgs {
	meta.SkipAwait = true
	list := make(corev1.ServicePortArray, len(ports))
	for i, p := range ports {
		list[i] = corev1.ServicePortArgs{
			Name: pulumi.String(p.Name), Port: pulumi.Int(p.Number), TargetPort: pulumi.String(p.Name),
		}
	}
	return &corev1.ServiceArgs{
		Metadata: meta.Args(ctx),
		Spec:     &corev1.ServiceSpecArgs{Selector: pulumi.ToStringMap(pods), Ports: list},
	}
}

// ServiceForm is what a Service has besides its pods. The zero value is one with an
// address in the cluster, and the ports of the container.
type ServiceForm struct {
	// None makes no Service. Default false.
	None bool
	// Type is ClusterIP, NodePort or LoadBalancer. Default ClusterIP.
	Type string
	// Headless lets the name stand for the pods themselves. Default false.
	Headless bool
	// Ports of the Service. Default those of the container.
	Ports []ServicePort
	// Annotations of the Service. Default none.
	Annotations map[string]string
	// LoadBalancerClass, LoadBalancerSourceRanges and ExternalTrafficPolicy are those of
	// Kubernetes. Default none.
	LoadBalancerClass        string
	LoadBalancerSourceRanges []string
	ExternalTrafficPolicy    string
}

// ServicePort is a port of a Service that is not simply that of the container.
type ServicePort struct {
	// Name of the port, and its Number. Required.
	Name   string
	Number int
	// Target is the number or the name of the container's port. Default Name.
	Target string
	// AppProtocol is what it speaks. Default none.
	AppProtocol string
	// NodePort on every node. Default one that the cluster chooses.
	NodePort int
}

// Set fills in the spec of a Service.
func (f ServiceForm) Set(spec *corev1.ServiceSpecArgs) {
	text := func(s string) pulumi.StringPtrInput {
		if s == "" {
			return nil
		}
		return pulumi.String(s)
	}
	spec.Type, spec.LoadBalancerClass, spec.ExternalTrafficPolicy = text(f.Type), text(f.LoadBalancerClass), text(f.ExternalTrafficPolicy)
	if f.Headless {
		spec.ClusterIP = pulumi.String("None")
	}
	if len(f.LoadBalancerSourceRanges) > 0 {
		spec.LoadBalancerSourceRanges = pulumi.ToStringArray(f.LoadBalancerSourceRanges)
	}
	if len(f.Ports) == 0 {
		return
	}
	list := make(corev1.ServicePortArray, len(f.Ports))
	for i, p := range f.Ports {
		port := corev1.ServicePortArgs{
			Name: pulumi.String(p.Name), Port: pulumi.Int(p.Number), TargetPort: IntOrText(cmp.Or(p.Target, p.Name)), AppProtocol: text(p.AppProtocol),
		}
		if p.NodePort != 0 {
			port.NodePort = pulumi.Int(p.NodePort)
		}
		list[i] = port
	}
	spec.Ports = list
}

// IntOrText returns a number as such and anything else, such as a percentage, as text.
func IntOrText(value string) pulumi.Input {
	if n, err := strconv.Atoi(value); err == nil {
		return pulumi.Int(n)
	}
	return pulumi.String(value)
}
