package upstream_test

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dapr/components-contrib/common/authentication/azure"
	"github.com/dapr/components-contrib/common/component/redis"
	contribmetadata "github.com/dapr/components-contrib/metadata"
	"github.com/dapr/dapr/pkg/apis/common"
	compstate "github.com/dapr/dapr/pkg/components/state"
	"github.com/stretchr/testify/require"
)

// key is what daprstack knows about a metadata key: MetadataKey of package
// rules.
type key struct {
	Form, Default, Since string
	Sensitive            bool
	Old, Only            []string
}

// keys returns what it knows about the keys of this version, by component type.
func keys(t *testing.T) map[string]map[string]key {
	all := map[string]map[string]key{}
	file(t, &all, "config", "rules", "testdata", "metadata.json")
	require.Len(t, all, 2)
	for _, ours := range all {
		maps.DeleteFunc(ours, func(_ string, k key) bool { return !has(t, k.Since) })
	}
	return all
}

var kinds = map[string]contribmetadata.ComponentType{
	stateRedis: contribmetadata.StateStoreType, pubSubRedis: contribmetadata.PubSubType,
}

// left maps the keys that upstream's settings have and daprstack refuses to the
// reason.
var left = map[string]string{
	"redisPort":          "the port belongs into redisHost (T-05)",
	"idleCheckFrequency": "the client for Redis 7 has no such option",
}

// runtimeKeys are read by Dapr itself and so are in no settings; tests of this
// file named after them cover them.
var runtimeKeys = map[string][]string{
	stateRedis: {"actorStateStore", "keyPrefix", "outboxDiscardWhenMissingState", "outboxPublishPubsub",
		"outboxPublishTopic", "outboxPubsub", "primaryEncryptionKey", "secondaryEncryptionKey"},
	pubSubRedis: {"allowedTopics", "protectedTopics", "publishingScopes", "subscriptionScopes"},
}

// azureKeys returns the keys that useEntraID makes the component read.
func azureKeys() map[string][]string {
	all := map[string][]string{}
	for what, names := range azure.MetadataKeys {
		if !strings.HasPrefix(what, "Storage") { // of the storage components
			all[names[0]] = names[1:]
		}
	}
	return all
}

// TestKeys: the keys are those of upstream's settings, of its Entra ID login and
// of the runtime, no fewer and no more.
func TestKeys(t *testing.T) {
	for typ, ours := range keys(t) {
		var theirs []string
		for name, field := range settingsFields() {
			only := field.Tag.Get("mdonly")
			if _, ok := left[name]; !ok && (only == "" || slices.Contains(strings.Split(only, ","), string(kinds[typ]))) {
				theirs = append(theirs, name)
			}
		}
		for name, old := range azureKeys() {
			theirs = append(theirs, name)
			require.ElementsMatch(t, old, ours[name].Old, name)
		}
		theirs = append(theirs, runtimeKeys[typ]...)
		require.ElementsMatch(t, theirs, slices.Collect(maps.Keys(ours)), typ)
		for _, name := range kinds[typ].BuiltInMetadataProperties() {
			require.Contains(t, ours, name)
		}
	}
	for name := range left {
		require.Contains(t, settingsFields(), name, "no longer upstream")
	}
}

// TestTypes: each form fits the type of the field that it is read into.
func TestTypes(t *testing.T) {
	forms := map[string][]string{ // beginnings of the forms of package rules
		"string": {"text", "host:port", "JSON"}, "bool": {"true or false"},
		"int": {"a whole number"}, "*int": {"a whole number of seconds"}, "uint": {"a whole number"}, "int64": {"a whole number"},
		"redis.Duration": {"a duration with its unit, such"}, "time.Duration": {"a duration with its unit, such", "whole milliseconds"},
	}
	fields := settingsFields()
	for typ, ours := range keys(t) {
		for name, k := range ours {
			field, ok := fields[name]
			if !ok {
				continue
			}
			require.True(t, slices.ContainsFunc(forms[field.Type.String()], func(form string) bool {
				return strings.HasPrefix(k.Form, form)
			}), "%s %s: %s in a %s", typ, name, k.Form, field.Type)
			// Only a field that is not decoded is read as bare milliseconds.
			require.Equal(t, field.Tag.Get("mapstructure") == "-", strings.HasPrefix(k.Form, "whole milliseconds"), name)
		}
	}
}

