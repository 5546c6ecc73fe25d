package dapr

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/components/kube"
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
// that does not answer; the guard covers what would pass in silence: a webhook
// that is gone, a pod without the label, a creator whom the injector ignores.
// It needs Kubernetes 1.30.
type SidecarGuard struct {
	pulumi.ResourceState

	policy, binding *kube.Object
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
	policy, binding := guard(args.Namespace)
	if g.policy, err = policy.register(ctx, name+"-policy", pulumi.Parent(g)); err != nil {
		return nil, err
	}
	if g.binding, err = binding.register(ctx, name+"-binding", pulumi.Parent(g), pulumi.DependsOn([]pulumi.Resource{g.policy})); err != nil {
		return nil, err
	}
	return g, ctx.RegisterResourceOutputs(g, pulumi.Map{"namespace": pulumi.String(args.Namespace)})
}

// Ready returns what has to be there before the namespace is guarded.
func (g *SidecarGuard) Ready() []pulumi.Resource { return []pulumi.Resource{g.policy, g.binding} }

const (
	wantsSidecar = `has(object.metadata.annotations) && 'dapr.io/enabled' in object.metadata.annotations && ` +
		`object.metadata.annotations['dapr.io/enabled'].lowerAscii() == 'true'`
	hasSidecar = `object.spec.containers.exists(c, c.name == 'daprd') || ` +
		`(has(object.spec.initContainers) && object.spec.initContainers.exists(c, c.name == 'daprd'))`
	noSidecar = "the pod asks for a Dapr sidecar and was given none: the injector's webhook is missing, " +
		"the pod lacks the label " + SidecarLabel + "=" + SidecarLabelValue + ", " +
		"or the injector does not serve whoever created it [S-11]"
)

func guard(namespace string) (policy, binding object) {
	const version = "admissionregistration.k8s.io/v1"
	name := "sidecar." + namespace + ".daprstack.io"
	text := func(values ...string) pulumi.StringArray { return pulumi.ToStringArray(values) }
	policy = object{
		apiVersion: version, kind: "ValidatingAdmissionPolicy", name: name,
		spec: pulumi.Map{
			"failurePolicy": pulumi.String("Fail"),
			"matchConstraints": pulumi.Map{
				"namespaceSelector": pulumi.Map{"matchLabels": pulumi.Map{
					"kubernetes.io/metadata.name": pulumi.String(namespace),
				}},
				"resourceRules": pulumi.MapArray{pulumi.Map{
					"apiGroups": text(""), "apiVersions": text("v1"), "operations": text("CREATE"), "resources": text("pods"),
				}},
			},
			"matchConditions": pulumi.MapArray{pulumi.Map{
				"name": pulumi.String("wants-sidecar"), "expression": pulumi.String(wantsSidecar),
			}},
			"validations": pulumi.MapArray{pulumi.Map{
				"expression": pulumi.String(hasSidecar), "message": pulumi.String(noSidecar),
			}},
		},
	}
	binding = object{
		apiVersion: version, kind: "ValidatingAdmissionPolicyBinding", name: name,
		spec: pulumi.Map{
			"policyName": pulumi.String(name), "validationActions": text("Deny"),
		},
	}
	return policy, binding
}
