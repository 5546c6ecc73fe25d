package config_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config"
)

const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// overlaid returns the dev stack with an overlay.
func overlaid(t *testing.T, edits ...edit) *config.Stack {
	t.Helper()
	stack, err := config.Load(apply(t, read(t, "dev"), edits))
	require.NoError(t, err)
	require.Zero(t, stack.Overlay, "it is applied")
	return stack
}

// TestOverlay: what is given replaces what stands in the base, key by key in
// maps; everything else stays.
func TestOverlay(t *testing.T) {
	stack := overlaid(t,
		edit{"apps[1]", object{
			"name": "backend", "image": "i:1", "port": 8000, "args": []any{"a", "b"}, "env": object{"A": "1", "B": "1"},
			"secretEnv": object{"S": object{"name": "base", "key": "k"}},
			"resources": object{"requests": object{"cpu": "1m", "memory": "2Mi"}, "limits": object{"memory": "3Mi"}},
			"sidecar":   object{"appId": "backend-app", "logLevel": "warn", "resources": object{"requests": object{"cpu": "4m"}}},
		}},
		edit{"stateStores[0].metadata", object{"keyPrefix": "name", "ttlInSeconds": "1"}},
		edit{"overlay", object{
			"apps": object{"backend": object{
				"imagePullPolicy": "Always", "replicas": 0, "args": []any{"c"}, "env": object{"B": "2", "C": "2"},
				"secretEnv": object{"T": object{"name": "overlay", "key": "k"}},
				"resources": object{"requests": object{"cpu": "5m"}, "limits": object{"cpu": "6m"}},
				"sidecar":   object{"resources": object{"requests": object{"memory": "7Mi"}}},
			}},
			"stateStores": object{"statestore": object{"metadata": object{"ttlInSeconds": "2"}}},
			"pubSubs":     object{"pubsub": object{"redeliverInterval": "20s", "maxRetries": 1}},
		}})
	app := stack.Apps[1]
	require.Equal(t, "i:1", app.Image)
	require.Equal(t, "Always", app.ImagePullPolicy)
	require.Zero(t, *app.Replicas)
	require.Equal(t, []string{"c"}, app.Args)
	require.Equal(t, map[string]string{"A": "1", "B": "2", "C": "2"}, app.Env)
	require.Equal(t, map[string]config.SecretKey{"S": {Name: "base", Key: "k"}, "T": {Name: "overlay", Key: "k"}}, app.SecretEnv)
	require.Equal(t, config.Resources{
		Requests: map[string]string{"cpu": "5m", "memory": "2Mi"}, Limits: map[string]string{"memory": "3Mi", "cpu": "6m"},
	}, app.Resources)
	require.Equal(t, "backend-app", app.Sidecar.AppID)
	sidecar, err := json.Marshal(app.Sidecar)
	require.NoError(t, err)
	require.Contains(t, string(sidecar), `"logLevel":"warn"`)
	require.Equal(t, "4m", app.Sidecar.Resources.Requests["cpu"])
	require.Equal(t, "7Mi", app.Sidecar.Resources.Requests["memory"])
	require.Equal(t, map[string]string{"keyPrefix": "name", "ttlInSeconds": "2"}, stack.StateStores[0].Metadata)
	require.Equal(t, 20*time.Second, stack.PubSubs[0].RedeliverInterval.Duration)
	require.Equal(t, 1, *stack.PubSubs[0].MaxRetries)

	plain := overlaid(t)
	require.Equal(t, plain.Apps[0], stack.Apps[0], "the others stay as they are")
	require.Equal(t, plain.Apps[2], stack.Apps[2])
}

// TestOverlayImage: the version of an image, whatever the base's looks like.
func TestOverlayImage(t *testing.T) {
	for base, name := range map[string]string{
		"app": "app", "app:1": "app", "app@" + digest: "app", "app:1@" + digest: "app",
		"registry:5000/team/app": "registry:5000/team/app", "registry:5000/team/app:1": "registry:5000/team/app",
	} {
		for change, want := range map[string]string{"tag: 2-b_c": name + ":2-b_c", "digest: " + digest: name + "@" + digest, "image: other:3": "other:3"} {
			key, value, _ := strings.Cut(change, ": ")
			stack := overlaid(t, edit{"apps[0].image", base}, edit{"overlay.apps.frontend." + key, value})
			require.Equal(t, want, stack.Apps[0].Image, "%s, %s", base, change)
		}
	}
}

