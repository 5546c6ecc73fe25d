package config

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"

	"github.com/daprstack/daprstack/config/rules"
	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// The types of a Service that are not Kubernetes' own.
const (
	Headless  = "Headless"
	NoService = "None"
)

// Service is how an app is reached in the cluster, and from outside.
type Service struct {
	// Type is ClusterIP, NodePort, LoadBalancer, Headless, whose name stands for the
	// pods themselves, or None. up does not wait for the address of a load balancer; in a
	// cluster without one there never is any. Default ClusterIP.
	Type string `json:"type,omitzero"`

	// Ports of the Service; the first is the main one. Default those of the app, under
	// the same numbers.
	Ports []ServicePort `json:"ports,omitzero"`

	// Annotations of the Service, as a load balancer reads them. Default none.
	Annotations map[string]string `json:"annotations,omitzero"`

	// LoadBalancerClass is which load balancer takes it. Default that of the cluster.
	LoadBalancerClass string `json:"loadBalancerClass,omitzero"`

	// LoadBalancerSourceRanges are the networks from which it may be reached, as
	// 10.0.0.0/8. Default all.
	LoadBalancerSourceRanges []string `json:"loadBalancerSourceRanges,omitzero"`

	// ExternalTrafficPolicy is Cluster, or Local, which keeps the address of the client
	// and reaches only pods of the same node. Default Cluster.
	ExternalTrafficPolicy string `json:"externalTrafficPolicy,omitzero"`
}

// ServicePort is one port of a Service.
type ServicePort struct {
	// Name of the port. Required, at most 15 characters.
	Name string `json:"name"`

	// Port number. Required, 1–65535.
	Port int `json:"port"`

	// TargetPort is the port of the container, its number or its name; that of the
	// app's main port is http. Default the one with the same name.
	TargetPort IntOrText `json:"targetPort,omitzero"`

	// AppProtocol is what the port speaks, as meshes and gateways read it:
	// kubernetes.io/h2c. Default none.
	AppProtocol string `json:"appProtocol,omitzero"`

	// NodePort is the port on every node, mostly 30000–32767. Default one that the
	// cluster chooses.
	NodePort int `json:"nodePort,omitzero"`
}

// Ingress is how an app is reached over HTTP from outside the cluster, through an
// ingress controller, which has to be there.
type Ingress struct {
	// ClassName is which controller takes it. Default the cluster's default class.
	ClassName string `json:"className,omitzero"`

	// Hosts under which the app is reached. Default any.
	Hosts []string `json:"hosts,omitzero"`

	// Paths that lead to the app. Default [/].
	Paths []string `json:"paths,omitzero"`

	// PathType is Prefix, Exact or ImplementationSpecific. Default Prefix.
	PathType string `json:"pathType,omitzero"`

	// Port is the name of the Service's port. Default its first one.
	Port string `json:"port,omitzero"`

	// TLSSecret is a Secret of the namespace with tls.crt and tls.key, which is there or
	// which a controller makes. Default none: plain HTTP.
	TLSSecret string `json:"tlsSecret,omitzero"`

	// Annotations of the Ingress, as its controller reads them. Default none.
	Annotations map[string]string `json:"annotations,omitzero"`
}

// HTTPRoute is how an app is reached over HTTP through a Gateway of the Gateway API,
// which has to be there.
type HTTPRoute struct {
	// ParentRefs are the Gateways, at least one. Default none.
	ParentRefs []ParentRef `json:"parentRefs,omitzero"`

	// Hostnames under which the app is reached. Default those of the Gateways.
	Hostnames []string `json:"hostnames,omitzero"`

	// Matches are the requests that lead to the app, any of them. Default all.
	Matches []RouteMatch `json:"matches,omitzero"`

	// Port is the name of the Service's port. Default its first one.
	Port string `json:"port,omitzero"`

	// TLS is whether the Gateways' listeners speak TLS, for the URLs in the outputs; the
	// certificates are theirs. Default true.
	TLS *bool `json:"tls,omitzero"`

	// Annotations of the HTTPRoute. Default none.
	Annotations map[string]string `json:"annotations,omitzero"`
}

// ParentRef names a Gateway.
type ParentRef struct {
	// Name of the Gateway. Required.
	Name string `json:"name"`
	// Namespace of the Gateway. Default that of the stack.
	Namespace string `json:"namespace,omitzero"`
	// SectionName is one listener of the Gateway. Default all that allow it.
	SectionName string `json:"sectionName,omitzero"`
	// Port of the listeners. Default any.
	Port int `json:"port,omitzero"`
}

