package config_test

import (
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules"
	"github.com/daprstack/daprstack/config/rules/rulestest"
	"github.com/daprstack/daprstack/internal/stackfile"
)

// TestOneErrorForEachPart: a wrong type, a misspelt key and an unknown one cost
// exactly one error, wherever they stand: nothing that only follows from it is
// reported, and nothing panics.
func TestOneErrorForEachPart(t *testing.T) {
	all := parts(everything(t))
	require.Greater(t, len(all), 150)
	for _, p := range all {
		for _, wrong := range []any{7.5, "?", true, []any{[]any{}}, object{"zzzzzzzz": object{}}} {
			if !p.refuses(wrong) {
				continue
			}
			found := violationsOf(t, apply(t, p.file, one(p.path, wrong)))
			require.Len(t, found, 1, "%s: %v gives %v", p.path, wrong, found)
			require.Equal(t, p.path, found[0].Path)
			require.Regexp(t, "^must be ", found[0].Allowed)
		}
		if p.manifest {
			continue // the fields are those of Kubernetes
		}
		if _, ok := p.value.(object); ok && !p.free {
			require.Contains(t, violations(t, apply(t, p.file, one(p.path+".zzzzzzzz", 1)))[0], p.path+".zzzzzzzz: unknown key; the keys here are ")
		}
		if p.key != "" {
			require.Equal(t, []string{p.path + `x: unknown key; did you mean "` + p.key + `"?`},
				violations(t, apply(t, p.file, []edit{{p.path, nil}, {p.path + "x", p.value}})))
		}
	}
}

// TestEverything: the stack file with every key is good, and has every key.
func TestEverything(t *testing.T) {
	there := map[string]bool{}
	for _, p := range parts(everything(t)) {
		_, err := config.Load(p.file)
		require.NoError(t, err)
		there[p.pattern] = true
	}
	var check func(reflect.Type, string)
	check = func(typ reflect.Type, path string) {
		switch typ.Kind() {
		case reflect.Pointer:
			check(typ.Elem(), path)
		case reflect.Slice:
			check(typ.Elem(), path+"[]")
		case reflect.Map:
			check(typ.Elem(), path+".*")
		case reflect.Struct:
			for i := range typ.NumField() {
				if typ.Field(i).Type == reflect.TypeFor[rules.SidecarOptions]() {
					for _, row := range rules.Options() {
						require.True(t, there[path+"."+row.Key], "testdata/everything.yaml has no %s.%s", path, row.Key)
						check(row.Form.Type(), path+"."+row.Key)
					}
					continue
				}
				if key, _, ok := strings.Cut(typ.Field(i).Tag.Get("json"), ","); ok || key != "" {
					below := strings.TrimPrefix(path+"."+key, ".")
					require.True(t, there[below], "testdata/everything.yaml has no %s", below)
					if !strings.HasPrefix(below, "overlay.apps.*.") { // what is merged has the keys of the base
						check(typ.Field(i).Type, below)
					}
				}
			}
		default: // has nothing below it
		}
	}
	check(reflect.TypeFor[config.Stack](), "")
}

