package config

import (
	"time"

	"github.com/daprstack/daprstack/config/rules"
)

// Namespace is the name of this project, with which the keys that [Load] takes begin
// ("daprstack:apps"). Those of a project of another name: [InProject].
const Namespace = "daprstack"

// Stack is the whole configuration of one stack, one field for each key of the
// stack file under [Namespace]. Applications are referred to by their app-id
// everywhere.
type Stack struct {
	// Context is the kubeconfig context to deploy to, the only cluster that is
	// ever touched. Required.
	Context string `json:"context"`

	// Namespace is the Kubernetes namespace of the applications, the components
	// and Redis. It belongs to the stack, and destroy removes it, unless
	// createNamespace is false; default can only be used so. Required, unless apps is
	// empty: then there is none, and the value is ignored.
	Namespace string `json:"namespace"`

	// CreateNamespace makes the stack create the namespace and remove it again.
	// Default true; false for a namespace that exists already.
	CreateNamespace *bool `json:"createNamespace,omitzero"`

	// ImagePullSecrets names Secrets of the namespace with registry credentials,
	// given to every pod of the namespace. Default none.
	ImagePullSecrets []string `json:"imagePullSecrets,omitzero"`

	// PlatformUsers leaves it to the cluster which user a container runs as, as
	// OpenShift wants it: an app without user, and Redis, have none. Root is refused
	// all the same. Default false.
	PlatformUsers bool `json:"platformUsers,omitzero"`

	// Adopt lists objects that exist already and that the stack takes over, each
	// as Kind/name. They stay on destroy. Without it nothing is taken over that
	// others made. Default none.
	Adopt []string `json:"adopt,omitzero"`

	// Production protects what holds data, the volume of Redis and the
	// namespaces: nothing deletes or replaces it before an up with false. Default
	// false.
	Production bool `json:"production,omitzero"`

	// Keep is what destroy leaves behind. Default nothing (C-03).
	Keep Keep `json:"keep,omitzero"`

	// Dapr is the control plane and its configuration.
	Dapr Dapr `json:"dapr,omitzero"`

	// Redis backs the state stores and the pub/subs.
	Redis Redis `json:"redis,omitzero"`

	// StateStores are the Dapr state stores. Default none.
	StateStores []StateStore `json:"stateStores,omitzero"`

	// PubSubs are the Dapr pub/sub components. Default none.
	PubSubs []PubSub `json:"pubSubs,omitzero"`

	// Events is the catalogue of events. Subscriptions, topic scopes,
	// dead-letter topics and retry policies are derived from it (E-08). Default
	// none.
	Events []Event `json:"events,omitzero"`

	// Resiliency is how calls that fail or hang are retried and given up. Default none:
	// Dapr tries a call that did not arrive three times more, a second apart.
	Resiliency Resiliency `json:"resiliency,omitzero"`

	// Peers are the addresses of apps that are not of this stack, for those of its apps
	// that invoke them without a sidecar. Default none.
	Peers []Peer `json:"peers,omitzero"`

	// Apps are the applications. Required; [] for a stack that is the control plane
	// alone, which other stacks use with dapr.install: false.
	Apps []App `json:"apps"`

	// Objects are further objects of Kubernetes that belong to the stack, such as a
	// ConfigMap: manifests, or folders with manifests, named from the folder of the stack
	// file. They come before the apps, go with the stack, and are in its namespace unless
	// they name another. Default none (W-07).
	Objects []string `json:"objects,omitzero"`

	// Overlay is what this environment changes in the apps, state stores and
	// pub/subs that it shares with others. Default nothing.
	Overlay Overlay `json:"overlay,omitzero"`

	secret    map[string]bool // see IsSecret
	encrypted []string        // see EncryptedParts
	folder    string          // see In
}

// Keep is what destroy leaves behind (C-03).
type Keep struct {
	// Namespaces are kept on destroy. Default false.
	Namespaces bool `json:"namespaces,omitzero"`

	// CRDs of Dapr, and with them every Dapr object of the cluster, are kept on
	// destroy. Default false.
	CRDs bool `json:"crds,omitzero"`

	// Data is the volume of the in-cluster Redis, kept on destroy and when Dapr
	// is turned off; the next up finds it again. The namespace has to stay too:
	// with namespaces, or with createNamespace: false. Default false.
	Data bool `json:"data,omitzero"`
}

