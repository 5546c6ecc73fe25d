package provider

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/blang/semver"
	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/integration"
	packageschema "github.com/pulumi/pulumi/pkg/v3/codegen/schema"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/internal/graphtest"
	"github.com/daprstack/daprstack/internal/stackfile"
	"github.com/daprstack/daprstack/internal/version"
	"github.com/daprstack/daprstack/stacks"
)

// valuesOf reads inputs written in YAML. What is written as {secret: …} is one, and
// [unknown] is not known yet.
func valuesOf(t testing.TB, text string) property.Map {
	t.Helper()
	var plain map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(text), &plain))
	var convert func(v any) property.Value
	convert = func(v any) property.Value {
		switch v := v.(type) {
		case map[string]any:
			if hidden, ok := v["secret"]; ok && len(v) == 1 {
				return convert(hidden).WithSecret(true)
			}
			entries := map[string]property.Value{}
			for key, item := range v {
				entries[key] = convert(item)
			}
			return property.New(property.NewMap(entries))
		case []any:
			if len(v) == 1 && v[0] == "unknown" {
				return property.New(property.Computed)
			}
			items := make([]property.Value, len(v))
			for i, item := range v {
				items[i] = convert(item)
			}
			return property.New(property.NewArray(items))
		}
		return resource.FromResourcePropertyValue(resource.NewPropertyValue(v))
	}
	return convert(plain).AsMap()
}

// makeOne makes a resource under mocks and returns what was registered.
func makeOne(t testing.TB, name, text string) (*graphtest.Graph, error) {
	t.Helper()
	values := valuesOf(t, text)
	return graphtest.Run(t, func(ctx *pulumi.Context) error {
		flow := pulumi.Map{}
		for _, key := range []string{"namespace", "reads"} {
			if v, given := values.GetOk(key); given {
				plain, _, _ := plainOf(v)
				flow[key] = pulumi.Any(plain)
			}
		}
		_, outputs, err := construct(ctx, Package+":index:"+name, "it", values, flow)
		for key, value := range outputs {
			ctx.Export(key, value)
		}
		return err
	})
}

// good has inputs for each resource, with what it makes.
var good = []struct {
	resource, inputs string
	makes            []string // "Kind name"
	outputs          []string
}{
	{
		"Stack", "{context: here, namespace: shop, apps: [{name: till, image: till:1, port: 7000, sidecar: {appId: till-app}}]}",
		[]string{"Cluster", "Namespace shop", "Deployment till", "Configuration appconfig.till-app", "Deployment dapr-operator"},
		[]string{"apps", "components", "context", "dapr", "namespace", "page"},
	},
	{
		"ControlPlane", "{ha: true, scheduler: {inMemory: true}}",
		[]string{"Namespace dapr-system", "Deployment dapr-operator", "Configuration daprsystem"},
		[]string{"namespace", "settings", "version"},
	},
	{
		"Redis", "{namespace: shop, storage: 2Gi, keep: {data: true}}",
		[]string{"Deployment redis-master", "PersistentVolumeClaim redis-data", "Secret ", "Service redis-master"},
		[]string{"connection"},
	},
	{
		"StateStore", "{namespace: shop, name: carts, scopes: [till-app], redis: {host: 'redis-master:6379', shared: true, passwordSecret: {name: pw, key: password}}}",
		[]string{"Component carts"},
		[]string{"name", "settings"},
	},
	{
		"PubSub", "{namespace: shop, name: orders, scopes: [till-app, kitchen-app], redis: {host: 'redis:6379', auth: false}, events: [{type: order.placed, source: /till, publishers: [till-app], subscribers: [{app: kitchen-app, path: /on}]}]}",
		[]string{"Component orders", "Resiliency orders"},
		[]string{"name", "settings"},
	},
	{
		"Subscription", "{namespace: shop, pubSub: orders, topic: order.placed, app: kitchen-app, path: /on}",
		[]string{"Subscription orders.order.placed.kitchen-app"},
		[]string{"name", "settings"},
	},
	{
		"Resiliency", "{namespace: shop, name: orders, scopes: [kitchen-app], maxRetries: 2}",
		[]string{"Resiliency orders"},
		[]string{"name", "settings"},
	},
	{
		"Configuration", "{namespace: shop, appId: kitchen-app, callers: [{app: till-app}], tracing: {samplingRate: '1', otel: 'collector:4317'}}",
		[]string{"Configuration appconfig.kitchen-app"},
		[]string{"name", "settings"},
	},
	{
		"App", "{namespace: shop, name: till, image: 'till:1', port: 7000, invokes: [kitchen-app], callers: [{app: door-app}], env: {TOKEN: {secret: s3ntinel}}, sidecar: {appId: till-app, logLevel: warn}, reads: [{till-app: '1', kitchen-app: '2'}, {'*': '3'}]}",
		[]string{"Configuration appconfig.till-app", "Deployment till", "Secret ", "Service till", "ServiceAccount till"},
		[]string{"appId", "name", "url"},
	},
}

