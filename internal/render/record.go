package render

import (
	"context"
	"fmt"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/internal/graph"
)

// helmTemplate is the provider's function that renders a chart. Programs call no
// other.
const helmTemplate = "kubernetes:helm:template"

// recorder stands for the engine and its providers: it makes nothing, and what would
// only be known afterwards is a [placeholder].
type recorder struct {
	ctx            context.Context
	project, stack string
	charts         *Charts

	mu    sync.Mutex
	found []*graph.Resource
}

// NewResource implements pulumi.MockResourceMonitor.
func (r *recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	found := graph.Of(r.project, r.stack, args)
	r.mu.Lock()
	r.found = append(r.found, found)
	r.mu.Unlock()
	return args.Name, outputs(args), nil
}

// Call implements pulumi.MockResourceMonitor.
func (r *recorder) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	if args.Token != helmTemplate {
		return nil, fmt.Errorf("unexpected call of %s", args.Token)
	}
	return r.charts.template(r.ctx, args.Args)
}

// computed names the outputs of the resources that are not objects of the cluster,
// with what they are.
var computed = map[string]struct{ output, what string }{
	"random:index/randomPassword:RandomPassword":    {"result", "random password"},
	"random:index/randomId:RandomId":                {"hex", "random id"},
	"tls:index/privateKey:PrivateKey":               {"privateKeyPem", "private key"},
	"tls:index/certRequest:CertRequest":             {"certRequestPem", "certificate request"},
	"tls:index/selfSignedCert:SelfSignedCert":       {"certPem", "certificate"},
	"tls:index/locallySignedCert:LocallySignedCert": {"certPem", "certificate"},
}

// outputs returns the inputs and what a provider would compute.
func outputs(args pulumi.MockResourceArgs) resource.PropertyMap {
	out := args.Inputs.Copy()
	if c, ok := computed[args.TypeToken]; ok {
		out[resource.PropertyKey(c.output)] = resource.NewProperty(placeholder(c.what + " " + args.Name))
	}
	if metadata := out["metadata"]; metadata.IsObject() && !metadata.ObjectValue().HasValue("name") {
		named := metadata.ObjectValue().Copy()
		named["name"] = resource.NewProperty(args.Name)
		out["metadata"] = resource.NewProperty(named)
	}
	return out
}

// placeholder stands for a value that nobody knows before the stack is up, or that
// is secret.
func placeholder(what string) string { return "<" + what + ">" }
