package stacks

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/config"
)

// podPatches returns the patches on the pods of an app. Of what the stack file gives
// as a Pulumi secret, variables are read from the Secret of the app's variables, and
// the rest, for which Kubernetes has no such way, is a secret of the engine.
func (s *stack) podPatches(a config.App, given *secretEnv) (patches []map[string]any) {
	for _, patch := range a.PodPatches() {
		if !s.cfg.IsSecret("apps") {
			patches = append(patches, patch)
			continue
		}
		hidden, _ := hide(map[string]any(patch), false).(map[string]any)
		eachVariable(hidden, func(key string, variable map[string]any) {
			if variable["value"] != nil {
				ref := given.Ref(key)
				delete(variable, "value")
				variable["valueFrom"] = map[string]any{"secretKeyRef": map[string]any{"name": ref.Name, "key": ref.Key}}
			}
		})
		patches = append(patches, hidden)
	}
	return patches
}

// eachVariable calls a function with each variable of the containers in a patch on a
// pod template, and with the key that it has in the Secret of the app's variables.
func eachVariable(patch map[string]any, call func(key string, variable map[string]any)) {
	spec, _ := patch["spec"].(map[string]any)
	for _, list := range []string{"initContainers", "containers"} {
		containers, _ := spec[list].([]any)
		for _, c := range containers {
			container, _ := c.(map[string]any)
			variables, _ := container["env"].([]any)
			for _, v := range variables {
				if variable, ok := v.(map[string]any); ok {
					call(fmt.Sprintf("%v.%v", container["name"], variable["name"]), variable)
				}
			}
		}
	}
}

// hide returns a copy of a manifest in which every value that may be a secret is one.
func hide(v any, secret bool) any {
	switch v := v.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for key, value := range v {
			m[key] = hide(value, secret || config.MayBeSecret(key))
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = hide(item, secret)
		}
		return list
	case string:
		if secret {
			return pulumi.ToSecret(pulumi.String(v))
		}
	}
	return v
}