// TestComponents makes each resource.
func TestComponents(t *testing.T) {
	require.Len(t, good, len(Resources))
	for i, r := range Resources {
		c := good[i]
		t.Run(r.Name, func(t *testing.T) {
			require.Equal(t, r.Name, c.resource)
			g, err := makeOne(t, r.Name, c.inputs)
			require.NoError(t, err)
			var made []string
			for _, res := range g.Resources {
				kind, _, _ := strings.Cut(res.String(), " ")
				name, _ := res.Input("metadata", "name").(string)
				made = append(made, kind+" "+name)
				require.True(t, strings.HasPrefix(res.Name, "it"), res.URN)
				require.True(t, res.Type == r.Token() || strings.Contains(res.URN, r.Token()+"$"), res.URN)
			}
			for _, want := range c.makes {
				require.True(t, slices.Contains(made, want) || want == "Cluster", "%s in %v", want, made)
			}
			require.Equal(t, c.outputs, slices.Sorted(maps.Keys(g.Exports)))
			require.ElementsMatch(t, c.outputs, outputNames(r))
			for _, secret := range []string{"s3ntinel", graphtest.Sentinel} {
				require.Empty(t, g.Clear(secret))
			}
		})
	}
}

func outputNames(r *Resource) (names []string) {
	for _, out := range r.Outputs {
		names = append(names, out.Name)
	}
	return names
}