// Dapr is the control plane and its configuration.
type Dapr struct {
	// Enabled decides whether there is any Dapr at all. Default true. With false
	// the same applications talk plain HTTP, and there is no Redis (C-04).
	Enabled *bool `json:"enabled,omitzero"`

	// Install makes the stack install the control plane, and remove it again. Default
	// true. With false it uses the one that the cluster has, whoever installed it;
	// preview, up and verify refuse one that the stack cannot work with. The keys
	// chart, ha, certificates, logLevel and scheduler, and keep.crds, are then those
	// of somebody else and must be left out.
	Install *bool `json:"install,omitzero"`

	// Version of Dapr: of the chart and of the images. The rules know 1.17 and
	// 1.18, and no other is taken. Default 1.18.2. With install: false the least
	// version that the control plane must have; its minor version has to be the same,
	// because the stack file is checked against that. A change replaces the pods that
	// have a sidecar.
	Version string `json:"version,omitzero"`

	// Namespace of the control plane. It belongs to the stack. Default
	// dapr-system; with install: false the one in which a control plane is found.
	Namespace string `json:"namespace,omitzero"`

	// Chart is the source of the Helm chart.
	Chart Chart `json:"chart,omitzero"`

	// HA runs three replicas of every control-plane service. Default false. On a
	// control plane that runs it cannot change: the volume claims of a StatefulSet
	// stay. preview says how to go on.
	HA bool `json:"ha,omitzero"`

	// MTLS encrypts and authenticates the traffic between sidecars. Default
	// true. With install: false it has to be what the control plane has.
	MTLS *bool `json:"mtls,omitzero"`

	// Certificates are those of Dapr's certificate authority, which signs the
	// certificates of the control plane and of the sidecars.
	Certificates Certificates `json:"certificates,omitzero"`

	// LogLevel of the control plane: debug, info, warn or error. Default info.
	LogLevel string `json:"logLevel,omitzero"`

	// Scheduler is the storage of Dapr's scheduler (jobs, reminders).
	Scheduler Scheduler `json:"scheduler,omitzero"`

	// Configuration is the Configuration object that the sidecars use.
	Configuration Configuration `json:"configuration,omitzero"`
}

// Certificates sets how long the certificates of Dapr's certificate authority
// are valid. All three are whole hours. The next up after a certificate is due
// for renewal renews it with the same key, so that everything stays trusted.
type Certificates struct {
	// RootLifetime is how long the root, which every sidecar trusts, is valid.
	// Default 87600h, ten years.
	RootLifetime *Duration `json:"rootLifetime,omitzero"`

	// IssuerLifetime is how long the issuer, with which sentry signs the
	// certificates of the sidecars, is valid; at most RootLifetime. Default 8760h,
	// one year.
	IssuerLifetime *Duration `json:"issuerLifetime,omitzero"`

	// RenewBefore is how long before it expires a certificate is due for renewal;
	// from then on verify fails. It is less than IssuerLifetime. Default 720h, 30
	// days.
	RenewBefore *Duration `json:"renewBefore,omitzero"`
}

// Chart is the source of the control plane's Helm chart.
type Chart struct {
	// Repository is the chart repository. Default
	// https://dapr.github.io/helm-charts/.
	Repository string `json:"repository,omitzero"`

	// Path is a local chart, a directory or a .tgz file, used instead of the
	// repository. Default none.
	Path string `json:"path,omitzero"`

	// Values are further Helm values, merged over those of the stack. Default
	// none.
	Values map[string]any `json:"values,omitzero" hidden:"true"`
}

// Scheduler is the storage of Dapr's scheduler, which keeps jobs and reminders
// in three replicas of an embedded etcd.
type Scheduler struct {
	// InMemory keeps the data in memory: it is lost with the pods, and a replica
	// that restarts alone cannot rejoin. Default false.
	InMemory bool `json:"inMemory,omitzero"`

	// Storage is the size of each of the three volumes, a Kubernetes quantity. On a
	// control plane that runs it cannot change; preview says how to go on. Default
	// 1Gi.
	Storage string `json:"storage,omitzero"`

	// StorageClass of the volumes. Default the cluster's default class.
	StorageClass string `json:"storageClass,omitzero"`
}