// TestOverlayInsteadOf: of two keys that exclude each other, that of the overlay
// takes the place of the base's.
func TestOverlayInsteadOf(t *testing.T) {
	secret := object{"name": "s", "key": "k"}
	stack := overlaid(t,
		edit{"apps[1].env", object{"A": "1", "B": "1"}}, edit{"apps[1].secretEnv", object{"C": secret, "D": secret}},
		edit{"overlay.apps.backend", object{"env": object{"C": "2"}, "secretEnv": object{"A": secret}}},
		edit{"pubSubs[0].streamTTL", "1h"}, edit{"overlay.pubSubs.pubsub.maxLenApprox", 1000})
	require.Equal(t, map[string]string{"B": "1", "C": "2"}, stack.Apps[1].Env)
	require.Equal(t, map[string]config.SecretKey{"A": {Name: "s", Key: "k"}, "D": {Name: "s", Key: "k"}}, stack.Apps[1].SecretEnv)
	require.Nil(t, stack.PubSubs[0].StreamTTL)
	stack = overlaid(t, edit{"pubSubs[0].maxLenApprox", 1000}, edit{"overlay.pubSubs.pubsub.streamTTL", "1h"})
	require.Nil(t, stack.PubSubs[0].MaxLenApprox)
	require.Equal(t, time.Hour, stack.PubSubs[0].StreamTTL.Duration)
}

// TestOverlayOfAProgram: a stack that was written in Go.
func TestOverlayOfAProgram(t *testing.T) {
	env, sidecar := map[string]string{"A": "1"}, &config.Sidecar{AppID: "web-app"}
	stack := &config.Stack{
		Context: "c", Namespace: "n", Apps: []config.App{{Name: "web", Image: "web:1", Port: 80, Env: env, Sidecar: sidecar}},
		Overlay: config.Overlay{Apps: map[string]config.AppOverlay{"web": {
			Tag: "2", Env: map[string]string{"B": "2"}, Sidecar: &config.Sidecar{Resources: config.Resources{Limits: map[string]string{"memory": "1Gi"}}},
		}}},
	}
	require.NoError(t, config.Validate(stack))
	require.Equal(t, "web:2", stack.Apps[0].Image)
	require.Equal(t, map[string]string{"A": "1", "B": "2"}, stack.Apps[0].Env)
	require.Equal(t, map[string]string{"A": "1"}, env, "the program's own map")
	require.Equal(t, &config.Sidecar{AppID: "web-app"}, sidecar, "the program's own sidecar")
	require.Zero(t, stack.Overlay)
}