// TestBadInput gives each resource all that is wrong with it at once. Nothing is
// registered.
func TestBadInput(t *testing.T) {
	for _, c := range []struct {
		resource, inputs string
		want             []string
	}{
		{"Stack", "{context: here, namespace: Shop, overlay: {}, redis: {storage: much}, apps: [{name: till, port: 70000}]}", []string{
			`apps[0].image: is required`, `apps[0].port: 70000: must be between 1 and 65535`,
			`namespace: "Shop": must be a DNS-1123 label, at most 63 characters`, `overlay: unknown key`,
			`redis.storage: "much": must be a positive Kubernetes quantity such as 500m or 1Gi`,
		}},
		{"ControlPlane", "{versions: 1.18.2, install: false, logLevel: loud}", []string{
			`install: unknown key`, `logLevel: "loud": must be one of debug, info, warn, error`, `versions: unknown key; did you mean "version"?`,
		}},
		{"Redis", "{image: 'redis:7', fsync: never, external: {host: 'a:1'}}", []string{
			`external: unknown key`, `fsync: "never": must be one of always, everysec`, `namespace: is required`,
		}},
		{"StateStore", "{namespace: shop, name: Carts, scopes: [Till, till-app], metadata: {nope: '1'}}", []string{
			`metadata.nope: [T-10]: must be a key that Dapr reads for state.redis`, `name: "Carts" [T-01]: must be a DNS-1123 name`,
			`redis: is required`, `scopes[0]: "Till" [S-01]: must be lower-case letters`,
		}},
		{"PubSub", "{namespace: shop, name: orders, scopes: [], redis: {host: redis, auth: false, enableTLS: true, caCertSecret: {name: ca, key: ca.crt}}, maxRetries: -1, events: [{type: order.placed, source: /till, publishers: [till-app]}]}", []string{
			`events[0].publishers[0]: "till-app" [X-01]: `, `maxRetries: -1 [Q-03]`, `redis.caCertSecret: must be given to a Stack`, `redis.host: "redis" [T-05]: must be host:port`, `scopes: [T-09]`,
		}},
		{"Subscription", "{namespace: shop, pubSub: orders, topic: order.placed, app: Kitchen, path: here}", []string{
			`app: "Kitchen" [S-01]`, `path: "here"`,
		}},
		{"Resiliency", "{namespace: shop, name: orders, scopes: [kitchen-app], retryPolicy: never, streamTTL: 1h}", []string{
			`retryPolicy: "never"`, `streamTTL: unknown key`,
		}},
		{"Configuration", "{namespace: shop, appId: kitchen-app, callers: [{app: kitchen-app}, {app: Door}], tracing: {samplingRate: '2'}}", []string{
			`callers[0].app: "kitchen-app" [I-07]: must be another app`, `callers[1].app: "Door" [S-01]`, `tracing.samplingRate: "2": must be text from "0" to "1"`,
		}},
		{"App", "{namespace: shop, name: till, image: 'till:1', port: 3500, invokes: [Kitchen], sidecar: {appId: till-app, logLevel: loud}, reads: one, user: 0}", []string{
			`invokes[0]: "Kitchen" [S-01]`, `port: 3500 [X-04]`, `reads: must be a list of maps of strings`, `sidecar.logLevel: "loud" [S-06]`, `user: 0: must be a user other than root`,
		}},
	} {
		t.Run(c.resource, func(t *testing.T) {
			g, err := makeOne(t, c.resource, c.inputs)
			require.Error(t, err)
			require.Contains(t, err.Error(), fmt.Sprintf("%s %q has %d problems:\n", c.resource, "it", len(c.want)))
			for _, want := range c.want {
				require.Contains(t, err.Error(), "\n  "+want)
			}
			require.Empty(t, g.Resources)
		})
	}
}

// TestStackIsTheProgram: the resource Stack makes what the program makes of the
// same stack file.
func TestStackIsTheProgram(t *testing.T) {
	values, err := stackfile.Read(filepath.Join("..", "config", "testdata", "everything.yaml"))
	require.NoError(t, err)
	delete(values, config.Namespace+":overlay")
	delete(values, config.Namespace+":objects") // files
	program, err := graphtest.Run(t, stacks.Program(values))
	require.NoError(t, err)

	inputs := map[string]any{}
	for key, raw := range values {
		key = strings.TrimPrefix(key, config.Namespace+":")
		var value any
		if json.Unmarshal([]byte(raw), &value) != nil {
			value = raw
		}
		inputs[key] = value
	}
	text, err := yaml.Marshal(inputs)
	require.NoError(t, err)
	component, err := makeOne(t, "Stack", string(text))
	require.NoError(t, err)

	lines := func(g *graphtest.Graph) []string {
		dump := strings.NewReplacer("daprstack:index:Stack$", "", "it-", "").Replace(g.Dump())
		return slices.DeleteFunc(slices.Sorted(strings.SplitSeq(dump, "\n")), func(line string) bool {
			// the component itself, and what the recorder computes from names
			return strings.HasSuffix(line, "::daprstack:index:Stack::it") || computed.MatchString(line)
		})
	}
	require.Equal(t, lines(program), lines(component))
	require.Equal(t, fmt.Sprint(program.Exports), fmt.Sprint(component.Exports))
}

var computed = regexp.MustCompile(`caBundle = |daprstack.io/(root|settings) = `)