// Configuration is the content of the sidecars' Dapr Configuration. Each app has
// an object of its own, <name>.<app-id>, because the callers differ.
type Configuration struct {
	// Name is the prefix of the objects' names. Default appconfig (S-09).
	Name string `json:"name,omitzero"`

	// AccessControl decides who may invoke an app through its sidecar.
	AccessControl AccessControl `json:"accessControl,omitzero"`

	// Tracing of the sidecars.
	Tracing Tracing `json:"tracing,omitzero"`
}

// AccessControl is how a sidecar treats invocations. It knows a caller by its
// certificate: without mTLS it refuses nobody.
type AccessControl struct {
	// DefaultAction is for callers whose invokes don't name the app: "deny" answers
	// them 403, "allow" lets in every app of the cluster that has a sidecar. Default
	// deny.
	DefaultAction string `json:"defaultAction,omitzero"`
}

// Tracing is where the sidecars send their spans.
type Tracing struct {
	// SamplingRate is the share of traces that is kept, from "0" to "1". Default
	// "0", which turns tracing off.
	SamplingRate string `json:"samplingRate,omitzero"`

	// Otel is the address host:port of an OpenTelemetry collector that takes
	// OTLP over gRPC. Default none.
	Otel string `json:"otel,omitzero"`
}

// Redis is the Redis that backs the components: one in the cluster, or an
// external one.
type Redis struct {
	// Image of the in-cluster Redis, at least 7.0. Of the official image only
	// releases with all security fixes are taken. Default
	// docker.io/library/redis:7.2.16, the newest of the line whose license is BSD;
	// on the local node Debian's Redis.
	Image string `json:"image,omitzero"`

	// Storage is the size of the volume, a Kubernetes quantity. Default 1Gi. It
	// can grow where the storage class allows it.
	Storage string `json:"storage,omitzero"`

	// StorageClass of the volume. Default the cluster's default class. A change
	// makes a new, empty volume.
	StorageClass string `json:"storageClass,omitzero"`

	// ExistingClaim names a PersistentVolumeClaim of the namespace to use as the
	// volume. The stack neither changes nor removes it. Default none: the stack
	// makes the claim redis-data.
	ExistingClaim string `json:"existingClaim,omitzero"`

	// MaxMemory is the limit of the data set, a Kubernetes quantity. Default
	// three quarters of the memory limit: the rest is for buffers and for the
	// copy that a rewrite of the append-only file needs. At the limit writes fail
	// (noeviction): nothing is evicted.
	MaxMemory string `json:"maxMemory,omitzero"`

	// Fsync is when a write reaches the disk: "always" before it is acknowledged,
	// or "everysec", which may lose the last second on a crash. Default always.
	Fsync string `json:"fsync,omitzero"`

	// Resources of the container. Default requests 50m CPU and 128Mi, limit
	// 256Mi of memory.
	Resources Resources `json:"resources,omitzero"`

	// Password is the password to use instead of a random one. Give it as a Pulumi
	// secret. Default a random password of 32 characters.
	Password Secret `json:"password,omitzero"`

	// External is a Redis outside the stack, used instead of one in the cluster.
	// Default none.
	External *ExternalRedis `json:"external,omitzero"`
}

