package config_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config"
)

// TestSettings: each value with the place where a person finds it.
func TestSettings(t *testing.T) {
	values := apply(t, read(t, "dev"), []edit{
		{"redis", object{"password": "s3cret"}}, {"imagePullSecrets", nil},
		{"apps[1].args", []any{"a", "b"}}, {"apps[1].env", object{"A": "1", "B": ""}}, {"apps[1].ports", []any{object{"name": "admin", "port": 1}}},
		{"overlay.apps.backend", object{"tag": "2", "env": object{"B": "2"}, "resources": object{"limits": object{"memory": "1Gi"}}, "sidecar": object{"logLevel": "warn"}}},
		{"pubSubs[1]", object{"name": "a.b", "scopes": []any{"frontend-app"}}},
		{"events[4]", object{"type": "task.created", "source": "/s", "pubSub": "a.b", "publishers": []any{"frontend-app"}, "schema": object{"anyOf": []any{object{"type": "object"}}}}},
	})
	all, err := config.Settings(values)
	require.NoError(t, err)
	found := map[string]config.Setting{}
	for _, s := range all {
		require.NotContains(t, found, s.Path, "twice")
		found[s.Path] = s
	}
	require.Equal(t, "context", all[0].Path, "in the order of the types")
	for _, want := range []config.Setting{
		{"context", "daprstack-local", "context"},
		{"createNamespace", true, "createNamespace"},
		{"dapr.enabled", true, "dapr.enabled"},
		{"dapr.mtls", true, ""},
		{"redis.password", "********", "redis.password"},
		{"redis.storage", "1Gi", ""},
		{"stateStores[statestore].scopes", []any{"backend-app", "activity-app"}, "stateStores[0].scopes"},
		{"pubSubs[pubsub].retryInterval", "5s", ""},
		{"pubSubs[pubsub].maxRetries", json.Number("3"), "pubSubs[0].maxRetries"},
		{"pubSubs[a.b].name", "a.b", "pubSubs[1].name"},
		{"events[task.created].subscribers[activity-app].path", "/events/task-created", "events[0].subscribers[0].path"},
		{"events[4].source", "/s", "events[4].source"},
		{"events[4].schema.anyOf[object].type", "object", "events[4].schema.anyOf[0].type"},
		{"apps[frontend].replicas", json.Number("1"), ""},
		{"apps[backend].image", "localhost/todo-backend:2", "overlay.apps.backend.tag"},
		{"apps[backend].args", []any{"a", "b"}, "apps[1].args"},
		{"apps[backend].env.A", "1", "apps[1].env.A"},
		{"apps[backend].env.B", "2", "overlay.apps.backend.env.B"},
		{"apps[backend].ports[admin].port", json.Number("1"), "apps[1].ports[0].port"},
		{"apps[backend].resources.limits.memory", "1Gi", "overlay.apps.backend.resources.limits.memory"},
		{"apps[backend].resources.requests.cpu", "25m", ""},
		{"apps[backend].sidecar.logLevel", "warn", "overlay.apps.backend.sidecar.logLevel"},
		{"apps[backend].sidecar.appId", "backend-app", "apps[1].sidecar.appId"},
	} {
		require.Equal(t, want, found[want.Path])
	}
	require.NotContains(t, found, "overlay")

	_, err = config.Settings(apply(t, values, one("apps[0].port", 70000)))
	require.ErrorAs(t, err, new(config.Errors))
}

// TestSettingsOfEmptyLists: a list that was emptied is a value too.
func TestSettingsOfEmptyLists(t *testing.T) {
	all, err := config.Settings(apply(t, read(t, "dev"), one("events", []any{})))
	require.NoError(t, err)
	require.Contains(t, all, config.Setting{Path: "events", Value: []any{}, From: "events"})
}
