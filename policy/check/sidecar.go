package check

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/daprstack/daprstack/config/rules"
)

const prefix = rules.AnnotationPrefix

// sidecar is what a workload declares about its Dapr sidecar.
type sidecar struct {
	path        string // of the pod: "spec.template."
	pod         any
	annotations map[string]any
	certain     bool // whether it has one is known
}

// sidecarOf returns the sidecar of a workload, and false for an object without
// one.
func sidecarOf(o Object) (sidecar, bool) {
	steps, workload := podTemplates[o.Kind]
	if !workload {
		return sidecar{}, false
	}
	s := sidecar{pod: field(o.Fields, steps...)}
	if len(steps) > 0 {
		s.path = strings.Join(steps, ".") + "."
	}
	annotations, known := mapOf(field(s.pod, "metadata", "annotations"))
	enabled := textOf(annotations[prefix+"enabled"])
	s.annotations, s.certain = annotations, known && enabled.known
	if !known || !enabled.given {
		return s, !known
	}
	wanted := !enabled.known || rules.Truthy(enabled.value) || rules.Annotation("enabled", enabled.value) != nil
	return s, wanted
}

// misplaced finds annotations of a sidecar beside the pod template, where Dapr
// does not read them, unless the template has them too (S-12).
func misplaced(o Object, found *findings) {
	steps := podTemplates[o.Kind]
	if len(steps) == 0 {
		return
	}
	inner, known := mapOf(field(o.Fields, append(slices.Clip(steps), "metadata", "annotations")...))
	outer, _ := mapOf(field(o.Fields, "metadata", "annotations"))
	for _, key := range slices.Sorted(maps.Keys(outer)) {
		name, ours := strings.CutPrefix(key, prefix)
		if _, there := inner[key]; ours && known && !there && rules.IsAnnotation(name) {
			found.put("metadata.annotations["+key+"]", "", name, rules.Misplaced())
		}
	}
}

func (s sidecar) annotation(name string) text { return textOf(s.annotations[prefix+name]) }

func (s sidecar) annotationPath(name string) string {
	return s.path + "metadata.annotations[" + prefix + name + "]"
}

func (s sidecar) check(found *findings) {
	if !s.certain {
		return
	}
	s.forms(found)
	if !rules.Truthy(s.annotation("enabled").value) {
		return // S-10 reports it
	}
	s.identity(found)
	s.options(found)
	s.ports(found)
}

// options checks the options of the sidecar in combination, and that it mounts
// only volumes that the pod has (S-12).
func (s sidecar) options(found *findings) {
	texts, unknown := map[string]string{}, map[string]bool{}
	for key := range s.annotations {
		name, ours := strings.CutPrefix(key, prefix)
		switch t := textOf(s.annotations[key]); {
		case !ours:
		case t.ready():
			if text, given := rules.AsRead(name, t.value); given {
				texts[name] = text
			}
		default:
			unknown[name] = !t.known
		}
	}
	options := rules.OptionsOf(texts)
	faults := options.Within(s.grace(), func(row rules.SidecarOption) string { return prefix + row.Annotation })
	if volumes, known := s.volumes(); known {
		faults = append(faults, options.Unmounted(volumes)...)
	}
	for _, f := range faults {
		row, _ := rules.Option(f.Key)
		by := func(key string) bool { other, _ := rules.Option(key); return unknown[other.Annotation] }
		if !slices.ContainsFunc(f.By, by) {
			s.report(found, row.Annotation, []rules.Reason{{Rule: f.Rule, Allowed: f.Text()}})
		}
	}
}

// grace returns how long Kubernetes waits before it kills the pod, 0 if that is
// not known.
func (s sidecar) grace() time.Duration {
	t := textOf(field(s.pod, "spec", "terminationGracePeriodSeconds"))
	if !t.given {
		return rules.PodGrace
	}
	n, _ := strconv.Atoi(t.value)
	return time.Duration(n) * time.Second
}

