package config

// Overlay is what one environment changes in the apps, state stores and pub/subs
// that all environments share. A value replaces that of the base; maps, resources
// and the sidecar are merged key by key. Names, app-ids, ports and scopes are the
// same in every environment and cannot be changed.
type Overlay struct {
	// Apps are changes to apps, by the app's name. Default none.
	Apps map[string]AppOverlay `json:"apps,omitzero"`

	// StateStores are changes to state stores, by the store's name. Default none
	//
	StateStores map[string]StateStoreOverlay `json:"stateStores,omitzero"`

	// PubSubs are changes to pub/subs, by the pub/sub's name. Default none.
	PubSubs map[string]PubSubOverlay `json:"pubSubs,omitzero"`
}

// AppOverlay is what an environment changes in an app. Image, Tag and Digest are
// mutually exclusive.
type AppOverlay struct {
	// Image of the container. Default unchanged.
	Image string `json:"image,omitzero"`

	// Tag of the image, instead of the base's tag or digest. Default unchanged.
	Tag string `json:"tag,omitzero"`

	// Digest of the image, instead of the base's tag or digest. Default unchanged.
	Digest string `json:"digest,omitzero"`

	// ImagePullPolicy is Always, IfNotPresent or Never. Default unchanged.
	ImagePullPolicy string `json:"imagePullPolicy,omitzero"`

	// Replicas is the number of pods, instead of Autoscale of the base; null leaves it to
	// whoever else sets it. Default unchanged.
	Replicas *int `json:"replicas,omitzero"`

	// Autoscale is merged with that of the base, and stands instead of its replicas.
	// Default unchanged.
	Autoscale *Autoscale `json:"autoscale,omitzero"`

	// Disruption is merged with that of the base. Default unchanged.
	Disruption *Disruption `json:"disruption,omitzero"`

	// Schedule is when a CronJob runs. Default unchanged.
	Schedule string `json:"schedule,omitzero"`

	// CronJob is merged with that of the base. Default unchanged.
	CronJob *CronJob `json:"cronJob,omitzero"`

	// Job is merged with that of the base. Default unchanged.
	Job *Job `json:"job,omitzero"`

	// Service is merged with that of the base. Default unchanged.
	Service *Service `json:"service,omitzero"`

	// Ingress is merged with that of the base. Default unchanged.
	Ingress *Ingress `json:"ingress,omitzero"`

	// HTTPRoute is merged with that of the base. Default unchanged.
	HTTPRoute *HTTPRoute `json:"httpRoute,omitzero"`

	// Command is the whole command of the container. Default unchanged.
	Command []string `json:"command,omitzero" hidden:"true"`

	// Args are all arguments of the container. Default unchanged.
	Args []string `json:"args,omitzero" hidden:"true"`

	// Env are environment variables, merged with those of the base by name.
	// Default unchanged.
	Env map[string]string `json:"env,omitzero" hidden:"true"`

	// SecretEnv are environment variables from Secrets of the namespace, merged with
	// those of the base by name. Default unchanged.
	SecretEnv map[string]SecretKey `json:"secretEnv,omitzero"`

	// ConfigEnv are environment variables from ConfigMaps of the namespace, merged with
	// those of the base by name. Default unchanged.
	ConfigEnv map[string]MapKey `json:"configEnv,omitzero"`

	// EnvFrom are all ConfigMaps and Secrets whose keys become variables. Default
	// unchanged.
	EnvFrom []Manifest `json:"envFrom,omitzero"`

	// Startup is how long the app may take to start. Default unchanged.
	Startup *Duration `json:"startup,omitzero"`

	// Volumes are all volumes that the base names in volumes. Default unchanged.
	Volumes []Manifest `json:"volumes,omitzero"`

	// TerminationGracePeriod is how long the pod has to end. Default unchanged.
	TerminationGracePeriod *Duration `json:"terminationGracePeriod,omitzero"`

	// Labels are merged with those of the base. Default unchanged.
	Labels map[string]string `json:"labels,omitzero"`

	// Annotations are merged with those of the base. Default unchanged.
	Annotations map[string]string `json:"annotations,omitzero"`

	// Account is merged with that of the base. Default unchanged.
	Account ServiceAccount `json:"serviceAccount,omitzero"`

	// NodeSelector is merged with that of the base. Default unchanged.
	NodeSelector map[string]string `json:"nodeSelector,omitzero"`

	// Tolerations are all tolerations. Default unchanged.
	Tolerations []Manifest `json:"tolerations,omitzero"`

	// Affinity is merged with that of the base. Default unchanged.
	Affinity Manifest `json:"affinity,omitzero"`

	// TopologySpreadConstraints are all constraints. Default unchanged.
	TopologySpreadConstraints []Manifest `json:"topologySpreadConstraints,omitzero"`

	// PriorityClassName names the PriorityClass of the pods. Default unchanged.
	PriorityClassName string `json:"priorityClassName,omitzero"`

	// PodPatch is merged with that of the base, key by key; its lists replace those of
	// the base. Default unchanged.
	PodPatch Manifest `json:"podPatch,omitzero"`
	// Invokes are all that it calls, because the namespaces of others may differ.
	// Default unchanged.
	Invokes []string `json:"invokes,omitzero"`

	// Callers are all of its callers, likewise. Default unchanged.
	Callers []Caller `json:"callers,omitzero"`

	// Resources of the container, merged with those of the base. Default unchanged.
	Resources Resources `json:"resources,omitzero"`

	// Sidecar holds the sidecar's options, any but the app-id, merged with those of
	// the base. Default unchanged.
	Sidecar *Sidecar `json:"sidecar,omitzero"`
}

