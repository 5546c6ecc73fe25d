// Package graph reads what a Pulumi program registers with the mocks of Pulumi's
// SDK: each resource with its inputs, its parents and what it waits for.
package graph

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Resource is one registered resource.
type Resource struct {
	Type, Name, URN string
	Parent          string // URN
	Provider        string // reference of the provider, "urn::id"
	Inputs          resource.PropertyMap
	SecretOutputs   []string // additional secret outputs
	Retain          bool     // retained on delete
	Protect         bool     // never deleted
	IgnoreChanges   []string // paths of inputs
	Dependencies    []string // URNs, sorted
}

// Of returns the resource that a mock of a program of the project and stack is
// told of.
func Of(project, stack string, args pulumi.MockResourceArgs) *Resource {
	rpc := args.RegisterRPC
	r := &Resource{
		Type: args.TypeToken, Name: args.Name,
		URN:           urn(project, stack, rpc.GetParent(), args.TypeToken, args.Name),
		Parent:        rpc.GetParent(),
		Inputs:        args.Inputs,
		Provider:      args.Provider,
		Retain:        rpc.GetRetainOnDelete(),
		Protect:       rpc.GetProtect(),
		IgnoreChanges: rpc.GetIgnoreChanges(),
		SecretOutputs: rpc.GetAdditionalSecretOutputs(),
		Dependencies:  slices.Compact(slices.Sorted(slices.Values(rpc.GetDependencies()))),
	}
	if r.Provider == "" && rpc.GetProviders() != nil {
		r.Provider = rpc.GetProviders()["kubernetes"]
	}
	return r
}

// String returns the kind and name of the resource, such as "Deployment
// redis-server".
func (r *Resource) String() string {
	return r.Type[strings.LastIndex(r.Type, ":")+1:] + " " + r.Name
}

// Input returns the plain value at a path of keys and indices, or nil if there
// is none. Secrets are revealed.
func (r *Resource) Input(path ...any) any {
	v := reveal(resource.NewProperty(r.Inputs))
	for _, step := range path {
		switch step := step.(type) {
		case string:
			if !v.IsObject() {
				return nil
			}
			v = reveal(v.ObjectValue()[resource.PropertyKey(step)])
		case int:
			if !v.IsArray() || step >= len(v.ArrayValue()) {
				return nil
			}
			v = reveal(v.ArrayValue()[step])
		}
	}
	return plain(v)
}

// plain returns a value as JSON has it, with the secrets in it revealed.
func plain(v resource.PropertyValue) any {
	return v.MapRepl(nil, func(v resource.PropertyValue) (any, bool) {
		if v.IsSecret() {
			return plain(v.SecretValue().Element), true
		}
		return nil, false
	})
}

func reveal(v resource.PropertyValue) resource.PropertyValue {
	for v.IsSecret() {
		v = v.SecretValue().Element
	}
	return v
}

// urn returns the URN that the engine would assign, which contains the types of
// all parents.
func urn(project, stack, parent, typ, name string) string {
	parentType := tokens.Type("")
	if p := resource.URN(parent); p != "" && p.QualifiedType() != resource.RootStackType {
		parentType = p.QualifiedType()
	}
	return string(resource.NewURN(tokens.QName(stack), tokens.PackageName(project), parentType, tokens.Type(typ), name))
}