// ExternalRedis is a Redis that the stack does not run.
type ExternalRedis struct {
	// Host is its address, host:port, reachable from the pods: with sentinel that of
	// a sentinel, with cluster that of a node, several of them separated by commas.
	// Required (T-05).
	Host string `json:"host"`

	// Cluster is true for a Redis Cluster. Default false.
	Cluster bool `json:"cluster,omitzero"`

	// Sentinel is how to ask sentinels for the master. Default none: Host is Redis
	// itself.
	Sentinel *RedisSentinel `json:"sentinel,omitzero"`

	// EnableTLS encrypts the connection, also the one to sentinels; the certificate
	// is verified, for the address that Redis or the sentinels announce. Default
	// false (T-08).
	EnableTLS bool `json:"enableTLS,omitzero"`

	// InsecureSkipTLSVerify accepts every certificate. Default false.
	InsecureSkipTLSVerify bool `json:"insecureSkipTLSVerify,omitzero"`

	// CACert is the certificate of a private authority that signed that of Redis,
	// PEM. The sidecars trust it beside the public ones. Default none.
	CACert string `json:"caCert,omitzero"`

	// CACertSecret is an existing Kubernetes Secret of the namespace with that
	// certificate, used instead. It needs createNamespace: false. Default none.
	CACertSecret *SecretKey `json:"caCertSecret,omitzero"`

	// ClientCert is the certificate that clients show to Redis, PEM. It needs
	// clientKey. Default none.
	ClientCert string `json:"clientCert,omitzero"`

	// ClientKey is the private key of clientCert, PEM, given as a Pulumi secret.
	// Default none.
	ClientKey Secret `json:"clientKey,omitzero"`

	// ClientCertSecret names an existing Kubernetes Secret of the namespace with
	// tls.crt and tls.key, used instead of clientCert and clientKey. It needs
	// createNamespace: false. Default none.
	ClientCertSecret string `json:"clientCertSecret,omitzero"`

	// Auth is true if it asks for a password. Default true (T-06).
	Auth *bool `json:"auth,omitzero"`

	// Username of an ACL user. Default none, the default user.
	Username string `json:"username,omitzero"`

	// Password is given as a Pulumi secret; the stack makes the Kubernetes Secret.
	// Default none.
	Password Secret `json:"password,omitzero"`

	// PasswordSecret is an existing Kubernetes Secret of the namespace, used
	// instead of a password. It needs createNamespace: false. Default none.
	PasswordSecret *SecretKey `json:"passwordSecret,omitzero"`

	// Database is the number of the database that the components use. Stacks of
	// the same namespace in two clusters need two of them to be told apart. A Redis
	// Cluster has only 0. Default 0.
	Database int `json:"database,omitzero"`

	// Shared leaves the names of streams, consumer groups and keys without the
	// namespace, so that stacks on the same Redis have them in common. Default
	// false: each stack has its own. A change leaves everything behind under the
	// other names.
	Shared bool `json:"shared,omitzero"`
}

// RedisSentinel is how clients find the master of a Redis that sentinels watch.
type RedisSentinel struct {
	// MasterName is the name by which the sentinels know it. Required.
	MasterName string `json:"masterName"`

	// Username of an ACL user of the sentinels. Default none, the default user.
	Username string `json:"username,omitzero"`

	// Password of the sentinels, given as a Pulumi secret. Default none.
	Password Secret `json:"password,omitzero"`

	// PasswordSecret is an existing Kubernetes Secret of the namespace, used
	// instead of a password. It needs createNamespace: false. Default none.
	PasswordSecret *SecretKey `json:"passwordSecret,omitzero"`
}

// SecretKey is one key of a Kubernetes Secret in the stack's namespace.
type SecretKey struct {
	// Name of the Secret. Required.
	Name string `json:"name"`
	// Key in the Secret. Required.
	Key string `json:"key"`
}

// Resources are the requests and limits of one container: cpu, memory and
// ephemeral-storage, as Kubernetes quantities.
type Resources struct {
	// Requests is what the container is guaranteed. Default that of the container.
	Requests map[string]string `json:"requests,omitzero"`
	// Limits is what it may use at most. Default that of the container.
	Limits map[string]string `json:"limits,omitzero"`
}

// StateStore is one Dapr state store.
type StateStore struct {
	// Name of the component, used by the applications. Required, unique among
	// the components (T-01).
	Name string `json:"name"`

	// Type of the component. Default state.redis, the only choice (T-02).
	Type string `json:"type,omitzero"`

	// Version of the component. Default v1, the only choice (T-03).
	Version string `json:"version,omitzero"`

	// Scopes are the app-ids that may use it. Required (T-09).
	Scopes []string `json:"scopes"`

	// Metadata are further metadata items, of those that Dapr reads (T-10).
	// Default none.
	Metadata map[string]string `json:"metadata,omitzero" hidden:"true"`

	// SecretMetadata are metadata items that Dapr reads from existing Kubernetes
	// Secrets of the namespace, such as azureClientSecret. They need
	// createNamespace: false (T-06, T-07). Default none.
	SecretMetadata map[string]SecretKey `json:"secretMetadata,omitzero"`
}

