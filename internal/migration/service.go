package migration

import (
	"fmt"
	"slices"

	"github.com/daprstack/daprstack/config"
)

// services takes over the Services of an app, which the stack makes itself, by the
// app's name and on the ports of the container.
func (c *converter) services(o Object, a *config.App) {
	for _, s := range c.of("Service") {
		if !selects(s, o) {
			continue
		}
		p := c.part(s)
		p.metadata().rest(nil)
		spec := p.below("spec")
		if s.Name() != a.Name {
			p.differ("metadata.name", s.Name(), advice{"the Service of an app has the name of the app; this one would select no pod any more", "call " + a.Name + " instead, or write a Service that selects app.kubernetes.io/name: " + a.Name})
		}
		for _, port := range spec.items("ports") {
			c.servicePort(port, a)
		}
		spec.drop("selector", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy")
		if spec.fields["clusterIP"] != "None" {
			spec.drop("clusterIP")
		}
		spec.expect(map[string]any{"type": "ClusterIP", "sessionAffinity": "None"})
		if getText(spec.fields, "type") == "LoadBalancer" {
			spec.drop("allocateLoadBalancerNodePorts", "externalTrafficPolicy")
		}
		spec.rest(map[string]advice{"type": {"the Services of a stack are for the cluster alone", "write an Ingress, or a Service of another name that selects app.kubernetes.io/name: " + a.Name}})
	}
}

func (c *converter) servicePort(port part, a *config.App) {
	port.drop("name", "nodePort", "appProtocol")
	port.expect(map[string]any{"protocol": "TCP"})
	number, _ := port.number("port")
	goal := port.take("targetPort")
	target, known := whole(goal)
	switch {
	case goal == nil:
		target, known = number, true
	case !known && goal == "http":
		target, known = a.Port, true
	}
	for _, p := range a.Ports {
		if goal == p.Name {
			target, known = p.Port, true
		}
	}
	if known && target != number {
		port.differ("port", number, advice{"a stack's Service has the port of the container", fmt.Sprintf("call %s:%d", a.Name, target)})
	}
	port.rest(nil)
}

// serves reports whether a Service is one of an app with a sidecar.
func (c *converter) serves(service Object) bool {
	return slices.ContainsFunc(c.of("Deployment.apps"), func(o Object) bool { return sidecar(o) && selects(service, o) })
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
