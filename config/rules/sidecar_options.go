package rules

import (
	"math"
	"time"
)

// SidecarOption is one option of a Dapr sidecar. Its row in [SidecarTable] is
// all that the project knows about it: the stack file, its page and its schema,
// the annotation of the pod, the policy pack and verify follow from it.
type SidecarOption struct {
	// Key of the stack file, below the sidecar of an app: "logLevel",
	// "appHealthCheck.path". Empty for an annotation that no option sets; the policy
	// pack checks its form all the same.
	Key string
	// Annotation of the pod, without its prefix dapr.io/.
	Annotation string
	// Argument of daprd that the injector derives from the annotation, without the
	// leading hyphens. Empty if there is none.
	Argument string
	// Form of the value.
	Form OptionForm
	// Default is the value that Dapr uses without the annotation, nil if there is
	// none: see Unset.
	Default any
	// Before is the default of the versions before the pinned minor version, nil if it
	// is the same.
	Before any
	// Since is the minor version whose injector reads the annotation first, "1.18".
	// Empty if all that the rules know do.
	Since string
	// Unset describes what happens without the option, for one without a Default.
	// Default "none".
	Unset string
	// Written options are in the annotations of every sidecar, with their default
	// when the stack file has no other value.
	Written bool
	// With is the key of the switch without which Dapr ignores this option.
	With string
	// Hidden values are never shown.
	Hidden bool
	// Rule that a bad value breaks. Default S-12.
	Rule string
	// Doc describes what the option does, without its default.
	Doc string
	// Remedy says what to do when a running sidecar has another value. Default: run
	// up, and delete the pod if that changes nothing.
	Remedy string
}

// The keys of options that other options or other parts of the stack depend on.
const (
	OptionAppProtocol      = "appProtocol"
	OptionEnableMetrics    = "enableMetrics"
	OptionMetricsPort      = "metricsPort"
	OptionHealthEnabled    = "appHealthCheck.enabled"
	OptionHealthPath       = "appHealthCheck.path"
	OptionHealthInterval   = "appHealthCheck.interval"
	OptionHealthTimeout    = "appHealthCheck.timeout"
	OptionMaxConcurrency   = "appMaxConcurrency"
	OptionGracefulShutdown = "gracefulShutdown"
	OptionBlockShutdown    = "blockShutdown"
	OptionEnv              = "env"
	OptionEnvFromSecret    = "envFromSecret"
	OptionAPITokenSecret   = "apiTokenSecret"
	OptionAppTokenSecret   = "appTokenSecret"
	OptionNativeSidecar    = "nativeSidecar"
	OptionImage            = "image"
	OptionVolumeMounts     = "volumeMounts"
	OptionVolumeMountsRW   = "volumeMountsRW"
)

// SidecarGroups describes the groups of options, by the part of their keys
// before the dot.
var SidecarGroups = map[string]string{
	"appHealthCheck": "Health checks of the app by daprd, which holds back events and invocations while the app is not healthy. " +
		"It is independent of the app's own probes, which decide about the pod. Given at all, it is enabled.",
	"livenessProbe":  "The liveness probe of the daprd container: whether it listens. Kubernetes restarts the container when it fails.",
	"readinessProbe": "The readiness probe of the daprd container. The pod takes no requests from its Service while it fails.",
}

