package config

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestOverlayOfOptions: options in a map, which stand among the keys of their
// structure, some of them in an object of their own.
func TestOverlayOfOptions(t *testing.T) {
	type options map[string]any
	type inner struct {
		Options options `json:"-"`
	}
	type outer struct {
		Sidecar *inner `json:"sidecar,omitzero"`
	}
	v := &validator{collector: &collector{overlaid: map[string]string{}}}
	base := outer{&inner{options{"keep": true, "off": true, "health.path": "/a", "env": map[string]string{"A": "1", "B": "1"}}}}
	change := outer{&inner{options{"off": false, "health.path": "/b", "env": map[string]string{"B": "2"}, "new": 1}}}
	got := v.overlay(root("from"), root("to"), reflect.ValueOf(change), reflect.ValueOf(base)).Interface()
	require.Equal(t, outer{&inner{options{
		"keep": true, "off": false, "health.path": "/b", "env": map[string]string{"A": "1", "B": "2"}, "new": 1,
	}}}, got)
	require.Equal(t, map[string]string{
		"to.sidecar.off": "from.sidecar.off", "to.sidecar.health.path": "from.sidecar.health.path",
		"to.sidecar.env.B": "from.sidecar.env.B", "to.sidecar.new": "from.sidecar.new",
	}, v.overlaid)
	require.Equal(t, "/a", base.Sidecar.Options["health.path"], "the base itself")

	got = v.overlay(root("from"), root("to"), reflect.ValueOf(change), reflect.ValueOf(outer{})).Interface()
	require.Equal(t, change, got, "a base that has none")
}
