package engine

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/require"
)

// TestSavedPlan: what was not previewed is told, and no value is in the file.
func TestSavedPlan(t *testing.T) {
	plan := func(image string, ops ...apitype.OpType) *Plan {
		p := &Plan{}
		for i, op := range ops {
			state := &apitype.StepEventStateMetadata{Custom: true, Inputs: map[string]any{"image": image}}
			urn := "urn:" + string(rune('a'+i))
			p.addStep(apitype.StepEventMetadata{Op: op, URN: urn, Type: "kubernetes:apps/v1:Deployment", New: state, Old: state})
		}
		return p
	}
	file := filepath.Join(t.TempDir(), "plan.json")
	require.NoError(t, plan("hunter2", apitype.OpUpdate, apitype.OpCreate, apitype.OpSame).Save(file, "dev"))
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NotContains(t, string(content), "hunter2")

	for name, c := range map[string]struct {
		plan *Plan
		want []string
	}{
		"the same":               {plan("hunter2", apitype.OpUpdate, apitype.OpCreate, apitype.OpSame), nil},
		"less":                   {plan("hunter2", apitype.OpUpdate, apitype.OpSame, apitype.OpSame), nil},
		"another value":          {plan("web:2", apitype.OpUpdate, apitype.OpSame, apitype.OpSame), []string{"urn:a"}},
		"a new one has any name": {plan("web:2", apitype.OpSame, apitype.OpCreate, apitype.OpSame), nil},
		"more":                   {plan("hunter2", apitype.OpUpdate, apitype.OpDelete, apitype.OpDelete), []string{"urn:b", "urn:c"}},
	} {
		other, err := c.plan.Check(file, "dev")
		require.NoError(t, err, name)
		require.Equal(t, c.want, other, name)
	}
	_, err = plan("x").Check(file, "prod")
	require.ErrorContains(t, err, `is for stack "dev", not "prod"`)
	_, err = plan("x").Check(filepath.Join(t.TempDir(), "none"), "dev")
	require.Error(t, err)
}
