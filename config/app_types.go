package config

import "encoding/json"

// Manifest is a part of a Kubernetes object in Kubernetes' own spelling.
type Manifest map[string]any

// MapKey is one key of a ConfigMap in the stack's namespace.
type MapKey struct {
	// Name of the ConfigMap. Required.
	Name string `json:"name"`
	// Key in the ConfigMap. Required.
	Key string `json:"key"`
}

// Probes are what Kubernetes asks an app. What a probe leaves out stays as it is
// without it: how the app is asked, and how often.
type Probes struct {
	// Startup is asked until it succeeds for the first time; before that the others
	// are not. Default none, with startup the readiness probe every second.
	Startup Probe `json:"startup,omitzero"`

	// Readiness decides whether the pod gets requests. Default none of one's own:
	// GET healthPath on port every second, or what the app's protocol has instead; an app
	// without a port is not asked.
	Readiness Probe `json:"readiness,omitzero"`

	// Liveness decides whether the container is restarted. Default none of one's
	// own: the same every ten seconds, which may fail six times.
	Liveness Probe `json:"liveness,omitzero"`
}

// Probe is one probe: Probe of Kubernetes, with httpGet, grpc, tcpSocket or exec, or
// the text "none". The port of httpGet and tcpSocket is the app's own, unless given.
type Probe map[string]any

// noProbe is a probe that is taken away.
const noProbe = "none"

// None reports whether the probe is taken away.
func (p Probe) None() bool { return p[noProbe] == true }

// MarshalJSON renders the probe as it is written in the stack file.
func (p Probe) MarshalJSON() ([]byte, error) {
	if p.None() {
		return json.Marshal(noProbe)
	}
	return json.Marshal(map[string]any(p))
}

// ServiceAccount is the ServiceAccount of an app's pods.
type ServiceAccount struct {
	// Name of a ServiceAccount of the namespace, which the stack neither changes nor
	// removes. Default none: the app has one of its own, with its name.
	Name string `json:"name,omitzero"`

	// Annotations of the app's own ServiceAccount, by which clouds know a workload.
	// Default none.
	Annotations map[string]string `json:"annotations,omitzero"`

	// Token gives the pods the token with which they may call the API of Kubernetes.
	// Default false.
	Token bool `json:"token,omitzero"`
}
