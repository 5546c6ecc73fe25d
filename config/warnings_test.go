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
