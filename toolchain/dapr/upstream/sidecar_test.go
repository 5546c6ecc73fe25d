// Package upstream_test asks the pinned Dapr itself whether what daprstack knows
// about it is true: which metadata its Redis components read and in which form
// (config/rules/testdata), and whether it takes the objects that a stack makes
// (stacks/testdata). It runs the code that a sidecar runs, up to the point where
// Redis would have to answer.
//
// The same tests hold for each minor version that the rules know: go.mod is that of
// the pinned one, and that of an older one is in a folder of its own, dapr-1.17.
//
// It belongs to the module that builds Dapr, so a new pin is tested against the
// data before it is used. The program's own module stays free of Dapr; the two
// share files instead of packages.
package upstream_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/dapr/components-contrib/common/component/redis"
	contribmetadata "github.com/dapr/components-contrib/metadata"
	contribpubsub "github.com/dapr/components-contrib/pubsub"
	contribstate "github.com/dapr/components-contrib/state"
	"github.com/dapr/dapr/pkg/apis/common"
	"github.com/dapr/dapr/pkg/apis/components/v1alpha1"
	comppubsub "github.com/dapr/dapr/pkg/components/pubsub"
	compstate "github.com/dapr/dapr/pkg/components/state"
	"github.com/dapr/dapr/pkg/modes"
	"github.com/dapr/dapr/pkg/outbox"
	"github.com/dapr/dapr/pkg/runtime/compstore"
	daprmeta "github.com/dapr/dapr/pkg/runtime/meta"
	"github.com/dapr/dapr/pkg/runtime/processor/pubsub"
	"github.com/dapr/dapr/pkg/runtime/processor/state"
	"github.com/dapr/dapr/pkg/runtime/processor/subscriber"
	rtpubsub "github.com/dapr/dapr/pkg/runtime/pubsub"
	"github.com/dapr/kit/logger"
	"github.com/stretchr/testify/require"
)

const (
	stateRedis, pubSubRedis = "state.redis", "pubsub.redis"

	appID, namespace, podName = "backend-app", "todo", "backend-app-0"
)

