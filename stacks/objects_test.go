package stacks_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config/rules"
)

// TestDaprObjectsOfDev holds the Dapr objects of the dev stack as the API server
// gets them. toolchain/dapr/upstream decodes the same file with Dapr's own types
// and validates it against its CRDs.
func TestDaprObjectsOfDev(t *testing.T) {
	var objects []any
	for _, r := range run(t, read(t, "dev")).Resources {
		if strings.HasPrefix(r.Type, "kubernetes:dapr.io/") {
			objects = append(objects, r.Input())
		}
	}
	got, err := json.MarshalIndent(objects, "", "  ")
	require.NoError(t, err)
	golden(t, "dev.objects.json", string(got)+"\n")
}

// TestOwnMetadata: T-10. The components of every stack pass the rules that a
// hand-written one has to.
func TestOwnMetadata(t *testing.T) {
	for _, stack := range []string{"dev", "staging", "prod"} {
		components := run(t, read(t, stack)).All("kubernetes:dapr.io/v1alpha1:Component")
		require.NotEmpty(t, components)
		for _, c := range components {
			var entries []rules.MetadataEntry
			for _, item := range c.Input("spec", "metadata").([]any) {
				item := item.(map[string]any)
				e := rules.MetadataEntry{Name: item["name"].(string), From: rules.FromSecret}
				if value, ok := item["value"].(string); ok {
					e.Value, e.From = value, rules.FromValue
				}
				entries = append(entries, e)
			}
			require.Empty(t, rules.MetadataItems(c.Input("spec", "type").(string), entries), "%s of %s", c, stack)
		}
	}
}
