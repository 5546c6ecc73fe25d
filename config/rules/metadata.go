package rules

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Form is the form of a metadata value that Dapr really honours.
type Form string

// The forms of metadata values.
const (
	Text    Form = "text"
	Truth   Form = "true or false"
	Integer Form = "a whole number"
	// Span is a duration with its unit. Dapr reads a bare number as
	// milliseconds, so "3" almost never means what was meant: refused.
	Span Form = `a duration with its unit, such as "3s"`
)

// MetadataKey is one key that the pinned Dapr version reads from the metadata
// of a component.
type MetadataKey struct {
	Form      Form
	Sensitive bool     // only ever a secretKeyRef (T-06)
	Instead   string   // the key of the stack file that sets it; not to be given as metadata
	Only      []string // the allowed values, if there are only a few
}

// Source of the sets below: the Settings structure of
// components-contrib v1.18.0, common/component/redis/settings.go, read by both
// kinds; keyPrefix and actorStateStore: dapr v1.18.1, pkg/components/state and
// pkg/runtime/processor/state; the outbox keys: pkg/runtime/pubsub/outbox.go;
// the topic scopes: pkg/scopes. Keys that this version accepts and then ignores
// with Redis 7 (idleCheckFrequency) or uses as client retries of another name
// (maxRetries, maxRetryBackoff) are left out on purpose.
var (
	redisMetadata = map[string]MetadataKey{
		"redisHost":             {Form: Text, Instead: "redis.external.host"},
		"redisPort":             {Form: Integer, Instead: "redis.external.host"},
		"redisPassword":         {Form: Text, Sensitive: true, Instead: "redis.password"},
		"redisUsername":         {Form: Text, Instead: "redis.external.username"},
		"enableTLS":             {Form: Truth, Instead: "redis.external.enableTLS"},
		"sentinelUsername":      {Form: Text},
		"sentinelPassword":      {Form: Text, Sensitive: true},
		"sentinelMasterName":    {Form: Text},
		"failover":              {Form: Truth},
		"redisType":             {Form: Text, Only: []string{"node", "cluster"}},
		"redisDB":               {Form: Integer},
		"redisMaxRetries":       {Form: Integer},
		"redisMinRetryInterval": {Form: Span},
		"redisMaxRetryInterval": {Form: Span},
		"dialTimeout":           {Form: Span},
		"readTimeout":           {Form: Span},
		"writeTimeout":          {Form: Span},
		"poolSize":              {Form: Integer},
		"poolTimeout":           {Form: Span},
		"minIdleConns":          {Form: Integer},
		"maxConnAge":            {Form: Span},
		"idleTimeout":           {Form: Span},
		"insecureSkipTLSVerify": {Form: Truth},
		"clientCert":            {Form: Text, Sensitive: true},
		"clientKey":             {Form: Text, Sensitive: true},
		"useEntraID":            {Form: Truth},
	}
	stateMetadata = map[string]MetadataKey{
		"keyPrefix":                     {Form: Text},
		"actorStateStore":               {Form: Truth},
		"ttlInSeconds":                  {Form: Integer},
		"queryIndexes":                  {Form: Text},
		"outboxPublishPubsub":           {Form: Text},
		"outboxPublishTopic":            {Form: Text},
		"outboxPubsub":                  {Form: Text},
		"outboxDiscardWhenMissingState": {Form: Truth},
	}
	pubSubMetadata = map[string]MetadataKey{
		"consumerID":         {Form: Text, Instead: "consumerID of the pub/sub"},
		"redeliverInterval":  {Form: Span, Instead: "redeliverInterval of the pub/sub"},
		"processingTimeout":  {Form: Span, Instead: "processingTimeout of the pub/sub"},
		"maxLenApprox":       {Form: Integer, Instead: "maxLenApprox of the pub/sub"},
		"streamTTL":          {Form: Span, Instead: "streamTTL of the pub/sub"},
		"queueDepth":         {Form: Integer},
		"concurrency":        {Form: Integer},
		"publishingScopes":   {Form: Text, Instead: "publishers of the events"},
		"subscriptionScopes": {Form: Text, Instead: "subscribers of the events"},
		"allowedTopics":      {Form: Text, Instead: "events"},
		"protectedTopics":    {Form: Text, Instead: "events"},
	}
	// Keys that look right and are not: what to write instead.
	metadataHints = map[string]string{
		"maxRetries":         "it does not mean redelivery there; set maxRetries of the pub/sub, or redisMaxRetries for the client's own retries",
		"maxRetryBackoff":    "set redisMinRetryInterval and redisMaxRetryInterval",
		"idleCheckFrequency": "Dapr ignores it with Redis 7",
		"scopes":             "it is a key of the component itself, not of its metadata",
	}
)

