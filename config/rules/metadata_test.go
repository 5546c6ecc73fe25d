package rules_test

import (
	"encoding/json"
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/daprstack/daprstack/config/rules"
)

var updateMetadata = flag.Bool("update-metadata", false, "write testdata/metadata.json anew")

// metadataCase is an item and what we and the pinned Dapr make of it.
// toolchain/dapr/upstream reads the same file and asks Dapr's own code.
type metadataCase struct {
	Type, Key, Value string
	Refused, Why     string // the rule and the reason, if we refuse it
}

// TestMetadataCases checks T-06 and T-10: what Dapr ignores or misreads is refused,
// what it honours is not.
func TestMetadataCases(t *testing.T) {
	raw, err := os.ReadFile("testdata/metadata.cases.json")
	require.NoError(t, err)
	var cases []metadataCase
	require.NoError(t, json.Unmarshal(raw, &cases))
	for _, c := range cases {
		t.Run(c.Type+" "+c.Key+"="+c.Value, func(t *testing.T) {
			got := rules.MetadataItem(c.Type, c.Key, c.Value)
			if c.Refused == "" {
				require.Empty(t, got)
				return
			}
			require.Len(t, got, 1)
			require.Equal(t, c.Refused, got[0].Rule)
			if c.Why != "" {
				require.Equal(t, c.Why, got[0].Allowed)
			}
		})
	}
}

// TestMetadataOfTheRuntime checks the forms of what Dapr's runtime reads, not the
// component.
func TestMetadataOfTheRuntime(t *testing.T) {
	for _, c := range []struct {
		typ, key, value string
		ok              bool
	}{
		{rules.StateRedis, "keyPrefix", "name", true},
		{rules.StateRedis, "keyPrefix", "shared", true},
		{rules.StateRedis, "keyPrefix", "Shared", false},
		{rules.StateRedis, "keyPrefix", "a||b", false},
		{rules.StateRedis, "keyPrefix", " a", false},
		{rules.StateRedis, "keyPrefix", "", false},
		{rules.StateRedis, "actorStateStore", "true", true},
		{rules.StateRedis, "actorStateStore", "y", false},
		{rules.StateRedis, "outboxPublishTopic", "task.created", true},
		{rules.PubSubRedis, "publishingScopes", "backend-app=task.created,task.deleted;activity-app=", true},
		{rules.PubSubRedis, "publishingScopes", "backend-app = task.created; activity-app=task.deleted", true},
		{rules.PubSubRedis, "publishingScopes", "backend-app:task.created", false},
		{rules.PubSubRedis, "publishingScopes", "a=b;", false},
		{rules.PubSubRedis, "publishingScopes", "=b", false},
		{rules.PubSubRedis, "publishingScopes", "a=b=c", false},
		{rules.PubSubRedis, "publishingScopes", "a=b,,c", false},
		{rules.PubSubRedis, "subscriptionScopes", "", false},
		{rules.PubSubRedis, "allowedTopics", "a, b", true},
		{rules.PubSubRedis, "allowedTopics", "a,,b", false},
		{rules.PubSubRedis, "protectedTopics", "", false},
	} {
		require.Equal(t, c.ok, rules.MetadataItem(c.typ, c.key, c.value) == nil, "%s=%q", c.key, c.value)
	}
}

// TestMetadataOfTheStackFile checks that keys that the stack sets are refused.
func TestMetadataOfTheStackFile(t *testing.T) {
	for _, c := range []struct{ typ, key, value, want string }{
		{rules.StateRedis, "keyPrefix", "name", ""},
		{rules.PubSubRedis, "redeliverInterval", "30000", "[T-10]: must not be given as metadata: set redeliverInterval of the pub/sub"},
		{rules.PubSubRedis, "redeliverInterval", "30s", "[T-10]: must not be given as metadata: set redeliverInterval of the pub/sub"},
		{rules.StateRedis, "redisPassword", "x", "[T-06]: must not be given as a plain value: set redis.password or redis.external.password, a secret"},
		{rules.StateRedis, "readTimeot", "3s", `[T-10]: must be a key that Dapr reads for state.redis; did you mean "readTimeout"?`},
		{"state.mongodb", "x", "y", ""},
	} {
		got := rules.StackMetadataItem(c.typ, c.key, c.value, false)
		if c.want == "" {
			require.Empty(t, got)
			continue
		}
		require.Equal(t, c.want, got[0].String())
	}
}

