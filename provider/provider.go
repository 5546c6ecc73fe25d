package provider

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	sdk "github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/version"
	"github.com/daprstack/daprstack/stacks"
)

// Package is the name of the Pulumi package. Its version is that of daprstack.
const Package = config.Namespace

//go:embed schema.json
var schema []byte

// versioned returns the schema with the version of the package.
func versioned() (string, error) {
	var file map[string]any
	if err := json.Unmarshal(schema, &file); err != nil {
		return "", fmt.Errorf("reading the schema: %w", err)
	}
	file["version"] = version.Get().Number()
	raw, err := json.Marshal(file)
	return string(raw), err
}

// New returns the provider.
func New() p.Provider {
	return p.Provider{
		GetSchema: func(context.Context, p.GetSchemaRequest) (p.GetSchemaResponse, error) {
			schema, err := versioned()
			return p.GetSchemaResponse{Schema: schema}, err
		},
		Construct: func(ctx context.Context, request p.ConstructRequest) (p.ConstructResponse, error) {
			return p.ProgramConstruct(ctx, request, func(ctx *pulumi.Context, token, name string, in sdk.ConstructInputs, opts pulumi.ResourceOption) (*sdk.ConstructResult, error) {
				flow, err := in.Map()
				if err != nil {
					return nil, err
				}
				made, outputs, err := construct(ctx, token, name, request.Inputs, flow, opts)
				if err != nil {
					return nil, err
				}
				return &sdk.ConstructResult{URN: made.URN(), State: outputs}, nil
			})
		},
	}
}

// component is what a resource of the provider is for the engine.
type component struct{ pulumi.ResourceState }

// construct makes a resource, after its inputs are known to be good: its values,
// and the same as outputs, which also say what they depend on.
func construct(ctx *pulumi.Context, token, name string, values property.Map, flow pulumi.Map, opts ...pulumi.ResourceOption) (pulumi.Resource, pulumi.Map, error) {
	i := slices.IndexFunc(Resources, func(r *Resource) bool { return r.Token() == token })
	if i < 0 {
		return nil, nil, fmt.Errorf("there is no resource %q", token)
	}
	r := Resources[i]
	f := newFile(r, values)
	cfg, err := f.load(name)
	if err != nil {
		return nil, nil, err
	}
	c := &component{}
	if err := ctx.RegisterComponentResource(token, name, c, opts...); err != nil {
		return nil, nil, fmt.Errorf("registering %s %q: %w", r.Name, name, err)
	}
	outputs, err := r.make(stacks.NewPart(ctx, stacks.PartArgs{
		Name: name, Parent: c, Config: cfg, Namespace: text(flow["namespace"]), Reads: digest(flow["reads"], f.texts("sidecar.appId")),
		Configured: len(f.texts("sidecar.config")) > 0,
	}))
	if err != nil {
		return nil, nil, err
	}
	return c, outputs, ctx.RegisterResourceOutputs(c, outputs)
}

// text returns an input that is text, nil if it is not given.
func text(in pulumi.Input) pulumi.StringInput {
	if in == nil {
		return nil
	}
	return pulumi.ToOutput(in).ApplyT(func(v any) (string, error) {
		s, ok := v.(string)
		if !ok {
			return "", fmt.Errorf("%v is not text", v)
		}
		return s, nil
	}).(pulumi.StringOutput)
}

// digest returns what an app reads according to the settings of other resources,
// nil if there are none.
func digest(reads pulumi.Input, app []given) pulumi.StringInput {
	if reads == nil || len(app) == 0 {
		return nil
	}
	return pulumi.ToOutput(reads).ApplyT(func(v any) string {
		var all []string
		list, _ := v.([]any) // checked before
		for _, settings := range list {
			entries, _ := settings.(map[string]any)
			for _, id := range slices.Sorted(maps.Keys(entries)) {
				if id == app[0].text || id == stacks.Everyone {
					all = append(all, fmt.Sprint(entries[id]))
				}
			}
		}
		return strings.Join(all, ",")
	}).(pulumi.StringOutput)
}