// report adds findings about an annotation. Its value is not shown if it may be
// a secret. An exemption from S-12 names the annotation, not the value.
func (s sidecar) report(found *findings, name string, reasons []rules.Reason) {
	t := s.annotation(name)
	t.secret = t.secret || rules.Hidden(name)
	for _, r := range reasons {
		subject := t.value
		if r.Rule == "S-12" {
			subject = name
		}
		found.put(s.annotationPath(name), t.shown(), subject, []rules.Reason{r})
	}
}

// volumes returns the names of the pod's volumes; known is false if there may be
// more.
func (s sidecar) volumes() (names rules.Names, known bool) {
	list, known := listOf(field(s.pod, "spec", "volumes"))
	names = rules.Names{}
	for _, v := range list {
		name := textOf(field(v, "name"))
		names[name.value], known = true, known && name.known
	}
	return names, known
}

// forms checks that every annotation of Dapr is one that it reads and honors
// (S-10, S-12).
func (s sidecar) forms(found *findings) {
	for _, key := range slices.Sorted(maps.Keys(s.annotations)) {
		name, ours := strings.CutPrefix(key, prefix)
		t := textOf(s.annotations[key])
		if !ours || !t.known {
			continue
		}
		if r := rules.AnnotationText(t.quoted || !t.given); r != nil {
			s.report(found, name, r)
		} else if text, given := rules.AsRead(name, t.value); t.given && given {
			s.report(found, name, rules.Annotation(name, text))
		}
	}
}

func (s sidecar) identity(found *findings) {
	id := s.annotation("app-id")
	if !id.known || !id.given && s.path == "" { // of a pod, Dapr takes the name
		return
	}
	path := s.annotationPath("app-id")
	form := rules.AppID(id.value)
	found.add(path, id, form)
	if form == nil {
		found.add(path, id, rules.AppIDConvention(id.value))
	}
}

func (s sidecar) ports(found *findings) {
	exposed, known := s.exposed()
	if port, ok := s.number("app-port"); ok {
		t, path := s.annotation("app-port"), s.annotationPath("app-port")
		form := rules.AppPort(port)
		found.add(path, t, form)
		if form == nil && known {
			found.add(path, t, rules.AppPortExposed(port, exposed))
		}
	}
	if enable := s.annotation("enable-metrics"); !enable.given || enable.known && rules.Truthy(enable.value) {
		if port, ok := s.number("metrics-port"); ok {
			found.add(s.annotationPath("metrics-port"), s.annotation("metrics-port"), rules.MetricsPort(port, exposed))
		} else if !s.annotation("metrics-port").given {
			p := strconv.Itoa(defaultMetricsPort)
			found.put(s.annotationPath("metrics-port"), p, p, rules.MetricsPort(defaultMetricsPort, exposed))
		}
	}
	for _, port := range exposed {
		p := strconv.Itoa(port)
		found.put(s.path+"spec.containers.ports["+p+"]", p, p, rules.ContainerPort(port))
	}
}

// defaultMetricsPort is where daprd serves metrics by default (S-08).
const defaultMetricsPort = 9090

// number returns the number in an annotation, and false if there is none to
// check or S-10 reports it.
func (s sidecar) number(name string) (int, bool) {
	t := s.annotation(name)
	n, err := strconv.Atoi(t.value)
	return n, t.ready() && err == nil
}

// exposed returns the ports of the pod's containers that run beside daprd; known
// is false if there may be more.
func (s sidecar) exposed() (ports []int, known bool) {
	containers, known := listOf(field(s.pod, "spec", "containers"))
	inits, knownInits := listOf(field(s.pod, "spec", "initContainers"))
	known = known && knownInits
	for _, c := range inits {
		if policy := textOf(field(c, "restartPolicy")); policy.value == "Always" {
			containers = append(slices.Clip(containers), c)
		}
	}
	for _, c := range containers {
		list, ok := listOf(field(c, "ports"))
		known = known && ok
		for _, p := range list {
			port := textOf(field(p, "containerPort"))
			known = known && port.known
			if strings.HasPrefix(textOf(field(p, "name")).value, "dapr") {
				continue // a port of daprd, made known by name
			}
			if n, err := strconv.Atoi(port.value); err == nil {
				ports = append(ports, n)
			}
		}
	}
	return ports, known
}