// SidecarTable has a row for every annotation that the pinned Dapr reads
// (v1.18.2, pkg/injector/patcher/sidecar.go; tests in toolchain/dapr/upstream
// compare the two). Rows with a key of the stack file come first, in the order
// of its page.
var SidecarTable = []SidecarOption{
	{Key: OptionAppProtocol, Annotation: "app-protocol", Argument: "app-protocol", Form: choice("http", "https", "grpc", "grpcs", "h2c"),
		Default: "http", Written: true,
		Doc: "The protocol in which daprd calls the app: h2c is HTTP/2 without TLS, and of https and grpcs the certificate is not verified. " +
			"It is that of the pod's probes too: an HTTP request for http and https, gRPC's own health service for grpc, a connection for grpcs and h2c."},
	{Key: "logLevel", Annotation: "log-level", Argument: "log-level", Form: choice(LogLevels...),
		Default: "info", Written: true, Rule: "S-06",
		Doc: "How much daprd logs: debug, info, warn or error."},
	{Key: "logAsJSON", Annotation: "log-as-json", Argument: "log-as-json", Form: truth(), Default: false,
		Doc: "Writes the log of daprd as JSON, one object a line."},
	{Key: "apiLogging", Annotation: "enable-api-logging", Argument: "enable-api-logging", Form: truth(), Default: false,
		Doc: "Logs every call of daprd's API, without its body."},
	{Key: OptionEnableMetrics, Annotation: "enable-metrics", Argument: "enable-metrics", Form: truth(),
		Default: true, Written: true, Rule: "S-07",
		Doc: "Serves Prometheus metrics."},
	{Key: OptionMetricsPort, Annotation: "metrics-port", Argument: "metrics-port", Form: portNumber(),
		Default: 9090, Written: true, With: OptionEnableMetrics, Rule: "S-08",
		Doc: "Where they are served."},
	{Key: OptionHealthEnabled, Annotation: "enable-app-health-check", Argument: "enable-app-health-check", Form: truth(),
		Unset: "true, unless `appHealthCheck` is left out",
		Doc:   "Whether daprd asks the app how it is."},
	{Key: OptionHealthPath, Annotation: "app-health-check-path", Argument: "app-health-check-path", Form: absolutePath(),
		Default: "/healthz", With: OptionHealthEnabled,
		Doc: "What daprd asks an HTTP app for. It asks a gRPC app for Dapr's AppCallbackHealthCheck."},
	{Key: OptionHealthInterval, Annotation: "app-health-probe-interval", Argument: "app-health-probe-interval", Form: wholeUnits(time.Second, 1),
		Default: 5 * time.Second, With: OptionHealthEnabled,
		Doc: "The time between two checks, in whole seconds."},
	{Key: OptionHealthTimeout, Annotation: "app-health-probe-timeout", Argument: "app-health-probe-timeout", Form: wholeUnits(time.Millisecond, 1),
		Default: 500 * time.Millisecond, With: OptionHealthEnabled,
		Doc: "How long an answer may take, in whole milliseconds, at most the interval."},
	{Key: "appHealthCheck.threshold", Annotation: "app-health-threshold", Argument: "app-health-threshold", Form: wholeNumber(1, math.MaxInt32-1),
		Default: 3, With: OptionHealthEnabled,
		Doc: "How many checks in a row have to fail for the app to be unhealthy."},
	{Key: OptionMaxConcurrency, Annotation: "app-max-concurrency", Argument: "app-max-concurrency", Form: wholeNumber(1, math.MaxInt32),
		Unset: "no limit",
		Doc: "How many calls of the app daprd makes at once; further ones wait. Not for a gRPC app: Dapr 1.18 never ends an " +
			"invocation of one that has a limit."},
	{Key: "maxBodySize", Annotation: "max-body-size", Argument: "max-body-size", Form: byteSize(),
		Default: "4Mi",
		Doc:     "The largest request that daprd's API takes, over HTTP and gRPC, as a Kubernetes quantity of bytes. State values and events count."},
	{Key: "readBufferSize", Annotation: "read-buffer-size", Argument: "read-buffer-size", Form: byteSize(),
		Default: "4Ki",
		Doc:     "The largest header of a request that daprd's HTTP API takes, as a Kubernetes quantity of bytes."},
	{Key: OptionGracefulShutdown, Annotation: "graceful-shutdown-seconds", Argument: "dapr-graceful-shutdown-seconds", Form: wholeUnits(time.Second, 0),
		Default: 5 * time.Second,
		Doc: "How long daprd waits for requests and events under way when it ends, in whole seconds. Together with `blockShutdown` less " +
			"than the 30s after which Kubernetes kills the pod."},
	{Key: OptionBlockShutdown, Annotation: "block-shutdown-duration", Argument: "dapr-block-shutdown-duration", Form: timeSpan(),
		Doc: "How long daprd goes on serving the app when the pod ends, before its graceful shutdown begins. It takes no new events meanwhile, and " +
			"stops waiting when the app is no longer healthy."},
	{Key: OptionEnv, Annotation: "env", Form: variables(), Hidden: true,
		Doc: "Environment variables of daprd. A secret belongs in `envFromSecret`."},
	{Key: OptionEnvFromSecret, Annotation: "env-from-secret", Form: secretVariables(),
		Doc: "Environment variables of daprd from Secrets of the namespace."},
	{Key: OptionAPITokenSecret, Annotation: "api-token-secret", Form: secretName(),
		Doc: "A Secret of the namespace whose key `token` every call of daprd's API has to show in the header dapr-api-token. The app gets it by `secretEnv`."},
	{Key: OptionAppTokenSecret, Annotation: "app-token-secret", Form: secretName(),
		Doc: "A Secret of the namespace whose key `token` daprd shows in the header dapr-api-token when it calls the app."},
	{Key: "listenAddresses", Annotation: "sidecar-listen-addresses", Argument: "dapr-listen-addresses", Form: listenAddresses(),
		Default: []string{"[::1]", "127.0.0.1"},
		Doc:     "The addresses on which daprd's API listens, one of them that of localhost, where its app calls it. An IPv6 address stands in brackets."},
	{Key: "disableInitEndpoints", Annotation: "disable-init-endpoints", Argument: "disable-init-endpoints", Form: choices("config", "subscribe"),
		Doc: "What daprd does not ask the app for when it starts: config, the actors that it hosts, or subscribe, its subscriptions in code."},
	{Key: OptionNativeSidecar, Annotation: "enable-native-sidecar", Form: truth(), Default: false, Since: "1.18",
		Doc: "Runs daprd as a native sidecar, an init container that goes on running: it starts before the app and ends after it. Kubernetes 1.29 or later."},
	{Key: OptionImage, Annotation: "sidecar-image", Form: imageReference(),
		Unset:  "that of the control plane",
		Doc:    "Another image of daprd, of the same version.",
		Remedy: "delete the pod, so that a new one gets the image"},
	{Key: OptionVolumeMounts, Annotation: "volume-mounts", Form: volumeMounts(),
		Doc: "Volumes of the pod that daprd may read, by name, each with the path where it is mounted. They are those of `secretVolumes`, and " +
			"writable-0, writable-1 and so on of the app's `writablePaths`."},
	{Key: OptionVolumeMountsRW, Annotation: "volume-mounts-rw", Form: volumeMounts(),
		Doc: "Volumes of the pod that daprd may write to, as in `volumeMounts`."},
	{Key: "livenessProbe.delay", Annotation: "sidecar-liveness-probe-delay-seconds", Form: wholeUnits(time.Second, 0),
		Default: 180 * time.Second, Before: 3 * time.Second,
		Doc: "The time before the first probe, in whole seconds."},
	{Key: "livenessProbe.timeout", Annotation: "sidecar-liveness-probe-timeout-seconds", Form: wholeUnits(time.Second, 1),
		Default: 3 * time.Second,
		Doc:     "How long an answer may take, in whole seconds."},
	{Key: "livenessProbe.period", Annotation: "sidecar-liveness-probe-period-seconds", Form: wholeUnits(time.Second, 1),
		Default: 10 * time.Second, Before: 6 * time.Second,
		Doc: "The time between two probes, in whole seconds."},
	{Key: "livenessProbe.threshold", Annotation: "sidecar-liveness-probe-threshold", Form: wholeNumber(1, math.MaxInt32),
		Default: 5, Before: 3,
		Doc: "How many probes in a row have to fail."},
	{Key: "readinessProbe.delay", Annotation: "sidecar-readiness-probe-delay-seconds", Form: wholeUnits(time.Second, 0),
		Default: time.Second, Before: 3 * time.Second,
		Doc: "The time before the first probe, in whole seconds."},
	{Key: "readinessProbe.timeout", Annotation: "sidecar-readiness-probe-timeout-seconds", Form: wholeUnits(time.Second, 1),
		Default: time.Second, Before: 3 * time.Second,
		Doc: "How long an answer may take, in whole seconds."},
	{Key: "readinessProbe.period", Annotation: "sidecar-readiness-probe-period-seconds", Form: wholeUnits(time.Second, 1),
		Default: time.Second, Before: 6 * time.Second,
		Doc: "The time between two probes, in whole seconds."},
	{Key: "readinessProbe.threshold", Annotation: "sidecar-readiness-probe-threshold", Form: wholeNumber(1, math.MaxInt32),
		Default: 5, Before: 3,
		Doc: "How many probes in a row have to fail."},

	// Set by the stack, from keys with logic of their own or for every sidecar.
	{Annotation: "enabled", Form: truth()},
	{Annotation: "app-id", Argument: "app-id", Form: anyText()},
	{Annotation: "app-port", Argument: "app-port", Form: wholeNumber(math.MinInt, math.MaxInt)}, // S-04 has its bounds
	{Annotation: "config", Argument: "config", Form: anyText()},
	{Annotation: "sidecar-cpu-request", Form: quantity()},
	{Annotation: "sidecar-cpu-limit", Form: quantity()},
	{Annotation: "sidecar-memory-request", Form: quantity()},
	{Annotation: "sidecar-memory-limit", Form: quantity()},
	{Annotation: "disable-builtin-k8s-secret-store", Argument: "disable-builtin-k8s-secret-store", Form: truth()},
	{Annotation: "sidecar-seccomp-profile-type", Form: choice("RuntimeDefault", "Unconfined", "Localhost")},

	// Without a key of the stack file.
	{Annotation: "app-ssl", Argument: "app-ssl", Form: truth()},
	{Annotation: "enable-profiling", Argument: "enable-profiling", Form: truth()},
	{Annotation: "enable-debug", Form: truth()},
	{Annotation: "debug-port", Form: portNumber()},
	{Annotation: "grpc-port", Argument: "dapr-grpc-port", Form: portNumber()},
	{Annotation: "internal-grpc-port", Argument: "dapr-internal-grpc-port", Form: portNumber()},
	{Annotation: "http-max-request-size", Argument: "dapr-http-max-request-size", Form: wholeNumber(1, math.MaxInt32)},
	{Annotation: "http-read-buffer-size", Argument: "dapr-http-read-buffer-size", Form: wholeNumber(1, math.MaxInt32)},
	{Annotation: "unix-domain-socket-path", Argument: "unix-domain-socket", Form: anyText()},
	{Annotation: "app-channel-address", Argument: "app-channel-address", Form: anyText()},
	{Annotation: "placement-host-address", Argument: "placement-host-address", Form: anyText()},
	{Annotation: "scheduler-host-address", Argument: "scheduler-host-address", Form: anyText()},
	{Annotation: "actors-disseminate-timeout", Argument: "actors-disseminate-timeout", Form: timeSpan(), Since: "1.18"},
	{Annotation: "sentry-request-jwt-audiences", Argument: "sentry-request-jwt-audiences", Form: anyText()},
	{Annotation: "sidecar-svc-annotations", Form: anyText()},
	{Annotation: "component-container", Form: anyText()},
	{Annotation: "pluggable-components", Form: anyText()},
	{Annotation: "pluggable-components-sockets-folder", Form: anyText()},
	{Annotation: "inject-pluggable-components", Form: truth()},
}
