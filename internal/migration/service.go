package migration

import (
	"slices"
	"strconv"

	"github.com/daprstack/daprstack/config"
)

// services takes over the Services of an app, which the stack makes itself, by the
// app's name.
func (c *converter) services(o Object, a *config.App) {
	var names []string
	for _, s := range c.of("Service") {
		if !selects(s, o) {
			continue
		}
		names = append(names, s.Name())
		p := c.part(s)
		if s.Name() != a.Name && keepsPods(s, a) && (get(s.Fields, "spec", "clusterIP") != "None" || a.Kind != config.StatefulSet) {
			p.differ("metadata.name", s.Name(), advice{"the Service of an app has the name of the app; this one stays beside the stack, and goes on selecting the pods by their labels", ""})
			continue
		}
		annotations := ownAnnotations(p)
		p.metadata().rest(nil)
		spec := p.below("spec")
		headless := spec.fields["clusterIP"] == "None"
		if s.Name() != a.Name && (!headless || a.Kind != config.StatefulSet) {
			p.differ("metadata.name", s.Name(), advice{"the Service of an app has the name of the app; this one would select no pod any more", "call " + a.Name + " instead, or write a Service that selects app.kubernetes.io/name: " + a.Name})
		}
		if s.Name() == a.Name || a.Service == nil {
			c.service(spec, headless && s.Name() == a.Name, annotations, a)
		}
		spec.drop("selector", "clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy", "ports", "publishNotReadyAddresses")
		spec.expect(map[string]any{"type": "ClusterIP", "sessionAffinity": "None"})
		spec.rest(nil)
	}
	c.ingresses(a, names)
}

// service takes over the type and the ports of a Service, as far as they differ from
// what the stack makes.
func (c *converter) service(spec part, headless bool, annotations map[string]string, a *config.App) {
	s := config.Service{Annotations: annotations}
	if kind := getText(spec.fields, "type"); kind == "LoadBalancer" || kind == "NodePort" {
		s.Type = spec.text("type")
		s.LoadBalancerClass, s.LoadBalancerSourceRanges = spec.text("loadBalancerClass"), spec.texts("loadBalancerSourceRanges")
		if policy := spec.text("externalTrafficPolicy"); policy != "Cluster" {
			s.ExternalTrafficPolicy = policy
		}
		spec.drop("allocateLoadBalancerNodePorts", "healthCheckNodePort")
	}
	if headless {
		s.Type = config.Headless
	}
	other := false
	for _, port := range spec.items("ports") {
		one, same := c.servicePort(port, s.Type, a)
		s.Ports, other = append(s.Ports, one), other || !same
	}
	if !other {
		s.Ports = nil
	}
	if s.Type != "" || s.Ports != nil || s.Annotations != nil {
		a.Service = &s
	}
}

// keepsPods reports whether a Service selects the pods that an app has in the stack.
func keepsPods(service Object, a *config.App) bool {
	selector, _ := get(service.Fields, "spec", "selector").(map[string]any)
	for key, value := range selector {
		if a.Labels[key] != textOf(value) {
			return false
		}
	}
	return true
}

// servicePort takes over a port, and reports whether the stack would make the same.
func (c *converter) servicePort(port part, kind string, a *config.App) (_ config.ServicePort, same bool) {
	port.expect(map[string]any{"protocol": "TCP"})
	p := config.ServicePort{Name: port.text("name"), AppProtocol: port.text("appProtocol")}
	p.Port, _ = port.number("port")
	goal := port.take("targetPort")
	if kind == "NodePort" || kind == "LoadBalancer" {
		p.NodePort, _ = port.number("nodePort")
	}
	port.drop("nodePort")
	port.rest(nil)
	target, known := whole(goal)
	switch {
	case goal == nil:
		target, known = p.Port, true
	case !known:
		p.TargetPort = config.IntOrText(textOf(goal))
		target = a.Port // the container's name of its main port is ours
		for _, own := range a.Ports {
			if own.Name == goal {
				target = own.Port
			}
		}
	}
	if target == a.Port {
		p.TargetPort = "http"
	} else if known {
		p.TargetPort = config.IntOrText(strconv.Itoa(target))
	}
	if p.Name == "" {
		p.Name = "http"
	}
	return p, p.Port == target && p.AppProtocol == ""
}

// serves reports whether a Service is one of an app with a sidecar.
func (c *converter) serves(service Object) bool {
	return slices.ContainsFunc(c.workloads(), func(o Object) bool { return selects(service, o) })
}

// selects reports whether a Service selects the pods of a workload.
func selects(service, workload Object) bool {
	selector, _ := get(service.Fields, "spec", "selector").(map[string]any)
	labels, _ := get(podTemplate(workload), "metadata", "labels").(map[string]any)
	for key, value := range selector {
		if labels[key] != value {
			return false
		}
	}
	return len(selector) > 0
}