// RouteMatch is what a request has to be like, all of it.
type RouteMatch struct {
	// Path of the request. Default any.
	Path string `json:"path,omitzero"`
	// PathType is PathPrefix, Exact or RegularExpression. Default PathPrefix.
	PathType string `json:"pathType,omitzero"`
	// Method of the request. Default any.
	Method string `json:"method,omitzero"`
	// Headers that it has, with exactly these values. Default none.
	Headers map[string]string `json:"headers,omitzero"`
}

// defaultService fills in how an app is reached.
func defaultService(a *App) {
	if s := a.Service; s != nil {
		def(&s.Type, "ClusterIP")
	}
	if i := a.Ingress; i != nil {
		def(&i.PathType, "Prefix")
		if i.Paths == nil {
			i.Paths = []string{"/"}
		}
		def(&i.Port, a.servicePorts()[0].Name)
	}
	if r := a.HTTPRoute; r != nil {
		def(&r.TLS, new(true))
		def(&r.Port, a.servicePorts()[0].Name)
		for i := range r.Matches {
			if r.Matches[i].Path != "" {
				def(&r.Matches[i].PathType, "PathPrefix")
			}
		}
	}
}

// HasService reports whether an app has a Service.
func (a App) HasService() bool {
	return !a.Ends() && a.Port != 0 && (a.Service == nil || a.Service.Type != NoService)
}

// servicePorts returns the ports of the app's Service.
func (a App) servicePorts() []ServicePort {
	if a.Service != nil && len(a.Service.Ports) > 0 {
		return a.Service.Ports
	}
	ports := []ServicePort{{Name: "http", Port: a.Port}}
	for _, p := range a.Ports {
		ports = append(ports, ServicePort{Name: p.Name, Port: p.Port})
	}
	return ports
}

// ServicePort returns the main port of the app's Service.
func (a App) ServicePort() int { return a.servicePorts()[0].Port }

// PortNumber returns the number of a port of the app's Service.
func (a App) PortNumber(name string) int {
	for _, p := range a.servicePorts() {
		if p.Name == name {
			return p.Port
		}
	}
	return 0
}

// URLs returns the addresses at which an app is reached from outside the cluster, as
// far as the stack file says.
func (a App) URLs() (urls []string) {
	add := func(scheme string, hosts, paths []string) {
		for _, host := range hosts {
			for _, path := range paths {
				urls = append(urls, scheme+"://"+host+path)
			}
		}
	}
	if i := a.Ingress; i != nil {
		scheme := "http"
		if i.TLSSecret != "" {
			scheme = "https"
		}
		add(scheme, i.Hosts, i.Paths)
	}
	if r := a.HTTPRoute; r != nil {
		scheme, paths := "http", []string{}
		if *r.TLS {
			scheme = "https"
		}
		for _, m := range r.Matches {
			if m.PathType == "RegularExpression" {
				continue
			}
			if path := "/" + strings.TrimPrefix(m.Path, "/"); !slices.Contains(paths, path) {
				paths = append(paths, path)
			}
		}
		if len(r.Matches) == 0 {
			paths = []string{"/"}
		}
		add(scheme, r.Hostnames, paths)
	}
	return urls
}

// service checks how an app is reached (W-05, W-06).
func (v *validator) service(path *field.Path, a App) {
	if a.Ends() {
		return // see job
	}
	ports := rules.Names{}
	for _, p := range a.servicePorts() {
		ports[p.Name] = true
	}
	if a.Service != nil {
		v.serviceKeys(path.Child("service"), *a.Service, a)
	}
	for key, given := range map[string]bool{"ingress": a.Ingress != nil, "httpRoute": a.HTTPRoute != nil} {
		if given && !a.HasService() {
			v.add(path.Child(key), nil, broken("W-06", "must not be given for an app without a Service"), path.Child("service", "type").String(), path.Child("port").String())
		}
	}
	by := []string{path.Child("service", "ports").String(), path.Child("ports").String()}
	if i := a.Ingress; i != nil {
		v.ingress(path.Child("ingress"), *i)
		v.add(path.Child("ingress", "port"), i.Port, rules.Known("W-06", "the name of a port of the app's Service", i.Port, ports), by...)
	}
	if r := a.HTTPRoute; r != nil {
		v.httpRoute(path.Child("httpRoute"), *r)
		v.add(path.Child("httpRoute", "port"), r.Port, rules.Known("W-06", "the name of a port of the app's Service", r.Port, ports), by...)
	}
}