// Metadata returns the keys that Dapr reads for a component type, nil for a
// type that the stack does not support.
func Metadata(componentType string) map[string]MetadataKey {
	var own map[string]MetadataKey
	switch componentType {
	case StateRedis:
		own = stateMetadata
	case PubSubRedis:
		own = pubSubMetadata
	default:
		return nil
	}
	all := maps.Clone(redisMetadata)
	maps.Copy(all, own)
	return all
}

// MetadataItem checks one plain metadata item of a component: that Dapr reads
// the key for this type, that the value has the form that it honours (T-10),
// and that no sensitive value stands there in plain (T-06).
func MetadataItem(componentType, name, value string) []Reason {
	known := Metadata(componentType)
	if known == nil {
		return nil // T-02 reports the type
	}
	key, ok := known[name]
	if !ok {
		return unknownMetadata(componentType, name, known)
	}
	if key.Sensitive {
		if key.Instead != "" {
			return because("T-06", "must not be given as a plain value: set %s, a secret", key.Instead)
		}
		return because("T-06", "must not be given as a plain value, only as a secretKeyRef")
	}
	if strings.Contains(value, "{namespace}") || strings.Contains(value, "{podName}") || strings.Contains(value, "{uuid}") {
		return because("T-10", "must not be a template: {namespace} anywhere in the metadata prefixes every topic")
	}
	return form(key, value)
}

// StackMetadataItem is [MetadataItem] for the metadata of a stack file, where
// the keys that the stack sets itself are refused too.
func StackMetadataItem(componentType, name, value string) []Reason {
	if r := MetadataItem(componentType, name, value); r != nil {
		return r
	}
	if key := Metadata(componentType)[name]; key.Instead != "" {
		return because("T-10", "must not be given as metadata: set %s", key.Instead)
	}
	return nil
}

func form(key MetadataKey, value string) []Reason {
	if key.Only != nil {
		return oneOf("T-10", value, key.Only...)
	}
	ok := true
	switch key.Form {
	case Truth:
		ok = value == "true" || value == "false"
	case Integer:
		_, err := strconv.Atoi(value)
		ok = err == nil
	case Span:
		_, err := time.ParseDuration(value)
		ok = err == nil && value != "0"
	case Text:
	}
	if !ok {
		return because("T-10", "must be %s", key.Form)
	}
	return nil
}

func unknownMetadata(componentType, name string, known map[string]MetadataKey) []Reason {
	if hint, ok := metadataHints[name]; ok {
		return because("T-10", "must not be given: %s", hint)
	}
	for _, other := range []string{StateRedis, PubSubRedis} {
		if _, ok := Metadata(other)[name]; ok {
			return because("T-10", "must not be given: Dapr reads it for %s only", other)
		}
	}
	if near := Nearest(name, slices.Sorted(maps.Keys(known))); near != "" {
		return because("T-10", "must be a key that Dapr reads for %s; did you mean %q?", componentType, near)
	}
	return because("T-10", "must be a key that Dapr reads for %s", componentType)
}
