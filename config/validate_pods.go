package config

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/daprstack/daprstack/config/rules"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/validate/content"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

var (
	probeOf     = reflect.TypeFor[corev1.Probe]()
	containerOf = reflect.TypeFor[corev1.Container]()
	templateOf  = reflect.TypeFor[corev1.PodTemplateSpec]()
)

// pod checks what an app says of its pods.
func (v *validator) pod(path *field.Path, a App) {
	v.manifests(path, a)
	v.wholeSeconds(path.Child("startup"), a.Startup)
	v.wholeSeconds(path.Child("terminationGracePeriod"), a.TerminationGracePeriod)
	v.probes(path, a)
	v.podNames(path, a)
	v.podMetadata(path, a)
	v.serviceAccount(path.Child("serviceAccount"), a.Account)
	if a.PriorityClassName != "" {
		v.name(path.Child("priorityClassName"), a.PriorityClassName)
	}
	if a.DNSPolicy != "" && !slices.Contains(dnsPolicies, a.DNSPolicy) {
		v.form(path.Child("dnsPolicy"), a.DNSPolicy, "must be one of "+strings.Join(dnsPolicies, ", "))
	}
	v.podPatch(path.Child("podPatch"), a)
}

var dnsPolicies = []string{"ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"}

// manifests checks everything that is in Kubernetes' own spelling.
func (v *validator) manifests(path *field.Path, a App) {
	for _, m := range []struct {
		key string
		of  reflect.Type
		in  []Manifest
	}{
		{"envFrom", reflect.TypeFor[corev1.EnvFromSource](), a.EnvFrom},
		{"volumes", reflect.TypeFor[corev1.Volume](), a.Volumes},
		{"volumeMounts", reflect.TypeFor[corev1.VolumeMount](), a.VolumeMounts},
		{"initContainers", containerOf, a.InitContainers},
		{"containers", containerOf, a.Containers},
		{"tolerations", reflect.TypeFor[corev1.Toleration](), a.Tolerations},
		{"topologySpreadConstraints", reflect.TypeFor[corev1.TopologySpreadConstraint](), a.TopologySpreadConstraints},
		{"hostAliases", reflect.TypeFor[corev1.HostAlias](), a.HostAliases},
	} {
		for i, one := range m.in {
			v.manifest(path.Child(m.key).Index(i), one, m.of)
		}
	}
	v.manifest(path.Child("lifecycle"), a.Lifecycle, reflect.TypeFor[corev1.Lifecycle]())
	v.manifest(path.Child("affinity"), a.Affinity, reflect.TypeFor[corev1.Affinity]())
	v.manifest(path.Child("dnsConfig"), a.DNSConfig, reflect.TypeFor[corev1.PodDNSConfig]())
	v.patch(path.Child("podPatch"), a.PodPatch, templateOf)
}

// wholeSeconds checks a time that Kubernetes counts in whole seconds.
func (v *validator) wholeSeconds(path *field.Path, d *Duration) {
	if d != nil && (d.Duration < time.Second || d.Duration%time.Second != 0 || d.Duration/time.Second > math.MaxInt32) {
		v.add(path, d.String(), inPod("A-02", "must be whole seconds, at least one"))
	}
}

// handlers are the ways in which a probe asks.
var handlers = []string{"exec", "grpc", "httpGet", "tcpSocket"}

// probes checks that each probe has something to ask.
func (v *validator) probes(path *field.Path, a App) {
	ports := rules.Names{}
	if a.Port != 0 {
		ports["http"] = true
	}
	for _, p := range a.Ports {
		ports[p.Name] = true
	}
	for _, one := range a.probes() {
		at := path.Child("probes", one.name)
		if one.given.None() || one.given == nil {
			continue
		}
		v.manifest(at, one.given, probeOf)
		asked := one.given.handlers()
		if len(asked) > 1 {
			v.add(at, nil, inPod("A-02", "must ask in one way: it has %s", strings.Join(asked, " and ")))
		}
		if len(asked) == 0 && a.Port == 0 {
			v.add(at, nil, inPod("A-02", "needs one of exec, grpc, httpGet, tcpSocket: the app has no port to ask"), path.Child("port").String())
		}
		for _, handler := range []string{"httpGet", "tcpSocket"} {
			how, _ := entriesOf(one.given[handler])
			switch name, named := how["port"].(string); {
			case how == nil:
			case named && !ports[name]:
				v.add(at.Child(handler, "port"), name, rules.Known("A-02", "the name of a port of the app", name, ports), path.Child("port").String(), path.Child("ports").String())
			case how["port"] == nil && a.Port == 0:
				v.add(at.Child(handler, "port"), nil, inPod("A-02", "is required: the app has no port"), path.Child("port").String())
			}
		}
		if grpc, _ := entriesOf(one.given["grpc"]); grpc != nil && grpc["port"] == nil && a.Port == 0 {
			v.add(at.Child("grpc", "port"), nil, inPod("A-02", "is required: the app has no port"), path.Child("port").String())
		}
	}
	if a.Startup == nil {
		return
	}
	startup, by := path.Child("startup"), []string{path.Child("probes").String(), path.Child("port").String()}
	switch p := a.Probes.Startup; {
	case p.None():
		v.add(startup, a.Startup.String(), inPod("A-02", "must not be given with probes.startup: none"), by...)
	case p["failureThreshold"] != nil || p["periodSeconds"] != nil:
		v.add(startup, a.Startup.String(), inPod("A-02", "must not be given together with failureThreshold and periodSeconds of probes.startup, which say the same"), by...)
	case a.Port == 0 && len(p.handlers()) == 0 && len(a.Probes.Readiness.handlers()) == 0:
		v.add(startup, a.Startup.String(), inPod("A-02", "needs something to ask: give probes.startup, or a port"), by...)
	}
}