func (v *validator) serviceKeys(path *field.Path, s Service, a App) {
	v.oneOf(path.Child("type"), s.Type, "ClusterIP", "NodePort", "LoadBalancer", Headless, NoService)
	typeIs := path.Child("type").String()
	balanced, outside := s.Type == "LoadBalancer", s.Type == "LoadBalancer" || s.Type == "NodePort"
	for _, k := range []struct {
		key    string
		given  bool
		needed bool
		where  string
	}{
		{"loadBalancerClass", s.LoadBalancerClass != "", balanced, "LoadBalancer"},
		{"loadBalancerSourceRanges", s.LoadBalancerSourceRanges != nil, balanced, "LoadBalancer"},
		{"externalTrafficPolicy", s.ExternalTrafficPolicy != "", outside, "LoadBalancer or NodePort"},
		{"ports", s.Ports != nil, s.Type != NoService, "another"},
		{"annotations", s.Annotations != nil, s.Type != NoService, "another"},
	} {
		if k.given && !k.needed {
			v.add(path.Child(k.key), nil, broken("W-05", "must not be given without type: "+k.where), typeIs)
		}
	}
	v.oneOf(path.Child("externalTrafficPolicy"), s.ExternalTrafficPolicy, "Cluster", "Local")
	if s.LoadBalancerClass != "" && !valid(content.IsLabelKey, s.LoadBalancerClass) {
		v.form(path.Child("loadBalancerClass"), s.LoadBalancerClass, "must be a name such as internal or example.com/internal")
	}
	for i, r := range s.LoadBalancerSourceRanges {
		if _, _, err := net.ParseCIDR(r); err != nil {
			v.form(path.Child("loadBalancerSourceRanges").Index(i), r, "must be a network such as 10.0.0.0/8")
		}
	}
	v.annotations(path.Child("annotations"), s.Annotations)
	v.servicePorts(path, s, a)
}

func (v *validator) servicePorts(path *field.Path, s Service, a App) {
	names, numbers, targets := rules.Names{}, map[int]bool{}, rules.NamesOf("http")
	for _, p := range a.Ports {
		targets[p.Name] = true
	}
	app := parent(path.String())
	by := []string{app + ".port", app + ".ports"}
	for i, p := range s.Ports {
		at := path.Child("ports").Index(i)
		switch {
		case !valid(validation.IsValidPortName, p.Name):
			v.form(at.Child("name"), p.Name, "must be lower-case letters, at least one, digits and single hyphens, at most 15 characters")
		case names[p.Name]:
			v.form(at.Child("name"), p.Name, "must be unique in the Service")
		}
		if rules.AppPort(p.Port) != nil {
			v.form(at.Child("port"), p.Port, rules.AppPort(p.Port)[0].Allowed)
		} else if numbers[p.Port] {
			v.form(at.Child("port"), p.Port, "must be unique in the Service")
		}
		names[p.Name], numbers[p.Port] = true, true
		number, isNumber := p.TargetPort.Number()
		target := string(p.TargetPort)
		if target == "" {
			target = p.Name
		}
		by := append(slices.Clone(by), at.Child("name").String())
		switch {
		case target == "": // neither is its name
		case !isNumber && !targets[target]:
			v.add(at.Child("targetPort"), target, rules.Known("W-05", "the name or the number of a port of the app", target, targets), by...)
		case isNumber && !slices.Contains(a.ContainerPorts(), number):
			v.add(at.Child("targetPort"), number, broken("W-05", "must be a port of the app"), by...)
		case s.Type == Headless && a.targetNumber(p) != p.Port:
			v.add(at.Child("port"), p.Port, broken("W-05", fmt.Sprintf("must be that of the container, %d: a headless Service is the pods themselves", a.targetNumber(p))), by...)
		}
		if p.AppProtocol != "" && !valid(content.IsLabelKey, p.AppProtocol) {
			v.form(at.Child("appProtocol"), p.AppProtocol, "must be a name such as http or kubernetes.io/h2c")
		}
		switch {
		case p.NodePort == 0:
		case s.Type != "NodePort" && s.Type != "LoadBalancer":
			v.add(at.Child("nodePort"), p.NodePort, broken("W-05", "must not be given without type: LoadBalancer or NodePort"), path.Child("type").String())
		case rules.AppPort(p.NodePort) != nil:
			v.form(at.Child("nodePort"), p.NodePort, rules.AppPort(p.NodePort)[0].Allowed)
		}
	}
}

