package rules

import "maps"

// MetadataKey is a key that the pinned version of Dapr reads from the metadata of
// a component, in the spelling that always works: Dapr ignores the case of some
// keys but not of others, such as redeliverInterval.
type MetadataKey struct {
	Form      Form     `json:"form"`
	Default   string   `json:"default,omitempty"`   // what Dapr uses without the key; empty: nothing
	Min       int      `json:"min,omitempty"`       // the lowest value, if the form is a number
	Off       bool     `json:"off,omitempty"`       // "-1" is allowed and switches it off
	Only      []string `json:"only,omitempty"`      // the allowed values, if not all of the form
	Sensitive bool     `json:"sensitive,omitempty"` // must be a secretKeyRef (T-06)
	Needs     []string `json:"needs,omitempty"`     // "key" or "key=value": without these Dapr ignores the key
	Old       []string `json:"old,omitempty"`       // other names that Dapr still reads
	Since     string   `json:"since,omitempty"`     // the minor version that reads it first; empty: all that the rules know do
	Instead   string   `json:"instead,omitempty"`   // the key of the stack file that must be used instead
}

// Metadata returns the keys that Dapr reads for a component type, or nil if the
// stack does not support the type.
func Metadata(componentType string) map[string]MetadataKey {
	t, _ := TypeOf(componentType)
	return t.Metadata
}

// with returns the keys of both; those of own count where both have one.
func with(shared, own map[string]MetadataKey) map[string]MetadataKey {
	all := maps.Clone(shared)
	maps.Copy(all, own)
	return all
}

// redisMetadata are the keys that both kinds read. The module
// toolchain/dapr/upstream compares them with their sources:
//   - names and types: components-contrib v1.18.3,
//     common/component/redis/settings.go; the azure keys:
//     common/authentication/azure/metadata-properties.go;
//   - defaults: common/component/redis/redis.go there, and the options of
//     go-redis v9, which takes a 0 for its default.
var redisMetadata = map[string]MetadataKey{
	"redisHost":             {Form: Address, Instead: "redis.external.host"},
	"redisPassword":         {Form: Text, Sensitive: true, Instead: "redis.password or redis.external.password"},
	"redisUsername":         {Form: Text, Needs: []string{"redisPassword"}, Instead: "redis.external.username"},
	"enableTLS":             {Form: Truth, Default: "false", Instead: "redis.external.enableTLS"},
	"insecureSkipTLSVerify": {Form: Truth, Default: "false", Needs: []string{"enableTLS=true"}, Instead: "redis.external.insecureSkipTLSVerify", Since: "1.18"},
	"clientCert":            {Form: Text, Needs: []string{"enableTLS=true", "clientKey"}, Instead: "redis.external.clientCert"},
	"clientKey":             {Form: Text, Sensitive: true, Needs: []string{"enableTLS=true", "clientCert"}, Instead: "redis.external.clientKey"},

	"redisType":          {Form: Text, Default: "node", Only: []string{"node", "cluster"}, Instead: "redis.external.cluster"},
	"redisDB":            {Form: Integer, Default: "0", Needs: []string{"redisType=node"}},
	"failover":           {Form: Truth, Default: "false", Needs: []string{"sentinelMasterName"}, Instead: "redis.external.sentinel"},
	"sentinelMasterName": {Form: Text, Needs: []string{"failover=true"}, Instead: "redis.external.sentinel.masterName"},
	"sentinelUsername":   {Form: Text, Needs: []string{"failover=true", "sentinelPassword"}, Instead: "redis.external.sentinel.username"},
	"sentinelPassword":   {Form: Text, Sensitive: true, Needs: []string{"failover=true"}, Instead: "redis.external.sentinel.password"},

	"redisMaxRetries":       {Form: Integer, Default: "3", Min: 1, Off: true},
	"redisMinRetryInterval": {Form: Span, Default: "8ms", Off: true},
	"redisMaxRetryInterval": {Form: Span, Default: "512ms", Off: true},
	"dialTimeout":           {Form: Span, Default: "5s"},
	// With a read timeout of -1 the pub/sub would ask Redis without a pause.
	"readTimeout":  {Form: Span, Default: "3s"},
	"writeTimeout": {Form: Span, Default: "3s", Off: true},
	"poolSize":     {Form: Integer, Default: "10 for each CPU", Min: 1},
	"poolTimeout":  {Form: Span, Default: "4s"},
	"minIdleConns": {Form: Integer, Default: "0"},
	"maxConnAge":   {Form: Span},
	"idleTimeout":  {Form: Span, Default: "30m", Off: true},

	"useEntraID":               {Form: Truth, Default: "false"},
	"azureTenantId":            {Form: Text, Needs: entraID, Old: []string{"spnTenantId", "tenantId"}},
	"azureClientId":            {Form: Text, Needs: entraID, Old: []string{"spnClientId", "clientId"}},
	"azureClientSecret":        {Form: Text, Sensitive: true, Needs: entraID, Old: []string{"spnClientSecret", "clientSecret"}},
	"azureCertificate":         {Form: Text, Sensitive: true, Needs: entraID, Old: []string{"spnCertificate"}},
	"azureCertificateFile":     {Form: Text, Needs: entraID, Old: []string{"spnCertificateFile"}},
	"azureCertificatePassword": {Form: Text, Sensitive: true, Needs: entraID, Old: []string{"spnCertificatePassword"}},
	"azureEnvironment":         {Form: Text, Default: "AzurePublicCloud", Only: []string{"AzurePublicCloud", "AzureChinaCloud", "AzureUSGovernmentCloud"}, Needs: entraID, Old: []string{"azureCloud"}},
	"azureAuthMethods":         {Form: Text, Needs: entraID, Old: []string{"azureADAuthMethods", "entraIDAuthMethods", "microsoftEntraIDAuthMethods"}},
}

