package config_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config"
)

// TestEnvironment: the names are the same with Dapr on and off (C-01), the
// values are those of the sidecar or of the peers themselves (C-04, C-05).
func TestEnvironment(t *testing.T) {
	on := map[string][]config.Variable{
		"frontend": {
			{"PORT", "3000"},
			{"BACKEND_URL", "http://localhost:3500/v1.0/invoke/backend-app/method"},
			{"ACTIVITY_URL", "http://localhost:3500/v1.0/invoke/activity-app/method"},
		},
		"backend": {
			{"PORT", "8000"},
			{"STATESTORE_URL", "http://localhost:3500/v1.0/state/statestore"},
			{"EVENT_TASK_CREATED_URL", "http://localhost:3500/v1.0/publish/pubsub/task.created"},
			{"EVENT_TASK_UPDATED_URL", "http://localhost:3500/v1.0/publish/pubsub/task.updated"},
			{"EVENT_TASK_DELETED_URL", "http://localhost:3500/v1.0/publish/pubsub/task.deleted"},
			{"EVENT_TASK_COMPLETED_URL", "http://localhost:3500/v1.0/publish/pubsub/task.completed"},
		},
		"activity": {
			{"PORT", "8001"},
			{"STATESTORE_URL", "http://localhost:3500/v1.0/state/statestore"},
		},
	}
	off := map[string][]config.Variable{
		"frontend": {
			{"PORT", "3000"},
			{"BACKEND_URL", "http://backend.todo.svc:8000"},
			{"ACTIVITY_URL", "http://activity.todo.svc:8001"},
		},
		"backend": {
			{"PORT", "8000"},
			{"STATESTORE_URL", ""},
			{"EVENT_TASK_CREATED_URL", "http://activity.todo.svc:8001/events/task-created"},
			{"EVENT_TASK_UPDATED_URL", "http://activity.todo.svc:8001/events/task-updated"},
			{"EVENT_TASK_DELETED_URL", "http://activity.todo.svc:8001/events/task-deleted"},
			{"EVENT_TASK_COMPLETED_URL", "http://activity.todo.svc:8001/events/task-completed"},
		},
		"activity": {
			{"PORT", "8001"},
			{"STATESTORE_URL", ""},
		},
	}
	for name, want := range map[string]map[string][]config.Variable{`{"enabled": true}`: on, `{"enabled": false}`: off} {
		values := read(t, "dev")
		values["daprstack:dapr"] = name
		stack, err := config.Load(values)
		require.NoError(t, err)
		for i, vars := range stack.Environments() {
			app := stack.Apps[i].Name
			require.Equal(t, want[app], vars, "%s with dapr %s", app, name)
		}
	}
}

// TestEnvironmentOfManySubscribers: without Dapr the publisher posts to each
// subscriber.
func TestEnvironmentOfManySubscribers(t *testing.T) {
	values := read(t, "dev")
	values["daprstack:dapr"] = `{"enabled": false}`
	values["daprstack:events"] = `[{"type": "task.created", "source": "/s", "publishers": ["backend-app"],
		"subscribers": [{"app": "activity-app", "path": "/a"}, {"app": "backend-app", "path": "/b"}]}]`
	stack, err := config.Load(values)
	require.NoError(t, err)
	require.Equal(t, "backend", stack.Apps[1].Name)
	require.Contains(t, stack.Environments()[1], config.Variable{
		Name: "EVENT_TASK_CREATED_URL", Value: "http://activity.todo.svc:8001/a,http://backend.todo.svc:8000/b",
	})
}

// TestEnvironmentWithoutSidecar: such an app uses plain HTTP although there is
// Dapr.
func TestEnvironmentWithoutSidecar(t *testing.T) {
	values := read(t, "dev")
	values["daprstack:apps"] = `[{"name": "web", "image": "web:1", "port": 80, "invokes": ["backend-app"]},
		{"name": "backend", "image": "b:1", "port": 8000, "sidecar": {"appId": "backend-app"}},
		{"name": "activity", "image": "a:1", "port": 8001, "sidecar": {"appId": "activity-app"}}]`
	stack, err := config.Load(values)
	require.NoError(t, err)
	require.Equal(t, []config.Variable{{"PORT", "80"}, {"BACKEND_URL", "http://backend.todo.svc:8000"}},
		stack.Environments()[0])
}