// PubSub is one Dapr pub/sub component with the delivery of its events.
type PubSub struct {
	// Name of the component, used by the applications. Required, unique among
	// the components (T-01).
	Name string `json:"name"`

	// Type of the component. Default pubsub.redis, the only choice (T-02).
	Type string `json:"type,omitzero"`

	// Version of the component. Default v1, the only choice (T-03).
	Version string `json:"version,omitzero"`

	// Scopes are the app-ids that may use it. Required (T-09).
	Scopes []string `json:"scopes"`

	// ConsumerID names the consumer group. Default none: each app's group is its
	// app-id. It is refused when more than one app subscribes.
	ConsumerID string `json:"consumerID,omitzero"`

	// RedeliverInterval is how often unacknowledged messages are looked for.
	// Default 30s.
	RedeliverInterval *Duration `json:"redeliverInterval,omitzero"`

	// ProcessingTimeout is how long a message may stay unacknowledged before it
	// is delivered again, as after the crash of an app. The retries of one message, and
	// its wait in the queue of the sidecar, must fit into it. Default 2m0s, or what they
	// need: at least 60s.
	ProcessingTimeout *Duration `json:"processingTimeout,omitzero"`

	// QueueDepth is how many messages of a topic a sidecar takes at a time, and how many
	// more wait in it. More are faster where handlers take less than a millisecond, but
	// wait longer where they fail. Default 2; Dapr's own is 100.
	QueueDepth *int `json:"queueDepth,omitzero"`

	// Concurrency is how many messages a sidecar hands to the app at a time. Default 10
	//
	Concurrency *int `json:"concurrency,omitzero"`

	// MaxRetries is how often a failing handler is called again before the event
	// is dead-lettered. Default 3.
	MaxRetries *int `json:"maxRetries,omitzero"`

	// RetryPolicy is "constant", which waits RetryInterval each time, or
	// "exponential", which waits longer each time, up to RetryInterval. Default
	// constant.
	RetryPolicy string `json:"retryPolicy,omitzero"`

	// RetryInterval is the wait before a failing handler is called again. Default
	// 5s: with three retries an app may be down for 15 s, as during a restart,
	// before its events are dead-lettered.
	RetryInterval *Duration `json:"retryInterval,omitzero"`

	// HandlerTimeout is how long one call of a handler may take; a slower call has
	// failed. Default 10s.
	HandlerTimeout *Duration `json:"handlerTimeout,omitzero"`

	// StreamTTL is how long events are kept. Default 168h, unless MaxLenApprox
	// is given (Q-05, E-10).
	StreamTTL *Duration `json:"streamTTL,omitzero"`

	// MaxLenApprox bounds each stream by its length instead. Default none
	//
	MaxLenApprox *int `json:"maxLenApprox,omitzero"`

	// Metadata are further metadata items, of those that Dapr reads (T-10).
	// Default none.
	Metadata map[string]string `json:"metadata,omitzero" hidden:"true"`

	// SecretMetadata are metadata items that Dapr reads from existing Kubernetes
	// Secrets of the namespace, such as azureClientSecret. They need
	// createNamespace: false (T-06, T-07). Default none.
	SecretMetadata map[string]SecretKey `json:"secretMetadata,omitzero"`
}

// Event is one entry of the catalogue. Its type is also its topic.
type Event struct {
	// Type of the event and name of its topic, by convention {entity}.{action} or
	// {domain}.{entity}.{action} in lower case, which the policy pack holds (E-02).
	// Required, unique in its pub/sub (E-08).
	Type string `json:"type"`

	// Source of the event, a URI-reference. Required (E-03).
	Source string `json:"source"`

	// PubSub is the pub/sub that carries it. Default the first one of the stack.
	PubSub string `json:"pubSub,omitzero"`

	// Publishers are the app-ids that may publish it. Required (E-08).
	Publishers []string `json:"publishers"`

	// Subscribers are the apps that receive it. Default none.
	Subscribers []Subscriber `json:"subscribers,omitzero"`

	// Trigger describes what makes the event happen. Default none.
	Trigger string `json:"trigger,omitzero"`

	// Schema is the JSON Schema of the event's data. Default none.
	Schema map[string]any `json:"schema,omitzero"`
}

