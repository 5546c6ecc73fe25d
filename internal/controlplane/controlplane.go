package controlplane

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/daprstack/daprstack/internal/cluster"
)

// Plane is a control plane as the cluster has it.
type Plane struct {
	// Namespace of its services; empty if there is none.
	Namespace string
	// Version of its operator, and of the sidecars that its injector adds; empty if
	// neither an image nor a label tells.
	Version, Sidecars string
	// MTLS tells whether sidecars have certificates.
	MTLS bool
	// TrustDomain is that of the control plane's own certificates.
	TrustDomain string
	// Manager is the field manager of the stack that installed it, "project-stack";
	// empty if that was somebody else.
	Manager string
	// By says who installed it, as far as its labels tell.
	By string

	services map[string]appsv1.Deployment // by name, in its namespace
	others   []string                     // further namespaces with an operator
	webhook  *admissionv1.MutatingWebhook // of the injector
	crds     map[string]*unstructured.Unstructured
}

// String describes the plane on one line.
func (p *Plane) String() string {
	mtls := "mTLS off"
	if p.MTLS {
		mtls = "mTLS on"
	}
	return fmt.Sprintf("Dapr %s in namespace %s, %s, %s, trust domain %s", cmp.Or(p.Version, "of an unknown version"), p.Namespace, p.By, mtls, p.TrustDomain)
}

// The Deployments of Dapr's chart that a stack cannot do without.
const (
	operator = "dapr-operator"
	injector = "dapr-sidecar-injector"
	sentry   = "dapr-sentry"
)

var services = []string{operator, sentry, injector}

const (
	// hookName is the name of the injector's webhook in its configuration.
	hookName = "sidecar-injector.dapr.io"
	// systemName is the name of the Configuration that the control plane reads.
	systemName = "daprsystem"
	// Dapr's defaults, for a plane without that Configuration (pkg/injector,
	// pkg/sentry/config).
	defaultMTLS        = true
	defaultTrustDomain = "cluster.local"

	managerAnnotation = "pulumi.com/patchFieldManager" // kube.ManagerAnnotation, without Pulumi
	releaseAnnotation = "meta.helm.sh/release-name"
)

// Find looks for the control plane of a cluster. Without one it returns a Plane
// that has no namespace.
func Find(ctx context.Context, c *cluster.Client) (*Plane, error) {
	p := &Plane{services: map[string]appsv1.Deployment{}, crds: map[string]*unstructured.Unstructured{}}
	if err := p.findServices(ctx, c); err != nil {
		return nil, err
	}
	if p.Namespace == "" {
		return p, nil
	}
	if err := p.readSystem(ctx, c); err != nil {
		return nil, err
	}
	return p, p.findCRDs(ctx, c)
}

// findServices finds the Deployments, by their label, and the injector's webhook,
// which says which namespace counts if there are several.
func (p *Plane) findServices(ctx context.Context, c *cluster.Client) error {
	hooks, err := c.Kube.AdmissionregistrationV1().MutatingWebhookConfigurations().List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("looking for the webhook of Dapr's injector: %w", err)
	}
	for _, configuration := range hooks.Items {
		for i, hook := range configuration.Webhooks {
			if hook.Name == hookName && hook.ClientConfig.Service != nil {
				p.webhook, p.Namespace = &configuration.Webhooks[i], hook.ClientConfig.Service.Namespace
			}
		}
	}
	found, err := c.Kube.AppsV1().Deployments(metav1.NamespaceAll).List(ctx, metav1.ListOptions{
		LabelSelector: "app in (" + operator + "," + sentry + "," + injector + ")",
	})
	if err != nil {
		return fmt.Errorf("looking for the services of Dapr's control plane: %w", err)
	}
	namespaces := map[string]bool{}
	for _, d := range found.Items {
		namespaces[d.Namespace] = true
	}
	all := slices.Sorted(maps.Keys(namespaces))
	if p.Namespace == "" && len(all) > 0 {
		p.Namespace = all[0]
	}
	p.others = slices.DeleteFunc(all, func(name string) bool { return name == p.Namespace })
	for _, d := range found.Items {
		if d.Namespace == p.Namespace {
			p.services[d.Name] = d
		}
	}
	p.identify()
	return nil
}

// identify reads the versions, and who installed the plane.
func (p *Plane) identify() {
	o := p.services[operator]
	p.Version, p.Sidecars = version(image(o, operator), o.Labels), version(environment(p.services[injector], "SIDECAR_IMAGE"), p.services[injector].Labels)
	p.Manager = o.Annotations[managerAnnotation]
	switch release := o.Annotations[releaseAnnotation]; {
	case p.Manager != "":
		p.By = "installed by the stack " + p.Manager
	case release != "":
		p.By = "installed by the Helm release " + release
	default:
		p.By = "installed neither by Helm nor by a stack"
	}
}

// readSystem reads what the control plane says about certificates.
func (p *Plane) readSystem(ctx context.Context, c *cluster.Client) error {
	p.MTLS, p.TrustDomain = defaultMTLS, defaultTrustDomain
	system, err := c.Objects.Resource(cluster.Configurations).Namespace(p.Namespace).Get(ctx, systemName, metav1.GetOptions{})
	if isMissing(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the Configuration %s of Dapr's control plane: %w", systemName, err)
	}
	p.MTLS, _, _ = unstructured.NestedBool(system.Object, "spec", "mtls", "enabled") // left out means false
	if domain, _, _ := unstructured.NestedString(system.Object, "spec", "mtls", "controlPlaneTrustDomain"); domain != "" {
		p.TrustDomain = domain
	}
	return nil
}

func (p *Plane) findCRDs(ctx context.Context, c *cluster.Client) error {
	for _, o := range objects {
		crd, err := c.Objects.Resource(crdResource).Get(ctx, o.crd(), metav1.GetOptions{})
		if isMissing(err) {
			continue
		}
		if err != nil {
			return fmt.Errorf("reading the CRD %s: %w", o.crd(), err)
		}
		p.crds[o.crd()] = crd
	}
	return nil
}

func isMissing(err error) bool { return apierrors.IsNotFound(err) || meta.IsNoMatchError(err) }

// image returns the image of a container of a Deployment.
func image(d appsv1.Deployment, container string) string {
	for _, c := range d.Spec.Template.Spec.Containers {
		if c.Name == container {
			return c.Image
		}
	}
	return ""
}

// environment returns the value of a variable of a Deployment's containers.
func environment(d appsv1.Deployment, name string) string {
	for _, c := range d.Spec.Template.Spec.Containers {
		for _, v := range c.Env {
			if v.Name == name {
				return v.Value
			}
		}
	}
	return ""
}
