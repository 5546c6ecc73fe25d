package dapr

import (
	"errors"
	"fmt"

	admissionv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/admissionregistration/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/components/kube"
	"github.com/daprstack/daprstack/config/rules"
)

// SidecarGuardType is the type token of [SidecarGuard].
const SidecarGuardType = "daprstack:dapr:SidecarGuard"

// SidecarGuardArgs are the arguments of [NewSidecarGuard].
type SidecarGuardArgs struct {
	// Namespace to guard. Required. It is plain text because cluster-wide objects
	// are named after it.
	Namespace string
}

// SidecarGuard refuses every pod of a namespace that asks for a sidecar and has
// none (S-11). The failure policy of the injector's webhook covers an injector
// that does not answer; the guard covers what would pass silently: a missing
// webhook, a pod without the label, a creator that the injector ignores. It
// needs Kubernetes 1.30.
type SidecarGuard struct {
	pulumi.ResourceState

	binding *admissionv1.ValidatingAdmissionPolicyBinding
}

// NewSidecarGuard guards a namespace.
func NewSidecarGuard(ctx *pulumi.Context, name string, args *SidecarGuardArgs, opts ...pulumi.ResourceOption) (*SidecarGuard, error) {
	if args == nil || args.Namespace == "" {
		return nil, fmt.Errorf("sidecar guard %q: %w", name, errors.New("a namespace is required"))
	}
	g := &SidecarGuard{}
	err := ctx.RegisterComponentResource(SidecarGuardType, name, g, opts...)
	if err != nil {
		return nil, fmt.Errorf("registering sidecar guard %q: %w", name, err)
	}
	policy, binding := guard(ctx, args.Namespace)
	made, err := admissionv1.NewValidatingAdmissionPolicy(ctx, name+"-policy", policy, pulumi.Parent(g))
	if err != nil {
		return nil, fmt.Errorf("making the policy of sidecar guard %q: %w", name, err)
	}
	g.binding, err = admissionv1.NewValidatingAdmissionPolicyBinding(ctx, name+"-binding", binding,
		pulumi.Parent(g), pulumi.DependsOn([]pulumi.Resource{made}))
	if err != nil {
		return nil, fmt.Errorf("binding the policy of sidecar guard %q: %w", name, err)
	}
	return g, ctx.RegisterResourceOutputs(g, pulumi.Map{"namespace": pulumi.String(args.Namespace)})
}

// Ready returns the resources that exist once the namespace is guarded.
func (g *SidecarGuard) Ready() []pulumi.Resource { return []pulumi.Resource{g.binding} }

const (
	wantsSidecar = `has(object.metadata.annotations) && 'dapr.io/enabled' in object.metadata.annotations && ` +
		`object.metadata.annotations['dapr.io/enabled'].lowerAscii() == 'true'`
	hasSidecar = `object.spec.containers.exists(c, c.name == 'daprd') || ` +
		`(has(object.spec.initContainers) && object.spec.initContainers.exists(c, c.name == 'daprd'))`
	noSidecar = "the pod asks for a Dapr sidecar and was given none: the injector's webhook is missing or did not answer, " +
		"the pod lacks the label " + rules.SidecarLabel + "=" + rules.SidecarLabelValue + ", " +
		"or the injector does not serve whoever created it [S-11]"
)

// guard returns the policy, and its binding to the one namespace.
func guard(ctx *pulumi.Context, namespace string) (*admissionv1.ValidatingAdmissionPolicyArgs, *admissionv1.ValidatingAdmissionPolicyBindingArgs) {
	meta := kube.Meta{Name: "sidecar." + namespace + ".daprstack.io"}
	text := func(values ...string) pulumi.StringArray { return pulumi.ToStringArray(values) }
	policy := &admissionv1.ValidatingAdmissionPolicyArgs{
		Metadata: meta.Args(ctx),
		Spec: &admissionv1.ValidatingAdmissionPolicySpecArgs{
			FailurePolicy: pulumi.String("Fail"),
			MatchConstraints: &admissionv1.MatchResourcesArgs{
				NamespaceSelector: &metav1.LabelSelectorArgs{MatchLabels: pulumi.StringMap{
					"kubernetes.io/metadata.name": pulumi.String(namespace),
				}},
				ResourceRules: admissionv1.NamedRuleWithOperationsArray{admissionv1.NamedRuleWithOperationsArgs{
					ApiGroups: text(""), ApiVersions: text("v1"), Operations: text("CREATE"), Resources: text("pods"),
				}},
			},
			MatchConditions: admissionv1.MatchConditionArray{admissionv1.MatchConditionArgs{
				Name: pulumi.String("wants-sidecar"), Expression: pulumi.String(wantsSidecar),
			}},
			Validations: admissionv1.ValidationArray{admissionv1.ValidationArgs{
				Expression: pulumi.String(hasSidecar), Message: pulumi.String(noSidecar),
			}},
		},
	}
	binding := &admissionv1.ValidatingAdmissionPolicyBindingArgs{
		Metadata: meta.Args(ctx),
		Spec: &admissionv1.ValidatingAdmissionPolicyBindingSpecArgs{
			PolicyName: pulumi.String(meta.Name), ValidationActions: text("Deny"),
		},
	}
	return policy, binding
}
