package stacks

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/components/app"
	"github.com/daprstack/daprstack/components/dapr"
	"github.com/daprstack/daprstack/components/kube"
	"github.com/daprstack/daprstack/config"
)

// stack is one deployment in the making.
type stack struct {
	*config.Stack
	ctx       *pulumi.Context
	cluster   pulumi.ResourceOption // the provider of the one cluster that is touched
	namespace pulumi.StringInput
	redis     dapr.RedisConnection // how the sidecars reach Redis
	first     []pulumi.Resource    // what every app waits for
}

// deploy registers everything that the configuration asks for.
func deploy(ctx *pulumi.Context, cfg *config.Stack) error {
	s := &stack{Stack: cfg, ctx: ctx}
	for _, step := range []func() error{s.useCluster, s.makeNamespace, s.makeDapr, s.makeApps} {
		if err := step(); err != nil {
			return err
		}
	}
	s.export()
	return nil
}

// useCluster names the one cluster that is touched.
func (s *stack) useCluster() error {
	cluster, err := kube.NewCluster(s.ctx, "cluster", s.Context)
	if err != nil {
		return err
	}
	s.cluster = pulumi.Provider(cluster)
	return nil
}

func (s *stack) makeNamespace() error {
	s.namespace = pulumi.String(s.Namespace)
	if !*s.CreateNamespace {
		return nil
	}
	namespace, err := kube.Namespace(s.Namespace).Register(s.ctx, "namespace",
		s.cluster, pulumi.RetainOnDelete(s.Keep.Namespaces))
	if err != nil {
		return err
	}
	s.namespace = namespace.Name()
	return nil
}

func (s *stack) makeApps() error {
	variables := s.Environments()
	for i, a := range s.Apps {
		if _, err := app.New(s.ctx, a.Name, s.appArgs(a, variables[i]), s.cluster); err != nil {
			return err
		}
	}
	return nil
}

// appArgs are the arguments of one app. Without Dapr it has no sidecar.
func (s *stack) appArgs(a config.App, found []config.Variable) *app.Args {
	args := &app.Args{
		Name: a.Name, Namespace: s.namespace,
		Image: a.Image, ImagePullPolicy: a.ImagePullPolicy, PullSecrets: s.ImagePullSecrets,
		Ports:    []app.Port{{Name: "http", Number: a.Port}},
		Replicas: *a.Replicas, Args: a.Args, Env: variables(a, found), Protocol: a.Protocol(a.Port), HealthPath: a.HealthPath,
		Resources: app.Resources(a.Resources), User: *a.User, WritablePaths: a.WritablePaths,
		After: s.first,
	}
	for _, p := range a.Ports {
		args.Ports = append(args.Ports, app.Port{Name: p.Name, Number: p.Port})
	}
	if a.Sidecar != nil && *s.Dapr.Enabled {
		args.Sidecar = &app.Sidecar{
			AppID: a.Sidecar.AppID, AppPort: *a.Sidecar.AppPort, Options: a.Sidecar.Options,
			Config: s.ConfigurationOf(a.Sidecar.AppID), Settings: s.settings(a.Sidecar.AppID),
			Resources: app.Resources(a.Sidecar.Resources), SecretVolumes: a.Sidecar.SecretVolumes,
		}
	}
	return args
}

// variables are those that the stack sets, then those of the stack file.
func variables(a config.App, found []config.Variable) []app.Variable {
	var vars []app.Variable
	for _, v := range found {
		vars = append(vars, app.Variable{Name: v.Name, Value: v.Value})
	}
	for _, name := range sortedKeys(a.Env) {
		vars = append(vars, app.Variable{Name: name, Value: a.Env[name]})
	}
	for _, name := range sortedKeys(a.SecretEnv) {
		vars = append(vars, app.Variable{Name: name, Secret: secretRef(a.SecretEnv[name])})
	}
	return vars
}

// wait adds to what every app waits for.
func (s *stack) wait(ready ...[]pulumi.Resource) {
	s.first = append(s.first, slices.Concat(ready...)...)
}