// TestDefaults: what a component has that is given nothing.
func TestDefaults(t *testing.T) {
	for typ, ours := range keys(t) {
		c := component(typ, nil)
		c.Spec.Metadata = slices.DeleteFunc(c.Spec.Metadata, func(item common.NameValuePair) bool { return item.Name == "redisMaxRetries" })
		s, err := load(c)
		require.NoError(t, err)
		for name, k := range ours {
			if _, ok := settingsFields()[name]; !ok || name == "redisHost" {
				continue
			}
			got, want := s.read(t, name), k.Default
			if strings.HasPrefix(k.Form, "whole milliseconds") {
				want += "ms"
			}
			switch name {
			case "consumerID":
				require.Equal(t, appID, got)
			case "poolSize":
				require.Equal(t, poolSize(), got)
			case "redisType":
				require.Empty(t, got, "everything that is not a cluster is a node")
			default:
				require.Equal(t, plain(want), plain(got), "%s %s", typ, name)
			}
		}
	}
}

// plain normalizes durations and zeros.
func plain(value string) string {
	if value == "" {
		value = "0"
	}
	if d, err := time.ParseDuration(value); err == nil {
		return d.String()
	}
	return value
}

// TestCases: what Dapr makes of each item that package rules checks. An accepted
// item has the effect that it states; for the others, the reason for the refusal
// is visible.
func TestCases(t *testing.T) {
	var cases []struct {
		Type, Key, Value string
		Reads            string // the key whose setting is looked at, if another
		Refused          string
		Dapr             string // what the setting came to
	}
	file(t, &cases, "config", "rules", "testdata", "metadata.cases.json")
	known := keys(t)
	accepted := map[string]bool{}
	for _, c := range cases {
		if _, ok := known[c.Type][c.Key]; !ok && c.Refused == "" {
			require.NotContains(t, settingsFields(), c.Key, "a key of a later version")
			continue
		}
		t.Run(c.Type+" "+c.Key+"="+c.Value, func(t *testing.T) {
			s, err := load(component(c.Type, map[string]string{c.Key: c.Value}))
			if c.Dapr == "error" {
				require.Error(t, err)
				return
			}
			require.NoError(t, err)
			name := c.Reads
			if name == "" {
				name = c.Key
			}
			require.Equal(t, c.Dapr, s.read(t, name))
			if c.Refused == "" {
				require.Contains(t, known[c.Type], c.Key)
				accepted[c.Key] = true
			}
		})
	}
	for typ, ours := range known {
		for name, k := range ours {
			_, setting := settingsFields()[name]
			require.True(t, accepted[name] || k.Sensitive || !setting || name == "useEntraID", "no case shows that %s reads %s", typ, name)
		}
	}
}

// alsoSensitive are the keys that upstream's description does not mark so, or
// does not have, and that daprstack lets nobody write in plain.
var alsoSensitive = map[string][]string{
	stateRedis:  {"clientKey", "azureClientSecret", "azureCertificate", "azureCertificatePassword", "primaryEncryptionKey", "secondaryEncryptionKey"},
	pubSubRedis: {"clientKey", "azureClientSecret", "azureCertificate", "azureCertificatePassword"},
}

// TestSensitive: the sensitive keys are those that upstream's description of a
// component calls so, and those listed above.
func TestSensitive(t *testing.T) {
	for typ, all := range keys(t) {
		var ours []string
		for name, k := range all {
			if k.Sensitive {
				ours = append(ours, name)
			}
		}
		require.ElementsMatch(t, append(sensitive(t, typ), alsoSensitive[typ]...), ours, typ)
	}
}

