package config

import (
	"slices"
	"time"
)

// PodPatches returns what an app says of its pods in Kubernetes' own words, as
// strategic merge patches on the pod template, in the order in which they apply: what
// its keys say, then podPatch. It returns nil for an app that says nothing.
func (a App) PodPatches() (patches []Manifest) {
	if spec := a.podSpec(); len(spec) > 0 {
		patches = append(patches, Manifest{"spec": spec})
	}
	if len(a.PodPatch) > 0 {
		patches = append(patches, a.PodPatch)
	}
	return patches
}

// podSpec returns the patch that the keys of an app stand for.
func (a App) podSpec() map[string]any {
	spec := map[string]any{}
	put := func(key string, list []any) {
		if len(list) > 0 {
			spec[key] = list
		}
	}
	put("volumes", listOf(a.Volumes))
	put("tolerations", listOf(a.Tolerations))
	put("topologySpreadConstraints", listOf(a.TopologySpreadConstraints))
	put("hostAliases", listOf(a.HostAliases))
	put("initContainers", a.hardened(a.InitContainers))
	containers := a.hardened(a.Containers)
	if own := a.container(); len(own) > 1 {
		containers = slices.Insert(containers, 0, any(own))
	}
	put("containers", containers)
	for key, m := range map[string]Manifest{"affinity": a.Affinity, "dnsConfig": a.DNSConfig} {
		if len(m) > 0 {
			spec[key] = map[string]any(m)
		}
	}
	for key, text := range map[string]string{"priorityClassName": a.PriorityClassName, "dnsPolicy": a.DNSPolicy} {
		if text != "" {
			spec[key] = text
		}
	}
	if len(a.NodeSelector) > 0 {
		selector := map[string]any{}
		for label, value := range a.NodeSelector {
			selector[label] = value
		}
		spec["nodeSelector"] = selector
	}
	return spec
}

// container returns the patch on the container of the app.
func (a App) container() map[string]any {
	c := map[string]any{"name": a.Name}
	if len(a.EnvFrom) > 0 {
		c["envFrom"] = listOf(a.EnvFrom)
	}
	if len(a.VolumeMounts) > 0 {
		c["volumeMounts"] = listOf(a.VolumeMounts)
	}
	if len(a.Lifecycle) > 0 {
		c["lifecycle"] = map[string]any(a.Lifecycle)
	}
	for _, p := range a.probes() {
		given := p.given
		if p.name == "startup" {
			given = a.startupProbe()
		}
		if given != nil {
			c[p.name+"Probe"] = given.patch(a)
		}
	}
	return c
}

// startupProbe returns what the startup probe has beside the one that the component
// makes for an app with a port.
func (a App) startupProbe() Probe {
	given := a.Probes.Startup
	if given.None() || a.Startup == nil && given == nil {
		return given
	}
	probe := Probe{}
	if ready := a.Probes.Readiness; len(given.handlers()) == 0 {
		for _, handler := range ready.handlers() {
			probe[handler] = ready[handler]
		}
	}
	if a.Startup != nil && a.Port == 0 {
		probe["periodSeconds"], probe["timeoutSeconds"], probe["failureThreshold"] = 1, 3, int(a.Startup.Duration/time.Second)
	}
	for key, value := range given {
		probe[key] = value
	}
	if len(probe) == 0 {
		return nil
	}
	return probe
}

// patch returns a probe as a patch on that of the app's protocol: another way of asking
// takes its place, and nil takes it away.
func (p Probe) patch(a App) any {
	if p.None() {
		return nil
	}
	patch := map[string]any{}
	for key, value := range p {
		patch[key] = value
	}
	asked := p.handlers()
	for _, handler := range handlers {
		if len(asked) > 0 && !slices.Contains(asked, handler) {
			patch[handler] = nil
		}
	}
	if a.Port == 0 {
		return patch
	}
	ports := map[string]any{"httpGet": "http", "tcpSocket": "http", "grpc": a.Port}
	for handler, port := range ports {
		if how, ok := entriesOf(p[handler]); ok && how["port"] == nil {
			with := map[string]any{"port": port}
			for key, value := range how {
				if value != nil {
					with[key] = value
				}
			}
			patch[handler] = with
		}
	}
	return patch
}

// hardened returns containers with the security context of the app's own, where they
// do not say otherwise.
func (a App) hardened(containers []Manifest) []any {
	list := make([]any, len(containers))
	for i, m := range containers {
		security := map[string]any{
			"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": map[string]any{"drop": []any{"ALL"}},
		}
		if a.User != nil {
			security["runAsUser"] = *a.User
		}
		given, _ := entriesOf(m["securityContext"])
		if given["privileged"] == true { // Kubernetes refuses both
			delete(security, "allowPrivilegeEscalation")
		}
		for key, value := range given {
			security[key] = value
		}
		with := map[string]any{}
		for key, value := range m {
			with[key] = value
		}
		with["securityContext"] = security
		list[i] = with
	}
	return list
}

func listOf(all []Manifest) []any {
	list := make([]any, len(all))
	for i, m := range all {
		list[i] = map[string]any(m)
	}
	return list
}

// StartupTime is how long the app may take to start, as far as the component makes a
// startup probe for it; 0 if it makes none.
func (a App) StartupTime() time.Duration {
	switch {
	case a.Port == 0 || a.Ends() || a.Probes.Startup.None():
		return 0
	case a.Startup != nil:
		return a.Startup.Duration
	case a.Probes.Startup != nil:
		return defaultStartup
	}
	return 0
}

// defaultStartup is the time that Kubernetes gives a startup probe.
const defaultStartup = 30 * time.Second

// ReadyPath returns the path that the readiness probe asks on the app's port over HTTP,
// "" if it asks otherwise.
func (a App) ReadyPath() string {
	switch {
	case a.Probes.Readiness.None():
		return ""
	case len(a.Probes.Readiness.handlers()) == 0:
		return a.HealthPath
	}
	get, _ := entriesOf(a.Probes.Readiness["httpGet"])
	path := textAt(get, "path")
	if port := get["port"]; get == nil || port != nil && port != "http" && port != a.Port {
		return ""
	}
	return path
}
