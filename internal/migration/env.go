package migration

import (
	"maps"
	"regexp"
	"slices"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules"
)

// env takes over environment variables. A value that may be secret never is.
func (c *converter) env(p part, a *config.App) {
	for _, v := range p.items("env") {
		name := v.text("name")
		from := v.below("valueFrom")
		ref, fromConfig := from.below("secretKeyRef"), from.below("configMapKeyRef")
		value, given := v.fields["value"]
		v.drop("value")
		switch {
		case len(ref.fields) > 0:
			key := config.SecretKey{Name: ref.text("name"), Key: ref.text("key")}
			if a.SecretEnv == nil {
				a.SecretEnv = map[string]config.SecretKey{}
			}
			a.SecretEnv[name] = key
			if ref.take("optional") == true {
				ref.differ("optional", true, advice{"the pods of a stack wait for the Secret", "leave the variable out if there is none"})
			}
		case len(fromConfig.fields) > 0:
			if a.ConfigEnv == nil {
				a.ConfigEnv = map[string]config.MapKey{}
			}
			a.ConfigEnv[name] = config.MapKey{Name: fromConfig.text("name"), Key: fromConfig.text("key")}
			if fromConfig.take("optional") == true {
				fromConfig.differ("optional", true, advice{"the pods of a stack wait for the ConfigMap", "leave the variable out if there is none"})
			}
		case len(from.fields) > 0: // of the pod itself
			c.patchContainer(a, config.Manifest{"env": []any{map[string]any{"name": name, "valueFrom": copied(from.fields)}}})
			from.drop(slices.Collect(maps.Keys(from.fields))...)
		case secretVariable(name, textOf(value)):
			v.c.note(Note{ToFill, v.object, v.path, "", "it seems to be a secret, which is never copied",
				"put it into a Secret and name that in secretEnv, or into env as a Pulumi secret (pulumi config set --path --secret)"})
		case given || name != "":
			if a.Env == nil {
				a.Env = map[string]string{}
			}
			a.Env[name] = textOf(value)
		}
		from.rest(nil)
	}
}

var (
	secretNames = regexp.MustCompile(`(?i)(passw|pwd|secret|token|api_?key|access_?key|private_?key|credential|connection_?string)`)
	plainNames  = regexp.MustCompile(`(?i)_?(file|path|dir|name|url|uri|host|endpoint|ttl|expiry|timeout|enabled|issuer|audience|store)$`)
)

// secretVariable reports whether a variable may hold a secret.
func secretVariable(name, value string) bool {
	if value == "" || value == "true" || value == "false" {
		return false
	}
	return secretNames.MatchString(name) && !plainNames.MatchString(name) || secretText(value)
}

// secretArgument matches --password=x and "password": "x".
var secretArgument = regexp.MustCompile(`(?i)(passw(or)?d|secret|token|api-?key)["']?\s*[=:]\s*["']?[^\s"',}]`)

// secretText reports whether a text holds a secret, as far as it can be told.
func secretText(text string) bool {
	return secretArgument.MatchString(text) || rules.PlainSecret("", "", text) != nil
}
