package secrets

import (
	"errors"
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/components/kube"
)

// GivenType is the type token of [Given].
const GivenType = "daprstack:secrets:Given"

// GivenArgs are the arguments of [NewGiven].
type GivenArgs struct {
	// Namespace of the Secret. Required.
	Namespace pulumi.StringInput
	// Values are the secret values, by their keys in the Secret. Required.
	Values map[string]string
}

// Given is a Kubernetes Secret with values of the stack file. As with a
// [Password], the Secret has a name of its own for each content, so that what
// refers to it rolls when a value changes.
type Given struct {
	pulumi.ResourceState

	secret *corev1.Secret
}

// NewGiven makes the Secret of some values.
func NewGiven(ctx *pulumi.Context, name string, args *GivenArgs, opts ...pulumi.ResourceOption) (*Given, error) {
	if args == nil || args.Namespace == nil || len(args.Values) == 0 {
		return nil, fmt.Errorf("secret values %q: %w", name, errors.New("a namespace and values are required"))
	}
	g := &Given{}
	if err := ctx.RegisterComponentResource(GivenType, name, g, opts...); err != nil {
		return nil, fmt.Errorf("registering secret values %q: %w", name, err)
	}
	var err error
	g.secret, err = newSecret(ctx, name+"-secret", args.Namespace, pulumi.ToStringMap(args.Values), pulumi.Parent(g))
	if err != nil {
		return nil, fmt.Errorf("making the Secret of %q: %w", name, err)
	}
	return g, ctx.RegisterResourceOutputs(g, pulumi.Map{"secret": g.secret.Metadata.Name().Elem()})
}

// Ref names one of the values.
func (g *Given) Ref(key string) Ref { return Ref{Name: g.secret.Metadata.Name().Elem(), Key: key} }

// Ready returns the resources that exist once the values can be used.
func (g *Given) Ready() []pulumi.Resource { return []pulumi.Resource{g.secret} }

// newSecret makes a Secret whose data is a secret to the engine too.
func newSecret(ctx *pulumi.Context, name string, namespace pulumi.StringInput, data pulumi.StringMap, opts ...pulumi.ResourceOption) (*corev1.Secret, error) {
	return corev1.NewSecret(ctx, name, &corev1.SecretArgs{
		Metadata:   kube.Meta{Namespace: namespace}.Args(ctx),
		StringData: pulumi.ToSecret(data).(pulumi.StringMapOutput),
	}, append(opts, pulumi.AdditionalSecretOutputs([]string{"data", "stringData"}))...)
}