// handlers returns the ways in which a probe asks, in alphabetical order.
func (p Probe) handlers() (given []string) {
	for _, handler := range handlers {
		if p[handler] != nil {
			given = append(given, handler)
		}
	}
	return given
}

// namedProbe is a probe by its name in the stack file.
type namedProbe struct {
	name  string
	given Probe
}

func (a App) probes() []namedProbe {
	return []namedProbe{{"startup", a.Probes.Startup}, {"readiness", a.Probes.Readiness}, {"liveness", a.Probes.Liveness}}
}

// podNames checks that the parts of the pod have names of their own, and that what they
// refer to is there.
func (v *validator) podNames(path *field.Path, a App) {
	volumes, mounts := rules.Names{}, rules.Names{}
	for i, dir := range a.WritablePaths {
		volumes[rules.WritableVolume(i)], mounts[dir] = true, true
	}
	if a.Sidecar != nil {
		for name := range a.Sidecar.SecretVolumes {
			volumes[name] = true
		}
		if v.stack.TrustsRedisCA(a.Sidecar.AppID) {
			volumes[rules.RedisCAVolume] = true
		}
	}
	for _, c := range a.VolumeClaims {
		volumes[c.Name], mounts[c.Path] = true, true
	}
	for i, m := range a.Volumes {
		at, name := path.Child("volumes").Index(i), textAt(m, "name")
		v.partName(at.Child("name"), m["name"], volumes, path.Child("sidecar", "secretVolumes").String())
		if strings.HasPrefix(name, "writable-") || strings.HasPrefix(name, "dapr-") {
			v.add(at.Child("name"), name, inPod("A-05", "must not be named as volumes of the stack and of Dapr are, writable-… and dapr-…"))
		}
		if m["name"] != nil && len(m) != 2 {
			v.add(at, nil, inPod("A-05", "must have a name and one source, such as configMap or persistentVolumeClaim"))
		}
	}
	patched, _ := entriesOf(a.PodPatch["spec"])
	for _, name := range namesOf(patched["volumes"]) {
		volumes[name] = true
	}
	v.mounts(path.Child("volumeMounts"), a.VolumeMounts, volumes, mounts)

	containers, ports := rules.NamesOf(a.Name, sidecarContainer), map[int]bool{}
	for _, p := range a.ContainerPorts() {
		ports[p] = true
	}
	for _, list := range []struct {
		key string
		in  []Manifest
	}{{"initContainers", a.InitContainers}, {"containers", a.Containers}} {
		for i, m := range list.in {
			at := path.Child(list.key).Index(i)
			v.partName(at.Child("name"), m["name"], containers, path.Child("name").String())
			if m["image"] == nil {
				v.add(at.Child("image"), nil, inPod("A-05", "is required"))
			}
			v.mounts(at.Child("volumeMounts"), manifestsAt(m, "volumeMounts"), volumes, rules.Names{})
			if list.key == "containers" || m["restartPolicy"] == "Always" {
				v.besidePorts(at.Child("ports"), a, manifestsAt(m, "ports"), ports)
			}
		}
	}
}

// sidecarContainer is the name of daprd's container.
const sidecarContainer = "daprd"

// partName checks the name of a volume or a container, and takes it.
func (v *validator) partName(path *field.Path, given any, taken rules.Names, by string) {
	name, isText := given.(string)
	switch {
	case given == nil:
		v.add(path, nil, inPod("A-05", "is required"))
	case !isText: // A-03 reports it
	case !valid(content.IsDNS1123Label, name):
		v.add(path, name, inPod("A-05", "must be a DNS-1123 label: lower-case letters, digits and hyphens, at most 63 characters"))
	case taken[name]:
		v.add(path, name, inPod("A-05", "must be unique in the pod, where the app and daprd have the names of theirs"), by)
	}
	if name != "" {
		taken[name] = true
	}
}