// TestRedisConnection: what a Redis gives is what a state store takes, as one in the
// cluster: its names are those that a whole stack has.
func TestRedisConnection(t *testing.T) {
	g, err := makeOne(t, "Redis", "{namespace: shop}")
	require.NoError(t, err)
	connection, err := json.Marshal(g.Exports["connection"])
	require.NoError(t, err)
	g, err = makeOne(t, "StateStore", "{namespace: shop, name: carts, scopes: [till-app], redis: "+string(connection)+"}")
	require.NoError(t, err)
	c := g.All("Component")[0]
	require.Equal(t, "redis-master:6379", item(c, "redisHost")["value"])
	require.Equal(t, map[string]any{"name": "it-redis-password-secret-1a2b3c4d", "key": "password"}, item(c, "redisPassword")["secretKeyRef"])
	require.Nil(t, item(c, "keyPrefix"))
}

func item(r *graphtest.Resource, name string) map[string]any {
	items, _ := r.Input("spec", "metadata").([]any)
	for _, i := range items {
		if entry := i.(map[string]any); entry["name"] == name {
			return entry
		}
	}
	return nil
}

// TestReads: pods are replaced when something changes that their sidecar reads, and
// only then.
func TestReads(t *testing.T) {
	settings := func(reads string) any {
		g, err := makeOne(t, "App", "{namespace: shop, name: till, image: 'till:1', port: 7000, sidecar: {appId: till-app}, reads: "+reads+"}")
		require.NoError(t, err)
		return g.Get(t, "Deployment", "it-till-deployment").Input("spec", "template", "metadata", "annotations", "daprstack.io/settings")
	}
	first := settings("[{till-app: a, kitchen-app: b}]")
	require.Equal(t, first, settings("[{till-app: a, kitchen-app: c}]"), "another app's")
	require.NotEqual(t, first, settings("[{till-app: d, kitchen-app: b}]"))
	require.NotEqual(t, first, settings("[{till-app: a}, {'*': e}]"), "everyone's")

	of := func(retries string) any {
		g, err := makeOne(t, "PubSub", "{namespace: shop, name: orders, scopes: [till-app], redis: {host: 'redis:6379', auth: false}, maxRetries: "+retries+"}")
		require.NoError(t, err)
		return g.Exports["settings"]
	}
	require.Equal(t, of("1"), of("1"))
	require.NotEqual(t, of("1"), of("2"), "what is read of a pub/sub contains its delivery")
}

// TestOwnConfiguration: an app has a Configuration that refuses everybody but its
// callers, unless it names one that is there.
func TestOwnConfiguration(t *testing.T) {
	app := func(callers, sidecar string) *graphtest.Graph {
		g, err := makeOne(t, "App", "{namespace: shop, name: till, image: 'till:1', port: 7000, callers: "+callers+", sidecar: {appId: till-app"+sidecar+"}}")
		require.NoError(t, err)
		return g
	}
	control := func(g *graphtest.Graph) any {
		return g.Get(t, "Configuration", "it-appconfig.till-app-configuration").Input("spec", "accessControl")
	}
	require.Equal(t, map[string]any{"defaultAction": "deny", "trustDomain": "public"}, control(app("[]", "")))
	require.Contains(t, fmt.Sprint(control(app("[{app: door-app}]", ""))), "appId:door-app")

	g := app("[]", ", config: shared")
	require.Empty(t, g.All("Configuration"))
	require.Equal(t, "shared.till-app", g.Get(t, "Deployment", "it-till-deployment").Input("spec", "template", "metadata", "annotations", "dapr.io/config"))
}

// TestUnknown: what is not known yet in a preview is not judged.
func TestUnknown(t *testing.T) {
	for resource, inputs := range map[string]string{
		"StateStore": "{namespace: shop, name: carts, scopes: [till-app], redis: {host: [unknown], passwordSecret: {name: [unknown], key: password}}}",
		"App":        "{namespace: shop, name: till, image: [unknown], port: 7000, replicas: [unknown], env: {A: [unknown]}, sidecar: {appId: till-app}, reads: [unknown]}",
	} {
		_, err := newFile(find(t, resource), valuesOf(t, inputs)).load("it")
		require.NoError(t, err, resource)
	}
	_, err := newFile(find(t, "App"), valuesOf(t, "{namespace: shop, name: till, image: [unknown], port: 70000}")).load("it")
	require.ErrorContains(t, err, "port: 70000")
	require.NotContains(t, err.Error(), "image")
}

