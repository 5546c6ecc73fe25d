package app

import (
	"fmt"
	"maps"
	"slices"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/components/kube"
)

// Ingress is how an app is reached through an ingress controller.
type Ingress struct {
	// ClassName is which controller takes it. Default that of the cluster.
	ClassName string
	// Hosts under which the app is reached. Default any.
	Hosts []string
	// Paths that lead to the app, and PathType. Required.
	Paths    []string
	PathType string
	// Port is the name of the Service's port. Required.
	Port string
	// TLSSecret is the Secret of the certificate. Default none.
	TLSSecret string
	// Annotations of the Ingress. Default none.
	Annotations map[string]string
}

// Route is how an app is reached through a Gateway.
type Route struct {
	// Parents are the Gateways. Required.
	Parents []ParentRef
	// Hostnames under which the app is reached. Default those of the Gateways.
	Hostnames []string
	// Matches are the requests that lead to the app. Default all.
	Matches []RouteMatch
	// Port is the number of the Service's port. Required.
	Port int
	// Annotations of the HTTPRoute. Default none.
	Annotations map[string]string
}

// ParentRef names a Gateway.
type ParentRef struct {
	// Name of the Gateway. Required.
	Name string
	// Namespace and SectionName of the Gateway. Default that of the app, and all.
	Namespace, SectionName string
	// Port of its listeners. Default any.
	Port int
}

// RouteMatch is what a request has to be like. Default any.
type RouteMatch struct {
	Path, PathType, Method string
	Headers                map[string]string
}

// gateway is the API version of the Gateway API.
const gateway = "gateway.networking.k8s.io/v1"

// newServices makes how an app is reached.
func newServices(ctx *pulumi.Context, name string, args *Args, child pulumi.ResourceOption) error {
	if args.hasService() {
		if _, err := corev1.NewService(ctx, name+"-service", service(ctx, args), child); err != nil {
			return fmt.Errorf("making the Service of app %q: %w", name, err)
		}
	}
	if args.Kind == StatefulSet {
		if _, err := corev1.NewService(ctx, name+"-pods", podsOf(ctx, args), child); err != nil {
			return fmt.Errorf("making the headless Service of app %q: %w", name, err)
		}
	}
	if args.Ingress != nil {
		if _, err := networkingv1.NewIngress(ctx, name+"-ingress", ingress(ctx, args), child); err != nil {
			return fmt.Errorf("making the Ingress of app %q: %w", name, err)
		}
	}
	if args.Route != nil {
		m := meta(args)
		m.Annotations = args.Route.Annotations
		if err := newCustom(ctx, name+"-route", m, gateway, "HTTPRoute", route(args), []pulumi.ResourceOption{child}); err != nil {
			return fmt.Errorf("making the route of app %q: %w", name, err)
		}
	}
	return nil
}

// hasService reports whether there is anything to reach.
func (a *Args) hasService() bool {
	return !a.Kind.ends() && len(a.Ports) > 0 && !a.Service.None
}

func service(ctx *pulumi.Context, args *Args) *corev1.ServiceArgs {
	m := meta(args)
	m.Annotations = args.Service.Annotations
	made := kube.Service(ctx, m, selected(args), args.Ports)
	args.Service.Set(made.Spec.(*corev1.ServiceSpecArgs))
	return made
}

// podsService is the name of the Service that gives the pods of a StatefulSet their
// names.
func podsService(args *Args) string { return args.Name + "-headless" }

// podsOf returns that Service. It knows pods before they are ready, so that they find
// each other.
func podsOf(ctx *pulumi.Context, args *Args) *corev1.ServiceArgs {
	m := meta(args)
	m.Name = podsService(args)
	made := kube.Service(ctx, m, selected(args), args.Ports)
	spec := made.Spec.(*corev1.ServiceSpecArgs)
	spec.ClusterIP, spec.PublishNotReadyAddresses = pulumi.String("None"), pulumi.Bool(true)
	return made
}

// ingress returns an Ingress. It is not awaited: not every controller says where it is
// reached, and without a controller nobody ever does.
func ingress(ctx *pulumi.Context, args *Args) *networkingv1.IngressArgs {
	i := args.Ingress
	m := meta(args)
	m.SkipAwait, m.Annotations = true, i.Annotations
	backend := &networkingv1.IngressBackendArgs{Service: &networkingv1.IngressServiceBackendArgs{
		Name: pulumi.String(args.Name), Port: &networkingv1.ServiceBackendPortArgs{Name: pulumi.String(i.Port)},
	}}
	var paths networkingv1.HTTPIngressPathArray
	for _, path := range i.Paths {
		paths = append(paths, networkingv1.HTTPIngressPathArgs{Path: pulumi.String(path), PathType: pulumi.String(i.PathType), Backend: backend})
	}
	http := &networkingv1.HTTPIngressRuleValueArgs{Paths: paths}
	var all networkingv1.IngressRuleArray
	for _, host := range i.Hosts {
		all = append(all, networkingv1.IngressRuleArgs{Host: pulumi.String(host), Http: http})
	}
	if all == nil {
		all = networkingv1.IngressRuleArray{networkingv1.IngressRuleArgs{Http: http}}
	}
	spec := &networkingv1.IngressSpecArgs{Rules: all}
	if i.ClassName != "" {
		spec.IngressClassName = pulumi.String(i.ClassName)
	}
	if i.TLSSecret != "" {
		tls := networkingv1.IngressTLSArgs{SecretName: pulumi.String(i.TLSSecret)}
		if len(i.Hosts) > 0 {
			tls.Hosts = pulumi.ToStringArray(i.Hosts)
		}
		spec.Tls = networkingv1.IngressTLSArray{tls}
	}
	return &networkingv1.IngressArgs{Metadata: m.Args(ctx), Spec: spec}
}

// route returns the spec of an HTTPRoute.
func route(args *Args) pulumi.Map {
	r := args.Route
	var parents, matches pulumi.Array
	for _, p := range r.Parents {
		ref := pulumi.Map{"name": pulumi.String(p.Name)}
		for key, value := range map[string]string{"namespace": p.Namespace, "sectionName": p.SectionName} {
			if value != "" {
				ref[key] = pulumi.String(value)
			}
		}
		if p.Port != 0 {
			ref["port"] = pulumi.Int(p.Port)
		}
		parents = append(parents, ref)
	}
	rule := pulumi.Map{"backendRefs": pulumi.Array{pulumi.Map{"name": pulumi.String(args.Name), "port": pulumi.Int(r.Port)}}}
	for _, m := range r.Matches {
		matches = append(matches, m.fields())
	}
	if matches != nil {
		rule["matches"] = matches
	}
	spec := pulumi.Map{"parentRefs": parents, "rules": pulumi.Array{rule}}
	if len(r.Hostnames) > 0 {
		spec["hostnames"] = pulumi.ToStringArray(r.Hostnames)
	}
	return spec
}

func (m RouteMatch) fields() pulumi.Map {
	fields := pulumi.Map{}
	if m.Path != "" {
		fields["path"] = pulumi.Map{"type": pulumi.String(m.PathType), "value": pulumi.String(m.Path)}
	}
	if m.Method != "" {
		fields["method"] = pulumi.String(m.Method)
	}
	var headers pulumi.Array
	for _, name := range slices.Sorted(maps.Keys(m.Headers)) {
		headers = append(headers, pulumi.Map{"name": pulumi.String(name), "value": pulumi.String(m.Headers[name])})
	}
	if headers != nil {
		fields["headers"] = headers
	}
	return fields
}