// TestMetadataItems checks whole lists, written "name=value", with $ for a secret,
// % for a variable and ? for a value that is not known yet.
func TestMetadataItems(t *testing.T) {
	const host, state, pub = "redisHost=redis:6379 ", rules.StateRedis, rules.PubSubRedis
	needs := func(what string) string {
		return "[T-10]: must not be given without " + what + ": Dapr does not honour it then"
	}
	plain := "[T-06]: must not be given as a plain value: set redis.password or redis.external.password, a secret"
	for _, c := range []struct {
		of, typ, items string
		want           map[string]string
	}{
		{"the least", state, host, nil},
		{"the usual", state, host + "redisUsername=app redisPassword=$ enableTLS=false", nil},
		{"the usual pub/sub", pub, host + "redisPassword=$ redeliverInterval=30000 processingTimeout=1m0s streamTTL=168h0m0s", nil},
		{"values of a preview", pub, "redisHost=? redisPassword=$ streamTTL=?", nil},
		{"another type", "state.mongodb", "x=y", nil},
		{"nothing", state, "", map[string]string{"redisHost": "[T-05]: is required"}},
		{"a stream without end", pub, host, map[string]string{"streamTTL": "[Q-05]: is required, or maxLenApprox: a stream must not grow for ever"}},
		{"a stream bounded twice", pub, host + "streamTTL=1h maxLenApprox=10", map[string]string{"maxLenApprox": "[Q-05]: must not be given together with streamTTL: Dapr applies only one of them"}},
		{"a password in plain", state, host + "redisPassword=x", map[string]string{"redisPassword": plain}},
		{"a password that is not known yet", state, host + "redisPassword=?", map[string]string{"redisPassword": plain}},
		{"a password in a variable", state, host + "redisPassword=%", map[string]string{"redisPassword": plain}},
		{"a user without a password", state, host + "redisUsername=app", map[string]string{"redisUsername": needs("redisPassword")}},
		{"twice", state, host + "poolSize=1 poolSize=0", map[string]string{"poolSize": "[T-10]: must be given once: Dapr takes the last [T-10]: must be a whole number, 1 or more"}},
		{"unknown and from a secret", state, host + "colour=$", map[string]string{"colour": "[T-10]: must be a key that Dapr reads for state.redis"}},
		{"several addresses", state, "redisHost=a:1,b:2", map[string]string{"redisHost": "[T-05]: must be one host:port without redisType=cluster or failover=true"}},
		{"a cluster", state, "redisHost=a:1,b:2 redisType=cluster", nil},
		{"sentinels", state, "redisHost=a:1,b:2 failover=true sentinelMasterName=m", nil},
		{"perhaps sentinels", state, "redisHost=a:1,b:2 failover=? sentinelMasterName=m", nil},
		{"sentinels without failover", state, host + "sentinelMasterName=m sentinelUsername=u", map[string]string{
			"sentinelMasterName": needs("failover=true"), "sentinelUsername": needs("failover=true") + " " + needs("sentinelPassword")}},
		{"failover without a master", state, host + "failover=true", map[string]string{"failover": needs("sentinelMasterName")}},
		{"failover that may turn out to be off", state, host + "failover=?", nil},
		{"a master that may turn out to be there", state, host + "sentinelMasterName=?", map[string]string{"sentinelMasterName": needs("failover=true")}},
		{"failover from a secret", state, host + "failover=$", map[string]string{"failover": needs("sentinelMasterName")}},
		{"no failover", state, host + "failover=false", nil},
		{"a database of a cluster", state, host + "redisType=cluster redisDB=1", map[string]string{"redisDB": needs("redisType=node")}},
		{"a database", state, host + "redisDB=1", nil},
		{"a certificate", state, host + "enableTLS=true clientCert=c clientKey=$", nil},
		{"a certificate without TLS", state, host + "enableTLS=false clientCert=c clientKey=$", map[string]string{
			"clientCert": needs("enableTLS=true"), "clientKey": needs("enableTLS=true")}},
		{"a certificate without its key", state, host + "enableTLS=true clientCert=c", map[string]string{"clientCert": needs("clientKey")}},
		{"Entra ID", state, host + "useEntraID=true azureClientId=x", nil},
		{"Entra ID with a password", state, host + "useEntraID=true redisPassword=$", map[string]string{"redisPassword": "[T-10]: must be left out with useEntraID=true: the component does not start"}},
		{"a client without Entra ID", state, host + "azureClientId=x", map[string]string{"azureClientId": needs("useEntraID=true")}},
		{"an outbox", state, host + "outboxPublishPubsub=p outboxPublishTopic=t outboxDiscardWhenMissingState=true", nil},
		{"half an outbox", state, host + "outboxPublishPubsub=p", map[string]string{"outboxPublishPubsub": needs("outboxPublishTopic")}},
		{"a second key without a first", state, host + "secondaryEncryptionKey=$", map[string]string{"secondaryEncryptionKey": needs("primaryEncryptionKey")}},
	} {
		t.Run(c.of, func(t *testing.T) {
			got := map[string]string{}
			for name, reasons := range rules.MetadataItems(c.typ, entries(c.items)) {
				var all []string
				for _, r := range reasons {
					all = append(all, r.String())
				}
				got[name] = strings.Join(all, " ")
			}
			if c.want == nil {
				c.want = map[string]string{}
			}
			require.Equal(t, c.want, got)
		})
	}
}

