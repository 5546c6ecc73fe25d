package stacks

import (
	"maps"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/components/secrets"
	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules"
)

// arguments returns the arguments or the command of an app's container, nil for those
// of its image. Kubernetes takes them from no Secret: in the cluster they are in clear.
func (s *stack) arguments(given []string) pulumi.StringArrayInput {
	switch args := pulumi.ToStringArray(given); {
	case len(args) == 0:
		return nil
	case s.cfg.IsSecret("apps"):
		return pulumi.ToSecret(args).(pulumi.StringArrayOutput)
	default:
		return args
	}
}

// secretEnv is the Secret with the environment variables of an app and of its
// sidecar that the stack file gives as a Pulumi secret.
type secretEnv struct{ *secrets.Given }

// sidecarKey begins the keys of the sidecar's variables in the Secret.
const sidecarKey = "daprd."

// makeSecretEnv makes that Secret, and returns nil if the app has nothing for it.
func (s *stack) makeSecretEnv(a config.App, dapr bool) (*secretEnv, error) {
	values := maps.Clone(a.Env)
	if a.Sidecar != nil && dapr {
		for name, value := range a.Sidecar.Options.Map(rules.OptionEnv) {
			if values == nil {
				values = map[string]string{}
			}
			values[sidecarKey+name] = value
		}
	}
	if !s.cfg.IsSecret("apps") {
		return nil, nil
	}
	for _, patch := range a.PodPatches() {
		eachVariable(patch, func(key string, variable map[string]any) {
			if value, given := variable["value"].(string); given {
				if values == nil {
					values = map[string]string{}
				}
				values[key] = value
			}
		})
	}
	if len(values) == 0 {
		return nil, nil
	}
	given, err := secrets.NewGiven(s.ctx, s.name(a.Name+"-env"), &secrets.GivenArgs{Namespace: s.namespace, Values: values}, s.cluster)
	if err != nil {
		return nil, err
	}
	return &secretEnv{given}, nil
}

// sidecar returns the options of a sidecar without its variables, and where these
// are instead.
func (e *secretEnv) sidecar(options rules.SidecarOptions) (rules.SidecarOptions, map[string]secrets.Ref) {
	refs := map[string]secrets.Ref{}
	for name := range options.Map(rules.OptionEnv) {
		refs[name] = e.Ref(sidecarKey + name)
	}
	options = maps.Clone(options)
	delete(options, rules.OptionEnv)
	return options, refs
}

// makeSecretMetadata makes the Secret with the metadata of a component, which the
// stack file gives under key as a Pulumi secret, and returns where each item is. It
// returns nil for metadata that is not secret.
func (s *stack) makeSecretMetadata(key, component string, items map[string]string) (map[string]secrets.Ref, error) {
	if len(items) == 0 || !s.cfg.IsSecret(key) {
		return nil, nil
	}
	given, err := secrets.NewGiven(s.ctx, s.name(component+"-metadata"), &secrets.GivenArgs{Namespace: s.namespace, Values: items}, s.cluster)
	if err != nil {
		return nil, err
	}
	refs := map[string]secrets.Ref{}
	for name := range items {
		refs[name] = given.Ref(name)
	}
	return refs, nil
}
