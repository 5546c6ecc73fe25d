package rules

import (
	"slices"
	"strconv"
	"strings"
)

// The annotations of dapr.io/ that hold a number or a truth value, without that
// prefix (dapr v1.18.1, pkg/injector/patcher/sidecar.go).
var (
	numberAnnotations = []string{
		"app-port", "metrics-port", "debug-port", "grpc-port", "internal-grpc-port", "app-max-concurrency",
		"sidecar-liveness-probe-delay-seconds", "sidecar-liveness-probe-timeout-seconds",
		"sidecar-liveness-probe-period-seconds", "sidecar-liveness-probe-threshold",
		"sidecar-readiness-probe-delay-seconds", "sidecar-readiness-probe-timeout-seconds",
		"sidecar-readiness-probe-period-seconds", "sidecar-readiness-probe-threshold",
		"http-max-request-size", "http-read-buffer-size", "graceful-shutdown-seconds",
		"app-health-probe-interval", "app-health-probe-timeout", "app-health-threshold",
	}
	truthAnnotations = []string{
		"enabled", "app-ssl", "enable-profiling", "log-as-json", "enable-metrics", "enable-debug", "enable-api-logging",
		"disable-builtin-k8s-secret-store", "enable-app-health-check", "inject-pluggable-components", "enable-native-sidecar",
	}
)

// The words that Dapr takes for true, and those that are plainly meant as false;
// it takes everything else for false too.
var (
	trueWords  = []string{"y", "yes", "true", "t", "on", "1"}
	falseWords = []string{"n", "no", "false", "f", "off", "0", ""}
)

// Truthy says whether Dapr takes the value of an annotation for true.
func Truthy(value string) bool {
	return slices.Contains(trueWords, strings.ToLower(strings.TrimSpace(value)))
}

// AnnotationText refuses an annotation that is not text in the manifest, such as
// a bare number (S-10).
func AnnotationText(isText bool) []Reason {
	if isText {
		return nil
	}
	return because("S-10", "must be text: put it in quotes")
}

// Annotation checks the form of an annotation, given without its prefix
// dapr.io/: Dapr ignores a number that it cannot read (S-10).
func Annotation(name, value string) []Reason {
	switch {
	case slices.Contains(numberAnnotations, name):
		if _, err := strconv.Atoi(value); err != nil {
			return because("S-10", "must be a whole number: Dapr ignores anything else")
		}
	case slices.Contains(truthAnnotations, name):
		word := strings.ToLower(strings.TrimSpace(value))
		if !Truthy(value) && !slices.Contains(falseWords, word) {
			return because("S-10", "must be true or false: Dapr takes anything else for false")
		}
	}
	return nil
}