// Subscriber is one app that receives an event.
type Subscriber struct {
	// App is its app-id. Required.
	App string `json:"app"`
	// Path of the handler, to which the event is posted. Required.
	Path string `json:"path"`
}

// App is one application: a Deployment, or what Kind says, a Service and a
// ServiceAccount, all with its name.
type App struct {
	// Name of the app and of its Service. Required, unique.
	Name string `json:"name"`

	// Image of the container, by tag or by digest. Required.
	Image string `json:"image"`

	// ImagePullPolicy is Always, IfNotPresent or Never. Default IfNotPresent.
	ImagePullPolicy string `json:"imagePullPolicy,omitzero"`

	// Port on which the app serves HTTP, 1–65535. Default none: an app that only
	// calls others, publishes or works on its own has no Service, no probes and no
	// app-port.
	Port int `json:"port,omitzero"`

	// Ports are further ports of the container and of the Service. Default none.
	Ports []Port `json:"ports,omitzero"`

	// Kind is Deployment, StatefulSet, whose pods have names and volumes that last, Job,
	// which runs to its end, or CronJob, which does so again and again. A change makes the
	// app anew. Default Deployment.
	Kind string `json:"kind,omitzero"`

	// Replicas is the number of pods. null leaves it to whoever else sets it, such as an
	// autoscaler of your own: the stack sets no number then and changes none. Default 1,
	// or what Autoscale says (W-01).
	Replicas *int `json:"replicas,omitzero"`

	// Autoscale makes an autoscaler set the number of pods. Default none (W-01).
	Autoscale *Autoscale `json:"autoscale,omitzero"`

	// Disruption bounds how many pods are away while nodes are drained. Default one at a
	// time, for an app that has always more than one pod (W-02).
	Disruption *Disruption `json:"disruption,omitzero"`

	// VolumeClaims are volumes of its own for each pod of a StatefulSet. destroy removes
	// them with the app, and so does what makes the app anew, unless keep.data is given
	// or the stack is a production one. They cannot be changed. Default none (W-03).
	VolumeClaims []VolumeClaim `json:"volumeClaims,omitzero"`

	// PodManagementPolicy of a StatefulSet is OrderedReady, one pod after the other, or
	// Parallel. Default none, which is OrderedReady (W-03).
	PodManagementPolicy string `json:"podManagementPolicy,omitzero"`

	// Schedule is when a CronJob runs: minute, hour, day of the month, month, day of the
	// week, or @daily and its like. Default none; a CronJob needs one (W-04).
	Schedule string `json:"schedule,omitzero"`

	// CronJob is how a CronJob starts its Jobs (W-04).
	CronJob *CronJob `json:"cronJob,omitzero"`

	// Job is how a Job, or each Job of a CronJob, runs (W-04).
	Job *Job `json:"job,omitzero"`

	// Service is how the app is reached. Default a Service of type ClusterIP with the
	// ports of the app (W-05).
	Service *Service `json:"service,omitzero"`

	// Ingress makes the app reachable from outside the cluster, through an ingress
	// controller. Default none (W-06).
	Ingress *Ingress `json:"ingress,omitzero"`

	// HTTPRoute makes the app reachable from outside the cluster, through a Gateway of
	// the Gateway API. Default none (W-06).
	HTTPRoute *HTTPRoute `json:"httpRoute,omitzero"`

	// Command of the container. Default none: the entry point of the image.
	Command []string `json:"command,omitzero" hidden:"true"`

	// Args are arguments of the container. Default those of the image.
	Args []string `json:"args,omitzero" hidden:"true"`

	// Env are further environment variables. Default none. The names that the
	// stack sets itself cannot be given (C-01).
	Env map[string]string `json:"env,omitzero" hidden:"true"`

	// SecretEnv are environment variables from Secrets of the namespace. Default
	// none.
	SecretEnv map[string]SecretKey `json:"secretEnv,omitzero"`

	// ConfigEnv are environment variables from ConfigMaps of the namespace. Default
	// none.
	ConfigEnv map[string]MapKey `json:"configEnv,omitzero"`

	// EnvFrom are ConfigMaps and Secrets of the namespace whose keys all become
	// environment variables, as EnvFromSource of Kubernetes. Default none.
	EnvFrom []Manifest `json:"envFrom,omitzero"`

	// HealthPath is the path of the readiness and liveness probes. Default /healthz, or
	// the path of probes.readiness. An app that speaks gRPC or h2c with its sidecar has
	// none.
	HealthPath string `json:"healthPath,omitzero"`

	// Startup is how long the app may take to start, in whole seconds: until it
	// answers for the first time, nothing restarts it. Default none: one that
	// does not answer within a minute is restarted.
	Startup *Duration `json:"startup,omitzero"`

	// Probes are what Kubernetes asks the app, where the probes that follow from port
	// and healthPath do not fit.
	Probes Probes `json:"probes,omitzero"`

	// Resources of the container. Default requests 25m CPU and 32Mi, limit 128Mi
	// of memory.
	Resources Resources `json:"resources,omitzero"`

	// User is the numeric user that the container runs as; never root. Default
	// 65532, with platformUsers none.
	User *int `json:"user,omitzero"`

	// WritablePaths are directories that the container may write to; its root
	// file system is read-only. Default none.
	WritablePaths []string `json:"writablePaths,omitzero"`

	// Volumes are further volumes of the pod, as Volume of Kubernetes: a claim, a
	// ConfigMap, a Secret, an emptyDir, a projected one. Default none.
	Volumes []Manifest `json:"volumes,omitzero"`

	// VolumeMounts are where the container has volumes, as VolumeMount of Kubernetes
	// . Default none.
	VolumeMounts []Manifest `json:"volumeMounts,omitzero"`

	// InitContainers run before the app, as Container of Kubernetes; one with
	// restartPolicy Always runs beside it. They are hardened like the app's own,
	// wherever they do not say otherwise. Default none.
	InitContainers []Manifest `json:"initContainers,omitzero"`

	// Containers run beside that of the app, as Container of Kubernetes, hardened
	// likewise. Default none.
	Containers []Manifest `json:"containers,omitzero"`

	// Lifecycle are hooks of the container, as Lifecycle of Kubernetes: preStop,
	// postStart. Default none.
	Lifecycle Manifest `json:"lifecycle,omitzero"`

	// TerminationGracePeriod is how long the pod has to end before it is killed, in
	// whole seconds. The sidecar's gracefulShutdown and blockShutdown have to fit
	// into it. Default none: Kubernetes waits for 30 seconds.
	TerminationGracePeriod *Duration `json:"terminationGracePeriod,omitzero"`

	// Labels of one's own, on the pods, the Deployment, the Service and the
	// ServiceAccount. Default none. Those of the stack cannot be given.
	Labels map[string]string `json:"labels,omitzero"`

	// Annotations of one's own, on the pods. Default none. Those of Dapr and of the
	// stack cannot be given.
	Annotations map[string]string `json:"annotations,omitzero"`

	// Account is who the pods are to the cluster, and to a cloud.
	Account ServiceAccount `json:"serviceAccount,omitzero"`

	// NodeSelector are labels of the nodes on which the pods may run. Default none.
	NodeSelector map[string]string `json:"nodeSelector,omitzero"`

	// Tolerations of taints, as Toleration of Kubernetes. Default none.
	Tolerations []Manifest `json:"tolerations,omitzero"`

	// Affinity to nodes and to other pods, as Affinity of Kubernetes. Default
	// none.
	Affinity Manifest `json:"affinity,omitzero"`

	// TopologySpreadConstraints spread the pods, as TopologySpreadConstraint of
	// Kubernetes. Default none.
	TopologySpreadConstraints []Manifest `json:"topologySpreadConstraints,omitzero"`

	// PriorityClassName names the PriorityClass of the pods. Default none.
	PriorityClassName string `json:"priorityClassName,omitzero"`

	// HostAliases are entries of the hosts file, as HostAlias of Kubernetes.
	// Default none.
	HostAliases []Manifest `json:"hostAliases,omitzero"`

	// DNSPolicy is ClusterFirst, ClusterFirstWithHostNet, Default or None. Default
	// the cluster's, ClusterFirst.
	DNSPolicy string `json:"dnsPolicy,omitzero"`

	// DNSConfig are settings of the resolver, as PodDNSConfig of Kubernetes.
	// Default none.
	DNSConfig Manifest `json:"dnsConfig,omitzero"`

	// PodPatch is what no other key says: a strategic merge patch on the pod template,
	// as PodTemplateSpec of Kubernetes, applied last. It cannot change what the
	// stack relies on, and whatever weakens the hardening gives a warning
	// . Default none.
	PodPatch Manifest `json:"podPatch,omitzero"`

	// Invokes are the app-ids of the apps that it calls. One of another namespace or
	// stack is app-id.namespace; there, its callers have to name this app. Default none
	// (I-01).
	Invokes []string `json:"invokes,omitzero"`

	// Callers are the apps of other namespaces and stacks that may call it, and limits
	// for those of the stack whose invokes name it, which may call everything
	// otherwise. Default none (I-07).
	Callers []Caller `json:"callers,omitzero"`

	// Sidecar is its Dapr sidecar. Default none.
	Sidecar *Sidecar `json:"sidecar,omitzero"`
}

