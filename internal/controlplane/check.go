package controlplane

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules"
	"github.com/daprstack/daprstack/internal/cluster"
)

// Check returns the control plane of the cluster, and why the stack cannot work
// with it: all reasons at once, joined.
func Check(ctx context.Context, c *cluster.Client, s *config.Stack) (*Plane, error) {
	p, err := Find(ctx, c)
	if err != nil {
		return nil, err
	}
	namespace, err := namespaceLabels(ctx, c, s.Namespace)
	if err != nil {
		return nil, err
	}
	return p, errors.Join(p.unfit(s, namespace)...)
}

// namespaceLabels returns the labels of a namespace, or those that it will have.
func namespaceLabels(ctx context.Context, c *cluster.Client, name string) (labels.Set, error) {
	namespace, err := c.Kube.CoreV1().Namespaces().Get(ctx, name, metav1.GetOptions{})
	switch {
	case isMissing(err):
		return labels.Set{corev1.LabelMetadataName: name}, nil
	case err != nil:
		return nil, fmt.Errorf("reading the namespace %s: %w", name, err)
	}
	return namespace.Labels, nil
}

// unfit returns why the stack cannot work with the plane. The labels are those of
// the stack's namespace.
func (p *Plane) unfit(s *config.Stack, namespace labels.Set) []error {
	if p.Namespace == "" {
		return []error{errors.New("the cluster has no Dapr control plane: bring up the stack that installs it, install Dapr, or leave out dapr.install")}
	}
	var all []error
	add := func(format string, args ...any) { all = append(all, fmt.Errorf(format, args...)) }
	if len(p.others) > 0 {
		add("there are services of Dapr in other namespaces too, %s: Dapr works with one control plane in a cluster", strings.Join(p.others, ", "))
	}
	if want := s.Dapr.Namespace; want != "" && want != p.Namespace {
		add("it is in namespace %s, the stack file says dapr.namespace: %s", p.Namespace, want)
	}
	if s.Namespace == p.Namespace && !s.IsPlatform() {
		add("its namespace is %s: the stack's applications need another one", p.Namespace)
	}
	for _, name := range services {
		if d, there := p.services[name]; !there {
			add("the Deployment %s is missing in namespace %s", name, p.Namespace)
		} else if d.Status.AvailableReplicas == 0 {
			add("the Deployment %s in namespace %s has no pod that is available", name, p.Namespace)
		}
	}
	all = append(all, p.otherVersion(s)...)
	if p.MTLS != *s.Dapr.MTLS {
		add("its mTLS is %s, the stack file says dapr.mtls: %t", map[bool]string{true: "on", false: "off"}[p.MTLS], *s.Dapr.MTLS)
	}
	if told := environment(p.services[injector], "DAPR_CONTROL_PLANE_TRUST_DOMAIN"); told != "" && told != p.TrustDomain {
		add("its trust domain is %s, but its injector tells sidecars %s: they would trust nobody", p.TrustDomain, told)
	}
	if !s.IsPlatform() {
		all = append(all, p.unserved(s, namespace)...)
	}
	return append(all, p.lacking(s)...)
}

// otherVersion compares the versions with that of the stack file.
func (p *Plane) otherVersion(s *config.Stack) (all []error) {
	want := s.Dapr.Version
	for i, v := range []struct{ what, version string }{{"it", p.Version}, {"its injector adds sidecars that", p.Sidecars}} {
		is := "is"
		if i == 1 {
			is = "are"
		}
		switch {
		case i == 1 && v.version == p.Version: // said already
		case v.version == "" && *s.Dapr.Install: // images of one's own; the sidecars say their version themselves
		case v.version == "":
			all = append(all, fmt.Errorf("%s %s of an unknown version: neither an image's tag nor a label tells", v.what, is))
		case *s.Dapr.Install && v.version != want:
			all = append(all, fmt.Errorf("%s %s of Dapr %s, the stack file says %s: run up", v.what, is, v.version, want))
		case Covers(v.version, want):
		case minor(v.version) == minor(want):
			all = append(all, fmt.Errorf("%s %s of Dapr %s, older than dapr.version %s of the stack file: upgrade it, or set dapr.version: %s", v.what, is, v.version, want, v.version))
		default:
			all = append(all, fmt.Errorf("%s %s of Dapr %s, and the stack file was checked against %s: set dapr.version: %s", v.what, is, v.version, want, v.version))
		}
	}
	return all
}

// unserved says why the pods of the stack would get no sidecar, or their sidecars
// no objects.
func (p *Plane) unserved(s *config.Stack, namespace labels.Set) (all []error) {
	if only := argument(p.services[operator], "--watch-namespace"); only != "" && only != s.Namespace {
		all = append(all, fmt.Errorf("its operator watches namespace %s only, not %s (dapr_operator.watchNamespace of the chart)", only, s.Namespace))
	}
	if p.webhook == nil {
		return append(all, fmt.Errorf("the webhook %s is missing: no pod would get a sidecar", hookName))
	}
	if !selects(p.webhook.NamespaceSelector, namespace) {
		all = append(all, fmt.Errorf("its injector does not serve namespace %s: it selects namespaces with %s", s.Namespace, metav1.FormatLabelSelector(p.webhook.NamespaceSelector)))
	}
	for _, a := range s.Apps {
		if a.Sidecar != nil && !selects(p.webhook.ObjectSelector, rules.PodLabels(a.Name, true)) {
			all = append(all, fmt.Errorf("its injector does not serve the pods of %s: it selects pods with %s", a.Name, metav1.FormatLabelSelector(p.webhook.ObjectSelector)))
		}
	}
	return all
}

// selects reports whether a selector of a webhook matches; none matches all.
func selects(selector *metav1.LabelSelector, set labels.Set) bool {
	if selector == nil {
		return true
	}
	s, err := metav1.LabelSelectorAsSelector(selector)
	return err == nil && s.Matches(set)
}

// lacking says what the CRDs lack that the objects of the stack need.
func (p *Plane) lacking(s *config.Stack) (all []error) {
	for _, o := range objects {
		if !o.used(s) {
			continue
		}
		crd := p.crds[o.crd()]
		if crd == nil {
			all = append(all, fmt.Errorf("the CRD %s is missing", o.crd()))
			continue
		}
		fields, err := o.lacking(crd)
		if err == nil && len(fields) > 0 {
			err = fmt.Errorf("the CRD %s lacks %s: it is of an older Dapr, and Helm does not upgrade CRDs; apply those of Dapr %s",
				o.crd(), strings.Join(fields, ", "), cmp.Or(p.Version, s.Dapr.Version))
		}
		if err != nil {
			all = append(all, err)
		}
	}
	return all
}

// argument returns the value of an argument of a Deployment's containers, given as
// "--name value" or "--name=value".
func argument(d appsv1.Deployment, name string) string {
	for _, c := range d.Spec.Template.Spec.Containers {
		for i, arg := range c.Args {
			if value, ok := strings.CutPrefix(arg, name+"="); ok {
				return value
			}
			if arg == name && i+1 < len(c.Args) {
				return c.Args[i+1]
			}
		}
	}
	return ""
}