// everything returns the stack file with every key, with the Redis in the
// cluster and with another one.
func everything(t testing.TB) []map[string]string {
	t.Helper()
	values, err := stackfile.Read(filepath.Join("testdata", "everything.yaml"))
	require.NoError(t, err)
	return []map[string]string{
		values,
		apply(t, values, []edit{{"dapr.chart", object{"path": "./chart"}}, {"redis", object{"external": object{
			"host": "redis.example.com:6380", "enableTLS": true, "auth": true, "username": "shop", "password": "s3cret", "database": 1, "shared": true,
			"caCert": certificate, "clientCert": certificate, "clientKey": privateKey,
			"sentinel": object{"masterName": "mymaster", "username": "watch", "password": "s3cret"},
		}}}, {"apps[1].autoscale.events", nil}}),
		apply(t, values, []edit{{"overlay.apps.orders", object{"image": "registry.example.com/orders:1.2.4"}}, {"redis", object{"external": object{
			"host": "s0.example.com:26379,s1.example.com:26379", "passwordSecret": object{"name": "redis", "key": "password"},
			"enableTLS": true, "caCertSecret": object{"name": "redis-ca", "key": "ca.crt"}, "clientCertSecret": "redis-client",
			"sentinel": object{"masterName": "mymaster", "passwordSecret": object{"name": "sentinels", "key": "password"}},
		}}}, {"apps[1].autoscale.events", nil}}),
		apply(t, values, []edit{{"redis", object{"external": object{
			"host": "n0.example.com:6379,n1.example.com:6379", "cluster": true, "auth": false, "enableTLS": true, "insecureSkipTLSVerify": true,
		}}}, {"pubSubs[0].metadata", object{"useEntraID": "true"}}, {"pubSubs[0].secretMetadata", object{"azureClientSecret": object{"name": "azure", "key": "client"}}},
			{"stateStores[0].metadata", object{"useEntraID": "true"}}, {"stateStores[0].secretMetadata", object{"azureClientSecret": object{"name": "azure", "key": "client"}}}}),
		apply(t, values, []edit{{"redis", object{"existingClaim": "orders"}}}),
	}
}

// part is one place of a stack file.
type part struct {
	file          map[string]string
	path, pattern string // with the indices, and with [] and * for the user's own keys
	key           string // in a structure; empty for an item and for a key of the user's
	value         any
	free          bool // its keys are the user's
	manifest      bool // it is in Kubernetes' own spelling, or part of what is
}

// manifests are the keys that hold what is in Kubernetes' own spelling.
var manifests = []string{"envFrom", "volumes", "volumeMounts", "initContainers", "containers", "lifecycle", "tolerations", "affinity",
	"topologySpreadConstraints", "hostAliases", "dnsConfig", "podPatch", "probes"}

// refuses says whether a value is of another kind than the one that stands there.
func (p part) refuses(wrong any) bool {
	if _, text := p.value.(string); text && p.path == p.key {
		return reflect.TypeOf(wrong).Kind() == reflect.Slice || reflect.TypeOf(wrong).Kind() == reflect.Map // else it is text
	}
	if _, given := wrong.(object); given && p.value == "none" {
		return false // it would be a probe
	}
	return reflect.TypeOf(wrong) != reflect.TypeOf(p.value) || wrong == 7.5
}

// parts returns every place of stack files, each once.
func parts(files []map[string]string) (all []part) {
	seen := map[string]bool{}
	var visit func(part)
	visit = func(p part) {
		if p.path != "" && !seen[p.path] {
			all = append(all, p)
			seen[p.path] = true
		}
		switch v := p.value.(type) {
		case []any:
			for i, item := range v {
				visit(part{file: p.file, path: p.path + "[" + strconv.Itoa(i) + "]", pattern: p.pattern + "[]", value: item, manifest: p.manifest})
			}
		case object:
			for _, key := range slices.Sorted(maps.Keys(v)) {
				below := part{file: p.file, path: strings.TrimPrefix(p.path+"."+key, "."), value: v[key]}
				if p.free {
					below.pattern = p.pattern + ".*"
				} else {
					below.pattern, below.key = strings.TrimPrefix(p.pattern+"."+key, "."), key
					below.manifest = p.manifest || slices.Contains(manifests, key)
					below.free = slices.Contains([]string{"env", "secretEnv", "configEnv", "labels", "matchLabels", "annotations", "nodeSelector", "metadata", "requests", "limits", "values", "schema",
						"secretMetadata", "headers", "envFromSecret", "volumeMounts", "volumeMountsRW", "secretVolumes", "timeouts", "retries", "circuitBreakers"}, key) ||
						p.path == "overlay" || p.path == "resiliency.targets"
				}
				if !p.anything() {
					visit(below)
				}
			}
		}
	}
	for _, file := range files {
		visit(part{file: file, value: rulestest.Tree(file)})
	}
	return all
}

// anything says whether whatever stands there is good.
func (p part) anything() bool { return p.key == "values" || p.key == "schema" }