// badOverlay are mistakes in an overlay, and of values that it set: both are
// reported where they stand.
var badOverlay = []badStackFile{
	{"overlay of an unknown app", one("overlay.apps.bakend.replicas", 2),
		[]string{`overlay.apps.bakend: "bakend" [X-01]: must be the name of an app of the stack; did you mean "backend"?`}},
	{"overlay by app-id", one("overlay.apps.backend-app.replicas", 2),
		[]string{`overlay.apps.backend-app: "backend-app" [X-01]: must be the name of an app of the stack`}},
	{"overlay of an unknown store", one("overlay.stateStores.store", object{}),
		[]string{`overlay.stateStores.store: "store" [X-01]: must be the name of a state store of the stack`}},
	{"overlay of an unknown pub/sub", one("overlay.pubSubs.pubsubs", object{}),
		[]string{`overlay.pubSubs.pubsubs: "pubsubs" [X-01]: must be the name of a pub/sub of the stack; did you mean "pubsub"?`}},
	{"overlay of nothing there is", []edit{{"stateStores", nil}, {"overlay.stateStores.a", object{}}},
		[]string{`overlay.stateStores.a: "a" [X-01]: must be the name of a state store of the stack; there is none`}},
	{"unknown key of an overlay", one("overlay.apps.backend.replcias", 2),
		[]string{`overlay.apps.backend.replcias: unknown key; did you mean "replicas"?`}},
	{"overlay of what identifies", []edit{{"overlay.apps.backend", object{"name": "b", "port": 1, "sidecar": object{"appId": "b-app"}}}, {"overlay.pubSubs.pubsub.scopes", []any{}}},
		[]string{`overlay.apps.backend.name: unknown key; the keys here are affinity, annotations, args, autoscale, callers, command, configEnv, cronJob, digest, disruption, env, envFrom, httpRoute, image, imagePullPolicy, ingress, invokes, job, labels, nodeSelector, podPatch, priorityClassName, replicas, resources, schedule, secretEnv, service, serviceAccount, sidecar, startup, tag, terminationGracePeriod, tolerations, topologySpreadConstraints, volumes`,
			`overlay.apps.backend.port: unknown key; the keys here are affinity, annotations, args, autoscale, callers, command, configEnv, cronJob, digest, disruption, env, envFrom, httpRoute, image, imagePullPolicy, ingress, invokes, job, labels, nodeSelector, podPatch, priorityClassName, replicas, resources, schedule, secretEnv, service, serviceAccount, sidecar, startup, tag, terminationGracePeriod, tolerations, topologySpreadConstraints, volumes`,
			`overlay.apps.backend.sidecar.appId: "b-app": must be left out: an app has the same app-id in every environment`,
			`overlay.pubSubs.pubsub.scopes: unknown key; the keys here are concurrency, handlerTimeout, maxLenApprox, maxRetries, metadata, processingTimeout, queueDepth, redeliverInterval, retryInterval, retryPolicy, streamTTL`}},
	{"unknown kind in an overlay", one("overlay.events", object{}),
		[]string{`overlay.events: unknown key; the keys here are apps, pubSubs, stateStores`}},
	{"overlay as a list", one("overlay.apps", []any{object{"name": "backend", "replicas": 2}}),
		[]string{`overlay.apps: must be an object, not a list`}},
	{"wrong types in an overlay", []edit{{"overlay.apps.backend.replicas", "2"}, {"overlay.pubSubs.pubsub.redeliverInterval", 30}, {"overlay.apps.activity", "2"}},
		[]string{`overlay.apps.activity: "2": must be an object, not text`,
			`overlay.apps.backend.replicas: "2": must be a whole number, not text`,
			`overlay.pubSubs.pubsub.redeliverInterval: 30: must be a duration with its unit, such as "30s", not a number`}},
	{"tag together with digest", one("overlay.apps.backend", object{"tag": "1", "digest": digest}),
		[]string{`overlay.apps.backend.digest: "` + digest + `": must not be given together with tag`}},
	{"image together with both", one("overlay.apps.backend", object{"image": "i", "tag": "1", "digest": digest}),
		[]string{`overlay.apps.backend.digest: "` + digest + `": must not be given together with image`,
			`overlay.apps.backend.tag: "1": must not be given together with image`}},
	{"malformed tag", one("overlay.apps.backend.tag", "a:b"),
		[]string{`overlay.apps.backend.tag: "a:b": must be a tag: letters, digits, underscores, dots and hyphens, at most 128 characters`}},
	{"tag that is too long", one("overlay.apps.backend.tag", strings.Repeat("a", 129)),
		[]string{`overlay.apps.backend.tag: "` + strings.Repeat("a", 100) + `"…: must be a tag: letters, digits, underscores, dots and hyphens, at most 128 characters`}},
	{"malformed digest", one("overlay.apps.backend.digest", strings.ToUpper(digest)),
		[]string{`overlay.apps.backend.digest: "` + strings.ToUpper(digest) + `": must be sha256: with 64 hexadecimal digits in lower case`}},
	{"both of two that exclude each other", []edit{{"overlay.apps.backend", object{"env": object{"A": "1"}, "secretEnv": object{"A": object{"name": "s", "key": "k"}}}},
		{"overlay.pubSubs.pubsub", object{"streamTTL": "1h", "maxLenApprox": 1}}},
		[]string{`overlay.apps.backend.secretEnv.A: [C-01]: must not be given: the stack sets it, or it is given twice`,
			`overlay.pubSubs.pubsub.maxLenApprox: 1 [Q-05]: must not be given together with streamTTL: Dapr applies only one of them`}},
	{"tag of no image", []edit{{"apps[1].image", nil}, {"overlay.apps.backend.tag", "1"}},
		[]string{`apps[1].image: is required`}},
	{"malformed tag with a space", one("overlay.apps.backend.tag", "a b"),
		[]string{`overlay.apps.backend.tag: "a b": must be a tag: letters, digits, underscores, dots and hyphens, at most 128 characters`}},
	{"tag of a malformed image", []edit{{"apps[1].image", "a b"}, {"overlay.apps.backend.tag", "1"}},
		[]string{`apps[1].image: "a b": must be an image reference`}},
	{"sidecar where there is none", []edit{{"overlay.apps.web.sidecar.logLevel", "warn"}, {"apps[3]", object{"name": "web", "image": "i", "port": 80}}},
		[]string{`overlay.apps.web.sidecar: must be left out: the app has no sidecar`}},
	{"bad values of an overlay", []edit{{"overlay.apps.backend", object{
		"image": "a b", "imagePullPolicy": "never", "replicas": -1, "env": object{"a-b": "", "PORT": "1"}, "secretEnv": object{"S": object{"name": "s"}},
		"resources": object{"limits": object{"memory": "much"}}, "sidecar": object{"logLevel": "loud", "resources": object{"requests": object{"gpu": "1"}}},
	}}, {"overlay.stateStores.statestore.metadata", object{"redisHost": "r"}},
		{"overlay.pubSubs.pubsub", object{"maxRetries": -1, "retryPolicy": "never"}}},
		[]string{`overlay.apps.backend.env.PORT: [C-01]: must not be given: the stack sets it, or it is given twice`,
			`overlay.apps.backend.env.a-b: must be named with letters, digits and underscores, not starting with a digit`,
			`overlay.apps.backend.image: "a b": must be an image reference`,
			`overlay.apps.backend.imagePullPolicy: "never": must be one of Always, IfNotPresent, Never`,
			`overlay.apps.backend.replicas: -1: must be 0 or more, of 32 bits`,
			`overlay.apps.backend.resources.limits.memory: "much": must be a positive Kubernetes quantity such as 500m or 1Gi`,
			`overlay.apps.backend.secretEnv.S.key: is required`,
			`overlay.apps.backend.sidecar.logLevel: "loud" [S-06]: must be one of debug, info, warn, error`,
			`overlay.apps.backend.sidecar.resources.requests.gpu: unknown key; the keys here are cpu, ephemeral-storage, memory`,
			`overlay.pubSubs.pubsub.maxRetries: -1 [Q-03]: must be 0 or more`,
			`overlay.pubSubs.pubsub.retryPolicy: "never" [Q-03]: must be one of constant, exponential`,
			`overlay.stateStores.statestore.metadata.redisHost: [T-10]: must not be given as metadata: set redis.external.host`}},
	{"bad values of the base stay there", []edit{{"apps[1].env", object{"a-b": ""}}, {"overlay.apps.backend.env", object{"B": ""}}},
		[]string{`apps[1].env.a-b: must be named with letters, digits and underscores, not starting with a digit`}},
	{"overlay of what was not understood", []edit{{"apps", "backend"}, {"overlay.apps.backend.replicas", -1}},
		[]string{`apps: "backend": must be a list, not text`}},
	{"base that needs what was not understood", []edit{{"apps[1].image", nil}, {"overlay.apps.backend", 1}},
		[]string{`overlay.apps.backend: 1: must be an object, not a number`}},
	{"base that needs an overlay of a wrong type", []edit{{"apps[1].image", nil}, {"overlay", 1}},
		[]string{`overlay: 1: must be an object, not a number`}},
	{"stores and pub/subs that need an overlay of a wrong type", []edit{{"stateStores[0].metadata", object{"ttlInSeconds": "x"}}, {"pubSubs[0].maxRetries", -1}, {"overlay", 1}},
		[]string{`overlay: 1: must be an object, not a number`}},
	{"base that needs apps of a wrong type", []edit{{"apps[1].image", nil}, {"overlay.apps", 1}},
		[]string{`overlay.apps: 1: must be an object, not a number`}},
	{"base that needs a digest of a wrong type", []edit{{"apps[1].image", ""}, {"overlay.apps.backend.digest", 1.0}, {"apps[2].image", ""}},
		[]string{`apps[2].image: is required`, `overlay.apps.backend.digest: 1: must be text, not a number`}},
	{"base that needs a tag of a wrong type", []edit{{"apps[1].image", ""}, {"overlay.apps.backend.tag", 1.0}},
		[]string{`overlay.apps.backend.tag: 1: must be text, not a number`}},
}

