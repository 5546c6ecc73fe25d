package migration

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/daprstack/daprstack/config"
	"github.com/daprstack/daprstack/config/rules"
)

// sidecar takes over the annotations and the ports.
func (c *converter) sidecar(metadata, main part, a *config.App) {
	annotations := metadata.below("annotations")
	dapr := map[string]string{}
	for key, value := range annotations.fields {
		if name, ok := strings.CutPrefix(key, rules.AnnotationPrefix); ok {
			dapr[name] = textOf(value)
			annotations.drop(key)
		}
		if strings.HasPrefix(key, "daprstack.io/") {
			annotations.drop(key)
		}
	}
	c.podNotes(annotations, a)
	c.labels(metadata.below("labels"), a)
	metadata.drop("creationTimestamp", "name")
	metadata.rest(nil)

	s := a.Sidecar
	if s.AppID = dapr["app-id"]; s.AppID == "" {
		s.AppID = a.Name
		annotations.differ("dapr.io/app-id", nil, advice{"none is given; the name of the Deployment stands for it", ""})
	}
	c.annotations(annotations, dapr, a)
	appPort, _ := strconv.Atoi(dapr["app-port"])
	c.ports(main, appPort, a)
	if appPort != 0 && appPort != a.Port {
		s.AppPort = &appPort
	}
	c.configs[s.AppID] = dapr["config"]
}

// labels takes over the labels of the pods, beside those that a stack sets itself.
func (c *converter) labels(labels part, a *config.App) {
	for key, value := range rules.PodLabels(a.Name, true) {
		labels.expect(map[string]any{key: value})
		if has, given := labels.fields[key]; given {
			labels.differ(key, has, advice{"the pods of a stack have " + value + " there", "select them by app.kubernetes.io/name: " + a.Name})
			labels.drop(key)
		}
	}
	labels.drop("pod-template-hash")
	a.Labels = textsOf(labels.fields)
}

// podNotes takes over the annotations of the pods that are not Dapr's.
func (c *converter) podNotes(annotations part, a *config.App) {
	for _, key := range slices.Sorted(maps.Keys(annotations.fields)) {
		if secretText(textOf(annotations.fields[key])) {
			annotations.fill(key, "", advice{"it seems to hold a secret, which is never copied", ""})
			annotations.drop(key)
		}
	}
	annotations.drop("kubectl.kubernetes.io/restartedAt", "kubectl.kubernetes.io/last-applied-configuration")
	a.Annotations = textsOf(annotations.fields)
}

// textsOf returns the texts of a mapping, nil if it has none.
func textsOf(fields map[string]any) map[string]string {
	if len(fields) == 0 {
		return nil
	}
	texts := map[string]string{}
	for key, value := range fields {
		texts[key] = textOf(value)
	}
	return texts
}

// ports takes over the ports: the first one is that of the sidecar.
func (c *converter) ports(main part, appPort int, a *config.App) {
	type port struct {
		name   string
		number int
	}
	var all []port
	for _, p := range main.items("ports") {
		n, _ := p.number("containerPort")
		if protocol := p.text("protocol"); protocol != "" && protocol != "TCP" {
			p.lose("protocol", protocol, advice{"the ports of a stack are TCP", ""})
			continue
		}
		all = append(all, port{p.text("name"), n})
		p.rest(nil)
	}
	at := slices.IndexFunc(all, func(p port) bool { return p.name == "http" })
	if at < 0 {
		at = slices.IndexFunc(all, func(p port) bool { return p.number == appPort })
	}
	switch {
	case at < 0 && appPort != 0: // no port of the container needs to be written
		all, at = append([]port{{"http", appPort}}, all...), 0
	case at < 0 && len(all) > 0:
		at = 0
	case at < 0:
		return // it serves nobody
	}
	a.Port, c.mainPort = all[at].number, all[at].name
	all = slices.Delete(all, at, at+1)
	if appPort != 0 && appPort != a.Port && !slices.ContainsFunc(all, func(p port) bool { return p.number == appPort }) {
		all = append(all, port{"dapr", appPort})
	}
	for _, p := range all {
		if p.name == "" {
			p.name = "port-" + strconv.Itoa(p.number)
		}
		a.Ports = append(a.Ports, config.Port{Name: p.name, Port: p.number})
	}
}

// annotations takes over the options of a sidecar, by the table of the rules.
func (c *converter) annotations(at part, dapr map[string]string, a *config.App) {
	s := a.Sidecar
	normal := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(dapr)) {
		text := dapr[name]
		switch name {
		case "enabled", "app-id", "app-port", "config":
			continue
		case "disable-builtin-k8s-secret-store":
			if rules.Truthy(text) {
				continue
			}
		case "sidecar-seccomp-profile-type":
			if text == "RuntimeDefault" {
				continue
			}
		case "http-max-request-size": // the old name, in MB
			name, text = "max-body-size", text+"Mi"
		case "http-read-buffer-size": // in KB
			name, text = "read-buffer-size", text+"Ki"
		case "app-ssl":
			if protocol := strings.ToLower(dapr["app-protocol"]); rules.Truthy(text) && (protocol == "" || protocol == "http" || protocol == "grpc") {
				dapr["app-protocol"] = map[string]string{"": "https", "http": "https", "grpc": "grpcs"}[protocol]
				normal["app-protocol"] = dapr["app-protocol"]
			}
			continue
		}
		if kind, resource, ok := sidecarResource(name); ok {
			setResource(kind, resource, text, &s.Resources)
			continue
		}
		read, given := rules.AsRead(name, text)
		if !given {
			continue
		}
		if _, given := normal[name]; !given {
			normal[name] = read
		}
		c.refused(at, name, read)
	}
	for key, value := range rules.OptionsOf(normal) {
		s.Options[key] = value
	}
	env := s.Options.Map(rules.OptionEnv)
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if secretVariable(name, env[name]) {
			delete(env, name)
			at.fill("dapr.io/env", name, advice{"it seems to be a secret, which is never copied", "put it into a Secret and name that in sidecar.envFromSecret"})
		}
	}
	if len(env) == 0 {
		delete(s.Options, rules.OptionEnv)
	}
}

// refused notes an annotation that no option stands for.
func (c *converter) refused(at part, name, text string) {
	key := rules.AnnotationPrefix + name
	shown := text
	if rules.Hidden(name) {
		shown = ""
	}
	switch reasons := rules.Annotation(name, text); {
	case reasons != nil:
		at.lose(key, shown, advice{"it " + reasons[0].Allowed, ""})
	case !rules.HasOption(name):
		at.lose(key, shown, advice{"the stack file has no key for it", ""})
	}
}

// sidecarResource splits "sidecar-cpu-limit".
func sidecarResource(name string) (kind, resource string, ok bool) {
	rest, ok := strings.CutPrefix(name, "sidecar-")
	resource, kind, _ = strings.Cut(rest, "-")
	return kind, resource, ok && (resource == "cpu" || resource == "memory") && (kind == "limit" || kind == "request")
}

func setResource(kind, resource, text string, into *config.Resources) {
	side := &into.Limits
	if kind == "request" {
		side = &into.Requests
	}
	if *side == nil {
		*side = map[string]string{}
	}
	(*side)[resource] = text
}
