package upstream_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	componentsv1 "github.com/dapr/dapr/pkg/apis/components/v1alpha1"
	configurationv1 "github.com/dapr/dapr/pkg/apis/configuration/v1alpha1"
	resiliencyv1 "github.com/dapr/dapr/pkg/apis/resiliency/v1alpha1"
	subscriptionsv2 "github.com/dapr/dapr/pkg/apis/subscriptions/v2alpha1"
	"github.com/dapr/dapr/pkg/resiliency"
	"github.com/dapr/kit/logger"
	"github.com/stretchr/testify/require"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// objects returns the Dapr objects of the dev stack.
func objects(t *testing.T) []unstructured.Unstructured {
	var raw []map[string]any
	file(t, &raw, "stacks", "testdata", "dev.objects.json")
	require.NotEmpty(t, raw)
	all := make([]unstructured.Unstructured, len(raw))
	for i, o := range raw {
		all[i].Object = o
	}
	return all
}

// decode reads an object into Dapr's own type; a field that the type does not
// have is an error.
func decode[T any](t *testing.T, o unstructured.Unstructured) T {
	t.Helper()
	raw, err := json.Marshal(o.Object)
	require.NoError(t, err)
	var into T
	strict := json.NewDecoder(bytes.NewReader(raw))
	strict.DisallowUnknownFields()
	require.NoError(t, strict.Decode(&into), "%s %s", o.GetKind(), o.GetName())
	return into
}

// TestObjectsDecode: Dapr's types take every object, and a sidecar loads what it
// says.
func TestObjectsDecode(t *testing.T) {
	seen := map[string]int{}
	for _, o := range objects(t) {
		seen[o.GetKind()]++
		switch o.GetKind() {
		case "Component":
			testComponent(t, decode[componentsv1.Component](t, o))
		case "Configuration":
			require.NotEmpty(t, decode[configurationv1.Configuration](t, o).Spec)
		case "Subscription":
			require.Equal(t, subscriptionsv2.Version, o.GroupVersionKind().Version)
			s := decode[subscriptionsv2.Subscription](t, o)
			require.NotEmpty(t, s.Spec.Pubsubname)
			require.NotEmpty(t, s.Spec.Routes.Default)
			require.NotEmpty(t, s.Spec.DeadLetterTopic)
			require.Len(t, s.Scopes, 1)
		case "Resiliency":
			testResiliency(t, decode[resiliencyv1.Resiliency](t, o))
		default:
			t.Errorf("%s %s: unknown kind", o.GetKind(), o.GetName())
		}
	}
	for _, kind := range []string{"Component", "Configuration", "Subscription", "Resiliency"} {
		require.NotZero(t, seen[kind], kind)
	}
}

func testComponent(t *testing.T, c componentsv1.Component) {
	require.NotEmpty(t, c.Scopes)
	for i, item := range c.Spec.Metadata {
		switch item.Name {
		case "redisHost": // nobody answers there, at once
			c.Spec.Metadata[i].SetValue([]byte(`"127.0.0.1:1"`))
		case "redisPassword":
			require.False(t, item.HasValue(), "T-06")
			require.NotEmpty(t, item.SecretKeyRef.Key)
			// What the operator and the sidecar make of it.
			c.Spec.Metadata[i].SetValue([]byte(`"from the secret"`))
		}
	}
	s, err := load(c)
	require.NoError(t, err)
	require.Equal(t, "from the secret", s.settings.Password)
	require.False(t, s.settings.EnableTLS)
	if c.Spec.Type != pubSubRedis {
		return
	}
	require.Equal(t, 30*time.Second, s.settings.RedeliverInterval)
	require.Equal(t, 170*time.Second, s.settings.ProcessingTimeout)
	require.EqualValues(t, 2, s.settings.QueueDepth)
	require.EqualValues(t, 10, s.settings.Concurrency)
	require.Equal(t, 7*24*time.Hour, s.settings.StreamTTL)
	require.Equal(t, appID, s.settings.ConsumerID)
	item, ok := s.store.GetPubSub(c.Name)
	require.True(t, ok)
	require.Contains(t, item.ScopedPublishings, "task.created")
	require.Subset(t, item.AllowedTopics, item.ScopedPublishings)
	require.ElementsMatch(t, item.AllowedTopics, item.ProtectedTopics)
	require.False(t, item.NamespaceScoped)
}

func testResiliency(t *testing.T, r resiliencyv1.Resiliency) {
	policies := resiliency.New(logger.NewLogger("upstream"))
	require.NoError(t, policies.DecodeConfiguration(&r))
	inbound := policies.ComponentInboundPolicy("pubsub", resiliency.Pubsub)
	require.NotNil(t, inbound)
	require.True(t, inbound.HasRetries(), "a policy of the name of the pub/sub")
}

// TestObjectsValidate: the API server takes every object and prunes nothing.
func TestObjectsValidate(t *testing.T) {
	schemas := crds(t)
	for _, o := range objects(t) {
		crd, ok := schemas[o.GroupVersionKind().Version+" "+o.GetKind()]
		require.True(t, ok, "%s %s", o.GetAPIVersion(), o.GetKind())
		validator, _, err := validation.NewSchemaValidator(crd)
		require.NoError(t, err)
		require.Empty(t, validation.ValidateCustomResource(nil, o.Object, validator), "%s %s", o.GetKind(), o.GetName())

		structural, err := schema.NewStructural(crd)
		require.NoError(t, err)
		whole := o.DeepCopy()
		pruning.Prune(o.Object, structural, true)
		require.Equal(t, whole.Object, o.Object, "%s %s", o.GetKind(), o.GetName())
	}
}

// TestScopesUnderSpecArePruned: T-09, why they stand at the top.
func TestScopesUnderSpecArePruned(t *testing.T) {
	structural, err := schema.NewStructural(crds(t)["v1alpha1 Component"])
	require.NoError(t, err)
	o := map[string]any{"spec": map[string]any{"type": stateRedis, "scopes": []any{appID}}, "scopes": []any{appID}}
	pruning.Prune(o, structural, true)
	require.Equal(t, map[string]any{"spec": map[string]any{"type": stateRedis}, "scopes": []any{appID}}, o)
}

// crds returns the schemas of the chart's CRDs, by version and kind.
func crds(t *testing.T) map[string]*apiextensions.JSONSchemaProps {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(moduleDir(t, "github.com/dapr/dapr"), "charts", "dapr", "crds", "*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	all := map[string]*apiextensions.JSONSchemaProps{}
	for _, path := range files {
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		var crd apiextensionsv1.CustomResourceDefinition
		require.NoError(t, yaml.Unmarshal(raw, &crd))
		for _, version := range crd.Spec.Versions {
			var s apiextensions.JSONSchemaProps
			require.NoError(t, apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(version.Schema.OpenAPIV3Schema, &s, nil))
			all[version.Name+" "+crd.Spec.Names.Kind] = &s
		}
	}
	return all
}

// moduleDir returns the directory of a pinned module's source.
func moduleDir(t *testing.T, module string) string {
	t.Helper()
	return listModule(t, module, "{{.Dir}}")
}

// listModule returns what the go command says about a pinned module.
func listModule(t *testing.T, module, format string) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", format, module).Output()
	require.NoError(t, err)
	return strings.TrimSpace(string(out))
}
