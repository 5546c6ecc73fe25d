package upstream

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// TestRestricted: the namespace of the applications may be labelled
// pod-security.kubernetes.io/enforce: restricted, and so may the control plane's.
func TestRestricted(t *testing.T) {
	for _, stack := range stacks {
		seen := 0
		for _, o := range objects(t, stack) {
			template, found, err := unstructured.NestedMap(o.Object, "spec", "template")
			require.NoError(t, err)
			if !found {
				continue
			}
			seen++
			require.Empty(t, violations(t, template), "stack %s: %s %s/%s", stack, o.GetKind(), o.GetNamespace(), o.GetName())
		}
		require.Greater(t, seen, 4)
	}
}

// TestRestrictedFinds: a pod that takes back one of the settings is not let in.
func TestRestrictedFinds(t *testing.T) {
	for _, o := range objects(t, "prod") {
		if o.GetKind() != "Deployment" || o.GetName() != "backend" {
			continue
		}
		template, _, err := unstructured.NestedMap(o.Object, "spec", "template")
		require.NoError(t, err)
		require.NoError(t, unstructured.SetNestedField(template, false, "spec", "securityContext", "runAsNonRoot"))
		require.Contains(t, violations(t, template), "runAsNonRoot")
		return
	}
	t.Fatal("no backend")
}

// violations says what the restricted profile, as the pinned Kubernetes has it, holds
// against the pods of a template.
func violations(t *testing.T, template map[string]any) string {
	t.Helper()
	raw, err := json.Marshal(template)
	require.NoError(t, err)
	var pod corev1.PodTemplateSpec
	require.NoError(t, json.Unmarshal(raw, &pod))
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	require.NoError(t, err)
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	result := policy.AggregateCheckResults(evaluator.EvaluatePod(restricted, &pod.ObjectMeta, &pod.Spec))
	if result.Allowed {
		return ""
	}
	return result.ForbiddenDetail()
}
