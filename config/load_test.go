package config_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config"
)

// TestRawValues: what can only be wrong in the text of a value.
func TestRawValues(t *testing.T) {
	for name, c := range map[string]struct {
		key, raw string
		want     []string
	}{
		"key given twice": {"dapr", `{"enabled": true, "enabled": false}`,
			[]string{`dapr.enabled: must be given once`}},
		"object given twice, with mistakes in it": {"apps", `[{"name": "a", "image": "a", "port": 1, "sidecar": {"appId": "A"}, "sidecar": {"appId": "B", "appId": "C"}}]`,
			[]string{`apps[0].sidecar: must be given once`, `apps[0].sidecar.appId: must be given once`}},
		"unknown key given twice": {"keep", `{"daten": 1, "daten": 2}`,
			[]string{`keep.daten: must be given once`, `keep.daten: unknown key; the keys here are crds, data, namespaces`}},
		"secret given twice": {"redis", `{"password": "p4ss", "password": "w0rd"}`,
			[]string{`redis.password: must be given once`}},
		"no JSON":                 {"redis", `{"storage": `, []string{`redis: "{\"storage\": ": must be an object, not text`}},
		"two values":              {"dapr", `{} {}`, []string{`dapr: "{} {}": must be an object, not text`}},
		"nothing":                 {"dapr", ``, []string{`dapr: must be an object, not text`}},
		"bytes that are no text":  {"namespace", "to\xffdo", []string{`namespace: must be UTF-8 text`}},
		"bytes in an object":      {"keep", `{"data": "` + "\xff" + `"}`, []string{`keep: must be UTF-8 text`}},
		"number for a name":       {"namespace", `-5`, []string{`namespace: "-5": must be a DNS-1123 label, at most 63 characters`}},
		"deeper than JSON may be": {"keep", strings.Repeat("[", 20000) + strings.Repeat("]", 20000), []string{`keep: "` + strings.Repeat("[", 100) + `"…: must be an object, not text`}},
	} {
		t.Run(name, func(t *testing.T) {
			values := map[string]string{
				"daprstack:context": "c", "daprstack:namespace": "n", "daprstack:apps": `[{"name": "web", "image": "web:1", "port": 80}]`,
			}
			values["daprstack:"+c.key] = c.raw
			require.Equal(t, c.want, violations(t, values))
		})
	}
}