// TestOverlayHidesSecrets: an overlay with a secret in it shows no value, and
// neither does a value that it set.
func TestOverlayHidesSecrets(t *testing.T) {
	const secret = "s3cret"
	overlay, err := json.Marshal(object{"apps": object{"frontend": object{"tag": secret + " "}, "backend": object{"imagePullPolicy": secret, "replicas": secret}, secret: nil}})
	require.NoError(t, err)
	values := read(t, "dev")
	values["daprstack:overlay"] = string(overlay)
	_, err = config.Load(values, "daprstack:overlay")
	var found config.Errors
	require.ErrorAs(t, err, &found)
	require.Len(t, found, 4)
	for _, v := range found {
		require.Equal(t, "********", v.Value, v.Path)
		require.NotContains(t, v.Allowed, secret)
	}
}

// TestOverlayOfHiddenApps: what the overlay sets is judged with what stands in
// the base, which may hold a secret.
func TestOverlayOfHiddenApps(t *testing.T) {
	values := apply(t, read(t, "dev"), one("overlay.apps.backend.replicas", -1))
	_, err := config.Load(values, "daprstack:apps")
	require.ErrorContains(t, err, "overlay.apps.backend.replicas: ********: must be")
}

// TestOverlayKeepsNamesHidden: the name that was meant is not suggested when the
// apps hold a secret.
func TestOverlayKeepsNamesHidden(t *testing.T) {
	values := apply(t, read(t, "dev"), one("overlay.apps.bakend.replicas", 2))
	_, err := config.Load(values, "daprstack:apps")
	require.ErrorContains(t, err, "did you mean ********?")
}