// TestAzureEnvironment: the values that daprstack names, and the default.
func TestAzureEnvironment(t *testing.T) {
	k := keys(t)[stateRedis]["azureEnvironment"]
	require.Contains(t, k.Only, k.Default)
	without, err := azure.NewEnvironmentSettings(nil)
	require.NoError(t, err)
	for _, name := range k.Only {
		with, err := azure.NewEnvironmentSettings(map[string]string{"azureEnvironment": name})
		require.NoError(t, err)
		require.Equal(t, name == k.Default, with.Cloud == without.Cloud, name)
	}
}

// TestKeyPrefix: an empty prefix counts as one, and capitals are lost.
func TestKeyPrefix(t *testing.T) {
	for prefix, want := range map[string]string{
		"appid": "backend-app||k", "todo.redis": "todo.redis||k", "name": "redis||k", "none": "k", "shared": "shared||k", "Shared": "shared||k", "": "||k",
	} {
		require.Equal(t, want, stateKey(t, map[string]string{"keyPrefix": prefix}))
	}
	byDefault := map[string]string{"keyPrefix": keys(t)[stateRedis]["keyPrefix"].Default}
	require.Equal(t, stateKey(t, nil), stateKey(t, byDefault))
	_, err := load(component(stateRedis, map[string]string{"keyPrefix": "a||b"}))
	require.Error(t, err)
}

// stateKey returns the key under which a component with these items keeps k.
func stateKey(t *testing.T, items map[string]string) string {
	t.Helper()
	_, err := load(component(stateRedis, items))
	require.NoError(t, err)
	got, err := compstate.GetModifiedStateKey("k", "redis", appID)
	require.NoError(t, err)
	return got
}

func TestActorStateStore(t *testing.T) {
	for value, want := range map[string]bool{"true": true, "false": false} {
		s, err := load(component(stateRedis, map[string]string{"actorStateStore": value}))
		require.NoError(t, err)
		_, _, ok := s.store.GetStateStoreActor()
		require.Equal(t, want, ok)
	}
}

// TestOutbox: pub/sub and topic need each other, and only this spelling counts.
func TestOutbox(t *testing.T) {
	for _, c := range []struct {
		items map[string]string
		want  bool
	}{
		{map[string]string{"outboxPublishPubsub": "pubsub", "outboxPublishTopic": "task.created"}, true},
		{map[string]string{"outboxPublishPubsub": "pubsub"}, false},
		{map[string]string{"outboxPublishTopic": "task.created"}, false},
		{map[string]string{"outboxPubsub": "pubsub", "outboxPublishTopic": "task.created"}, false},
		{map[string]string{"outboxPublishPubSub": "pubsub", "outboxPublishTopic": "task.created"}, false},
	} {
		s, err := load(component(stateRedis, c.items))
		require.NoError(t, err)
		require.Equal(t, c.want, s.outbox.Enabled("redis"), c.items)
	}
}

// TestEncryptionKeys: a sidecar that may not read secrets does not encrypt, and
// does not say so.
func TestEncryptionKeys(t *testing.T) {
	for _, name := range []string{"primaryEncryptionKey", "secondaryEncryptionKey"} {
		c := component(stateRedis, map[string]string{name: "not even a key"})
		_, err := load(c)
		require.NoError(t, err, "without a secret store the key is not looked at")
		_, err = encryptionKeys(c)
		require.Error(t, err, "%s is read where there is one", name)
	}
}

