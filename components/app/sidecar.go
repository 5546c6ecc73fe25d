package app

import (
	"maps"
	"slices"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/daprstack/daprstack/components/secrets"
	"github.com/daprstack/daprstack/config/rules"
)

// annotations returns the pod annotations that make the injector add daprd.
// Every value is text (S-10).
func annotations(s *Sidecar) pulumi.StringMap {
	if s == nil {
		return nil
	}
	a := s.Options.Annotations()
	for name, value := range map[string]string{
		"enabled":  "true",
		"app-id":   s.AppID,
		"app-port": port(s.AppPort),
		"config":   s.Config,
		// The pod has no Kubernetes token: components get their secrets from the
		// operator.
		"disable-builtin-k8s-secret-store": "true",
		"sidecar-seccomp-profile-type":     "RuntimeDefault",

		"sidecar-cpu-request":    s.Resources.Requests["cpu"],
		"sidecar-memory-request": s.Resources.Requests["memory"],
		"sidecar-cpu-limit":      s.Resources.Limits["cpu"],
		"sidecar-memory-limit":   s.Resources.Limits["memory"],
	} {
		if value != "" {
			a[rules.AnnotationPrefix+name] = value
		}
	}
	all := pulumi.ToStringMap(a)
	if len(s.SecretEnv) > 0 {
		const fromSecret = rules.AnnotationPrefix + "env-from-secret"
		all[fromSecret] = withSecretEnv(a[fromSecret], s.SecretEnv)
	}
	if s.Settings != nil {
		all["daprstack.io/settings"] = s.Settings
	}
	return all
}

// withSecretEnv adds variables to an annotation of the form that the injector
// reads: "NAME=secret:key,OTHER=secret:key".
func withSecretEnv(annotation string, env map[string]secrets.Ref) pulumi.StringInput {
	all := pulumi.String(annotation).ToStringOutput()
	for i, name := range slices.Sorted(maps.Keys(env)) {
		before := ","
		if i == 0 && annotation == "" {
			before = ""
		}
		all = pulumi.Sprintf("%s%s%s=%s:%s", all, before, name, env[name].Name, env[name].Key)
	}
	return all
}

// port returns the text of a port, none for 0: the sidecar calls no app then.
func port(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