var entraID = []string{"useEntraID=true"}

// stateMetadata are the keys of state.redis alone, or those whose default is its
// own. Sources beside those above, in dapr v1.18.2: pkg/components/state
// (keyPrefix), pkg/runtime/processor/state (actorStateStore), pkg/encryption,
// pkg/runtime/pubsub/outbox.go. The encryption keys are read only where the
// sidecar may read secrets itself: with the annotation
// dapr.io/disable-builtin-k8s-secret-store Dapr stores in clear, silently.
var stateMetadata = map[string]MetadataKey{
	"redisMinRetryInterval":         {Form: Span, Default: "2s", Off: true},
	"keyPrefix":                     {Form: Prefix, Default: "appid"},
	"actorStateStore":               {Form: Truth, Default: "false"},
	"ttlInSeconds":                  {Form: Seconds, Min: 1, Off: true},
	"queryIndexes":                  {Form: JSON},
	"primaryEncryptionKey":          {Form: Text, Sensitive: true},
	"secondaryEncryptionKey":        {Form: Text, Sensitive: true, Needs: []string{"primaryEncryptionKey"}},
	"outboxPublishPubsub":           {Form: Text, Needs: []string{"outboxPublishTopic"}},
	"outboxPublishTopic":            {Form: Text, Needs: []string{"outboxPublishPubsub"}},
	"outboxPubsub":                  {Form: Text, Needs: []string{"outboxPublishPubsub", "outboxPublishTopic"}},
	"outboxDiscardWhenMissingState": {Form: Truth, Default: "false", Needs: []string{"outboxPublishPubsub", "outboxPublishTopic"}},
}

// streamsMetadata are the keys of pubsub.redis alone. Sources beside those above,
// in dapr v1.18.2: pkg/runtime/processor/pubsub (consumerID) and pkg/scopes.
var streamsMetadata = map[string]MetadataKey{
	"consumerID":         {Form: Text, Default: "the app-id", Instead: "consumerID of the pub/sub"},
	"redeliverInterval":  {Form: Millis, Default: "15000", Min: 1, Instead: "redeliverInterval of the pub/sub"},
	"processingTimeout":  {Form: Span, Default: "1m", Instead: "processingTimeout of the pub/sub"},
	"streamTTL":          {Form: Span, Instead: "streamTTL of the pub/sub"},
	"maxLenApprox":       {Form: Integer, Min: 1, Instead: "maxLenApprox of the pub/sub"},
	"queueDepth":         {Form: Integer, Default: "100", Min: 1, Instead: "queueDepth of the pub/sub"},
	"concurrency":        {Form: Integer, Default: "10", Min: 1, Instead: "concurrency of the pub/sub"},
	"publishingScopes":   {Form: TopicScopes, Instead: "publishers of the events"},
	"subscriptionScopes": {Form: TopicScopes, Instead: "subscribers of the events"},
	"allowedTopics":      {Form: Topics, Instead: "events"},
	"protectedTopics":    {Form: Topics, Instead: "events"},
}

// refusedMetadata are keys that look right but are wrong, with what to do instead.
// Dapr knows all but the last.
var refusedMetadata = map[string]string{
	"redisPort":          "write the port in redisHost, as host:port",
	"idleCheckFrequency": "Dapr ignores it with Redis 7",
	"maxRetries":         "it does not mean redelivery there; set maxRetries of the pub/sub, or redisMaxRetries for the client's own retries",
	"maxRetryBackoff":    "it is read as nanoseconds; set redisMinRetryInterval and redisMaxRetryInterval",
	"useAzureAD":         "Dapr ignores it for Redis; set useEntraID",
	"scopes":             "it is a key of the component itself, not of its metadata",
}
