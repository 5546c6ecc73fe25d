package stacks

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/components/app"
	"github.com/daprstack/daprstack/components/dapr"
	"github.com/daprstack/daprstack/components/kube"
	"github.com/daprstack/daprstack/config"
)

// deploy registers everything that the configuration asks for, in the order in
// which it comes up.
func deploy(ctx *pulumi.Context, cfg *config.Stack) error {
	s := &stack{ctx: ctx, cfg: cfg, within: pulumi.Composite()}
	if err := s.make(); err != nil {
		return err
	}
	for name, value := range outputs(cfg) {
		ctx.Export(name, value)
	}
	return nil
}

// stack is what every step of a deployment needs.
type stack struct {
	ctx       *pulumi.Context
	cfg       *config.Stack
	prefix    string                // of the names of resources
	within    pulumi.ResourceOption // the parent of what is made, if it has one
	cluster   pulumi.ResourceOption // within, on the one cluster that is touched
	namespace pulumi.StringInput    // of the applications; what uses it waits for it
}

// name returns the name of a resource.
func (s *stack) name(name string) string { return s.prefix + name }

// make makes the whole stack.
func (s *stack) make() error {
	cluster, err := kube.NewCluster(s.ctx, s.name("cluster"), s.cfg.Context, s.within)
	if err != nil {
		return err
	}
	mark, err := s.mark()
	if err != nil {
		return err
	}
	s.cluster = pulumi.Composite(s.within, pulumi.Provider(cluster), mark)
	if s.cfg.IsPlatform() {
		_, err = s.makeControlPlane()
		return err
	}
	return s.makeApps()
}

// mark makes every object bear the marks of the stack and of this deployment of
// it, whose id lives as long as the state.
func (s *stack) mark() (pulumi.ResourceOption, error) {
	id, err := random.NewRandomId(s.ctx, s.name("deployment"), &random.RandomIdArgs{ByteLength: pulumi.Int(8)}, s.within)
	if err != nil {
		return nil, fmt.Errorf("making the id of the deployment: %w", err)
	}
	return kube.Mark(s.ctx, kube.Marks{Deployment: id.Hex, Adopt: s.cfg.Adopt}), nil
}

// makeNamespace makes the namespace of the applications, unless it exists
// already.
func (s *stack) makeNamespace() (pulumi.StringInput, error) {
	if !*s.cfg.CreateNamespace {
		return pulumi.String(s.cfg.Namespace), nil
	}
	namespace, err := kube.NewNamespace(s.ctx, s.name("namespace"), s.cfg.Namespace,
		s.cluster, pulumi.RetainOnDelete(s.cfg.Keep.Namespaces), pulumi.Protect(s.cfg.Production))
	if err != nil {
		return nil, fmt.Errorf("making the namespace %q: %w", s.cfg.Namespace, err)
	}
	return namespace.Name, nil
}

// makeApps makes the applications in their namespace, and what they need there.
func (s *stack) makeApps() (err error) {
	if s.namespace, err = s.makeNamespace(); err != nil {
		return err
	}
	var sidecars *sidecars
	if *s.cfg.Dapr.Enabled {
		if sidecars, err = s.makeDapr(); err != nil {
			return err
		}
	}
	objects, err := s.makeObjects()
	if err != nil {
		return err
	}
	for i, variables := range s.cfg.Environments() {
		if err := s.makeApp(s.cfg.Apps[i], variables, sidecars, objects); err != nil {
			return err
		}
	}
	return nil
}

// makeApp makes an app after what its sidecar reads, and after the objects beside the
// stack, which its pods may read.
func (s *stack) makeApp(a config.App, found []config.Variable, sidecars *sidecars, objects []pulumi.Resource) error {
	given, err := s.makeSecretEnv(a, sidecars != nil)
	if err != nil {
		return err
	}
	args := &app.Args{
		Name: a.Name, Namespace: s.namespace,
		Image: a.Image, ImagePullPolicy: a.ImagePullPolicy, PullSecrets: s.cfg.ImagePullSecrets,
		Unprobed: a.Port == 0, Startup: a.StartupTime(), Protocol: a.Protocol(a.Port), HealthPath: a.HealthPath,
		Command: s.arguments(a.Command), Args: s.arguments(a.Args), Env: variables(a, found, given),
		Resources: kube.Resources(a.Resources), WritablePaths: a.WritablePaths,
		Labels: a.Labels, Annotations: a.Annotations, ServiceAccount: app.ServiceAccount(a.Account),
		Patches: s.podPatches(a, given),
	}
	if a.User != nil {
		args.User = *a.User
	} else {
		args.PlatformUser = true
	}
	if a.TerminationGracePeriod != nil {
		args.Grace = a.TerminationGracePeriod.Duration
	}
	s.setWorkload(args, a, sidecars)
	if a.Port != 0 {
		args.Ports = append(args.Ports, kube.Port{Name: "http", Number: a.Port})
	}
	for _, p := range a.Ports {
		args.Ports = append(args.Ports, kube.Port{Name: p.Name, Number: p.Port})
	}
	args.After = objects
	if a.Sidecar != nil && sidecars != nil {
		first, digest := dapr.Reads(a.Sidecar.AppID, sidecars.sources(a.Sidecar.AppID))
		args.After = slices.Concat(sidecars.ready, first, objects)
		args.Sidecar = &app.Sidecar{
			AppID: a.Sidecar.AppID, AppPort: a.AppPort(), Options: a.Sidecar.Options,
			Config: s.cfg.ConfigurationOf(a.Sidecar.AppID), Settings: digest,
			Resources: kube.Resources(a.Sidecar.Resources), SecretVolumes: a.Sidecar.SecretVolumes,
		}
		if given != nil {
			args.Sidecar.Options, args.Sidecar.SecretEnv = given.sidecar(a.Sidecar.Options)
		}
		args.Sidecar.Options = s.cfg.WithRedisCA(a.Sidecar.AppID, args.Sidecar.Options)
		if s.cfg.TrustsRedisCA(a.Sidecar.AppID) {
			args.Sidecar.RedisCA = sidecars.redisCA
		}
	}
	_, err = app.New(s.ctx, s.name(a.Name), args, s.cluster)
	return err
}

// variables returns the variables that the stack sets, then those of the stack
// file.
func variables(a config.App, found []config.Variable, given *secretEnv) []app.Variable {
	var vars []app.Variable
	for _, v := range found {
		vars = append(vars, app.Variable{Name: v.Name, Value: v.Value})
	}
	for _, name := range sortedKeys(a.Env) {
		if given != nil {
			vars = append(vars, app.Variable{Name: name, Secret: new(given.Ref(name))})
		} else {
			vars = append(vars, app.Variable{Name: name, Value: a.Env[name]})
		}
	}
	for _, name := range sortedKeys(a.SecretEnv) {
		vars = append(vars, app.Variable{Name: name, Secret: secretRef(a.SecretEnv[name])})
	}
	for _, name := range sortedKeys(a.ConfigEnv) {
		vars = append(vars, app.Variable{Name: name, ConfigMap: new(app.ConfigMapKey(a.ConfigEnv[name]))})
	}
	return vars
}