// Caller is an app that may invoke another one.
type Caller struct {
	// App is its app-id. Required.
	App string `json:"app"`

	// Namespace of a caller that is not of this stack. Default none: an app of the
	// stack whose invokes name this one.
	Namespace string `json:"namespace,omitzero"`

	// Operations are all that it may call. Default everything.
	Operations []Operation `json:"operations,omitzero"`
}

// Operation is what a caller may call.
type Operation struct {
	// Path of the app, or /service/method with gRPC, and everything below it. A *
	// stands for any text within a segment; as the last segment, /*, for nothing or one
	// whole segment, and /** for everything below. Letters match in either case, except
	// with gRPC. Required (I-07).
	Path string `json:"path"`

	// Verbs are the HTTP methods. Default all; with gRPC there are none.
	Verbs []string `json:"verbs,omitzero"`
}

// Peer is an app of another namespace or stack, for apps that call it without a
// sidecar.
type Peer struct {
	// App is how invokes name it: app-id.namespace. Required, unique.
	App string `json:"app"`

	// URL is its address without Dapr, http or https. Required (C-01).
	URL string `json:"url"`
}

// Port is a further port of an app's container and Service.
type Port struct {
	// Name of the port. Required, at most 15 characters.
	Name string `json:"name"`
	// Port number. Required, 1–65535.
	Port int `json:"port"`
}

