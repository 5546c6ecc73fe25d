package migration

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules"
)

// serviceAccount takes over who the pods are. The ServiceAccount of an app has its name;
// another one that is there goes on being it, with its token unless the pod has none.
func (c *converter) serviceAccount(pod part, a *config.App) {
	name := pod.text("serviceAccountName")
	if old := pod.text("serviceAccount"); name == "" {
		name = old
	}
	token := pod.take("automountServiceAccountToken")
	if name == "" || name == "default" || name == a.Name {
		a.Account.Token = token == true
		for _, o := range c.of("ServiceAccount") {
			if o.Name() == a.Name {
				annotations, _ := get(o.Fields, "metadata", "annotations").(map[string]any)
				given := textsOf(annotations)
				maps.DeleteFunc(given, func(key, _ string) bool {
					return strings.HasPrefix(key, "pulumi.com/") || strings.HasPrefix(key, "kubectl.kubernetes.io/")
				})
				if len(given) > 0 {
					a.Account.Annotations = given
				}
			}
		}
		return
	}
	a.Account = config.ServiceAccount{Name: name, Token: token != false}
	c.secrets = true // it is there, and so is the namespace
}

// placement takes over where the pods run, and how they end.
func (c *converter) placement(pod part, a *config.App) {
	if seconds, given := pod.number("terminationGracePeriodSeconds"); given && seconds > 0 {
		a.TerminationGracePeriod = &config.Duration{Duration: time.Duration(seconds) * time.Second}
	}
	a.NodeSelector = textsOf(pod.below("nodeSelector").fields)
	a.PriorityClassName, a.DNSPolicy = pod.text("priorityClassName"), pod.text("dnsPolicy")
	pod.drop("priority") // the cluster's own, from the class
	a.Tolerations, a.TopologySpreadConstraints = pod.manifests("tolerations"), pod.manifests("topologySpreadConstraints")
	a.HostAliases = pod.manifests("hostAliases")
	for _, before := range pod.items("initContainers") {
		a.InitContainers = append(a.InitContainers, c.beside(before))
	}
	for key, into := range map[string]*config.Manifest{"affinity": &a.Affinity, "dnsConfig": &a.DNSConfig} {
		if m := pod.below(key); len(m.fields) > 0 {
			*into = config.Manifest(m.fields)
		}
	}
}

// beside takes over a container beside that of the app.
func (c *converter) beside(container part) config.Manifest {
	security, _ := container.fields["securityContext"].(map[string]any)
	if security["readOnlyRootFilesystem"] == nil || security["runAsUser"] == nil {
		container.differ("securityContext", nil, advice{"a stack hardens it as the app's own container, in what it does not say itself: the user of the app, a read-only root file system",
			"say in its securityContext what it needs"})
	}
	return container.manifest()
}

// shared reports whether a container beside that of the app has a volume too.
func (c *converter) shared(pod part, a *config.App, volume string) bool {
	inits, _ := pod.fields["initContainers"].([]any)
	mounts := func(container any) bool {
		list, _ := get(container, "volumeMounts").([]any)
		return slices.ContainsFunc(list, func(m any) bool { return getText(m, "name") == volume })
	}
	return slices.ContainsFunc(inits, mounts) || slices.ContainsFunc(a.Containers, func(m config.Manifest) bool { return mounts(map[string]any(m)) })
}

// patchContainer adds to the patch on the container of an app.
func (c *converter) patchContainer(a *config.App, more config.Manifest) {
	if len(more) == 0 {
		return
	}
	if a.PodPatch == nil {
		a.PodPatch = config.Manifest{}
	}
	spec, _ := a.PodPatch["spec"].(map[string]any)
	if spec == nil {
		spec = map[string]any{}
		a.PodPatch["spec"] = spec
	}
	containers, _ := spec["containers"].([]any)
	if len(containers) == 0 {
		containers = []any{map[string]any{"name": a.Name}}
		spec["containers"] = containers
	}
	patch := containers[0].(map[string]any)
	for key, value := range more {
		list, both := value.([]any)
		if there, ok := patch[key].([]any); ok && both {
			value = slices.Concat(there, list)
		}
		patch[key] = value
	}
}

