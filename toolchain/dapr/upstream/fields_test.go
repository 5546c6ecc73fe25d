package upstream_test

import (
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	componentsv1 "github.com/dapr/dapr/pkg/apis/components/v1alpha1"
	configurationv1 "github.com/dapr/dapr/pkg/apis/configuration/v1alpha1"
	endpointsv1 "github.com/dapr/dapr/pkg/apis/httpEndpoint/v1alpha1"
	resiliencyv1 "github.com/dapr/dapr/pkg/apis/resiliency/v1alpha1"
	subscriptionsv1 "github.com/dapr/dapr/pkg/apis/subscriptions/v1alpha1"
	subscriptionsv2 "github.com/dapr/dapr/pkg/apis/subscriptions/v2alpha1"
	"github.com/stretchr/testify/require"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
)

var updateFields = flag.Bool("update-fields", false, "write config/rules/dapr_fields.txt")

// written are the objects that people write, with Dapr's own types.
var written = map[string]any{
	"v1alpha1 Component": componentsv1.Component{}, "v1alpha1 Configuration": configurationv1.Configuration{},
	"v1alpha1 HTTPEndpoint": endpointsv1.HTTPEndpoint{}, "v1alpha1 Resiliency": resiliencyv1.Resiliency{},
	"v1alpha1 Subscription": subscriptionsv1.Subscription{}, "v2alpha1 Subscription": subscriptionsv2.Subscription{},
}

// TestFields: X-07, the table of fields is that of the CRDs. Of an older version it
// has more. A sidecar that reads a file knows no field besides.
func TestFields(t *testing.T) {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(written)) {
		fields := map[string]string{}
		ofSchema(fields, "", *crds(t)[name])
		require.Empty(t, besides(fields, "", reflect.TypeOf(written[name]), nil), name)
		lines = append(lines, "dapr.io/"+name)
		for _, path := range slices.Sorted(maps.Keys(fields)) {
			if top, _, _ := strings.Cut(path, "."); !slices.Contains(ofEvery, top) {
				lines = append(lines, "  "+path+" "+fields[path])
			}
		}
	}
	path, text := filepath.Join("..", "..", "..", "config", "rules", "dapr_fields.txt"), strings.Join(lines, "\n")+"\n"
	if *updateFields {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	if has(t, "1.18") {
		require.Equal(t, text, string(raw), "go test ./upstream -run TestFields -update-fields, in toolchain/dapr")
	}
}

// ofSchema adds the fields of a CRD, with their types. Lists are [] and maps *.
func ofSchema(fields map[string]string, path string, s apiextensions.JSONSchemaProps) {
	switch {
	case s.XPreserveUnknownFields != nil && *s.XPreserveUnknownFields || s.XIntOrString:
		fields[path] = "any"
	case s.Items != nil && s.Items.Schema != nil:
		ofSchema(fields, path+"[]", *s.Items.Schema)
	case s.AdditionalProperties != nil && s.AdditionalProperties.Schema != nil:
		ofSchema(fields, path+".*", *s.AdditionalProperties.Schema)
	case len(s.Properties) == 0:
		fields[path] = s.Type
	default:
		for name, below := range s.Properties {
			ofSchema(fields, strings.TrimPrefix(path+"."+name, "."), below)
		}
	}
}

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

// besides returns the fields of a type that the CRD lacks.
func besides(fields map[string]string, path string, t reflect.Type, open []reflect.Type) (more []string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	custom := reflect.PointerTo(t).Implements(unmarshaler)
	switch top, _, _ := strings.Cut(path, "."); {
	case slices.Contains(ofEvery, top):
	case t.Kind() == reflect.Struct && !custom && !slices.Contains(open, t):
		for i := range t.NumField() {
			f := t.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			switch {
			case name == "-" || !f.IsExported():
			case name == "": // embedded
				more = append(more, besides(fields, path, f.Type, append(open, t))...)
			default:
				more = append(more, besides(fields, strings.TrimPrefix(path+"."+name, "."), f.Type, append(open, t))...)
			}
		}
	case t.Kind() == reflect.Slice && !custom && t.Elem().Kind() != reflect.Uint8:
		return besides(fields, path+"[]", t.Elem(), open)
	case t.Kind() == reflect.Map && !custom:
		return besides(fields, path+".*", t.Elem(), open)
	default:
		for field := range fields {
			if field == path || strings.HasPrefix(field, path+".") || strings.HasPrefix(field, path+"[]") {
				return nil
			}
		}
		more = append(more, path)
	}
	return more
}

// ofEvery are the fields of every object of Kubernetes.
var ofEvery = []string{"apiVersion", "kind", "metadata", "status"}