// mounts checks that what a container mounts is a volume of the pod, at a path of its
// own.
func (v *validator) mounts(path *field.Path, mounts []Manifest, volumes, paths rules.Names) {
	for i, m := range mounts {
		at, volume, dir := path.Index(i), textAt(m, "name"), textAt(m, "mountPath")
		for _, key := range []string{"name", "mountPath"} {
			if m[key] == nil {
				v.add(at.Child(key), nil, inPod("A-05", "is required"))
			}
		}
		if volume != "" {
			v.add(at.Child("name"), volume, rules.Known("A-05", "the name of a volume of the pod", volume, volumes), "apps[].volumes", "apps[].podPatch")
		}
		if paths[dir] && dir != "" {
			v.add(at.Child("mountPath"), dir, inPod("A-05", "must be a path where nothing else is mounted"))
		}
		paths[dir] = true
	}
}

// besidePorts checks the ports of a container that runs beside that of the app.
func (v *validator) besidePorts(path *field.Path, a App, ports []Manifest, taken map[int]bool) {
	for i, m := range ports {
		at := path.Index(i).Child("containerPort")
		n, _ := m["containerPort"].(int)
		if taken[n] {
			v.add(at, n, inPod("A-05", "must be a port that no other container of the pod has"))
		}
		if a.Sidecar != nil {
			v.add(at, n, rules.ContainerPort(n))
		}
		taken[n] = true
	}
}

// podMetadata checks the labels, the annotations and the node selector.
func (v *validator) podMetadata(path *field.Path, a App) {
	for _, m := range []struct {
		key    string
		given  map[string]string
		ours   func(string) string
		labels bool
	}{
		{"labels", a.Labels, ownLabel, true}, {"annotations", a.Annotations, ownAnnotation, false},
		{"nodeSelector", a.NodeSelector, func(string) string { return "" }, true},
	} {
		for _, key := range slices.Sorted(maps.Keys(m.given)) {
			at, value := child(path.Child(m.key), key), m.given[key]
			switch {
			case !valid(content.IsLabelKey, key):
				v.form(at, nil, "must be named as Kubernetes names labels: letters, digits, hyphens, dots and underscores, at most 63 characters, after an optional prefix/")
			case m.ours(key) != "":
				v.add(at, nil, inPod("A-04", "%s", m.ours(key)))
			case m.labels && !valid(content.IsLabelValue, value):
				v.form(at, value, "must be letters, digits, hyphens, dots and underscores, at most 63 characters")
			}
		}
	}
}

func (v *validator) serviceAccount(path *field.Path, s ServiceAccount) {
	if s.Name != "" {
		v.name(path.Child("name"), s.Name)
	}
	for _, key := range slices.Sorted(maps.Keys(s.Annotations)) {
		at := child(path.Child("annotations"), key)
		switch {
		case s.Name != "":
			v.form(at, nil, "must not be given with a name: a ServiceAccount that is there is left as it is", path.Child("name").String())
		case !valid(content.IsLabelKey, key):
			v.form(at, nil, "must be named as Kubernetes names annotations: letters, digits, hyphens, dots and underscores, at most 63 characters, after an optional prefix/")
		case ownAnnotation(key) != "":
			v.add(at, nil, inPod("A-04", "%s", ownAnnotation(key)))
		}
	}
}

// ownLabel says what to do instead of setting a label of the stack's own, "" for
// another label.
func ownLabel(key string) string {
	if _, ours := rules.PodLabels("", true)[key]; ours || strings.HasPrefix(key, "daprstack.io/") {
		return "must not be given: the stack finds its pods by this label"
	}
	return ""
}

// ownAnnotation is ownLabel for annotations.
func ownAnnotation(key string) string {
	name, dapr := strings.CutPrefix(key, rules.AnnotationPrefix)
	switch {
	case dapr:
		if option := rules.KeyOf(name); option != "" {
			return "must not be given: write sidecar." + option
		}
		return "must not be given: the stack writes the annotations of Dapr, from sidecar"
	case strings.HasPrefix(key, "daprstack.io/") || strings.HasPrefix(key, "pulumi.com/"):
		return "must not be given: it is one of the stack's own"
	}
	return ""
}

// inPod returns why something cannot be in a pod.
func inPod(rule, format string, args ...any) []rules.Reason {
	return []rules.Reason{{Rule: rule, Allowed: fmt.Sprintf(format, args...)}}
}

// textAt returns a text of a manifest, "" if there is none.
func textAt(m Manifest, key string) string {
	s, _ := m[key].(string)
	return s
}

// manifestsAt returns the objects of a list in a manifest, empty ones for what is none.
func manifestsAt(m Manifest, key string) []Manifest {
	items, _ := m[key].([]any)
	all := make([]Manifest, len(items))
	for i, item := range items {
		all[i], _ = entriesOf(item)
	}
	return all
}

// namesOf returns the names of the items of a list.
func namesOf(list any) (names []string) {
	items, _ := list.([]any)
	for _, item := range items {
		if entries, ok := entriesOf(item); ok {
			names = append(names, textAt(entries, "name"))
		}
	}
	return names
}

// configKey checks a reference to a key of a ConfigMap.
func (v *validator) configKey(path *field.Path, ref MapKey) {
	v.secretKey(path, SecretKey(ref))
}
