package config_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config"
)

// TestWarnings: what nothing refers to, and Secrets that cannot be there.
func TestWarnings(t *testing.T) {
	const missing = "cannot be in the namespace before the stack makes it; its pods wait for this Secret"
	outbox := object{"outboxPublishPubsub": "pubsub", "outboxPublishTopic": "task.created", "outboxPubsub": "outbox"}
	for _, c := range []struct {
		name  string
		edits []edit
		want  []string
	}{
		{"nothing", nil, nil},
		{"pub/sub without events", one("pubSubs[1]", object{"name": "bus", "scopes": []any{"backend-app"}}),
			[]string{`pubSubs[1]: "bus" [X-01]: carries no event of the catalogue`}},
		{"pub/sub of an outbox", []edit{
			{"pubSubs[1]", object{"name": "outbox", "scopes": []any{"backend-app"}}},
			{"stateStores[1]", object{"name": "tasks", "scopes": []any{"backend-app"}, "metadata": outbox}},
		}, nil},
		{"scope without a use", one("pubSubs[0].scopes[2]", "frontend-app"),
			[]string{`pubSubs[0].scopes[2]: "frontend-app" [X-01]: publishes and takes no event of this pub/sub`}},
		{"event without subscribers", one("events[0].subscribers", nil),
			[]string{`events[0].subscribers: [X-01]: is empty: nobody takes this event`}},
		{"app that only invokes", one("apps[0].invokes", []any{"backend-app"}), nil},
		{"app that nothing involves", one("apps[0].invokes", nil),
			[]string{`apps[0].sidecar.appId: "frontend-app" [X-01]: no scope and no invocation involves this app`}},
		{"app that is only invoked", []edit{{"apps[0].invokes", nil}, {"apps[1].invokes", []any{"frontend-app"}}}, nil},
		{"app that only keeps state", []edit{{"apps[0].invokes", nil}, {"stateStores[0].scopes[2]", "frontend-app"}}, nil},
		{"app that is only in the scopes of a pub/sub", []edit{{"apps[0].invokes", nil}, {"pubSubs[0].scopes[2]", "frontend-app"}},
			[]string{`pubSubs[0].scopes[2]: "frontend-app" [X-01]: publishes and takes no event of this pub/sub`}},
		{"two scopes without a use", []edit{{"pubSubs[0].scopes", []any{"frontend-app", "backend-app", "activity-app", "mail-app"}}, {"apps[3]", object{"name": "mail", "image": "m:1", "port": 1, "sidecar": object{"appId": "mail-app"}}}},
			[]string{`pubSubs[0].scopes[0]: "frontend-app" [X-01]: publishes and takes no event of this pub/sub`,
				`pubSubs[0].scopes[3]: "mail-app" [X-01]: publishes and takes no event of this pub/sub`}},
		{"app without a sidecar", []edit{{"apps[0].invokes", nil}, {"apps[0].sidecar", nil}}, nil},
		{"TLS before certificates were verified", []edit{{"dapr.version", "1.17.5"}, {"redis", object{"external": object{"host": "redis:6379", "auth": false, "enableTLS": true}}}},
			[]string{`redis.external.enableTLS: [T-08]: encrypts, but Dapr 1.17.5 does not verify the certificate of Redis; 1.18 does`}},
		{"TLS with certificates that are verified", one("redis", object{"external": object{"host": "redis:6379", "auth": false, "enableTLS": true}}), nil},
		{"Secrets of a new namespace", []edit{
			{"imagePullSecrets", []any{"registry"}}, {"apps[0].secretEnv", object{"TOKEN": object{"name": "tokens", "key": "web"}}},
		}, []string{
			`apps[0].secretEnv.TOKEN: "tokens" [T-07]: ` + missing, `imagePullSecrets[0]: "registry" [T-07]: ` + missing,
		}},
		{"Secrets of a namespace that is there", []edit{{"createNamespace", false}, {"imagePullSecrets", []any{"registry"}}}, nil},
		{"what the pods of a new namespace wait for", []edit{
			{"apps[0].configEnv", object{"LEVEL": object{"name": "settings", "key": "level"}}}, {"apps[0].serviceAccount", object{"name": "theirs"}},
			{"apps[0].volumes", []any{object{"name": "a", "configMap": object{"name": "files"}}, object{"name": "b", "secret": object{"secretName": "maybe", "optional": true}}}},
			{"apps[0].envFrom", []any{object{"secretRef": object{"name": "all"}}}},
		}, []string{
			`apps[0].configEnv.LEVEL: "settings" [A-05]: cannot be in the namespace before the stack makes it; its pods wait for this ConfigMap`,
			`apps[0].envFrom[0].secretRef.name: "all" [A-05]: cannot be in the namespace before the stack makes it; its pods wait for this Secret`,
			`apps[0].serviceAccount.name: "theirs" [A-05]: cannot be in the namespace before the stack makes it; its pods wait for this ServiceAccount`,
			`apps[0].volumes[0].configMap.name: "files" [A-05]: cannot be in the namespace before the stack makes it; its pods wait for this ConfigMap`,
		}},
		{"weaker pods", []edit{
			{"apps[0].volumes", []any{object{"name": "node", "hostPath": object{"path": "/"}}}},
			{"apps[0].containers", []any{object{"name": "proxy", "image": "p:1", "securityContext": object{"privileged": true, "capabilities": object{"add": []any{"NET_ADMIN"}}}}}},
			{"apps[1].podPatch", object{"spec": object{"hostNetwork": true, "securityContext": object{"runAsNonRoot": false, "seccompProfile": nil},
				"containers": []any{object{"name": "backend", "securityContext": object{"runAsUser": 0, "readOnlyRootFilesystem": false}}}}}},
			{"apps[2].podPatch", object{"spec": object{"securityContext": nil, "containers": []any{object{"name": "activity", "securityContext": object{"readOnlyRootFilesystem": true}}}}}},
		}, []string{
			`apps[0].containers[0].securityContext.capabilities.add: [A-06]: gives the container capabilities`,
			`apps[0].containers[0].securityContext.privileged: true [A-06]: gives the container every right on the node`,
			`apps[0].volumes[0].hostPath: [A-06]: gives the pod a directory of the node`,
			`apps[1].podPatch.spec.containers[0].securityContext.readOnlyRootFilesystem: false [A-06]: lets the container write to its image`,
			`apps[1].podPatch.spec.containers[0].securityContext.runAsUser: 0 [A-06]: runs the container as root`,
			`apps[1].podPatch.spec.hostNetwork: true [A-06]: gives the pod a part of the node that is kept apart otherwise`,
			`apps[1].podPatch.spec.securityContext.runAsNonRoot: false [A-06]: lets the container run as root`,
			`apps[1].podPatch.spec.securityContext.seccompProfile: [A-06]: lets the container use every system call`,
			`apps[2].podPatch.spec.securityContext: [A-06]: takes the hardening away`,
		}},
		{"several", []edit{
			{"apps[0].invokes", nil}, {"events[3].subscribers", []any{}}, {"pubSubs[1]", object{"name": "bus", "scopes": []any{"backend-app"}}},
		}, []string{
			`apps[0].sidecar.appId: "frontend-app" [X-01]: no scope and no invocation involves this app`,
			`events[3].subscribers: [X-01]: is empty: nobody takes this event`,
			`pubSubs[1]: "bus" [X-01]: carries no event of the catalogue`,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			stack, err := config.Load(apply(t, read(t, "dev"), c.edits))
			require.NoError(t, err)
			var got []string
			for _, w := range config.Warnings(stack) {
				got = append(got, w.String())
			}
			require.Equal(t, c.want, got)
		})
	}
}
