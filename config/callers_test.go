package config_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config"
)

// TestElsewhere: apps of other namespaces and stacks, as callers and as called ones.
func TestElsewhere(t *testing.T) {
	s := loaded(t, apply(t, read(t, "dev"), []edit{
		{"apps[1].invokes", []any{"billing-app.finance"}},
		{"apps[1].callers", []any{
			object{"app": "frontend-app", "operations": []any{object{"path": "/tasks", "verbs": []any{"GET"}}}},
			object{"app": "audit-app", "namespace": "audit"},
			object{"app": "other-app", "namespace": "todo"}, // of another stack in this namespace
		}},
	}))
	require.Contains(t, s.Environments()[1], config.Variable{Name: "BILLING_URL", Value: "http://localhost:3500/v1.0/invoke/billing-app.finance/method"})
	require.Equal(t, []config.Caller{
		{App: "frontend-app", Operations: []config.Operation{{Path: "/tasks", Verbs: []string{"GET"}}}},
		{App: "audit-app", Namespace: "audit"}, {App: "other-app", Namespace: "todo"},
	}, s.Callers("backend-app"))
	require.Equal(t, []config.Caller{{App: "frontend-app"}}, s.Callers("activity-app"))

	off := []edit{{"dapr", object{"enabled": false}}, {"apps[1].invokes", []any{"billing-app.finance"}}}
	require.Contains(t, violations(t, apply(t, read(t, "dev"), off)), `apps[1].invokes[0]: "billing-app.finance": must have its address in peers: it is called without a sidecar here`)
	s = loaded(t, apply(t, read(t, "dev"), append(off,
		edit{"peers", []any{object{"app": "billing-app.finance", "url": "http://billing.finance.svc:8080"}}})))
	require.Contains(t, s.Environments()[1], config.Variable{Name: "BILLING_URL", Value: "http://billing.finance.svc:8080"})
}
