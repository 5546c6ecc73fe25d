package rules

import (
	"maps"
	"slices"
	"strings"
)

// daprTypes lists the types of components that the pinned Dapr is built with
// (v1.18.2, cmd/daprd/components, all of them), by the beginning that says what
// they are for. Name resolvers are not among them: they are part of a Configuration.
// A test in toolchain/dapr/upstream compares the two.
var daprTypes = map[string][]string{
	"bindings": words(`
		alicloud.dingtalk.webhook alicloud.dubbo alicloud.oss alicloud.sls alicloud.tablestore apns
		aws.dynamodb aws.kinesis aws.s3 aws.ses aws.sns aws.sqs azure.blobstorage azure.cosmosdb
		azure.cosmosdb.gremlinapi azure.eventgrid azure.eventhubs azure.openai azure.servicebus.queues
		azure.servicebusqueues azure.signalr azure.storagequeues cloudflare.queues commercetools cron
		dingtalk.webhook dubbo gcp.bucket gcp.pubsub graphql http huawei.obs influx kafka kubemq kubernetes
		localstorage mqtt mqtt3 mysql postgres postgresql postmark rabbitmq redis rethinkdb.statechange
		rocketmq sftp smtp twilio.sendgrid twilio.sms wasm zeebe.command zeebe.jobworker`),
	"configuration": words(`
		azure.appconfig kubernetes postgres postgresql redis`),
	"conversation": words(`
		anthropic aws.bedrock deepseek echo googleai huggingface mistral ollama openai`),
	"crypto": words(`
		azure.keyvault dapr.jwks dapr.kubernetes.secrets dapr.localstorage`),
	"lock": words(`
		redis`),
	"middleware.http": words(`
		bearer oauth2 oauth2clientcredentials opa ratelimit routeralias routerchecker sentinel uppercase
		wasm`),
	"pubsub": words(`
		aws.snssqs azure.eventhubs azure.servicebus azure.servicebus.queues azure.servicebus.topics
		azure.servicebusqueues gcp.pubsub in-memory jetstream kafka kubemq mqtt mqtt3 pulsar rabbitmq redis
		rocketmq snssqs solace.amqp`),
	"secretstores": words(`
		alicloud.parameterstore aws.parameterstore aws.secretmanager azure.keyvault gcp.secretmanager
		hashicorp.vault huaweicloud.csms kubernetes local.env local.file tencentcloud.ssm`),
	"state": words(`
		aerospike alicloud.tablestore aws.dynamodb azure.blobstorage azure.cosmosdb azure.tablestorage
		cassandra cloudflare.workerskv cockroachdb coherence consul couchbase etcd gcp.firestore
		hashicorp.consul hazelcast in-memory jetstream memcached mongodb mysql oci.objectstorage
		oracledatabase postgres postgresql ravendb redis rethinkdb sqlite sqlite3 sqlserver yugabyte
		yugabytedb zookeeper`)}

// daprVersions lists the versions of the types that have several, or another than
// the first. All other types are v1, or v0, which is the same.
var daprVersions = map[string][]string{
	"state.azure.blobstorage": {"v1", "v2"},
	"state.cockroachdb":       {"v1", "v2"},
	"state.etcd":              {"v1", "v2"},
	"state.postgres":          {"v1", "v2"},
	"state.postgresql":        {"v1", "v2"},
	"state.sqlserver":         {"v1", "v2"},
	"state.yugabyte":          {"v2"},
	"state.yugabytedb":        {"v2"},
}

// DaprTypes returns the versions of each type that the pinned Dapr is built with,
// by its name.
func DaprTypes() map[string][]string {
	all := map[string][]string{}
	for kind := range daprTypes {
		for _, name := range namesOfKind(kind) {
			all[name] = []string{ComponentVersion}
		}
	}
	maps.Copy(all, daprVersions)
	return all
}

// pluggable are the kinds that a pluggable component may also have.
var pluggable = []string{"bindings", "pubsub", "secretstores", "state"}

func words(text string) []string { return strings.Fields(text) }

// daprKind splits a type into the kind and the rest, in lower case: Dapr minds the
// case of the kind only. The kind is "" if Dapr has no such kind.
func daprKind(typ string) (kind, rest string) {
	for kind := range daprTypes {
		if rest, ok := strings.CutPrefix(typ, kind+"."); ok {
			return kind, strings.ToLower(rest)
		}
	}
	return "", typ
}

// DaprType checks that Dapr has components of a type (T-02). A type that is far from all that it has may be that of a pluggable
// component, where there are such.
func DaprType(typ string) []Reason {
	if typ == "" {
		return because("T-02", "is required")
	}
	kind, rest := daprKind(typ)
	if kind == "" {
		return because("T-02", "must begin with what the component is for: %s",
			strings.Join(kindsOfDapr(), "., ")+".")
	}
	near := Nearest(rest, daprTypes[kind])
	switch {
	case slices.Contains(daprTypes[kind], rest), near == "" && slices.Contains(pluggable, kind):
		return nil
	case near == "":
		return because("T-02", "must be one that Dapr %s has: %s", PinnedDapr, strings.Join(namesOfKind(kind), ", "))
	}
	return because("T-02", "must be one that Dapr %s has; did you mean %q?", PinnedDapr, kind+"."+near)
}

func kindsOfDapr() (kinds []string) {
	for kind := range daprTypes {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	return kinds
}

func namesOfKind(kind string) (names []string) {
	for _, rest := range daprTypes[kind] {
		names = append(names, kind+"."+rest)
	}
	return names
}

// DaprTypeVersion checks that Dapr has a version of a type (T-03). Of a type that
// it does not have itself, nothing is known.
func DaprTypeVersion(typ, version string) []Reason {
	kind, rest := daprKind(typ)
	version = strings.ToLower(version)
	versions, several := daprVersions[kind+"."+rest]
	switch {
	case version == "":
		return because("T-03", "is required, such as %s", ComponentVersion)
	case !slices.Contains(daprTypes[kind], rest):
		return nil
	case !several && version == "v0":
		return nil
	case !several:
		versions = []string{ComponentVersion}
	}
	return oneOf("T-03", version, versions...)
}