func TestMain(m *testing.M) {
	// Dapr logs every component; only what we assert matters.
	options := logger.DefaultOptions()
	options.OutputLevel = "fatal"
	if err := logger.ApplyOptionsToLoggers(&options); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// sidecar is the part of daprd that loads components, with Redis components that
// read their metadata and then do not connect.
type sidecar struct {
	store  *compstore.ComponentStore
	outbox outbox.Outbox

	settings *redis.Settings
	options  reflect.Value // of the Redis client
}

// load loads a component as a sidecar of backend-app does.
func load(c v1alpha1.Component) (*sidecar, error) {
	s := &sidecar{store: compstore.New(), outbox: rtpubsub.NewOutbox(rtpubsub.OptionsOutbox{})}
	meta := daprmeta.New(daprmeta.Options{ID: appID, PodName: podName, Namespace: namespace, Mode: modes.KubernetesMode})
	if c.Spec.Type == stateRedis {
		registry := compstate.NewRegistry()
		registry.RegisterComponent(func(logger.Logger) contribstate.Store { return &stateStore{sidecar: s} }, "redis")
		return s, state.New(state.Options{
			Registry: registry, ComponentStore: s.store, Meta: meta, ActorsEnabled: true, Outbox: s.outbox,
		}).Init(context.Background(), c)
	}
	registry := comppubsub.NewRegistry()
	registry.RegisterComponent(func(logger.Logger) contribpubsub.PubSub { return &pubSub{sidecar: s} }, "redis")
	return s, pubsub.New(pubsub.Options{
		AppID: appID, Registry: registry, Meta: meta, ComponentStore: s.store,
		Subscriber: subscriber.New(subscriber.Options{AppID: appID, CompStore: s.store}),
	}).Init(context.Background(), c)
}

// parse reads the properties of a Redis component as the component's own Init
// does, which would then wait for Redis to answer.
func (s *sidecar) parse(ctx context.Context, properties map[string]string, kind contribmetadata.ComponentType) error {
	log := logger.NewLogger("upstream")
	client, settings, err := redis.ParseClientFromProperties(properties, kind, ctx, &log)
	if err != nil {
		return err
	}
	s.settings = settings
	// The options of go-redis, whichever of its clients it is.
	s.options = reflect.ValueOf(client).FieldByName("client").Elem().Elem().FieldByName("opt").Elem()
	return client.Close()
}

type stateStore struct {
	contribstate.Store
	*sidecar
}

func (s *stateStore) Init(ctx context.Context, m contribstate.Metadata) error {
	return s.parse(ctx, m.Properties, contribmetadata.StateStoreType)
}

type pubSub struct {
	contribpubsub.PubSub
	*sidecar
}

func (p *pubSub) Init(ctx context.Context, m contribpubsub.Metadata) error {
	return p.parse(ctx, m.Properties, contribmetadata.PubSubType)
}

// clientOptions are the settings that only matter in the Redis client, which has
// defaults of its own: what counts is what the client is given.
var clientOptions = map[string]string{
	"redisMaxRetries": "MaxRetries", "redisMinRetryInterval": "MinRetryBackoff", "redisMaxRetryInterval": "MaxRetryBackoff",
	"dialTimeout": "DialTimeout", "readTimeout": "ReadTimeout", "writeTimeout": "WriteTimeout",
	"poolSize": "PoolSize", "poolTimeout": "PoolTimeout", "minIdleConns": "MinIdleConns",
	"maxConnAge": "ConnMaxLifetime", "idleTimeout": "ConnMaxIdleTime",
}

// read returns the effective value of a key.
func (s *sidecar) read(t *testing.T, key string) string {
	t.Helper()
	if option, ok := clientOptions[key]; ok {
		return text(s.options.FieldByName(option))
	}
	field, ok := settingsFields()[key]
	require.True(t, ok, "%s is a setting", key)
	return text(reflect.ValueOf(*s.settings).FieldByIndex(field.Index))
}

// text renders a value as the cases do, a nil pointer as "".
func text(v reflect.Value) string {
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if !v.IsValid() {
		return ""
	}
	if strings.HasSuffix(v.Type().String(), "Duration") {
		return time.Duration(v.Int()).String()
	}
	return fmt.Sprint(v)
}

// settingsFields returns the fields of upstream's settings, by the names of
// their keys.
func settingsFields() map[string]reflect.StructField {
	fields := map[string]reflect.StructField{}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[redis.Settings]()) {
		key := f.Tag.Get("mapstructure")
		if key == "-" { // read by hand, from the key of the field's name
			key = strings.ToLower(f.Name[:1]) + f.Name[1:]
		}
		fields[key] = f
	}
	return fields
}

// component returns a Redis component without a Redis: its address refuses
// connections at once, and the client does not retry.
func component(typ string, items map[string]string) v1alpha1.Component {
	all := map[string]string{"redisHost": "127.0.0.1:1", "redisMaxRetries": "-1"}
	if _, ok := items["maxRetries"]; ok {
		delete(all, "redisMaxRetries") // the one would hide the other
	}
	maps.Copy(all, items)
	c := v1alpha1.Component{Spec: v1alpha1.ComponentSpec{Type: typ, Version: "v1"}}
	c.Name = "redis"
	for name, value := range all {
		raw, err := json.Marshal(value)
		if err != nil {
			panic(err)
		}
		item := common.NameValuePair{Name: name}
		item.SetValue(raw)
		c.Spec.Metadata = append(c.Spec.Metadata, item)
	}
	return c
}

// file reads a file of the checkout.
func file(t *testing.T, into any, path ...string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(append([]string{"..", "..", ".."}, path...)...))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, into))
}