// TestOverlayOfPods: maps and manifests are merged key by key, lists replaced, and a
// null of a patch stays one.
func TestOverlayOfPods(t *testing.T) {
	app := overlaid(t,
		edit{"apps[1].labels", object{"a": "1", "b": "1"}},
		edit{"apps[1].tolerations", []any{object{"key": "a"}, object{"key": "b"}}},
		edit{"apps[1].env", object{"LEVEL": "plain"}},
		edit{"apps[1].serviceAccount", object{"annotations": object{"role": "dev"}}},
		edit{"apps[1].podPatch", object{"spec": object{"hostname": "a", "subdomain": "a", "nodeName": "n"}}},
		edit{"overlay", object{"apps": object{"backend": object{
			"labels": object{"b": "2"}, "tolerations": []any{object{"key": "c"}}, "configEnv": object{"LEVEL": object{"name": "s", "key": "k"}},
			"serviceAccount": object{"token": true}, "podPatch": object{"spec": object{"hostname": "b", "nodeName": nil}},
		}}}}).Apps[1]
	require.Equal(t, map[string]string{"a": "1", "b": "2"}, app.Labels)
	require.Equal(t, []config.Manifest{{"key": "c"}}, app.Tolerations)
	require.NotContains(t, app.Env, "LEVEL")
	require.Equal(t, config.MapKey{Name: "s", Key: "k"}, app.ConfigEnv["LEVEL"])
	require.Equal(t, config.ServiceAccount{Annotations: map[string]string{"role": "dev"}, Token: true}, app.Account)
	require.Equal(t, config.Manifest{"spec": object{"hostname": "b", "subdomain": "a", "nodeName": nil}}, app.PodPatch)
	_, err := config.Load(apply(t, read(t, "dev"), []edit{{"overlay", object{"apps": object{"backend": object{"podPatch": object{"spec": object{"hostNam": "x"}}}}}}}))
	require.ErrorContains(t, err, `overlay.apps.backend.podPatch.spec.hostNam: [A-03]: unknown field of PodSpec in Kubernetes; did you mean "hostname"?`)
}
