package config_test

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config"
)

// TestEdges: what lies just inside is taken. What lies just outside is among the
// bad stack files.
func TestEdges(t *testing.T) {
	for name, edits := range map[string][]edit{
		"longest namespace":            one("namespace", strings.Repeat("n", 63)),
		"longest app name":             one("apps[0].name", strings.Repeat("n", 63)),
		"most replicas":                one("apps[0].replicas", math.MaxInt32),
		"highest user":                 one("apps[0].user", math.MaxInt32),
		"shortest directory":           one("apps[0].writablePaths", []any{"/a"}),
		"longest key of a Secret":      one("apps[0].secretEnv", object{"A": object{"name": "s", "key": strings.Repeat("k", 253)}}),
		"longest port name":            one("apps[0].ports", []any{object{"name": "a23456789012345", "port": 1}}),
		"the name of a Service's peer": one("apps[0].name", "other-dapr"),
		"every trace":                  one("dapr.configuration.tracing.samplingRate", "1"),
		"request at the limit":         one("apps[0].resources", object{"requests": object{"cpu": "1"}, "limits": object{"cpu": "1"}}),
		"longest Subscription": {
			{"events", []any{object{"type": strings.Repeat("e", 63) + "." + strings.Repeat("e", 63) + "." + strings.Repeat("e", 63),
				"source": "/e", "publishers": []any{"backend-app"}, "subscribers": []any{object{"app": "activity-app", "path": "/e"}}}}},
			{"pubSubs[0].name", strings.Repeat("p", 251-191-len("activity-app"))},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := config.Load(apply(t, read(t, "dev"), edits))
			require.NoError(t, err)
		})
	}
}

// TestDefaultRequests: a default request is never more than a given limit.
func TestDefaultRequests(t *testing.T) {
	for limit, request := range map[string]string{"16Mi": "16Mi", "32Mi": "32Mi", "33Mi": "32Mi", "64Mi": "32Mi"} {
		stack, err := config.Load(apply(t, read(t, "dev"), one("apps[0].resources", object{"limits": object{"memory": limit}})))
		require.NoError(t, err)
		require.Equal(t, config.Resources{
			Requests: map[string]string{"cpu": "25m", "memory": request}, Limits: map[string]string{"memory": limit},
		}, stack.Apps[0].Resources)
	}
}

// TestFreeValues: numbers in a free-form value are numbers, whole ones exactly,
// however deep they stand.
func TestFreeValues(t *testing.T) {
	values := read(t, "dev")
	values["daprstack:dapr"] = `{"chart": {"values": {"a": {"b": [9007199254740993, 1.5, "x", true, null]}, "c": 1}}}`
	stack, err := config.Load(values)
	require.NoError(t, err)
	require.Equal(t, map[string]any{
		"a": map[string]any{"b": []any{9007199254740993, 1.5, "x", true, nil}}, "c": 1,
	}, stack.Dapr.Chart.Values)
}

func TestVariableName(t *testing.T) {
	require.Equal(t, "AZAZ09______", config.VariableName("azAZ09@[`{/:"))
}

// TestSecretText: an empty secret is seen to be empty.
func TestSecretText(t *testing.T) {
	require.Empty(t, config.Secret("").String())
	require.Equal(t, "********", config.Secret("x").String())
}

func TestStackLookups(t *testing.T) {
	stack, err := config.Load(apply(t, read(t, "dev"), []edit{
		{"pubSubs[1]", object{"name": "bus", "scopes": []any{"backend-app"}, "consumerID": "mine"}},
	}))
	require.NoError(t, err)
	require.Equal(t, "activity-app", stack.ConsumerGroup("pubsub", "activity-app"))
	require.Equal(t, "mine", stack.ConsumerGroup("bus", "backend-app"))
	a, ok := stack.App("backend-app")
	require.True(t, ok)
	require.Equal(t, "backend", a.Name)
	_, ok = stack.App("nobody-app")
	require.False(t, ok)
}