// Sidecar is the Dapr sidecar of an app.
type Sidecar struct {
	// AppID identifies the app to Dapr. Required, unique (S-01, S-03).
	AppID string `json:"appId"`

	// AppPort is where daprd calls the app. Default the app's port, and none for an
	// app without one (S-04, S-05).
	AppPort *int `json:"appPort,omitzero"`

	// Options are all other keys of a sidecar, those of [rules.SidecarTable]
	// (S-12).
	Options rules.SidecarOptions `json:"-"`

	// Config names the stack's Configuration, of which the sidecar reads the app's
	// own object. Default that of the stack (S-09).
	Config string `json:"config,omitzero"`

	// Resources of the daprd container. Default requests 50m CPU and 64Mi, limit
	// 256Mi of memory.
	Resources Resources `json:"resources,omitzero"`

	// SecretVolumes are volumes of the pod for the option volumeMounts, by name,
	// each with the Secret of the namespace that it holds. Default none.
	SecretVolumes map[string]string `json:"secretVolumes,omitzero"`
}

// Duration is a time span written with its unit: "30s", "168h".
type Duration struct{ time.Duration }

// MarshalText renders the duration as it is written in the stack file.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// Secret is a value that prints as asterisks in every format. Reveal returns the
// value itself.
type Secret string

const masked = "********"

// String implements fmt.Stringer.
func (s Secret) String() string { return s.mask() }

// GoString implements fmt.GoStringer.
func (s Secret) GoString() string { return s.mask() }

// MarshalText hides the value from JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.mask()), nil }

// Reveal returns the value itself.
func (s Secret) Reveal() string { return string(s) }

func (s Secret) mask() string {
	if s == "" {
		return ""
	}
	return masked
}