func find(t *testing.T, name string) *Resource {
	t.Helper()
	for _, r := range Resources {
		if r.Name == name {
			return r
		}
	}
	t.Fatal(name)
	return nil
}

// TestSecrets: a secret where the cluster would show it is refused, and no error
// shows one.
func TestSecrets(t *testing.T) {
	_, err := makeOne(t, "App", "{namespace: {secret: s3ntinel}, name: till, image: 'till:1', port: 7000}")
	require.ErrorContains(t, err, "namespace: must not be a secret")
	_, err = makeOne(t, "Redis", "{namespace: shop, password: {secret: 's3ntinel {x}'}}")
	require.ErrorContains(t, err, "password:")
	require.NotContains(t, err.Error(), "s3ntinel")

	g, err := makeOne(t, "Redis", "{namespace: shop, password: {secret: s3ntinel}}")
	require.NoError(t, err)
	require.Empty(t, g.Clear("s3ntinel"))
	require.Equal(t, "s3ntinel", g.Get(t, "Secret", "it-redis-password-secret").Input("stringData", "password"))
}

// TestSchema: Pulumi understands the schema, and it has what the provider makes.
func TestSchema(t *testing.T) {
	var spec packageschema.PackageSpec
	require.NoError(t, json.Unmarshal(schema, &spec))
	pkg, err := packageschema.ImportSpec(spec, nil, packageschema.NewPluginLoader(nil), packageschema.ValidationOptions{})
	require.NoError(t, err)
	require.Len(t, pkg.Resources, len(Resources))
	for _, r := range Resources {
		made, ok := pkg.GetResource(r.Token())
		require.True(t, ok, r.Name)
		require.True(t, made.IsComponent)
		require.NotEmpty(t, made.Comment)
		for _, in := range made.InputProperties {
			require.NotEmpty(t, in.Comment, "%s.%s", r.Name, in.Name)
		}
	}
	require.True(t, spec.Resources["daprstack:index:Redis"].InputProperties["password"].Secret)
}

// TestServed: the engine gets the schema, a made resource, and errors whole.
func TestServed(t *testing.T) {
	server, err := integration.NewServer(t.Context(), Package, semver.MustParse(version.Get().Number()),
		integration.WithProvider(New()), integration.WithMocks(&integration.MockResourceMonitor{
			NewResourceF: func(args integration.MockResourceArgs) (string, property.Map, error) {
				return args.Name, args.Inputs, nil
			},
		}))
	require.NoError(t, err)
	got, err := server.GetSchema(p.GetSchemaRequest{})
	require.NoError(t, err)
	var served, want map[string]any
	require.NoError(t, json.Unmarshal([]byte(got.Schema), &served))
	require.NoError(t, json.Unmarshal(schema, &want))
	want["version"] = version.Get().Number()
	require.Equal(t, want, served)

	request := func(inputs string) p.ConstructRequest {
		return p.ConstructRequest{
			Urn: resource.NewURN("test", "shop", "", "daprstack:index:Subscription", "placed"), Inputs: valuesOf(t, inputs),
		}
	}
	made, err := server.Construct(request(good[5].inputs))
	require.NoError(t, err)
	require.Equal(t, "orders.order.placed.kitchen-app", made.State.Get("name").AsString())
	require.NotEmpty(t, made.State.Get("settings").AsMap().Get("kitchen-app").AsString())

	_, err = server.Construct(request("{namespace: shop}"))
	require.ErrorContains(t, err, "Subscription \"placed\" has")
	require.ErrorContains(t, err, "\n  app: ")
}
