package stacks

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/components/dapr"
	"github.com/daprstack/daprstack/config"
)

// A Part makes a part of a stack under a component of its own, for programs that
// have no stack file of daprstack: see package provider. It makes it with what
// makes the same part of a whole stack.
type Part struct {
	s    *stack
	args PartArgs
}

// PartArgs are the arguments of [NewPart].
type PartArgs struct {
	// Name begins the names of all resources of the part. Required.
	Name string
	// Parent is the component under which they are made. Required.
	Parent pulumi.ComponentResource
	// Config is the part of a stack that is made, with what that refers to; it is
	// valid. Required.
	Config *config.Stack
	// Namespace of the part, instead of that of Config, which is text. Default that.
	Namespace pulumi.StringInput
	// Reads is a digest of what the sidecar of an app reads that other parts have
	// made. Default nothing.
	Reads pulumi.StringInput
	// Configured tells that another part makes the Configuration of an app. Default
	// false: the app gets one of its own.
	Configured bool
}

// NewPart returns a part that is not made yet. Each of its methods makes something
// and returns the outputs of the component.
func NewPart(ctx *pulumi.Context, args PartArgs) *Part {
	within := pulumi.Parent(args.Parent)
	p := &Part{args: args, s: &stack{
		ctx: ctx, cfg: args.Config, prefix: args.Name + "-", within: within, cluster: within, namespace: args.Namespace,
	}}
	if p.s.namespace == nil {
		p.s.namespace = pulumi.String(args.Config.Namespace)
	}
	return p
}

// Stack makes the whole stack.
func (p *Part) Stack() (pulumi.Map, error) { return outputs(p.s.cfg), p.s.make() }

// ControlPlane makes the control plane with its certificate authority.
func (p *Part) ControlPlane() (pulumi.Map, error) {
	plane, err := p.s.makeControlPlane()
	if err != nil {
		return nil, err
	}
	_, digest := dapr.Reads("", []dapr.Source{plane})
	return pulumi.Map{
		"namespace": pulumi.String(p.s.cfg.Dapr.Namespace), "version": pulumi.String(p.s.cfg.Dapr.Version),
		"settings": pulumi.StringMap{Everyone: digest},
	}, nil
}

// Everyone is the key of settings, among app-ids, under which there is what every
// sidecar reads.
const Everyone = "*"

// Redis makes the Redis in the cluster with its password.
func (p *Part) Redis() (pulumi.Map, error) {
	connection, err := p.s.runRedis()
	if err != nil {
		return nil, err
	}
	// As an external Redis of the stack file, whose names are those of one in the
	// cluster.
	return pulumi.Map{"connection": pulumi.Map{
		"host": pulumi.String(connection.Host), "shared": pulumi.Bool(true),
		"passwordSecret": pulumi.Map{"name": connection.Password.Name, "key": pulumi.String(connection.Password.Key)},
	}}, nil
}

// StateStore makes the state store.
func (p *Part) StateStore() (pulumi.Map, error) { return p.component(p.s.cfg.StateStores[0].Name) }

// PubSub makes the pub/sub, and the Resiliency by which its events are delivered.
func (p *Part) PubSub() (pulumi.Map, error) { return p.component(p.s.cfg.PubSubs[0].Name) }

func (p *Part) component(name string) (pulumi.Map, error) {
	redis, _, err := p.s.makeRedis()
	if err != nil {
		return nil, err
	}
	made := &sidecars{}
	if err := p.s.makeComponents(made, redis, nil); err != nil {
		return nil, err
	}
	if err := p.s.makeResiliency(made, name, nil); err != nil {
		return nil, err
	}
	return p.named(name, made), nil
}

// Resiliency makes the Resiliency by which the events of a pub/sub are delivered.
func (p *Part) Resiliency() (pulumi.Map, error) {
	made, name := &sidecars{}, p.s.cfg.PubSubs[0].Name
	if err := p.s.makeResiliency(made, name, nil); err != nil {
		return nil, err
	}
	return p.named(name, made), nil
}

// Subscription makes the subscription of one app to one topic.
func (p *Part) Subscription() (pulumi.Map, error) {
	made, e := &sidecars{}, p.s.cfg.Events[0]
	args := dapr.SubscriptionArgs{PubSub: e.PubSub, Topic: e.Type, App: e.Subscribers[0].App}
	if err := p.s.makeSubscriptions(made, nil); err != nil {
		return nil, err
	}
	return p.named(args.Name(), made), nil
}

// Configuration makes the Configuration of the first app.
func (p *Part) Configuration() (pulumi.Map, error) {
	id := p.s.cfg.Apps[0].Sidecar.AppID
	made, err := p.s.makeConfiguration(id, nil)
	if err != nil {
		return nil, err
	}
	_, digest := dapr.Reads(id, []dapr.Source{made})
	return pulumi.Map{"name": pulumi.String(p.s.cfg.ConfigurationOf(id)), "settings": pulumi.StringMap{id: digest}}, nil
}

// App makes the first app.
func (p *Part) App() (pulumi.Map, error) {
	a, made := p.s.cfg.Apps[0], &sidecars{configurations: map[string]*dapr.Configuration{}}
	if p.args.Reads != nil {
		made.shared = []dapr.Source{dapr.Elsewhere{Digest: p.args.Reads}}
	}
	all := pulumi.Map{"name": pulumi.String(a.Name)}
	if a.HasService() {
		all["url"] = p.s.namespace.ToStringOutput().ApplyT(func(namespace string) string {
			there := *p.s.cfg
			there.Namespace = namespace
			return there.ServiceURL(a)
		})
	}
	if a.Sidecar != nil {
		all["appId"] = pulumi.String(a.Sidecar.AppID)
	}
	if a.Sidecar != nil && !p.args.Configured {
		own, err := p.s.makeConfiguration(a.Sidecar.AppID, nil)
		if err != nil {
			return nil, err
		}
		made.configurations[a.Sidecar.AppID] = own
	}
	return all, p.s.makeApp(a, p.s.cfg.Environments()[0], made, nil)
}

// named returns the outputs of what sidecars read: its name, and for each app a
// digest of what its sidecar reads of it.
func (p *Part) named(name string, made *sidecars) pulumi.Map {
	settings := pulumi.StringMap{}
	for _, a := range p.s.cfg.Apps {
		_, settings[a.Sidecar.AppID] = dapr.Reads(a.Sidecar.AppID, made.shared)
	}
	return pulumi.Map{"name": pulumi.String(name), "settings": settings}
}