// TestTopicScopes: what is not written as it has to be restricts nothing.
func TestTopicScopes(t *testing.T) {
	for value, want := range map[string][]string{
		"backend-app=a,b;other-app=c": {"a", "b"},
		"backend-app = a, b":          {"a", "b"},
		"backend-app=":                {""},
		"backend-app:a":               {},
		"backend-app=a=b":             {"a"},
		"":                            {},
	} {
		s, err := load(component(pubSubRedis, map[string]string{
			"publishingScopes": value, "subscriptionScopes": value, "allowedTopics": "a, b", "protectedTopics": "a,b",
		}))
		require.NoError(t, err)
		item, ok := s.store.GetPubSub("redis")
		require.True(t, ok)
		require.Equal(t, want, item.ScopedPublishings, value)
		require.Equal(t, want, item.ScopedSubscriptions, value)
		require.Equal(t, []string{"a", "b"}, item.AllowedTopics)
		require.Equal(t, []string{"a", "b"}, item.ProtectedTopics)
		require.False(t, item.NamespaceScoped)
	}
}

// TestTemplate: {namespace} in any item prefixes every topic.
func TestTemplate(t *testing.T) {
	s, err := load(component(pubSubRedis, map[string]string{"sentinelUsername": "{namespace}"}))
	require.NoError(t, err)
	item, ok := s.store.GetPubSub("redis")
	require.True(t, ok)
	require.True(t, item.NamespaceScoped)
}

// TestTogether: what one item does to another.
func TestTogether(t *testing.T) {
	s, err := load(component(pubSubRedis, map[string]string{"maxLenApprox": "10", "streamTTL": "1h"}))
	require.NoError(t, err)
	require.Positive(t, s.settings.MaxLenApprox)
	require.NotEmpty(t, s.settings.GetMinID(time.Now()), "both reach Redis, which takes one")

	tls := func(items map[string]string) (reflect.Value, error) {
		s, err := load(component(stateRedis, items))
		if err != nil {
			return reflect.Value{}, err
		}
		return s.options.FieldByName("TLSConfig"), nil
	}
	config, err := tls(map[string]string{"clientCert": "no PEM", "clientKey": "no PEM", "insecureSkipTLSVerify": "true"})
	require.NoError(t, err, "without TLS the certificate is not looked at")
	require.True(t, config.IsNil())
	config, err = tls(map[string]string{"enableTLS": "true", "clientCert": "no PEM"})
	require.NoError(t, err, "without its key neither")
	require.False(t, config.IsNil())
	_, err = tls(map[string]string{"enableTLS": "true", "clientCert": "no PEM", "clientKey": "no PEM"})
	require.Error(t, err)

	s, err = load(component(stateRedis, map[string]string{"redisHost": "127.0.0.1:1,127.0.0.1:2"}))
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:1,127.0.0.1:2", text(s.options.FieldByName("Addr")), "taken for one address")

	s, err = load(component(stateRedis, map[string]string{"redisType": "cluster", "redisDB": "2"}))
	require.NoError(t, err)
	require.False(t, s.options.FieldByName("DB").IsValid(), "a cluster has no databases")

	_, err = load(component(stateRedis, map[string]string{"useEntraID": "true", "redisPassword": "x"}))
	require.ErrorContains(t, err, "must not be specified")
	_, err = load(component(stateRedis, map[string]string{"useEntraID": "true", "azureEnvironment": "nowhere"}))
	require.ErrorContains(t, err, "nowhere", "the azure keys are read")
	_, err = load(component(stateRedis, map[string]string{"azureEnvironment": "nowhere"}))
	require.NoError(t, err, "and only then")
}

// TestSettingsDecodeInAnyCase: why one spelling is asked for. The same key in
// other letters is read, unless Dapr looks for it by hand.
func TestSettingsDecodeInAnyCase(t *testing.T) {
	var s redis.Settings
	require.NoError(t, s.Decode(map[string]string{"POOLSIZE": "3", "REDELIVERINTERVAL": "3000"}))
	require.Equal(t, 3, s.PoolSize)
	require.Zero(t, s.RedeliverInterval)
}