// TestDeepValues: a free-form value may be as deep as JSON may.
func TestDeepValues(t *testing.T) {
	values := read(t, "dev")
	values["daprstack:dapr"] = `{"chart": {"values": {"a": ` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}}}`
	_, err := config.Load(values)
	require.NoError(t, err)
}

// TestTextStandsForItself: a name that looks like JSON is a name.
func TestTextStandsForItself(t *testing.T) {
	values := read(t, "dev")
	values["daprstack:context"], values["daprstack:namespace"] = "true", "42"
	stack, err := config.Load(values)
	require.NoError(t, err)
	require.Equal(t, "true", stack.Context)
	require.Equal(t, "42", stack.Namespace)
}

// TestJSON: every problem, of form or of a rule, in the order of the text.
func TestJSON(t *testing.T) {
	_, err := config.Load(apply(t, read(t, "dev"), []edit{
		{"apps[0].port", "3000"}, {"apps[1].sidecar.logLevel", "loud"}, {"events[0].publishers", nil}, {"redis.password", "a b"}, {"contxt", "c"},
	}), "daprstack:redis")
	listing, ok := config.JSON(err)
	require.True(t, ok)
	require.JSONEq(t, `[
		{"path": "apps[0].port", "value": "\"3000\"", "allowed": "must be a whole number, not text"},
		{"path": "apps[1].sidecar.logLevel", "value": "\"loud\"", "rule": "S-06", "allowed": "must be one of debug, info, warn, error"},
		{"path": "contxt", "allowed": "unknown key; did you mean \"context\"?"},
		{"path": "events[0].publishers", "rule": "E-08", "allowed": "is required: an event has at least one publisher"},
		{"path": "redis.password", "rule": "T-06", "allowed": "must be printable ASCII without spaces, quotes and backslashes"}
	]`, string(listing))
	require.Less(t, strings.Index(string(listing), "contxt"), strings.Index(string(listing), "redis"))
	_, ok = config.JSON(nil)
	require.False(t, ok)
}

// TestReadme: the errors that the README shows are those that a reader would get.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "README.md"))
	require.NoError(t, err)
	require.Contains(t, string(readme), strings.Join(violations(t, apply(t, read(t, "dev"), []edit{
		{"apps[0].port", 70000}, {"pubSubs[0].redeliverIntervall", "30s"}, {"stateStores[0].scopes[1]", "nobody-app"},
	})), "\n"))
}

// TestValidate: a stack that a program wrote, without a file.
func TestValidate(t *testing.T) {
	stack := &config.Stack{Context: "c", Namespace: "n", Apps: []config.App{{Name: "web", Image: "web:1", Port: 80}}}
	require.NoError(t, config.Validate(stack))
	require.Equal(t, 1, *stack.Apps[0].Replicas, "the defaults are filled in")
	stack.Apps[0].Sidecar = &config.Sidecar{}
	err := config.Validate(stack)
	require.EqualError(t, err, "the stack file has 1 problem:\n  apps[0].sidecar.appId: [S-01]: is required")
	require.ErrorContains(t, config.Validate(&config.Stack{}), "the stack file has 3 problems:")
}

// TestSecretKeys: below a key that holds a secret no value is shown, whatever is
// wrong with it.
func TestSecretKeys(t *testing.T) {
	const secret = "s3cret"
	for key, value := range map[string]any{
		"dapr":        object{"version": secret, "enabled": secret, "logLevel": secret, "configuration": object{"name": secret + "_"}},
		"redis":       object{"storage": secret, "image": secret + " ", "fsync": []any{secret}, "external": nil},
		"stateStores": []any{object{"name": secret + "_", "type": secret, "version": secret, "scopes": []any{secret, secret}}},
		"pubSubs":     []any{object{"name": secret + "_", "scopes": []any{secret}, "retryPolicy": secret, "maxRetries": secret}},
		"apps": []any{object{
			"name": secret + "_", "image": secret + " ", "port": secret, "healthPath": secret, "invokes": []any{secret},
			"env": object{"A": []any{secret}}, "args": object{"a": secret}, "sidecar": object{"appId": secret + "_", "logLevel": secret, "config": secret},
		}},
	} {
		t.Run(key, func(t *testing.T) {
			_, err := config.Load(apply(t, read(t, "dev"), one(key, value)), "daprstack:"+key)
			require.Error(t, err)
			listing, ok := config.JSON(err)
			require.True(t, ok)
			var found config.Errors
			require.NoError(t, json.Unmarshal(listing, &found))
			masked := 0
			for _, v := range found {
				if strings.HasPrefix(v.Path, key) && v.Path != key+`[1].`+secret {
					require.NotContains(t, v.String(), secret)
				}
				if v.Value == "********" {
					masked++
				}
			}
			require.NotZero(t, masked)
		})
	}
}

// TestKeysThatAreNoSecret: a secret is refused where it would be in clear.
func TestKeysThatAreNoSecret(t *testing.T) {
	const refused = ": must not be a secret: the cluster shows it to everybody"
	for key, secret := range map[string]bool{
		"context": false, "namespace": false, "createNamespace": false, "imagePullSecrets": false, "keep": false, "events": false,
		"dapr": true, "redis": true, "stateStores": true, "pubSubs": true, "apps": true, "overlay": true,
	} {
		values := read(t, "dev")
		if _, given := values["daprstack:"+key]; !given {
			values["daprstack:"+key] = "{}"
		}
		stack, err := config.Load(values, "daprstack:"+key)
		if secret {
			require.NoError(t, err)
			require.True(t, stack.IsSecret(key))
			continue
		}
		require.ErrorContains(t, err, key+refused)
	}
	stack, err := config.Load(apply(t, read(t, "dev"), one("overlay", object{})), "daprstack:overlay", "other:events")
	require.NoError(t, err)
	require.True(t, stack.IsSecret("apps") && stack.IsSecret("stateStores") && stack.IsSecret("pubSubs"), "an overlay changes these")
	require.False(t, stack.IsSecret("redis"))
}

// TestEncrypted: whoever does not know a secret judges all the rest, and where the
// secret stands.
func TestEncrypted(t *testing.T) {
	values := apply(t, read(t, "dev"), []edit{
		{"apps[0].image", config.Encrypted}, {"apps[0].env", object{"A": config.Encrypted}}, {"apps[0].replicas", config.Encrypted},
		{"apps[1].port", 70000}, {"stateStores[0].metadata", object{"ttlInSeconds": config.Encrypted}}, {"redis", config.Encrypted},
	})
	require.Equal(t, []string{
		"apps[0].image: must not be a secret: the cluster shows it to everybody",
		"apps[0].replicas: must not be a secret: the cluster shows it to everybody",
		"apps[1].port: 70000: must be between 1 and 65535",
	}, violations(t, values))
}

// TestSensitiveMetadata: what must not be in clear can be given as a secret, except
// for what a sidecar without a token would ignore.
func TestSensitiveMetadata(t *testing.T) {
	values := apply(t, read(t, "dev"), []edit{{"stateStores[0].metadata", object{
		"enableTLS": "true", "azureClientSecret": "k", "redisPassword": "p", "primaryEncryptionKey": "e", "ttlInSeconds": "x",
	}}})
	_, err := config.Load(values, "daprstack:stateStores")
	require.EqualError(t, err, `the stack file has 5 problems:
  stateStores[0].metadata.azureClientSecret: [T-10]: must not be given without useEntraID=true: Dapr does not honour it then
  stateStores[0].metadata.enableTLS: [T-10]: must not be given as metadata: set redis.external.enableTLS
  stateStores[0].metadata.primaryEncryptionKey: [T-10]: must not be given: sidecars of a stack may not read Secrets themselves, and then Dapr stores in clear without a word
  stateStores[0].metadata.redisPassword: [T-06]: must not be given as a plain value: set redis.password or redis.external.password, a secret
  stateStores[0].metadata.ttlInSeconds: [T-10]: must be a whole number of seconds, 1 or more, or ******** for none`)
}

// TestAccepted: what may look wrong and is not.
func TestAccepted(t *testing.T) {
	for of, edits := range map[string][]edit{
		"the namespace default, which stays": {{"createNamespace", false}, {"namespace", "default"}},
		"the version before the pinned one":  {{"dapr.version", "1.17.5"}},
		"a release candidate":                {{"dapr.version", "1.18.0-rc.1"}},
	} {
		_, err := config.Load(apply(t, read(t, "dev"), edits))
		require.NoError(t, err, of)
	}
}

// TestInProject: a project of another name has keys of its own, and none of
// daprstack.
func TestInProject(t *testing.T) {
	values, secretKeys, err := config.InProject("shop", map[string]string{"shop:namespace": "n", "aws:region": "r"}, "shop:redis", "aws:key")
	require.NoError(t, err)
	require.Equal(t, map[string]string{"daprstack:namespace": "n", "aws:region": "r"}, values)
	require.Equal(t, []string{"daprstack:redis", "aws:key"}, secretKeys)

	_, _, err = config.InProject("shop", map[string]string{"daprstack:context": "c", "daprstack:apps": "[]", "shop:namespace": "n"})
	require.EqualError(t, err, `the stack file has 2 problems:
  daprstack:apps: is not a key of project shop; write shop:apps, or apps alone
  daprstack:context: is not a key of project shop; write shop:context, or context alone`)

	same := map[string]string{"daprstack:context": "c"}
	values, _, err = config.InProject("daprstack", same)
	require.NoError(t, err)
	require.Equal(t, same, values)
}