// targetNumber returns the number of the container's port behind one of the Service.
func (a App) targetNumber(p ServicePort) int {
	if n, ok := p.TargetPort.Number(); ok {
		return n
	}
	name := string(p.TargetPort)
	if name == "" {
		name = p.Name
	}
	for _, own := range a.Ports {
		if own.Name == name {
			return own.Port
		}
	}
	return a.Port
}

// annotations checks the names of annotations. Those of the engine are its own.
func (v *validator) annotations(path *field.Path, given map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		switch at := child(path, name); {
		case !valid(content.IsLabelKey, strings.ToLower(name)):
			v.form(at, nil, "must be named as annotations are: example.com/name")
		case strings.HasPrefix(name, "pulumi.com/") || strings.HasPrefix(name, "daprstack.io/"):
			v.form(at, nil, "must not be given: the stack sets those of pulumi.com and of daprstack.io")
		}
	}
}

// host checks the name of a host, whose first label may be a wildcard.
func (v *validator) host(path *field.Path, host string) {
	name, wildcard := strings.CutPrefix(host, "*.")
	if !valid(content.IsDNS1123Subdomain, name) || net.ParseIP(host) != nil || wildcard && name == "" {
		v.form(path, host, "must be the name of a host, such as shop.example.com or *.example.com")
	}
}

func (v *validator) ingress(path *field.Path, i Ingress) {
	if i.ClassName != "" {
		v.name(path.Child("className"), i.ClassName)
	}
	for n, host := range i.Hosts {
		v.host(path.Child("hosts").Index(n), host)
	}
	v.addEach(rules.Repeated("", i.Hosts), i.Hosts, func(n int) *field.Path { return path.Child("hosts").Index(n) })
	for n, p := range i.Paths {
		if !strings.HasPrefix(p, "/") {
			v.form(path.Child("paths").Index(n), p, "must begin with /")
		}
	}
	v.addEach(rules.Repeated("", i.Paths), i.Paths, func(n int) *field.Path { return path.Child("paths").Index(n) })
	v.oneOf(path.Child("pathType"), i.PathType, "Prefix", "Exact", "ImplementationSpecific")
	if i.TLSSecret != "" {
		v.name(path.Child("tlsSecret"), i.TLSSecret)
	}
	v.annotations(path.Child("annotations"), i.Annotations)
}

// methods are those that a route can ask for.
var methods = []string{"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}

func (v *validator) httpRoute(path *field.Path, r HTTPRoute) {
	if len(r.ParentRefs) == 0 {
		v.add(path.Child("parentRefs"), nil, broken("W-06", "is required: the Gateways through which the app is reached"))
	}
	for n, ref := range r.ParentRefs {
		at := path.Child("parentRefs").Index(n)
		v.name(at.Child("name"), ref.Name)
		if ref.Namespace != "" && !valid(content.IsDNS1123Label, ref.Namespace) {
			v.form(at.Child("namespace"), ref.Namespace, "must be a DNS-1123 label, at most 63 characters")
		}
		if ref.SectionName != "" {
			v.name(at.Child("sectionName"), ref.SectionName)
		}
		if ref.Port != 0 && rules.AppPort(ref.Port) != nil {
			v.form(at.Child("port"), ref.Port, rules.AppPort(ref.Port)[0].Allowed)
		}
	}
	for n, host := range r.Hostnames {
		v.host(path.Child("hostnames").Index(n), host)
	}
	v.addEach(rules.Repeated("", r.Hostnames), r.Hostnames, func(n int) *field.Path { return path.Child("hostnames").Index(n) })
	for n, m := range r.Matches {
		at := path.Child("matches").Index(n)
		if m.Path != "" && !strings.HasPrefix(m.Path, "/") && m.PathType != "RegularExpression" {
			v.form(at.Child("path"), m.Path, "must begin with /")
		}
		v.oneOf(at.Child("pathType"), m.PathType, "PathPrefix", "Exact", "RegularExpression")
		v.oneOf(at.Child("method"), m.Method, methods...)
		for _, name := range slices.Sorted(maps.Keys(m.Headers)) {
			if !valid(validation.IsHTTPHeaderName, name) {
				v.form(child(at.Child("headers"), name), nil, "must be named as headers of HTTP are")
			}
		}
	}
	v.annotations(path.Child("annotations"), r.Annotations)
}
