package secrets

import (
	"errors"
	"fmt"
	"strings"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// PasswordType is the type token of [Password].
const PasswordType = "daprstack:secrets:Password"

// Key is the key of the password in its Secret.
const Key = "password"

// Length is the number of characters of a random password. They are letters and
// digits, which no configuration file needs to quote.
const Length = 32

// A Ref names one key of a Kubernetes Secret.
type Ref struct {
	Name pulumi.StringInput // of the Secret
	Key  string             // in the Secret
}

// PasswordArgs are the arguments of [NewPassword].
type PasswordArgs struct {
	// Namespace of the Secret. Required.
	Namespace pulumi.StringInput
	// Given is the password to use. Default a random one.
	Given pulumi.StringInput
	// Files are further keys of the Secret, to be mounted as files: a template
	// in which {password} stands for the password. Default none.
	Files map[string]string
}

// Password is a password in a Kubernetes Secret. The Secret has a name of its
// own for each password: a changed password makes a new Secret, and what refers
// to it by [Password.Ref] rolls with it.
type Password struct {
	pulumi.ResourceState

	// Ref is the key that holds the password.
	Ref Ref

	secret *corev1.Secret
}

// NewPassword makes a password, random unless one is given, and its Secret.
func NewPassword(ctx *pulumi.Context, name string, args *PasswordArgs, opts ...pulumi.ResourceOption) (*Password, error) {
	if args == nil || args.Namespace == nil {
		return nil, fmt.Errorf("password %q: %w", name, errors.New("a namespace is required"))
	}
	p := &Password{}
	if err := ctx.RegisterComponentResource(PasswordType, name, p, opts...); err != nil {
		return nil, fmt.Errorf("registering password %q: %w", name, err)
	}
	value, err := p.value(ctx, name, args.Given)
	if err != nil {
		return nil, err
	}
	data := pulumi.StringMap{Key: value}
	for file, template := range args.Files {
		data[file] = value.ApplyT(func(v string) string {
			return strings.ReplaceAll(template, "{password}", v)
		}).(pulumi.StringOutput)
	}
	p.secret, err = newSecret(ctx, name+"-secret", args.Namespace, data, pulumi.Parent(p))
	if err != nil {
		return nil, fmt.Errorf("making the Secret of password %q: %w", name, err)
	}
	p.Ref = Ref{Name: p.secret.Metadata.Name().Elem(), Key: Key}
	return p, ctx.RegisterResourceOutputs(p, pulumi.Map{"secret": p.Ref.Name})
}

// value returns the given password or a random one, always as a secret output.
func (p *Password) value(ctx *pulumi.Context, name string, given pulumi.StringInput) (pulumi.StringOutput, error) {
	if given != nil {
		return pulumi.ToSecret(given.ToStringOutput()).(pulumi.StringOutput), nil
	}
	generated, err := random.NewRandomPassword(ctx, name+"-random", &random.RandomPasswordArgs{
		Length:  pulumi.Int(Length),
		Special: pulumi.Bool(false),
	}, pulumi.Parent(p), pulumi.AdditionalSecretOutputs([]string{"result", "bcryptHash"}))
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("making the random value of password %q: %w", name, err)
	}
	return pulumi.ToSecret(generated.Result).(pulumi.StringOutput), nil
}

// Ready returns the resources that exist once the password can be used.
func (p *Password) Ready() []pulumi.Resource { return []pulumi.Resource{p.secret} }