func entries(items string) []rules.MetadataEntry {
	from := map[string]rules.MetadataSource{"$": rules.FromSecret, "%": rules.FromEnv, "?": rules.FromLater}
	var all []rules.MetadataEntry
	for item := range strings.FieldsSeq(items) {
		name, value, _ := strings.Cut(item, "=")
		e := rules.MetadataEntry{Name: name, Value: value, From: from[value]}
		if e.From != rules.FromValue {
			e.Value = ""
		}
		all = append(all, e)
	}
	return all
}

// TestMetadataData checks that the data is consistent, and that the file that
// toolchain/dapr/upstream compares with the pinned Dapr is up to date.
func TestMetadataData(t *testing.T) {
	all := map[string]map[string]rules.MetadataKey{}
	for _, typ := range []string{rules.StateRedis, rules.PubSubRedis} {
		all[typ] = rules.Metadata(typ)
		for name, key := range all[typ] {
			require.NotEmpty(t, key.Form, name)
			for _, need := range key.Needs {
				other, _, _ := strings.Cut(need, "=")
				require.Contains(t, slices.Collect(maps.Keys(all[typ])), other, "%s needs it", name)
			}
			for _, old := range key.Old {
				require.NotContains(t, slices.Collect(maps.Keys(all[typ])), old)
			}
		}
	}
	got, err := json.MarshalIndent(all, "", "  ")
	require.NoError(t, err)
	const file = "testdata/metadata.json"
	if *updateMetadata {
		require.NoError(t, os.WriteFile(file, append(got, '\n'), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got)+"\n", "go test ./config/rules -run TestMetadataData -update-metadata writes it anew")
}

// TestTypesData holds the types of Dapr as data, for toolchain/dapr/upstream.
func TestTypesData(t *testing.T) {
	text, err := json.MarshalIndent(rules.DaprTypes(), "", "  ")
	require.NoError(t, err)
	const path = "testdata/types.json"
	if *updateMetadata {
		require.NoError(t, os.WriteFile(path, append(text, '\n'), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(text)+"\n", "go test ./config/rules -run TestTypesData -update-metadata writes it anew")
}