// StateStoreOverlay is what an environment changes in a state store.
type StateStoreOverlay struct {
	// Metadata are metadata items, merged with those of the base by name (T-10).
	// Default unchanged.
	Metadata map[string]string `json:"metadata,omitzero" hidden:"true"`
}

// PubSubOverlay is what an environment changes in a pub/sub and its delivery.
type PubSubOverlay struct {
	// RedeliverInterval is how often unacknowledged messages are looked for.
	// Default unchanged.
	RedeliverInterval *Duration `json:"redeliverInterval,omitzero"`

	// ProcessingTimeout is how long a message may stay unacknowledged.
	// Default unchanged.
	ProcessingTimeout *Duration `json:"processingTimeout,omitzero"`

	// QueueDepth is how many messages a sidecar takes at a time. Default
	// unchanged.
	QueueDepth *int `json:"queueDepth,omitzero"`

	// Concurrency is how many messages the app gets at a time. Default unchanged.
	Concurrency *int `json:"concurrency,omitzero"`

	// MaxRetries is how often a failing handler is called again. Default
	// unchanged.
	MaxRetries *int `json:"maxRetries,omitzero"`

	// RetryPolicy is "constant" or "exponential". Default unchanged.
	RetryPolicy string `json:"retryPolicy,omitzero"`

	// RetryInterval is the wait before a failing handler is called again. Default
	// unchanged.
	RetryInterval *Duration `json:"retryInterval,omitzero"`

	// HandlerTimeout is how long one call of a handler may take. Default unchanged.
	HandlerTimeout *Duration `json:"handlerTimeout,omitzero"`

	// StreamTTL is how long events are kept (Q-05, E-10). Default unchanged.
	StreamTTL *Duration `json:"streamTTL,omitzero"`

	// MaxLenApprox bounds each stream by its length. Default unchanged.
	MaxLenApprox *int `json:"maxLenApprox,omitzero"`

	// Metadata are metadata items, merged with those of the base by name (T-10).
	// Default unchanged.
	Metadata map[string]string `json:"metadata,omitzero" hidden:"true"`
}