// probes takes over the probes, the path of which has a key of its own.
func (c *converter) probes(p part, a *config.App) {
	plain := a.Port != 0 && !slices.Contains([]string{"grpc", "grpcs", "h2c"}, a.Sidecar.Options.Text(rules.OptionAppProtocol))
	given := 0
	for _, one := range []struct {
		key  string
		into *config.Probe
	}{{"startupProbe", &a.Probes.Startup}, {"readinessProbe", &a.Probes.Readiness}, {"livenessProbe", &a.Probes.Liveness}} {
		probe := p.below(one.key)
		probe.concealed()
		if len(probe.fields) > 0 {
			given++
			*one.into = c.probe(one.key, probe.fields, a)
		} else if a.Port != 0 && one.key != "startupProbe" {
			*one.into = config.Probe{"none": true}
		}
	}
	ready, alive := get(map[string]any(a.Probes.Readiness), "httpGet", "path"), get(map[string]any(a.Probes.Liveness), "httpGet", "path")
	if path, _ := ready.(string); plain && path != "" && ready == alive {
		a.HealthPath = path
		for _, probe := range []config.Probe{a.Probes.Readiness, a.Probes.Liveness} {
			if request, _ := probe["httpGet"].(map[string]any); len(request) == 1 {
				delete(probe, "httpGet")
			} else {
				delete(request, "path")
			}
		}
	}
	if given == 0 && a.Port != 0 {
		a.Probes = config.Probes{}
		if plain {
			p.differ("readinessProbe", nil, advice{"no path is known, and the stack asks /healthz on the app's port", "set healthPath to a path that the app answers, or probes.readiness and probes.liveness to none"})
		}
	}
	for _, probe := range []*config.Probe{&a.Probes.Readiness, &a.Probes.Liveness} {
		if *probe != nil && len(*probe) == 0 {
			*probe = nil
		}
	}
}

// stackProbes are the times of the probes of an app with a port.
var stackProbes = map[string]map[string]any{
	"readinessProbe": {"periodSeconds": 1, "timeoutSeconds": 3, "failureThreshold": 3},
	"livenessProbe":  {"periodSeconds": 10, "timeoutSeconds": 3, "failureThreshold": 6},
}

// probeDefaults are those of Kubernetes.
var probeDefaults = map[string]any{"periodSeconds": 10, "timeoutSeconds": 1, "failureThreshold": 3, "successThreshold": 1, "initialDelaySeconds": 0}

// probe returns a probe as the stack file has it: what Kubernetes does by default is
// written where the stack does otherwise, and the app's own port is left out.
func (c *converter) probe(name string, fields map[string]any, a *config.App) config.Probe {
	probe := config.Probe(fields)
	for _, key := range []string{"periodSeconds", "timeoutSeconds", "failureThreshold"} {
		if probe[key] == nil {
			probe[key] = probeDefaults[key]
		}
		if ours, given := stackProbes[name][key]; given && a.Port != 0 && textOf(probe[key]) == textOf(ours) {
			delete(probe, key)
		}
	}
	for _, key := range []string{"successThreshold", "initialDelaySeconds"} {
		if textOf(probe[key]) == textOf(probeDefaults[key]) {
			delete(probe, key)
		}
	}
	for _, handler := range []string{"httpGet", "tcpSocket"} {
		request, _ := probe[handler].(map[string]any)
		if request == nil {
			continue
		}
		if request["scheme"] == "HTTP" {
			delete(request, "scheme")
		}
		port := request["port"]
		n, isNumber := whole(port)
		if a.Port != 0 && (isNumber && n == a.Port || port == c.mainPort) {
			delete(request, "port")
		}
	}
	return probe
}
